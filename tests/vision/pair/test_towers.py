"""The preparation of pictures and texts, against values computed without art-mcp, and what networks do wrong."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from onnx import TensorProto
from PIL import Image
from support.pair import (
    EXAMPLE,
    LENGTH,
    ROWS,
    SIZE,
    padded,
    pooled,
    projection,
    table,
    text_model,
    tokenizer,
    vision_model,
    write_manifest,
    write_pair,
)

from art_mcp.images.picture import Picture
from art_mcp.vision.pair.manifest import Manifest
from art_mcp.vision.pair.towers import PictureTower, TextTower
from art_mcp.vision.provider import Fault, VisionError


def painting(width: int, height: int) -> Image.Image:
    coarse = np.random.default_rng(width).integers(0, 256, (5, 7, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def picture(image: Image.Image) -> Picture:
    return Picture(image, bytes(32), *image.size, "PNG")


def changed(given: dict[str, Any], **fields: dict[str, Any]) -> Manifest:
    """The manifest with other values of some fields of its parts."""
    parts = {part: {**given[part], **values} for part, values in fields.items()}
    return Manifest.model_validate_json(json.dumps(given | parts))


def unit(vector: NDArray[np.float32]) -> NDArray[np.float32]:
    return vector / np.linalg.norm(vector)


@pytest.fixture
def given(tmp_path: Path) -> dict[str, Any]:
    return write_pair(tmp_path)


def test_pictures_are_squashed_scaled_and_centred(given: dict[str, Any], tmp_path: Path) -> None:
    tower = PictureTower(tmp_path, changed(given))
    images = [painting(300, 200), painting(31, 90), painting(SIZE, SIZE)]
    made = tower.embed([picture(image) for image in images])
    for embedding, image in zip(made, images, strict=True):
        (vector,) = embedding.vectors.values()
        np.testing.assert_allclose(vector, unit(pooled(image) @ projection()), atol=1e-5)
        assert embedding.sha256 == bytes(32) and len(embedding.sent_sha256 or b"") == 32
    assert made[0].sent_sha256 != made[1].sent_sha256


def test_each_channel_has_its_mean_and_deviation(given: dict[str, Any], tmp_path: Path) -> None:
    image = {"mean": [0.1, 0.2, 0.3], "deviation": [0.5, 0.25, 2.0], "scale": 0.01}
    tower = PictureTower(tmp_path, changed(given, image=image))
    scaled = tower.scaled(np.full((1, SIZE, SIZE, 3), [10, 20, 30], np.uint8))
    assert scaled.shape == (1, 3, SIZE, SIZE) and scaled.dtype == np.float32
    np.testing.assert_allclose(scaled[0, :, 5, 7], [0.0, 0.0, 0.0], atol=1e-6)
    scaled = tower.scaled(np.full((1, SIZE, SIZE, 3), 110, np.uint8))
    np.testing.assert_allclose(scaled[0, :, 0, 0], [2.0, 3.6, 0.4], rtol=1e-6)


@pytest.mark.parametrize(("width", "height", "box"), [(96, 64, (8, 0, 40, 32)), (64, 160, (0, 24, 32, 56))])
def test_crop_keeps_the_centre(
    width: int, height: int, box: tuple[int, int, int, int], given: dict[str, Any], tmp_path: Path
) -> None:
    tower = PictureTower(tmp_path, changed(given, image={"resize": "crop", "filter": "bicubic"}))
    image = painting(width, height)
    halved = image.resize((width * SIZE // min(width, height), height * SIZE // min(width, height)), Image.BICUBIC)
    assert tower.resized(image).tobytes() == halved.crop(box).tobytes()
    odd = tower.resized(painting(333, 41))
    assert odd.size == (SIZE, SIZE)


def test_the_filter_matters(given: dict[str, Any], tmp_path: Path) -> None:
    image = painting(100, 80)
    made = {}
    for name in ("bilinear", "bicubic"):
        made[name] = PictureTower(tmp_path, changed(given, image={"filter": name})).resized(image).tobytes()
    assert made["bilinear"] == image.resize((SIZE, SIZE), Image.BILINEAR).tobytes() != made["bicubic"]
    assert made["bicubic"] == image.resize((SIZE, SIZE), Image.BICUBIC).tobytes()


def test_the_ids_are_those_of_the_real_tokenizer(given: dict[str, Any], tmp_path: Path) -> None:
    tower = TextTower(tmp_path, changed(given))
    assert tower.tokens("a photo of a dog.") == EXAMPLE["ids"]
    assert tower.tokens("A Photo of a DOG.") == EXAMPLE["ids"]
    assert 3 in TextTower(tmp_path, changed(given, text={"lowercase": False})).tokens("A Photo of a DOG.")
    prefixed = TextTower(tmp_path, changed(given, text={"prefix": "a photo of "}))
    assert prefixed.tokens("A dog.") == EXAMPLE["ids"]


def test_texts_are_padded_to_the_whole_length(given: dict[str, Any], tmp_path: Path) -> None:
    tower = TextTower(tmp_path, changed(given))
    (ids,) = tower.padded([tower.tokens("a dog."), tower.tokens("")])
    assert ids.dtype == np.int64 and ids.shape == (2, LENGTH)
    assert ids[0].tolist() == [235250, 5929, 235265, 1] + [0] * 60
    assert ids[1].tolist() == [1] + [0] * 63
    (ids,) = TextTower(tmp_path, changed(given, text={"pad": 9})).padded([[5, 1]])
    assert ids[0].tolist() == [5, 1] + [9] * 62


def test_long_texts_are_truncated_before_their_end_token(given: dict[str, Any], tmp_path: Path) -> None:
    tower = TextTower(tmp_path, changed(given))
    assert tower.tokens("a" + " dog" * 62) == [235250] + [5929] * 62 + [1]
    assert tower.tokens("a" + " dog" * 500) == [235250] + [5929] * 62 + [1]


def test_vectors_of_texts_are_those_of_the_network(given: dict[str, Any], tmp_path: Path) -> None:
    tower = TextTower(tmp_path, changed(given))
    texts = ["a dog.", "a photo of a dog.", "", "a" + " dog" * 100]
    weights, made = table(tokenizer()), tokenizer()
    made.no_padding()
    for vector, text in zip(tower.embed(texts), texts, strict=True):
        expected = weights[padded(made, text) % ROWS].sum(0)
        np.testing.assert_allclose(vector, unit(expected), atol=1e-4)


@pytest.mark.parametrize(("element", "name"), [(TensorProto.INT64, "int64"), (TensorProto.INT32, "int32")])
def test_a_mask_marks_the_tokens(element: int, name: str, tmp_path: Path) -> None:
    given = write_pair(tmp_path, text=text_model(mask=True, element=element).SerializeToString())
    tower = TextTower(tmp_path, changed(given, text={"mask": "attention_mask", "type": name}))
    ids, mask = tower.padded([[5, 6, 1]])
    assert ids.dtype == mask.dtype == np.dtype(name) and mask[0].tolist() == [1] * 3 + [0] * 61
    expected = table(tokenizer())[np.array([235250, 5929, 235265, 1]) % ROWS].sum(0)
    np.testing.assert_allclose(tower.embed(["a dog."])[0], unit(expected), atol=1e-4)


@pytest.mark.parametrize(
    ("part", "values", "said"),
    [
        ("image", {"input": "pixels"}, "image.input: there is no input pixels, only pixel_values"),
        ("image", {"output": "features"}, "image.output: there is no output features, only pooler_output"),
        ("text", {"ids": "ids"}, "text.ids: there is no input ids, only input_ids"),
        ("text", {"output": "last"}, "text.output: there is no output last, only pooler_output"),
        ("text", {"mask": "attention_mask"}, "text.mask: there is no input attention_mask, only input_ids"),
        ("text", {"type": "int32"}, r"text.ids: the input input_ids is a tensor\(int64\), not a tensor\(int32\)"),
        ("text", {"length": 32}, "ONNX Runtime cannot run tiny-pair/text.onnx"),
        ("image", {"size": 64}, "ONNX Runtime cannot run tiny-pair/vision.onnx"),
    ],
)
def test_what_the_networks_lack_is_named(
    part: str, values: dict[str, Any], said: str, given: dict[str, Any], tmp_path: Path
) -> None:
    manifest = changed(given, **{part: values})
    with pytest.raises(VisionError, match=said):
        if part == "image":
            PictureTower(tmp_path, manifest).embed([picture(painting(40, 40))])
        else:
            TextTower(tmp_path, manifest).embed(["a dog."])


def test_an_input_that_the_manifest_does_not_name(tmp_path: Path) -> None:
    given = write_pair(tmp_path, text=text_model(mask=True).SerializeToString())
    with pytest.raises(VisionError, match=r"text\.ids: the network has more inputs: attention_mask"):
        TextTower(tmp_path, changed(given)).embed(["a dog."])


def test_other_dimensions_than_the_manifest_says(given: dict[str, Any], tmp_path: Path) -> None:
    manifest = Manifest.model_validate_json(json.dumps(given | {"dimensions": 25}))
    with pytest.raises(VisionError, match=r"dimensions: the output is \(1, 24\), not float32 of shape \(1, 25\)"):
        TextTower(tmp_path, manifest).embed(["a dog."])


def test_a_vector_without_a_direction_is_an_error(tmp_path: Path) -> None:
    given = write_pair(tmp_path, vision=vision_model(infinite=True).SerializeToString())
    with pytest.raises(VisionError, match=r"tiny-pair/vision\.onnx returned a vector without a direction") as raised:
        PictureTower(tmp_path, changed(given)).embed([picture(painting(40, 40))])
    assert raised.value.fault is Fault.INPUT  # the others of the batch are tried one by one


@pytest.mark.parametrize("name", ["vision.onnx", "text.onnx", "tokenizer.json"])
def test_a_changed_file_is_never_used(name: str, given: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"\n")
    with pytest.raises(VisionError, match=r"SHA-256 differs\)\. Run `art-mcp models pull tiny-pair` again"):
        PictureTower(tmp_path, changed(given)).embed([picture(painting(40, 40))])
        TextTower(tmp_path, changed(given)).embed(["a dog."])


def test_a_tokenizer_that_is_none(given: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_bytes(b"{}")
    given["files"]["tokenizer.json"] |= {"bytes": 2, "sha256": hashlib.sha256(b"{}").hexdigest()}
    write_manifest(tmp_path, given)
    with pytest.raises(VisionError, match=r"tiny-pair/tokenizer\.json is not a tokenizer"):
        TextTower(tmp_path, changed(given)).tokens("a dog")
