"""The columns of an archive's files.

| column | type | what |
|---|---|---|
| id, collection, source_key | string | the id is computed from the other two |
| source | string | what it was loaded from last |
| title, artist, date, school, type, technique, timeframe, description | string | the catalogue's words |
| page, rights, credit | string | who holds it, and on what terms |
| year_from, year_to | int32 | between which it was painted |
| artist_name | string | for other readers: an import computes it anew |
| image_name | string | the picture's file, relative to its source |
| image_sha256, image_width, image_height, image_format | binary(32), int32, int32, string | of the source's picture |
| thumbnail, display | binary | the pictures that are kept, as WebP |
| vector_... | list of float16 | of unit length, bit for bit as it is stored; one for each space of the manifest |

What is not there is null. Rows are in the order of their ids. A row group is small enough to be held in memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from art_mcp.ingest.archive.manifest import ArchiveError
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS
from art_mcp.space import Space
from art_mcp.store.paintings import Entry

if TYPE_CHECKING:
    import pyarrow as pa

    from art_mcp.space import Vector

RENDITIONS = ("thumbnail", "display")
WORDS = (*CATALOGUE_FIELDS, *HOLDING_FIELDS)
TEXTS = ("id", "collection", "source", "source_key", *WORDS, "image_name", "image_format")
FACTS = ("image_sha256", "image_width", "image_height")
YEARS = ("year_from", "year_to")
ROWS, BYTES = 2048, 32 << 20
"""Most rows of a row group, and about the most bytes."""


def require_pyarrow() -> None:
    """Raises `ArchiveError` where the library that reads and writes archives is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise ArchiveError(
            "Archives are Parquet files, and the library for them is not installed.",
            "Run: pip install 'art-mcp[parquet]'",
        ) from None


def schema(vectors: Collection[str]) -> pa.Schema:
    """The columns of a file, of which these are of vectors."""
    import pyarrow as pa

    numbers = pa.list_(pa.field("element", pa.float16(), nullable=False))
    return pa.schema(
        [
            *((name, pa.string()) for name in (*TEXTS, "artist_name")),
            *((name, pa.int32()) for name in YEARS),
            *((name, pa.binary(32) if name == "image_sha256" else pa.int32()) for name in FACTS),
            *((name, pa.binary()) for name in RENDITIONS),
            *((name, numbers) for name in vectors),
        ]
    )


def compression(vectors: Collection[str]) -> dict[str, str]:
    """How each column is compressed, for a writer: vectors and WebP do not get any smaller."""
    texts = dict.fromkeys((*TEXTS, "artist_name"), "ZSTD")
    rest = (*YEARS, *FACTS, *RENDITIONS, *(f"{name}.list.element" for name in vectors))
    return texts | dict.fromkeys(rest, "NONE")


def table(entries: Sequence[Entry], vectors: Mapping[Space, str]) -> pa.Table:
    """Paintings as rows. Args: vectors: the column of each space."""
    import pyarrow as pa

    columns = schema(vectors.values())
    rows = [_row(entry) for entry in entries]
    arrays = [pa.array([row[name] for row in rows], columns.field(name).type) for name in rows[0]]
    arrays += [
        _vectors([entry.vectors.get(space) for entry in entries], columns.field(name).type)
        for space, name in vectors.items()
    ]
    return pa.Table.from_arrays(arrays, schema=columns)


def size(entry: Entry) -> int:
    """Bytes that a painting takes, at most, but for what is short."""
    words = (4 * len(word) for word in entry.painting.catalogue.as_dict().values() if word)
    vectors = (vector.nbytes for vector in entry.vectors.values() if vector is not None)
    return sum(words) + sum(vectors) + sum(len(rendition.data) for rendition in entry.renditions)


def _row(entry: Entry) -> dict[str, Any]:
    """Values of all columns but the vectors, in the order of the schema."""
    painting = entry.painting
    first, last = painting.years or (None, None)
    kept = {rendition.kind: rendition.data for rendition in entry.renditions}
    values = {"id": str(painting.id), "year_from": first, "year_to": last}
    values |= painting.catalogue.as_dict() | painting.holding.as_dict()
    return {
        **{
            name: values[name] if name in values else getattr(painting, name)
            for name in (*TEXTS, "artist_name", *YEARS, *FACTS)
        },
        **{kind: kept.get(kind) for kind in RENDITIONS},
    }


def _vectors(vectors: Sequence[Vector | None], type_: pa.DataType) -> pa.Array:
    import numpy as np
    import pyarrow as pa

    there = [vector for vector in vectors if vector is not None]
    ends = np.cumsum([0, *(0 if vector is None else len(vector) for vector in vectors)], dtype=np.int32)
    return pa.ListArray.from_arrays(
        pa.array(ends),
        pa.array(np.concatenate(there) if there else np.empty(0, np.float16)),
        type=type_,
        mask=pa.array([vector is None for vector in vectors]),
    )
