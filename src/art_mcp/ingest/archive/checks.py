"""Rows of an archive, checked one by one: an archive may come from anybody."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from PIL import Image

from art_mcp.images.picture import FORMATS, MAX_SIDE
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
    is_readable,
    painting_id,
    readable,
)
from art_mcp.settings import MAX_DISPLAY_SIZE
from art_mcp.space import Space
from art_mcp.store.paintings import IMAGE_FIELDS, Entry

if TYPE_CHECKING:
    import pyarrow as pa

    from art_mcp.space import Vector

MAX_NAME = 4096
"""Characters of a key or of a file's name."""
MOST_YEAR = 100_000
LENGTH_TOLERANCE = 0.01
"""How far a vector's length may be from 1: it is stored in half precision."""

_BYTES = {"thumbnail": 1 << 18, "display": 1 << 23}
"""At most of each kind; an export's have a fifth of that. Fifty thumbnails are read for one answer."""
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
        texts = {name: _texts(name, table.column(name)) for name in TEXTS}
        facts = {name: table.column(name).to_pylist() for name in (*FACTS, *YEARS, *RENDITIONS)}
        vectors = {space: _vectors(table.column(name), space) for space, name in self._columns.items()}
        suspect = [each for each in (*texts.values(), *vectors.values()) if any(type(value) is _Bad for value in each)]
        rows = zip(
            texts["id"],
            texts["collection"],
            texts["source_key"],
            map(Catalogue, *(texts[field] for field in CATALOGUE_FIELDS)),
            zip(*((texts | facts)[field] for field in IMAGE_FIELDS), strict=True),
            zip(*(facts[name] for name in YEARS), strict=True),
            map(Holding, *(texts[field] for field in HOLDING_FIELDS)),
            texts["source"],
            zip(*(facts[kind] for kind in RENDITIONS), strict=True),
            strict=True,
        )
        checked: list[Entry | Refusal] = []
        for place, row in enumerate(rows):
            try:
                for each in suspect:
                    if type(each[place]) is _Bad:
                        raise each[place]
                painting, renditions = self._checked(*row)
                made = {space: each[place] for space, each in vectors.items() if each[place] is not None}
                checked.append(Entry.read(painting, renditions, made))
            except _Bad as bad:
                key = texts["source_key"][place]
                named = f" ({readable(key):.100})" if key and isinstance(key, str) else ""
                checked.append(Refusal(f"{label} {first + place}{named}", str(bad)))
        return checked

    def _checked(
        self,
        id_: str | None,
        collection: str | None,
        key: str | None,
        words: Catalogue,
        image: tuple[Any, ...],
        told: tuple[int | None, int | None],
        terms: Holding,
        source: str | None,
        kept: tuple[bytes | None, ...],
    ) -> tuple[Painting, list[Rendition]]:
        """Args: image: values of `IMAGE_FIELDS`. kept: of `RENDITIONS`."""
        if collection not in self._names:
            raise _Bad("Its collection is not one of the manifest's.")
        own = painting_id(collection, key or "")
        if not key or id_ != str(own):
            raise _Bad("Its id is not that of its collection and its key.")
        if id_ <= self._last:
            raise _Bad("It is there twice, or out of its order.")
        self._last = id_
        _check_image(*image)
        renditions = [_rendition(kind, data) for kind, data in zip(RENDITIONS, kept, strict=True) if data is not None]
        if renditions and image[1] is None:
            raise _Bad("It has a picture, but not what is known of its source.")
        here = self._names[collection]
        painting = Painting(
            own if here == collection else painting_id(here, key),
            here,
            key,
            words,
            _display_name(words.artist),
            _told_years(*told) or _years(words.date) or _years(words.timeframe),
            *image,
            terms,
            source,
        )
        return painting, renditions


def _told_years(first: int | None, last: int | None) -> tuple[int, int] | None:
    """As they were stored, since a museum may have told them more exactly than its words do; if they can be true."""
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
        fits = max(map(len, there), default=0) <= most
        if fits and not words and "\0" not in together:
            return texts
        if fits and words and len(there) + texts.count(None) == len(texts) and is_readable(together):
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
    exact = vectors.astype(np.float32)
    lengths = np.sqrt(np.einsum("ij,ij->i", exact, exact))  # not finite if one of the numbers is not
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


def _check_image(
    name: str | None, sha256: bytes | None, width: int | None, height: int | None, kind: str | None
) -> None:
    if not name:
        raise _Bad("It names no picture.")
    if sha256 is None and width is None and height is None and kind is None:
        return
    if sha256 is None or width is None or height is None or kind not in FORMATS:
        raise _Bad("What is said of its picture is not complete.")
    if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
        raise _Bad(f"Its picture is said to have {width} x {height} pixels.")


def _rendition(kind: str, data: bytes) -> Rendition:
    """A kept picture; only its header is read, for its pixels are decoded when they are shown."""
    if len(data) > _BYTES[kind]:
        raise _Bad(f"Its {kind} has more than {_BYTES[kind] >> 10:,} KiB.")
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
