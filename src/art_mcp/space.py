"""Embedding spaces, their purposes, and the vectors of a picture in them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping
from dataclasses import astuple, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_NAME = 50

Vector: TypeAlias = "NDArray[np.float32]"
"""Shape (dimensions,), unit length."""


class Leg(StrEnum):
    """The purpose of a space. A painting has at most one vector per leg in the active spaces."""

    PIXELS = "pixels"
    """Text to picture, in a joint space: a sentence finds a picture."""
    WORDS = "words"
    """Text to text: a sentence finds a catalogue entry."""
    LOOK = "look"
    """Picture to picture only, finer than pixels."""

    @property
    def shown(self) -> str:
        """What it compares, for people."""
        return "pictures" if self is Leg.PIXELS else self.value


@dataclass(frozen=True, slots=True)
class Space:
    """One embedding space; vectors are comparable only within it.

    It includes everything that affects the vectors, so that any change makes a new space.
    """

    leg: Leg
    provider: str
    model: str
    version: str
    """Model version and preprocessing version, e.g. "1" or "2023-04-15.p1"."""
    dimensions: int

    @property
    def made_by(self) -> str:
        """The model's name for people, e.g. `Azure AI Vision 2023-04-15.p1`."""
        if self.provider == "local":
            return f"the built-in model {self.version}" if self.leg is Leg.PIXELS else f"the built-in {self.leg} model"
        by = {"azure": "Azure AI Vision", "http": self.model, "onnx-pair": self.model}
        return f"{by.get(self.provider, f'{self.provider} {self.model}')} {self.version}"

    @property
    def name(self) -> str:
        """A unique name that is safe in an SQL identifier, at most 50 characters, e.g. `pixels_local_bridge_1`.

        Ends in a digest unless the model's name has only lower-case letters and digits, and all of it fits.
        """
        raw = f"{self.leg}_{self.provider}_{self.model}_{self.version}".lower()
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in raw)
        if re.fullmatch("[a-z0-9]+", self.model) and len(name) <= MAX_NAME:
            return name
        digest = hashlib.sha256("\0".join(map(str, astuple(self))).encode()).hexdigest()[:8]
        return f"{name[: MAX_NAME - 9].rstrip('_')}_{digest}"


@dataclass(frozen=True, slots=True, eq=False)
class PictureEmbedding:
    """The vectors of one picture, with the digests of what they were made from.

    They stay together from the model's response to the database row, so that no vector can be stored with another
    picture.
    """

    sha256: bytes | None
    """SHA-256 of the source file; None for vectors that were imported without their picture."""
    sent_sha256: bytes | None
    """SHA-256 of the bytes that the model received; None for vectors that were imported."""
    vectors: Mapping[Space, Vector]

    def within(self, spaces: Collection[Space]) -> PictureEmbedding:
        """A copy with only the vectors of these spaces.

        Raises:
            KeyError: one of these spaces has no vector.
        """
        return PictureEmbedding(self.sha256, self.sent_sha256, {space: self.vectors[space] for space in spaces})
