"""Rows of an archive, checked one by one: an archive may come from anybody."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from art_mcp.images.picture import FORMATS, MAX_BYTES, MAX_SIDE
from art_mcp.images.rendition import THUMBNAIL_SIDE
from art_mcp.ingest.archive.columns import FACTS, RENDITIONS, TEXTS, WORDS, YEARS
from art_mcp.ingest.dates import years
from art_mcp.ingest.names import display_name
from art_mcp.ingest.sources import Refusal
from art_mcp.ingest.sources.columns import MAX_CHARACTERS, MAX_CHARACTERS_ELSEWHERE
from art_mcp.painting import (
    CATALOGUE_FIELDS,
    HOLDING_FIELDS,
    Catalogue,
    Holding,
    Painting,
    Rendition,
    painting_id,
    readable,
)
from art_mcp.settings import MAX_DISPLAY_SIZE
from art_mcp.space import Space
from art_mcp.store.paintings import IMAGE_FIELDS, Entry

if TYPE_CHECKING:
    import pyarrow as pa

    from art_mcp.store.paintings import Vector

MAX_NAME = 4096
"""Characters of a key or of a file's name."""
MOST_YEAR = 100_000
LENGTH_TOLERANCE = 0.01
"""How far a vector's length may be from 1: it is stored in half precision."""

_SIDES = {"thumbnail": THUMBNAIL_SIDE, "display": MAX_DISPLAY_SIZE}
_display_name, _years = lru_cache(10_000)(display_name), lru_cache(10_000)(years)


class Checker:
    """Turns rows into entries, in the order of the archive.

    Args:
        names: what each collection of the archive is called here.
        columns: where the vectors of each space are.
    """

    def __init__(self, names: Mapping[str, str], columns: Mapping[Space, str]) -> None:
        self._names = names
        self._columns = columns
        self._last = ""

    def check(self, table: pa.Table, label: str, first: int) -> list[Entry | Refusal]:
        """The painting of each row, or why it cannot be stored.

        Args:
            table: of the schema of `columns`.
            label: what rows are called, followed by their number.
            first: the number of the first row.
        """
        # By columns as far as possible, since there are many rows.
        columns: dict[str, Sequence[Any]] = {name: _texts(name, table.column(name)) for name in TEXTS}
        columns |= {name: table.column(name).to_pylist() for name in (*FACTS, *YEARS, *RENDITIONS)}
        vectors = {space: _vectors(table.column(name), space) for space, name in self._columns.items()}
        suspect = [
            each for each in (*columns.values(), *vectors.values()) if any(type(value) is _Bad for value in each)
        ]
        checked: list[Entry | Refusal] = []
        for place, values in enumerate(zip(*columns.values(), strict=True)):
            row = dict(zip(columns, values, strict=True))
            try:
                for each in suspect:
                    if type(each[place]) is _Bad:
                        raise each[place]
                made = {space: each[place] for space, each in vectors.items() if each[place] is not None}
                checked.append(self._entry(row, made))
            except _Bad as bad:
                key = row["source_key"] if isinstance(row["source_key"], str) else ""
                named = f" ({readable(key):.100})" if key else ""
                checked.append(Refusal(f"{label} {first + place}{named}", str(bad)))
        return checked

    def _entry(self, row: Mapping[str, Any], vectors: Mapping[Space, Vector]) -> Entry:
        collection, key = row["collection"], row["source_key"]
        if collection not in self._names:
            raise _Bad("Its collection is not one of the manifest's.")
        id_ = painting_id(collection, key or "")
        if not key or row["id"] != str(id_):
            raise _Bad("Its id is not that of its collection and its key.")
        if row["id"] <= self._last:
            raise _Bad("It is there twice, or out of its order.")
        self._last = row["id"]
        if not row["image_name"]:
            raise _Bad("It names no picture.")
        _check_facts(row)
        renditions = [_rendition(kind, row[kind]) for kind in RENDITIONS if row[kind] is not None]
        if renditions and row["image_sha256"] is None:
            raise _Bad("It has a picture, but not what is known of its source.")
        here = self._names[collection]
        words = Catalogue(*[row[field] for field in CATALOGUE_FIELDS])
        painting = Painting(
            id_ if here == collection else painting_id(here, key),
            here,
            key,
            words,
            artist_name=_display_name(words.artist),
            years=_told_years(row) or _years(words.date) or _years(words.timeframe),
            **{field: row[field] for field in IMAGE_FIELDS},
            holding=Holding(*[row[field] for field in HOLDING_FIELDS]),
            source=row["source"],
        )
        return Entry(painting, renditions, vectors)


