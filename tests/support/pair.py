"""A pair of networks in the format of the real ones, so small that a test can make it.

The image network averages a picture over a grid and projects that; the text network adds up a vector for each token,
those of the padding included. The vectors of the tokens are solved for, so that some texts have the vector of a
picture. Thus padding, preparation and token ids all matter, as in a real pair.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from PIL import Image
from tokenizers import Regex, Tokenizer
from tokenizers.models import WordLevel
from tokenizers.normalizers import Replace
from tokenizers.pre_tokenizers import Split
from tokenizers.processors import TemplateProcessing

from art_mcp.sample import SAMPLE
from art_mcp.vision.pair.self_test import CAPTIONS
from support.loading import COLOURS

SIZE, GRID, DIMENSIONS, LENGTH, ROWS = 32, 4, 24, 64, 1021
EXAMPLE = {"text": "a photo of a dog.", "ids": [235250, 2686, 576, 476, 5929, 235265, 1]}
"""The ids are those of SigLIP 2: "a" differs at the start of a text and after a space."""
VOCABULARY = {"<pad>": 0, "<eos>": 1, "<unk>": 3, "a": 235250, "▁photo": 2686, "▁of": 576, "▁a": 476, "▁dog": 5929}
VOCABULARY |= {".": 235265}
NAME = "tiny-pair"
REPO, REVISION = "museum/tiny-pair-ONNX", "0123456789abcdef" * 2 + "01234567"
PATHS = {
    "vision.onnx": "onnx/vision_model.onnx",
    "text.onnx": "onnx/text_model.onnx",
    "tokenizer.json": "tokenizer.json",
}


def pooled(image: Image.Image) -> NDArray[np.float32]:
    """What the image network sees of a picture, (GRID x GRID x 3,), computed without art-mcp."""
    small = np.asarray(image.convert("RGB").resize((SIZE, SIZE), Image.Resampling.BILINEAR), np.float64)
    centred = (small / 255 - 0.5) / 0.5
    side = SIZE // GRID
    means: NDArray[np.float64] = centred.reshape(GRID, side, GRID, side, 3).mean((1, 3))
    return means.transpose(2, 0, 1).ravel().astype(np.float32)


def projection() -> NDArray[np.float32]:
    return np.random.default_rng(7).normal(size=(3 * GRID * GRID, DIMENSIONS)).astype(np.float32)


def words(text: str) -> list[str]:
    """The tokens of a text, without art-mcp and its tokenizer."""
    return re.findall("▁?[a-z]+|[^a-z▁]", text.replace(" ", "▁"))


def tokenizer() -> Tokenizer:
    """As Gemma's: spaces become "▁", and "<eos>" is appended; it does not lower-case."""
    vocabulary = dict(VOCABULARY)
    for text in (*CAPTIONS.values(), *COLOURS):
        for word in words(text):
            vocabulary.setdefault(word, 100 + len(vocabulary))
    made = Tokenizer(WordLevel(vocabulary, unk_token="<unk>"))
    made.normalizer = Replace(" ", "▁")
    made.pre_tokenizer = Split(Regex("▁?[a-z]+|[^a-z▁]"), "isolated")
    made.post_processor = TemplateProcessing(single="$A <eos>", special_tokens=[("<eos>", 1)])
    made.enable_padding(length=5, pad_id=3)  # as some exports have; it must not be used
    return made


def padded(made: Tokenizer, text: str) -> NDArray[np.int64]:
    ids = np.zeros(LENGTH, np.int64)
    tokens = [made.get_vocab().get(word, 3) for word in words(text)][: LENGTH - 1]
    ids[: len(tokens) + 1] = [*tokens, 1]
    return ids


def table(made: Tokenizer) -> NDArray[np.float32]:
    """A vector for each token id modulo ROWS, so that the texts below have the vectors of their pictures."""
    pictures: dict[str, Image.Image] = {}
    for name, text in CAPTIONS.items():
        pictures[text] = Image.open(SAMPLE / "images" / name)
    pictures |= {name: Image.new("RGB", (40, 30), colour) for name, colour in COLOURS.items()}
    counts = np.zeros((len(pictures), ROWS))
    for row, text in enumerate(pictures):
        np.add.at(counts[row], padded(made, text) % ROWS, 1)
    wanted = np.stack([pooled(image) @ projection() for image in pictures.values()])
    solved = np.linalg.lstsq(counts, wanted.astype(np.float64), rcond=None)[0]
    rest = np.random.default_rng(8).normal(size=(ROWS, DIMENSIONS))
    used = counts.sum(0) > 0
    return np.where(used[:, None], solved, rest).astype(np.float32)


