"""The words of the domain: a painting, what the catalogue says of it, and its place in a result."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any, get_type_hints

from art_mcp.normalization import fold, normalize

# uuid5 of this and "collection\0source key": the same painting keeps its id through every re-ingest.
_NAMESPACE = uuid.UUID("5f0c1a52-9f6e-5a0c-8a39-2f6d1f3b7c11")


def painting_id(collection: str, source_key: str) -> uuid.UUID:
    """The id of a painting, computed, so that any process and any database finds the same one.

    Args:
        collection: name of the collection.
        source_key: what identifies the painting within it, e.g. its file name or inventory number.
    """
    return uuid.uuid5(_NAMESPACE, f"{collection}\0{source_key}")


# Letters and marks that Unicode says are not shown (Default_Ignorable_Code_Point), beside those of Cc and Cf:
# fillers, joiners, variation selectors; any text can be hidden in a row of the last.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")


def readable(text: str) -> str:
    """Text on one line, without control and invisible characters, which could forge or hide words."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text  # as most are, and much sooner
    text = normalize(text)
    if not text.isprintable() or (not text.isascii() and _UNSEEN.search(text)):
        text = "".join(
            " " if character.isspace() else character
            for character in text
            if character.isspace()
            or (unicodedata.category(character) not in ("Cc", "Cf") and not _UNSEEN.match(character))
        )
    return " ".join(text.split())


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
class Holding:
    """Who holds the painting, and on what terms its picture may be used, in the source's own words."""

    page: str | None = None
    """The holder's own page of it."""
    rights: str | None = None
    """Licence or rights statement, mostly an address such as that of CC0."""
    credit: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        return asdict(self)


UNTOLD = Holding()
HOLDING_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Holding))


@dataclass(frozen=True, slots=True)
class Painting:
    """One painting as it is stored."""

    id: uuid.UUID
    collection: str
    source_key: str
    catalogue: Catalogue
    artist_name: str | None
    """The artist as the name is read, derived from the catalogue's: "Pieter Bruegel the Elder"."""
    years: tuple[int, int] | None
    """The first and the last year that the catalogue's date allows, inclusive; BC is negative."""
    image_name: str
    """The picture's file, relative to its source."""
    image_sha256: bytes | None
    """None, as what follows, where the picture was never seen: its vector came without it."""
    image_width: int | None
    image_height: int | None
    image_format: str | None
    holding: Holding = UNTOLD
    source: str | None = None
    """What it was loaded from last, as the job has it."""


FURTHEST_YEAR = 100_000
"""No painting is further from year 0; a larger number would not fit into the database's."""


def _filter(description: str) -> Any:
    return field(default=None, metadata={"description": description})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which paintings a question is about; what is None does not matter.

    Tools, prompts and the command line take their arguments for it from these fields, in this order.
    """

    artist: str | None = _filter("Only this artist, e.g. Claude Monet.")
    school: str | None = _filter("Only this school, e.g. Dutch.")
    type: str | None = _filter("Only this genre, e.g. still-life.")
    technique: str | None = _filter("Only this technique, e.g. oil on canvas.")
    timeframe: str | None = _filter("As the catalogue writes it, e.g. 1651-1700.")
    year_from: int | None = _filter("Only of this year or later; negative is BC.")
    year_to: int | None = _filter("Only of this year or earlier.")
    collection: str | None = _filter("Only this collection.")

    @classmethod
    def read(cls, given: Mapping[str, str | int | None]) -> Filters:
        """The filters as a caller wrote them: text is made readable, and what is empty is left out."""
        return cls(**{name: _read_filter(value) for name, value in given.items()})


def _read_filter(value: str | int | None) -> Any:
    if isinstance(value, int):
        return min(max(value, -FURTHEST_YEAR), FURTHEST_YEAR)
    return readable(value) or None if value else None


FILTERS: dict[str, str] = {each.name: each.metadata["description"] for each in fields(Filters)}
"""What each filter means, by its name."""
YEAR_FILTERS = tuple(name for name, kind in get_type_hints(Filters).items() if kind == int | None)
"""Filters that are numbers; the others are text."""
EVERYTHING = Filters()

KEYED_FIELDS = tuple(name for name in FILTERS if name in CATALOGUE_FIELDS)
"""Catalogue fields that are filtered by, and compared by their `filter_key`."""
LISTED_FIELDS = ("collection", *KEYED_FIELDS)
"""Fields whose values are counted and completed."""


def filter_key(field: str, text: str | None) -> str | None:
    """The form in which values of a field are equal, whatever their case, accents and order.

    An artist is a set of words, so that "BRUEGEL, Pieter the Elder" and "Pieter Bruegel the Elder" are one. A
    technique is what stands before its measures: "Oil on canvas, 105 x 184 cm" is "oil on canvas".
    """
    words = re.findall(r"\w+", fold((text or "").partition(", ")[0] if field == "technique" else text or ""))
    return " ".join(sorted(words) if field == "artist" else words) or None


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
    """The legs together, as `store/ranking.py` adds them; comparable only within one answer."""
    legs: dict[str, float]
    """For each leg that has this painting its cosine similarity, for full text the share of words found."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A picture of a painting in one of the sizes that are kept, as WebP."""

    kind: str
    """`thumbnail` (320 px) or `display` (a setting, 1024 px by default)."""
    width: int
    height: int
    data: bytes
