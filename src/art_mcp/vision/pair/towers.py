"""The two networks of a pair, each with the preparation that its manifest describes."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokenizers import Tokenizer

from art_mcp.painting import readable
from art_mcp.space import PictureEmbedding
from art_mcp.vision.onnx import release_memory, start_session
from art_mcp.vision.pair.manifest import TEXT, TOKENIZER, VISION, Manifest
from art_mcp.vision.provider import Fault, Vectors, VisionError
from art_mcp.vision.weights import ModelFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image

    from art_mcp.images.picture import Picture
    from art_mcp.vision.onnx import InferenceSession, RunOptions

BATCH = 8
"""Pictures or texts per run: larger batches of these networks take a gigabyte of memory."""
ELEMENTS = {"int64": "tensor(int64)", "int32": "tensor(int32)"}


class _Tower:
    """One network, which is loaded and checked at first use. Blocking, and for one thread at a time.

    Args:
        inputs: name and type of each input, by the manifest's field.
        output: the name of the output that is the embedding, with the manifest's field.
    """

    def __init__(
        self, file: ModelFile, dimensions: int, inputs: Mapping[str, tuple[str, str]], output: tuple[str, str]
    ) -> None:
        self._file, self._dimensions, self._inputs, self._output = file, dimensions, inputs, output

    @cached_property
    def session(self) -> InferenceSession:
        session = start_session(self._file, arena=True)
        there = {each.name: each.type for each in session.get_inputs()}
        for field, (name, kind) in self._inputs.items():
            if name not in there:
                raise self._wrong(field, f"there is no input {name}, only {_listed(there)}")
            if there[name] != kind:
                raise self._wrong(field, f"the input {name} is a {readable(there[name])}, not a {kind}")
        if more := there.keys() - {name for name, _ in self._inputs.values()}:
            raise self._wrong(next(iter(self._inputs)), f"the network has more inputs: {_listed(sorted(more))}")
        field, name = self._output
        if name not in (outputs := [each.name for each in session.get_outputs()]):
            raise self._wrong(field, f"there is no output {name}, only {_listed(outputs)}")
        return session

    @cached_property
    def _last_run(self) -> RunOptions:
        return release_memory()

    def run(self, *inputs: NDArray[Any]) -> Vectors:
        """Embed one batch of at most `BATCH`: shape (n, dimensions), unit length. Raises `VisionError`."""
        import numpy as np

        fed = dict(zip((name for name, _ in self._inputs.values()), inputs, strict=True))
        # A full batch is usually followed by another one; after any other batch, the session frees its memory.
        options = None if len(inputs[0]) == BATCH else self._last_run
        session = self.session
        try:
            (vectors,) = session.run([self._output[1]], fed, options)
        except Exception as error:  # ONNX Runtime's exceptions share no public base class
            raise VisionError(f"ONNX Runtime cannot run {self._file.name}.", self._file.next_step) from error
        shape = (len(inputs[0]), self._dimensions)
        if not isinstance(vectors, np.ndarray) or vectors.shape != shape or vectors.dtype != np.float32:
            returned = getattr(vectors, "shape", type(vectors).__name__)
            raise self._wrong("dimensions", f"the output is {returned}, not float32 of shape {shape}")
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
        if not (np.isfinite(lengths) & (lengths > 0)).all():
            raise VisionError(
                f"{self._file.name} returned a vector without a direction.", "Omit this input.", fault=Fault.INPUT
            )
        unit: Vectors = vectors / lengths
        return unit

    def _wrong(self, field: str, problem: str) -> VisionError:
        return VisionError(
            f"The manifest of {self._file.name} is wrong at {field}: {problem}.", "Correct the manifest, then pull it."
        )


def _listed(names: Sequence[str] | Mapping[str, str]) -> str:
    return readable(", ".join(names))[:200] or "none"


class PictureTower:
    """The image network, and the resizing of pictures for it."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self._image, self._space = manifest.image, manifest.space
        self._tower = _Tower(
            manifest.opened(folder)[VISION],
            manifest.dimensions,
            {"image.input": (self._image.input, "tensor(float)")},
            ("image.output", self._image.output),
        )

    def embed(self, pictures: Sequence[Picture]) -> list[PictureEmbedding]:
        """The embeddings of at most `BATCH` pictures. Raises `VisionError`."""
        import numpy as np

        batch = np.stack([np.asarray(self.resized(picture.image), np.uint8) for picture in pictures])
        vectors = self._tower.run(self.scaled(batch))
        return [
            PictureEmbedding(picture.sha256, hashlib.sha256(batch[place]).digest(), {self._space: vectors[place]})
            for place, picture in enumerate(pictures)
        ]

    def resized(self, image: Image.Image) -> Image.Image:
        """A square of the network's size: the whole picture, squashed, or the centre of it."""
        from PIL import Image

        size = self._image.size
        filter_ = {"bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}[self._image.filter]
        if self._image.resize == "squash":
            return image.resize((size, size), filter_)
        shorter = min(image.size)
        width, height = (max(size, side * size // shorter) for side in image.size)
        left, top = (width - size) // 2, (height - size) // 2
        return image.resize((width, height), filter_).crop((left, top, left + size, top + size))

    def scaled(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pixels (n, height, width, 3) as the network's input: (n, 3, height, width), scaled and centred."""
        import numpy as np

        mean, deviation = (np.array(each, np.float32) for each in (self._image.mean, self._image.deviation))
        scaled = (batch * np.float32(self._image.scale) - mean) / deviation
        return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), np.float32)


class TextTower:
    """The text network and its tokenizer."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        files = manifest.opened(folder)
        self._text, self._tokenizer_file = manifest.text, files[TOKENIZER]
        kind = ELEMENTS[self._text.type]
        inputs = {"text.ids": (self._text.ids, kind)}
        if self._text.mask is not None:
            inputs["text.mask"] = (self._text.mask, kind)
        self._tower = _Tower(files[TEXT], manifest.dimensions, inputs, ("text.output", self._text.output))

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        content = self._tokenizer_file.read()
        try:
            tokenizer = Tokenizer.from_buffer(content)
        except Exception as error:  # tokenizers raises nothing more specific
            raise VisionError(
                f"{self._tokenizer_file.name} is not a tokenizer.", self._tokenizer_file.next_step
            ) from error
        tokenizer.no_padding()
        tokenizer.enable_truncation(self._text.length)  # special tokens that it appends stay
        return tokenizer

    def tokens(self, text: str) -> list[int]:
        """The token ids of a text, truncated to the network's length, without padding. Raises `VisionError`."""
        prepared = self._text.prefix + (text.lower() if self._text.lowercase else text)
        ids: list[int] = self._tokenizer.encode(prepared).ids
        return ids

    def embed(self, texts: Sequence[str]) -> Vectors:
        """The vectors of at most `BATCH` texts, shape (n, dimensions), unit length. Raises `VisionError`."""
        return self._tower.run(*self.padded([self.tokens(text) for text in texts]))

    def padded(self, tokens: Sequence[Sequence[int]]) -> list[NDArray[Any]]:
        """Ids (n, length) and, if the network has that input, their mask; always padded to the whole length."""
        import numpy as np

        ids = np.full((len(tokens), self._text.length), self._text.pad, self._text.type)
        mask = np.zeros_like(ids)
        for row, each in enumerate(tokens):
            ids[row, : len(each)] = each
            mask[row, : len(each)] = 1
        return [ids] if self._text.mask is None else [ids, mask]
