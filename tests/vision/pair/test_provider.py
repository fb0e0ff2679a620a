"""The provider of a pulled pair, with real networks that a test has made, beside the built-in model."""

from __future__ import annotations

from pathlib import Path

import anyio
import numpy as np
import pytest
from PIL import Image
from support.embeddings import by_leg
from support.loading import COLOURS
from support.pair import DIMENSIONS, write_pair

from art_mcp.images.picture import Picture
from art_mcp.settings import Settings
from art_mcp.space import Leg
from art_mcp.vision import factory, local
from art_mcp.vision.pair.manifest import read_manifest
from art_mcp.vision.pair.provider import PairProvider
from art_mcp.vision.provider import VisionError

pytestmark = pytest.mark.anyio


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_pair(tmp_path / "models" / "tiny-pair")
    return tmp_path / "models" / "tiny-pair"


@pytest.fixture
def provider(folder: Path) -> PairProvider:
    return PairProvider(folder, read_manifest(folder / "model.json"), local.LocalProvider())


def plain(colour: str) -> Picture:
    return Picture(Image.new("RGB", (60, 40), COLOURS[colour]), bytes(32), 60, 40, "PNG")


async def test_pictures_and_texts_meet_in_one_space(provider: PairProvider) -> None:
    assert set(provider.spaces) == {Leg.PIXELS, Leg.WORDS}
    assert provider.spaces[Leg.WORDS] == local.LocalProvider().spaces[Leg.WORDS]
    pictures = by_leg(await provider.embed_images([plain(colour) for colour in COLOURS]))
    queries = await provider.embed_queries(list(COLOURS))
    assert set(pictures) == {Leg.PIXELS} and set(queries) == {Leg.PIXELS, Leg.WORDS}
    cosines = queries[Leg.PIXELS] @ pictures[Leg.PIXELS].T
    np.testing.assert_allclose(np.diag(cosines), 1, atol=1e-4)
    assert (cosines.argmax(1) == np.arange(len(COLOURS))).all()
    known = provider.pixels_background
    assert known is not None and known.deviation == pytest.approx(0.01375)


async def test_words_are_those_of_the_built_in_model(provider: PairProvider) -> None:
    built_in = local.LocalProvider()
    for method in ("embed_queries", "embed_documents"):
        expected = (await getattr(built_in, method)(["a dog", "a red sea"]))[Leg.WORDS]
        np.testing.assert_array_equal((await getattr(provider, method)(["a dog", "a red sea"]))[Leg.WORDS], expected)
    assert set(await provider.embed_documents(["a dog"])) == {Leg.WORDS}


async def test_many_and_none(provider: PairProvider) -> None:
    many = [plain(colour) for colour in COLOURS] * 5  # more than one batch, and a partial one
    vectors = by_leg(await provider.embed_images(many))[Leg.PIXELS]
    assert vectors.shape == (20, DIMENSIONS)
    np.testing.assert_allclose(vectors[:4], vectors[16:], atol=1e-6)
    assert await provider.embed_images([]) == []
    nothing = await provider.embed_queries([])
    assert {leg: rows.shape for leg, rows in nothing.items()} == {Leg.PIXELS: (0, DIMENSIONS), Leg.WORDS: (0, 384)}


async def test_calls_at_the_same_time(provider: PairProvider) -> None:
    made = {}

    async def embed(colour: str) -> None:
        picture = (await provider.embed_images([plain(colour)]))[0].vectors[provider.spaces[Leg.PIXELS]]
        text = (await provider.embed_queries([colour]))[Leg.PIXELS][0]
        made[colour] = float(picture @ text)

    async with anyio.create_task_group() as together:
        for colour in COLOURS:
            together.start_soon(embed, colour)
    assert min(made.values()) > 0.999


async def test_words_survive_the_failure_of_the_text_network(folder: Path, provider: PairProvider) -> None:
    (folder / "text.onnx").write_bytes(b"damaged")
    with pytest.raises(VisionError, match="SHA-256 differs") as raised:
        await provider.embed_queries(["red"])
    assert raised.value.made[Leg.WORDS].shape == (1, 384)
    assert len(await provider.embed_images([plain("red")])) == 1


async def test_health_checks_the_files(folder: Path, provider: PairProvider) -> None:
    (folder / "vision.onnx").rename(folder / "elsewhere")
    health = await provider.health()
    assert not health.usable and "tiny-pair/vision.onnx cannot be read" in health.detail
    (folder / "elsewhere").rename(folder / "vision.onnx")
    health = await provider.health()
    assert health.usable and "The pulled model (tiny-pair 1.p1) is ready" in health.detail


async def test_the_factory_takes_the_model_of_the_database(folder: Path, tmp_path: Path) -> None:
    def account(name: str) -> None:
        raise AssertionError(f"{name} is free")

    settings = Settings(data_dir=tmp_path)
    made = factory.make(settings, account, settings.embeds_by)
    pixels = made.spaces[Leg.PIXELS]
    assert pixels.made_by == "tiny-pair 1.p1"
    given = write_pair(tmp_path / "models" / "another")
    assert given["name"] == "tiny-pair"
    with pytest.raises(VisionError, match="The folder another has the model tiny-pair"):
        factory.make(Settings(data_dir=tmp_path, onnx_pair_model="another"), account, "onnx-pair")
    assert factory.choose(settings, account, pixels).spaces[Leg.PIXELS] == pixels
    for version, said in (("2.p1", "The pulled model is tiny-pair 1.p1, not tiny-pair 2.p1"),):
        other = type(pixels)(Leg.PIXELS, "onnx-pair", "tiny-pair", version, DIMENSIONS)
        with pytest.raises(VisionError, match=said):
            factory.make(settings, account, "onnx-pair", other)
        assert factory.choose(settings, account, other).spaces[Leg.PIXELS].provider == "local"
    with pytest.raises(VisionError, match=r"The model gone is not pulled\. Run `art-mcp models pull gone`"):
        factory.make(Settings(data_dir=tmp_path, onnx_pair_model="gone"), account, "onnx-pair")


def test_what_new_databases_use(tmp_path: Path) -> None:
    def embeds_by(**given: str) -> str:
        return Settings(data_dir=tmp_path, **given).embeds_by

    assert embeds_by() == "local"
    assert embeds_by(onnx_pair_model="tiny-pair") == "onnx-pair"
    write_pair(tmp_path / "models" / "tiny-pair.part")
    assert embeds_by() == "local"  # not complete yet
    (tmp_path / "models" / "tiny-pair.part").rename(tmp_path / "models" / "tiny-pair")
    assert embeds_by() == "onnx-pair"
    assert embeds_by(vision="local") == "local"
    assert embeds_by(azure_endpoint="https://h") == "azure"
    assert embeds_by(http_url="https://h/v1") == "http"
