"""The domain model: paintings, their catalogue entries, filters and hits."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from itertools import islice
from pathlib import PurePath
from typing import Any, get_type_hints

from art_mcp.normalization import fold, normalize

# uuid5 of this and "collection\0source key": the same painting keeps its id through every re-ingest.
_NAMESPACE = uuid.UUID("5f0c1a52-9f6e-5a0c-8a39-2f6d1f3b7c11")


def painting_id(collection: str, source_key: str) -> uuid.UUID:
    """Compute the id of a painting, which is the same in every process and database.

    Args:
        collection: name of the collection.
        source_key: identifies the painting within it, e.g. its file name or inventory number.
    """
    return uuid.uuid5(_NAMESPACE, f"{collection}\0{source_key}")


# Invisible characters (Default_Ignorable_Code_Point) that are not in Cc or Cf: fillers, joiners, variation selectors.
# A sequence of variation selectors can hide any text.
_UNSEEN = re.compile("[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]")


def readable(text: str) -> str:
    """Text on one line, without control and invisible characters, which could forge or hide words."""
    if text.isascii() and text.isprintable() and "  " not in text and text == text.strip():
        return text  # the common case, and much faster
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
    """What the source says about a painting, verbatim; nothing here is inferred by a model."""

    title: str | None = None
    artist: str | None = None
    """One or several, with their roles and years of life; `Painting.artists` has the names alone."""
    date: str | None = None
    school: str | None = None
    type: str | None = None
    technique: str | None = None
    timeframe: str | None = None
    description: str | None = None
    number: str | None = None
    """Accession or inventory number."""

    def sentence(self) -> str:
        """The text that is embedded for the words leg; empty without a title, an artist and a description."""
        by = f"{self.title or ''} by {self.artist}" if self.artist else self.title or ""
        return ". ".join(part for part in (by.strip(), self.description) if part)

    def as_dict(self) -> dict[str, str | None]:
        return asdict(self)


CATALOGUE_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Catalogue))


@dataclass(frozen=True, slots=True)
class Holding:
    """The owner's page about a painting, and the terms of use of its picture, verbatim from the source."""

    page: str | None = None
    """URL of the owner's page about the painting."""
    rights: str | None = None
    """Licence or rights statement, usually a URL such as that of CC0."""
    credit: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        return asdict(self)


NO_HOLDING = Holding()
HOLDING_FIELDS: tuple[str, ...] = tuple(field.name for field in fields(Holding))


MAX_DETAILS, MAX_NAME, MAX_DETAIL = 40, 80, 1_000
"""Maximum number of details of a painting, and maximum lengths of their names and values in characters."""


def kept_details(given: Mapping[str, str]) -> dict[str, str]:
    """The details of a painting as they are stored: readable, without empty ones, and cut to what is kept."""
    named = ((readable(name)[:MAX_NAME], readable(value)) for name, value in given.items())
    return {
        name: value if len(value) <= MAX_DETAIL else f"{value[:MAX_DETAIL]}…"
        for name, value in islice(((name, value) for name, value in named if name and value), MAX_DETAILS)
    }


@dataclass(frozen=True, slots=True)
class Painting:
    """One painting as it is stored."""

    id: uuid.UUID
    collection: str
    source_key: str
    catalogue: Catalogue
    artists: tuple[str, ...]
    """The names in reading order, derived from the catalogue's artist: "Pieter Bruegel the Elder"."""
    years: tuple[int, int] | None
    """The first and the last year that the catalogue's date allows, inclusive; BC is negative."""
    image_name: str
    """The picture's file, relative to its source; empty if the painting has no picture."""
    image_sha256: bytes | None
    """None, like the next three fields, without a picture, or if its vector was imported without it."""
    image_width: int | None
    image_height: int | None
    image_format: str | None
    holding: Holding = NO_HOLDING
    source: str | None = None
    """The source of the last load, as recorded in its job."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Everything else that the source says, by the names of its columns, in their order."""

    @property
    def name(self) -> str:
        """Its title, or what stands for it: "Untitled (12.jpg)"."""
        file = PurePath(self.image_name).name
        return self.catalogue.title or (f"Untitled ({file})" if file else "Untitled")


FURTHEST_YEAR = 100_000
"""Years from year 0 to which filters are clamped, since larger numbers do not fit into the database's integers."""