def _told_years(row: Mapping[str, Any]) -> tuple[int, int] | None:
    """As they were stored, since a museum may have told them more exactly than its words do; if they can be true."""
    first, last = row["year_from"], row["year_to"]
    if first is None or last is None or not -MOST_YEAR <= first <= last <= MOST_YEAR:
        return None
    return first, last


class _Bad(Exception):
    """Why a row is refused, in a sentence for people."""


def _texts(name: str, column: pa.ChunkedArray) -> Sequence[str | _Bad | None]:
    """The texts of a column, the catalogue's made readable; what cannot be stored is told in its place."""
    import pyarrow as pa

    words = name in WORDS
    most = MAX_CHARACTERS.get(name, MAX_CHARACTERS_ELSEWHERE) if words else MAX_NAME
    try:
        texts = column.to_pylist()
    except UnicodeDecodeError:
        texts = column.cast(pa.binary()).to_pylist()
    else:
        there = list(filter(None, texts))
        together = " ".join(there)  # has whatever one of them has
        if "\0" not in together and max(map(len, there), default=0) <= most:
            if not words:
                return texts
            if len(there) + texts.count(None) == len(texts) and readable(together) == together:
                return texts
    return [None if text is None else _text(name, text, most, words) for text in texts]


def _text(name: str, text: str | bytes, most: int, words: bool) -> str | _Bad | None:
    if isinstance(text, bytes):
        try:
            text = text.decode()
        except UnicodeDecodeError:
            return _Bad(f"Its {name} is not valid text.")
    if "\0" in text:
        return _Bad(f"Its {name} holds a NUL character.")
    if len(text) > most:
        return _Bad(f"Its {name} has more than {most:,} characters.")
    return (readable(text) or None) if words else text


def _vectors(chunks: pa.ChunkedArray, space: Space) -> list[Vector | _Bad | None]:
    """The vector of each row, of shape (dimensions,); what cannot be stored is told in its place."""
    import numpy as np

    column = chunks.combine_chunks()
    starts, ends = np.asarray(column.offsets)[:-1], np.asarray(column.offsets)[1:]
    there = np.asarray(column.is_valid())
    fits = there & (ends - starts == space.dimensions)
    numbers = np.asarray(column.values)
    if fits.sum() * space.dimensions == len(numbers):
        vectors = numbers.reshape(-1, space.dimensions)
    else:
        vectors = numbers[starts[fits, None] + np.arange(space.dimensions)]
    lengths = np.linalg.norm(vectors.astype(np.float32), axis=1)  # not finite if one of the numbers is not
    checked: list[Vector | _Bad | None] = [None] * len(column)
    for row in np.flatnonzero(there & ~fits):
        checked[row] = _Bad(
            f"Its vector of {space.made_by} has {ends[row] - starts[row]} numbers instead of {space.dimensions}."
        )
    for row, vector, length in zip(np.flatnonzero(fits), vectors, lengths.tolist(), strict=True):
        if abs(length - 1) <= LENGTH_TOLERANCE:
            checked[row] = vector
        else:
            checked[row] = _Bad(f"Its vector of {space.made_by} has not the length 1, but {length:.3g}.")
    return checked


def _check_facts(row: Mapping[str, Any]) -> None:
    width, height, format_ = row["image_width"], row["image_height"], row["image_format"]
    if row["image_sha256"] is None and width is None and height is None and format_ is None:
        return
    if row["image_sha256"] is None or width is None or height is None or format_ not in FORMATS:
        raise _Bad("What is said of its picture is not complete.")
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise _Bad(f"Its picture is said to have {width} x {height} pixels.")


def _rendition(kind: str, data: bytes) -> Rendition:
    """A kept picture; only its header is read, for its pixels are decoded when they are shown."""
    if len(data) > MAX_BYTES:
        raise _Bad(f"Its {kind} has more than {MAX_BYTES >> 20} MiB.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(BytesIO(data), formats=["WEBP"]) as image:
                size, frames = image.size, getattr(image, "n_frames", 1)
    except Exception:  # decoders fail on hostile bytes in every way there is
        raise _Bad(f"Its {kind} is no WebP picture, or is damaged.") from None
    if max(size) > _SIDES[kind]:
        raise _Bad(f"Its {kind} has {size[0]} x {size[1]} pixels, and more than {_SIDES[kind]} a side.")
    if frames > 1:
        raise _Bad(f"Its {kind} is no picture but {frames} of them.")
    return Rendition(kind, *size, data)
