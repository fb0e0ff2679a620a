"""Imports a table with a column of vectors made by Azure AI Vision, such as its tutorials produce."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from art_mcp.dates import years
from art_mcp.ingest.embedding import word_vectors
from art_mcp.ingest.job import collection_name
from art_mcp.ingest.load import Bundle, ImportFailed
from art_mcp.ingest.names import artists
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row
from art_mcp.ingest.sources.tables.table import TABLE_SUFFIXES, is_table, table_at
from art_mcp.painting import Painting, kept_details, painting_id
from art_mcp.settings import AZURE_MODEL_VERSION
from art_mcp.space import Leg, Space
from art_mcp.store.paintings import Entry
from art_mcp.vision.azure import DIMENSIONS
from art_mcp.vision.remote.preparation import PREPROCESSING

if TYPE_CHECKING:
    from art_mcp.ingest.load import Batch
    from art_mcp.space import Vector
    from art_mcp.vision.provider import Provider

SPACE: Final = Space(Leg.PIXELS, "azure", "vision", f"{AZURE_MODEL_VERSION}.{PREPROCESSING}", DIMENSIONS)
"""The space that a table's vectors are assumed to be in, since a table does not name it."""


class VectorTable(Bundle):
    """The paintings of a table with a column of vectors; the picture files are not read.

    The constructor reads the whole table and blocks: call it in a thread.

    Args:
        path: absolute path of the table, in any format of `TABLE_SUFFIXES`.
        local: the provider that embeds the catalogue text, free of charge.
        collection: name of the collection; by default the name of the file without its suffix.

    Raises:
        SourceError: the table cannot be read.
        ImportFailed: the file is not a table or has no vectors.
    """

    assumed = f"Its vectors are assumed to be from {SPACE.made_by}."

    def __init__(self, path: Path, local: Provider, *, collection: str | None = None) -> None:
        if not is_table(path.name):
            raise ImportFailed(
                f"{path.name} is neither an archive nor a table.",
                f"Give a folder from `art-mcp export`, or a table that ends in {', '.join(TABLE_SUFFIXES)}.",
            )
        self._table = table_at(path, DEFAULTS)
        self._local = local
        self._name = collection_name(collection or path.stem)
        self.collections = [self._name]
        self.active = [SPACE, local.spaces[Leg.WORDS]]
        self.total = with_vector = 0
        for row in self._table.rows():
            self.total += 1
            with_vector += isinstance(row, Row) and row.vector is not None
        if not with_vector:
            raise ImportFailed(
                f"No row of {path.name} has a vector.",
                "Name their column VECTOR; to load pictures without vectors, use `art-mcp ingest`.",
            )
        self.vectors = dict.fromkeys(self.active, with_vector)

    def entries(self) -> Iterator[tuple[str, Entry | str]]:
        for row in self._table.rows():
            if isinstance(row, Refusal):
                yield row.label, row.reason
            elif not row.image:  # a vector is of a picture
                yield row.label, "It names no picture."
            elif isinstance(vector := read_vector(row.vector or ""), str):
                yield row.label, vector
            else:
                yield row.label, Entry.read(self._painting(row), (), {SPACE: vector})

    async def batches(self) -> AsyncIterator[Batch]:
        async for batch in super().batches():
            entries = [each for each in batch if isinstance(each, Entry)]
            words = await word_vectors(self._local, [entry.painting.catalogue.sentence() for entry in entries])
            space = self._local.spaces[Leg.WORDS]
            worded = (replace(entry, words={space: vector}) for entry, vector in zip(entries, words, strict=True))
            yield [next(worded) if isinstance(each, Entry) else each for each in batch]

    def _painting(self, row: Row) -> Painting:
        words = row.catalogue
        return Painting(
            id=painting_id(self._name, row.key),
            collection=self._name,
            source_key=row.key,
            catalogue=words,
            artists=tuple(artists(words.artist)),
            years=years(words.date) or years(words.timeframe),
            image_name=row.image,
            image_sha256=None,
            image_width=None,
            image_height=None,
            image_format=None,
            details=kept_details(row.details),
        )


def read_vector(text: str) -> Vector | str:
    """Parse a JSON list into a float16 vector of unit length and shape (1024,), or return why it is invalid."""
    import numpy as np

    if not text:
        return "It has no vector."
    try:
        numbers = json.loads(text)
        if not isinstance(numbers, list):
            raise TypeError
        vector = np.array(numbers, np.float64)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return "Its vector is not a JSON list of numbers."
    if vector.shape != (SPACE.dimensions,):
        return f"Its vector has the shape {vector.shape} instead of {SPACE.dimensions} numbers."
    largest = np.abs(vector).max()  # NaN if any component is NaN
    if not 0 < largest < np.inf:
        return "Its vector has no direction: its numbers are all zero, or not all finite."
    vector /= largest  # avoids overflow of the squares in the norm
    return (vector / np.linalg.norm(vector)).astype(np.float16)
