"""Vectors that are made up, with the geometry of the service's real ones.

A vector is a sum of parts at right angles to each other, each of a fixed share of its length:

- one direction for all pictures and one for all texts, which are at an angle of their own. That is why any two
  pictures are rather similar, and a text and a picture never are very much;
- what both can tell: colours, by the pixels of a picture and by the words of a text;
- what only one of them has: a picture's composition, a text's words;
- a little that depends on every pixel or character.

So cosines of a text with pictures are mostly .16 to .23, and up to .35 where the colours fit; those of two pictures
.2 to 1, mostly about .5.
"""

from __future__ import annotations

import hashlib
import math
import re
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DIMENSIONS = 1024
NORM = 92.1

# Squares of each part's share of the length; they add up to 1.
IMAGE_OFFSET, IMAGE_COLOURS, IMAGE_LOOK, IMAGE_DETAIL = 0.25, 0.25, 0.49, 0.01
TEXT_OFFSET, TEXT_COLOURS, TEXT_WORDS, TEXT_DETAIL = 0.45, 0.09, 0.45, 0.01
OFFSETS_COSINE = 0.55
"""Between the direction of all pictures and that of all texts."""

SIDE = 32
"""Pixels a side of what is looked at of a picture."""
CELLS = 8
"""Cells a side in which its composition is seen."""
LOOKS = 512
"""Numbers that stand for a composition."""
LOOK_WIDTH = 40.0
"""How far apart, in steps of 0 to 255, two compositions are that are told apart."""

COLOURS = {
    "red": ((185, 45, 40), "red crimson scarlet blood fire rose sunset"),
    "orange": ((225, 140, 60), "orange amber copper sunset autumn fire"),
    "yellow": ((225, 205, 90), "yellow gold golden sun sunny sunlight wheat candlelight"),
    "green": ((75, 125, 65), "green tree forest wood garden meadow grass field spring leaf landscape"),
    "blue": ((45, 85, 160), "blue sea ocean lake river water wave"),
    "pale blue": ((155, 190, 225), "sky cloud air azure ship sailing sea day"),
    "purple": ((120, 65, 140), "purple violet lilac lavender"),
    "pink": ((230, 165, 175), "pink blossom skin nude dawn"),
    "brown": ((105, 72, 45), "brown earth autumn wooden interior horse portrait"),
    "white": ((242, 242, 240), "white snow winter snowy ice bright light"),
    "grey": ((130, 130, 130), "grey gray storm stormy fog mist stone rain"),
    "black": ((22, 20, 20), "black dark night darkness moonlight shadow gloomy"),
}
SOFTNESS = 45.0
"""How far apart, in steps of 0 to 255, two colours are that are told apart."""

Vector = NDArray[np.float64]


class Vectors:
    """What one version of the model gives; those of another have nothing to do with them."""

    def __init__(self, model_version: str, seed: int) -> None:
        self._name = f"{model_version} {seed}"

    def of_image(self, image: Image.Image) -> list[float]:
        """The vector of a picture's pixels: 1,024 numbers.

        Raises:
            Exception: whatever a decoder raises for a broken file.
        """
        image.draft("RGB", (8 * SIDE, 8 * SIDE))  # decodes a large JPEG eight times faster
        small = image.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BOX)
        pixels = np.asarray(small, np.float64)
        offset, _, colours, looks = self._directions
        return _finished(
            (IMAGE_OFFSET, offset),
            (IMAGE_COLOURS, _colours_of(pixels) @ colours),
            (IMAGE_LOOK, self._look_of(pixels) @ looks),
            (IMAGE_DETAIL, self._noise(small.tobytes())),
        )

    def of_text(self, text: str) -> list[float]:
        """The vector of a text: 1,024 numbers."""
        _, offset, colours, _ = self._directions
        words = re.findall(r"\w+", text.lower())
        return _finished(
            (TEXT_OFFSET, offset),
            (TEXT_COLOURS, _colours_named(words) @ colours),
            (TEXT_WORDS, np.sum([self._noise(word.encode()) for word in words or [""]], axis=0)),
            (TEXT_DETAIL, self._noise(text.encode())),
        )

    def _look_of(self, pixels: Vector) -> Vector:
        """Random waves over what is seen where: alike only for pictures that are alike, (looks,)."""
        waves, phases = self._waves
        return np.cos(_coarse(pixels) @ waves / LOOK_WIDTH + phases)

    @cached_property
    def _waves(self) -> tuple[Vector, Vector]:
        rng = self._rng(b"waves")
        return rng.standard_normal((CELLS * CELLS * 3, LOOKS)), rng.uniform(0, 2 * np.pi, LOOKS)

    @cached_property
    def _directions(self) -> tuple[Vector, Vector, Vector, Vector]:
        """The offsets of pictures and of texts, (colours, 1024), (looks, 1024)."""
        random = self._rng(b"directions").standard_normal((DIMENSIONS, 2 + len(COLOURS) + LOOKS))
        images, other, *rest = np.linalg.qr(random)[0].T
        texts = OFFSETS_COSINE * images + np.sqrt(1 - OFFSETS_COSINE**2) * other
        return images, texts, np.array(rest[: len(COLOURS)]), np.array(rest[len(COLOURS) :])

    def _noise(self, content: bytes) -> Vector:
        return _unit(self._rng(content).standard_normal(DIMENSIONS))

    def _rng(self, content: bytes) -> np.random.Generator:
        return np.random.default_rng(int.from_bytes(hashlib.sha256(self._name.encode() + b"\0" + content).digest()))


@cache
def vectors_of(model_version: str, seed: int) -> Vectors:
    """One for all stand-ins of a process, because its directions take a while to make."""
    return Vectors(model_version, seed)


def _colours_of(pixels: Vector) -> Vector:
    """How much of each colour is in a picture: (colours,)."""
    anchors = np.array([rgb for rgb, _ in COLOURS.values()], np.float64)
    distances = ((pixels.reshape(-1, 1, 3) - anchors) ** 2).sum(axis=2)
    nearness = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / (2 * SOFTNESS**2))
    shares: Vector = (nearness / nearness.sum(axis=1, keepdims=True)).mean(axis=0)
    return shares


def _colours_named(words: list[str]) -> Vector:
    """How often each colour is meant by a word: (colours,)."""
    singular = [word.removesuffix("s") for word in words]
    return np.array([sum(word in singular for word in known.split()) for _, known in COLOURS.values()], np.float64)


def _coarse(pixels: Vector) -> Vector:
    """Where a picture is light, dark and coloured: numbers whose distance is that of a pixel, 0 to 255."""
    step = SIDE // CELLS
    cells: Vector = pixels.reshape(CELLS, step, CELLS, step, 3).mean(axis=(1, 3)).ravel()
    return cells / math.sqrt(len(cells))


def _unit(vector: Vector) -> Vector:
    return vector / (np.linalg.norm(vector) or 1)


def _finished(*parts: tuple[float, Vector]) -> list[float]:
    """The sum of parts by their shares, of the service's length, in numbers that are exact in fp16."""
    whole = _unit(np.sum([np.sqrt(share) * _unit(part) for share, part in parts], axis=0))
    numbers: list[float] = (NORM * whole).astype(np.float16).astype(np.float64).tolist()
    return numbers