def vision_model(*, output: str = "pooler_output", infinite: bool = False) -> onnx.ModelProto:
    side = SIZE // GRID
    weights = projection() * (np.inf if infinite else 1)
    nodes = [
        helper.make_node("AveragePool", ["pixel_values"], ["grid"], kernel_shape=[side, side], strides=[side, side]),
        helper.make_node("Flatten", ["grid"], ["flat"]),
        helper.make_node("MatMul", ["flat", "projection"], [output]),
    ]
    return _model(
        nodes,
        [helper.make_tensor_value_info("pixel_values", TensorProto.FLOAT, ["n", 3, SIZE, SIZE])],
        output,
        {"projection": weights.astype(np.float32)},
    )


def text_model(*, mask: bool = False, element: int = TensorProto.INT64) -> onnx.ModelProto:
    """
    Args:
        mask: padding does not count, by an input `attention_mask`.
    """
    inputs = [helper.make_tensor_value_info("input_ids", element, ["n", LENGTH])]
    nodes = [
        helper.make_node("Cast", ["input_ids"], ["ids"], to=TensorProto.INT64),
        helper.make_node("Mod", ["ids", "rows"], ["row"]),
        helper.make_node("Gather", ["table", "row"], ["vectors"]),
    ]
    if mask:
        inputs.append(helper.make_tensor_value_info("attention_mask", element, ["n", LENGTH]))
        nodes += [
            helper.make_node("Cast", ["attention_mask"], ["weights"], to=TensorProto.FLOAT),
            helper.make_node("Unsqueeze", ["weights", "last"], ["column"]),
            helper.make_node("Mul", ["vectors", "column"], ["counted"]),
        ]
    nodes.append(
        helper.make_node("ReduceSum", ["counted" if mask else "vectors", "one"], ["pooler_output"], keepdims=0)
    )
    constants = {"rows": np.array(ROWS), "table": table(tokenizer()), "one": np.array([1])}
    constants |= {"last": np.array([2])} if mask else {}
    return _model(nodes, inputs, "pooler_output", constants)


def _model(nodes: Any, inputs: Any, output: str, constants: Mapping[str, NDArray[Any]]) -> onnx.ModelProto:
    returned = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n", DIMENSIONS])
    weights = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "tower", inputs, [returned], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)


def write_pair(folder: Path, **files: bytes) -> dict[str, Any]:
    """Write the pair and its manifest into a folder, and return the manifest.

    Args:
        files: `vision` or `text`: other content of these files.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {
        "vision.onnx": files.get("vision") or vision_model().SerializeToString(),
        "text.onnx": files.get("text") or text_model().SerializeToString(),
        "tokenizer.json": tokenizer().to_str().encode(),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    manifest = {
        "format": 1,
        "name": NAME,
        "version": "1.p1",
        "dimensions": DIMENSIONS,
        "licence": "CC0-1.0",
        "terms": "Made by a test.",
        "source": {"repo": REPO, "revision": REVISION},
        "files": {
            name: {"path": PATHS[name], "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
            for name, content in contents.items()
        },
        "image": {
            "input": "pixel_values",
            "output": "pooler_output",
            "size": SIZE,
            "resize": "squash",
            "filter": "bilinear",
            "scale": 1 / 255,
            "mean": [0.5, 0.5, 0.5],
            "deviation": [0.5, 0.5, 0.5],
        },
        "text": {
            "ids": "input_ids",
            "mask": None,
            "type": "int64",
            "output": "pooler_output",
            "length": LENGTH,
            "pad": 0,
            "lowercase": True,
            "prefix": "",
            "example": EXAMPLE,
        },
        "logit": {"scale": 100.0, "bias": -10.0, "link": "sigmoid"},
    }
    write_manifest(folder, manifest)
    return manifest


def write_manifest(folder: Path, manifest: Mapping[str, Any]) -> None:
    (folder / "model.json").write_text(json.dumps(manifest), "utf-8")
