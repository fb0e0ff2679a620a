"""Embedding spaces, what each is for, and the vectors of a picture in them."""

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

MOST_NAME = 50

Vector: TypeAlias = "NDArray[np.float32]"
"""Shape (dimensions,), unit length."""


class Leg(StrEnum):
    """What a space is for; a painting has at most one vector per leg in the active spaces."""

    PIXELS = "pixels"
    """Text and pictures together: a sentence finds a picture."""
    WORDS = "words"
    """Text to text: a sentence finds a catalogue entry."""
    LOOK = "look"
    """Picture to picture only, finer than pixels."""


@dataclass(frozen=True, slots=True)
class Space:
    """One embedding space; vectors are comparable only within it.

    Everything that changes the numbers is part of it, so that a change makes another space.
    """

    leg: Leg
    provider: str
    model: str
    version: str
    """Model version and preprocessing version, e.g. "1" or "2023-04-15.p1"."""
    dimensions: int

    @property
    def made_by(self) -> str:
        """For people, e.g. `azure vision 2023-04-15.p1`."""
        return f"{self.provider} {self.model} {self.version}"

    @property
    def name(self) -> str:
        """Unique and safe as part of an SQL identifier, at most 50 characters, e.g. `pixels_local_bridge_1`.

        A model that somebody else has named ends in a digest, since not all its characters can stand here.
        """
        raw = f"{self.leg}_{self.provider}_{self.model}_{self.version}".lower()
        name = "".join(c if c.isascii() and c.isalnum() else "_" for c in raw)
        if re.fullmatch("[a-z0-9]+", self.model) and len(name) <= MOST_NAME:
            return name
        digest = hashlib.sha256("\0".join(map(str, astuple(self))).encode()).hexdigest()[:8]
        return f"{name[: MOST_NAME - 9].rstrip('_')}_{digest}"


@dataclass(frozen=True, slots=True, eq=False)
class PictureEmbedding:
    """The vectors of one picture with what they were made from.

    It stays one value from the answer of the model to the row of the database, so that no vector can be stored
    with another picture.
    """

    sha256: bytes | None
    """Of the source's file; None for vectors that were imported without their picture."""
    sent_sha256: bytes | None
    """Of the bytes that the model was given; None if this program did not ask it, but read the vectors."""
    vectors: Mapping[Space, Vector]

    def within(self, spaces: Collection[Space]) -> PictureEmbedding:
        """The same without the vectors of other spaces.

        Raises:
            KeyError: it has no vector in one of these spaces.
        """
        return PictureEmbedding(self.sha256, self.sent_sha256, {space: self.vectors[space] for space in spaces})
