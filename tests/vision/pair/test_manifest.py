"""Manifests are hostile input: what is not in their vocabulary is refused, with the field's name."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from support.pair import write_manifest, write_pair

from art_mcp.space import Leg, Space
from art_mcp.vision.pair.manifest import read_manifest, shipped
from art_mcp.vision.provider import VisionError


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return write_pair(tmp_path_factory.mktemp("pair"))


def refusal(folder: Path) -> str:
    with pytest.raises(VisionError) as raised:
        read_manifest(folder / "model.json")
    assert str(folder) not in str(raised.value)
    return str(raised.value)


def test_a_manifest_is_read(given: dict[str, Any], tmp_path: Path) -> None:
    write_manifest(tmp_path, given)
    manifest = read_manifest(tmp_path / "model.json")
    assert manifest.space == Space(Leg.PIXELS, "onnx-pair", "tiny-pair", "1.p1", 24)
    assert manifest.bytes == sum(file["bytes"] for file in given["files"].values())
    assert json.loads(manifest.model_dump_json()) == given


DIGEST = "a" * 64


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("format", 2),
        ("name", "../evil"),
        ("name", "a.part"),
        ("name", "Upper"),
        ("name", "x" * 41),
        ("version", "1/2"),
        ("version", "../1"),
        ("dimensions", 4001),
        ("dimensions", 0),
        ("dimensions", "24"),
        ("licence", "MIT\x1b[2J"),
        ("terms", "two\nlines"),
        ("terms", "\u202eback to front"),
        ("source:repo", "museum/../../etc"),
        ("source:repo", "museum"),
        ("source:repo", "https://evil/x"),
        ("source:revision", "main"),
        ("files:vision.onnx:path", "../vision.onnx"),
        ("files:vision.onnx:path", "/etc/passwd"),
        ("files:vision.onnx:path", "onnx//x"),
        ("files:vision.onnx:path", "onnx\\x"),
        ("files:vision.onnx:path", "onnx/.hidden"),
        ("files:vision.onnx:path", "a?b"),
        ("files:vision.onnx:bytes", 2**31 + 1),
        ("files:vision.onnx:bytes", 0),
        ("files:text.onnx:bytes", 1e3),
        ("files:text.onnx:sha256", "A" * 64),
        ("files:text.onnx:sha256", ""),
        ("files:tokenizer.json:sha256", None),
        ("files:model.json", {"path": "x", "bytes": 1, "sha256": DIGEST}),
        ("files:../x", {"path": "x", "bytes": 1, "sha256": DIGEST}),
        ("image:size", 100_000),
        ("image:resize", "pad"),
        ("image:filter", "lanczos"),
        ("image:scale", 0),
        ("image:mean", [0.5, 0.5]),
        ("image:deviation", [0.5, 0.0, 0.5]),
        ("image:extra", 1),
        ("image:input", ""),
        ("text:type", "float32"),
        ("text:length", 10_000),
        ("text:pad", -1),
        ("text:lowercase", "yes"),
        ("text:mask", 7),
        ("text:example:ids", []),
        ("logit:link", "softplus"),
        ("logit:scale", -1),
        ("legs", ["pixels", "look"]),
        ("command", "rm"),
    ],
)
def test_what_is_not_in_the_vocabulary_is_refused(
    field: str, value: object, given: dict[str, Any], tmp_path: Path
) -> None:
    changed = copy.deepcopy(given)
    place: Any = changed
    keys = field.split(":")
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    write_manifest(tmp_path, changed)
    assert f" is invalid: {'.'.join(keys)}" in refusal(tmp_path)


@pytest.mark.parametrize("missing", ["files", "text", "logit", "licence"])
def test_what_is_missing_is_named(missing: str, given: dict[str, Any], tmp_path: Path) -> None:
    write_manifest(tmp_path, {name: value for name, value in given.items() if name != missing})
    assert f"is invalid: {missing}: Field required." in refusal(tmp_path)


def test_every_file_must_be_listed(given: dict[str, Any], tmp_path: Path) -> None:
    files = {name: file for name, file in given["files"].items() if name != "text.onnx"}
    write_manifest(tmp_path, given | {"files": files})
    assert "is invalid: files: text.onnx must be listed." in refusal(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"null", b"[]", b"{", b'{"format": NaN}', b"[" * 50_000, b"\xff\xfe", b'{"\\u001b[2J": 1}']
)
def test_what_is_no_manifest_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.json").write_bytes(content)
    said = refusal(tmp_path)
    assert "is invalid" in said and said.isprintable()


def test_numbers_must_be_finite(given: dict[str, Any], tmp_path: Path) -> None:
    write_manifest(tmp_path, given | {"logit": {**given["logit"], "bias": float("nan")}})
    assert "is invalid: logit.bias" in refusal(tmp_path)


def test_only_a_small_file_is_read(tmp_path: Path) -> None:
    assert "is not a file of at most 64 KiB" in refusal(tmp_path)
    (tmp_path / "model.json").write_bytes(b" " * 70_000)
    assert "is not a file of at most 64 KiB" in refusal(tmp_path)
    (tmp_path / "model.json").unlink()
    os.mkfifo(tmp_path / "model.json")  # opening it would hang
    assert "is not a file of at most 64 KiB" in refusal(tmp_path)


def test_the_manifests_that_art_mcp_ships() -> None:
    (manifest,) = shipped().values()
    assert manifest.name == "siglip2-b16-224"
    assert {name: (file.path, file.bytes, file.sha256[:8]) for name, file in manifest.files.items()} == {
        "vision.onnx": ("onnx/vision_model_q4.onnx", 63_267_466, "03e61be2"),
        "text.onnx": ("onnx/text_model_int8.onnx", 283_438_275, "3a0603d3"),
        "tokenizer.json": ("tokenizer.json", 34_363_039, "cb9140fa"),
    }
    assert manifest.text.example.ids == (235250, 2686, 576, 476, 5929, 235265, 1)
    known = manifest.logit.background
    assert known is not None and known.mean + 9 * known.deviation == pytest.approx(0.149, abs=0.001)
    assert known.mean + 5 * known.deviation == pytest.approx(0.100, abs=0.001)
    assert manifest.logit.model_copy(update={"link": "softmax"}).background is None
