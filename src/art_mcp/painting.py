"""The words of the domain: a painting, what the catalogue says of it, and its place in a result."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import asdict, dataclass, fields
from enum import StrEnum

# uuid5 of this and "collection\0source key": the same painting keeps its id through every re-ingest.
_NAMESPACE = uuid.UUID("5f0c1a52-9f6e-5a0c-8a39-2f6d1f3b7c11")


def painting_id(collection: str, source_key: str) -> uuid.UUID:
    """The id of a painting, computed, so that any process and any database finds the same one.

    Args:
        collection: name of the collection.
        source_key: what identifies the painting within it, e.g. its file name or inventory number.
    """
    return uuid.uuid5(_NAMESPACE, f"{collection}\0{source_key}")


def readable(text: str) -> str:
    """Text on one line, without control and invisible characters, which could forge or hide words."""
    visible = (
        " " if character.isspace() else character
        for character in unicodedata.normalize("NFC", text)
        if character.isspace() or unicodedata.category(character) not in ("Cc", "Cf")
    )
    return " ".join("".join(visible).split())


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the source says about a painting, in its own words; nothing here is guessed by a model."""

    title: str | None = None
    artist: str | None = None
    date: str | None = None
    school: str | None = None
    type: str | None = None
    technique: str | None = None
    timeframe: str | None = None
    description: str | None = None

    def sentence(self) -> str:
        """The words that are embedded for the words leg; empty when the catalogue is silent."""
        by = f"{self.title or ''} by {self.artist}" if self.artist else self.title or ""
        return ". ".join(part for part in (by.strip(), self.description) if part)

    def as_dict(self) -> dict[str, str | None]:
        return asdict(self)


CATALOGUE_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Catalogue))


@dataclass(frozen=True, slots=True)
class Painting:
    """One painting as it is stored."""

    id: uuid.UUID
    collection: str
    source_key: str
    catalogue: Catalogue
    image_name: str
    """The picture's file, relative to its source."""
    image_sha256: bytes
    image_width: int
    image_height: int
    image_format: str


class Relevance(StrEnum):
    """How well a hit fits, judged by what scores mean in a space and not by the best hit at hand."""

    STRONG = "strong"
    FAIR = "fair"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Hit:
    """A painting's place in the answer to a question."""

    painting: Painting
    score: float
    """Sum over the legs of the z-score of the cosine; comparable only within one answer."""
    cosines: dict[str, float]
    """Raw cosine similarity per leg, for the legs that have this painting."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture of a painting in one of the sizes that are kept, as WebP."""

    kind: str
    """`thumbnail` (320 px) or `display` (a setting, 1024 px by default)."""
    width: int
    height: int
    data: bytes