def _filter(description: str) -> Any:
    return field(default=None, metadata={"description": description})


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which paintings to search; None means any value, and a tuple one of several.

    The filter arguments of tools, prompts and the command line are generated from these fields, in this order.
    """

    artist: str | tuple[str, ...] | None = _filter("Only this artist, e.g. Monet.")
    school: str | tuple[str, ...] | None = _filter("Only this school, e.g. Dutch.")
    type: str | tuple[str, ...] | None = _filter("Only this genre, e.g. still life.")
    technique: str | tuple[str, ...] | None = _filter("Only this technique, e.g. oil.")
    timeframe: str | tuple[str, ...] | None = _filter("Only this timeframe, e.g. 1651-1700.")
    year_from: int | None = _filter("First year; negative is BC.")
    year_to: int | None = _filter("Last year.")
    collection: str | tuple[str, ...] | None = _filter("Only this collection.")
    where: tuple[tuple[str, str | tuple[str, ...]], ...] | None = _filter('E.g. {"location": "Depot 3"}.')
    """Names of details with a value, or with one of several keys that `detail_key` has made."""

    @classmethod
    def read(cls, given: Mapping[str, str | int | Mapping[str, str] | None]) -> Filters:
        """Read the filters that a caller passed: text is made readable, and empty values are dropped."""
        read: dict[str, Any] = {name: _read_filter(value) for name, value in given.items()}
        return cls(**read)


def _read_filter(value: str | int | Mapping[str, str] | None) -> Any:
    if isinstance(value, int):
        return min(max(value, -FURTHEST_YEAR), FURTHEST_YEAR)
    if isinstance(value, Mapping):
        read = ((readable(name), readable(text)) for name, text in value.items())
        return tuple((name, text) for name, text in read if name and text) or None
    return readable(value) or None if value else None


FILTERS: dict[str, str] = {each.name: each.metadata["description"] for each in fields(Filters)}
"""The description of each filter, by its name."""
YEAR_FILTERS = tuple(name for name, kind in get_type_hints(Filters).items() if kind == int | None)
"""Filters that are numbers; the others are text."""
EVERYTHING = Filters()

KEYED_FIELDS = tuple(name for name in FILTERS if name in CATALOGUE_FIELDS)
"""Catalogue fields that have a filter; their values are compared by `filter_key`."""
LISTED_FIELDS = ("collection", *KEYED_FIELDS)
"""Fields whose values are counted in facets and offered as completions."""


MAX_KEY = 300
"""Maximum length of a key in characters, since PostgreSQL indexes no more than 2,704 bytes."""


def filter_key(field: str, text: str | None) -> str | None:
    """The key by which values of a field are compared, without case and accents; None for a value without words.

    An artist's words are sorted, so that "BRUEGEL, Pieter the Elder" and "Pieter Bruegel the Elder" are equal. A
    technique ends before its measurements: "Oil on canvas, 105 x 184 cm" becomes "oil on canvas".
    """
    words = re.findall(r"\w+", fold((text or "").partition(", ")[0] if field == "technique" else text or ""))
    return " ".join(sorted(words) if field == "artist" else words)[:MAX_KEY].rstrip() or None


def detail_name(name: str) -> str:
    """The form by which the names of details are compared: that of "Current location" and current_location is one."""
    return "".join(re.findall(r"[^\W_]+", fold(name)))


def detail_key(name: str, value: str) -> str | None:
    """The key by which a value of a detail is compared: "location=depot 3"; None if one of them has no words."""
    key = filter_key("where", value)
    return f"{detail_name(name)}={key}" if key and detail_name(name) else None


MAX_VALUES = 20
"""Maximum number of values of a detail that are found one by one."""


def detail_keys(painting: Painting) -> dict[str, str]:
    """The values of the details by their keys, and those of "harbour; boats" one by one.

    The accession number, credit line and rights are filtered by as if they were details.
    """
    also = {"accession number": painting.catalogue.number, **painting.holding.as_dict()}
    also.pop("page")
    found: dict[str, str] = {}
    for name, text in {**also, **painting.details}.items():
        for value in (text, *re.split("[;|]", text, maxsplit=MAX_VALUES)) if text else ():
            if key := detail_key(name, value):
                found.setdefault(key, value.strip())
    return found


class Relevance(StrEnum):
    """How well a hit matches, by absolute thresholds for each space, not relative to the best hit."""

    STRONG = "strong"
    FAIR = "fair"
    WEAK = "weak"


@dataclass(frozen=True, slots=True)
class Copy:
    """Another picture of the same painting in the database, as an entry of its own."""

    id: uuid.UUID
    collection: str


@dataclass(frozen=True, slots=True)
class Hit:
    """A painting in a search result, with its scores."""

    painting: Painting
    score: float
    """The sum over the legs, computed in `store/ranking.py`; comparable only within one result."""
    legs: dict[str, float]
    """The cosine similarity for each leg that has this painting; for full text, the share of words found."""
    copies: tuple[Copy, ...] = ()
    """The other copies of the painting, whether they match the filters or not; they are no hits of their own."""
    asked: bool = False
    """Whether it is what the question asks for by name or year: by the artist that it names, from the years."""


@dataclass(frozen=True, slots=True)
class Rendition:
    """A stored picture of a painting: JPEG, or WebP if an older version stored it."""

    kind: str
    """`thumbnail` (320 px) or `display` (a setting, 1024 px by default)."""
    width: int
    height: int
    data: bytes
