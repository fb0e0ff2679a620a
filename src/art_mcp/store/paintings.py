"""Paintings with their renditions and vectors: written together, read separately."""

from __future__ import annotations

import json
import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from art_mcp.normalization import fold
from art_mcp.painting import (
    CATALOGUE_FIELDS,
    HOLDING_FIELDS,
    KEYED_FIELDS,
    Catalogue,
    Holding,
    Painting,
    Rendition,
    detail_keys,
    filter_key,
)
from art_mcp.space import Leg, PictureEmbedding, Space, Vector
from art_mcp.store import artists, collection_sizes
from art_mcp.store.connection import Connection, Record
from art_mcp.store.database import Database
from art_mcp.store.spaces import require_active, vector_rows, vector_table

BEFORE_ALL = uuid.UUID(int=0)
"""An id that sorts before that of every painting."""
KEY_COLUMNS = {field: f"{field}_key" for field in KEYED_FIELDS if field != "artist"}
"""The column of the key of each field that has one."""
KEYS = (*KEY_COLUMNS.values(), "artist_keys", "detail_keys")
DERIVED_FIELDS = ("artists", "year_from", "year_to", *KEYS)
IMAGE_FIELDS = ("image_name", "image_sha256", "image_width", "image_height", "image_format")
OWN_FIELDS = ("id", "collection", "source", "source_key")
PAINTING_FIELDS = (*OWN_FIELDS, *CATALOGUE_FIELDS, *HOLDING_FIELDS, "details", *DERIVED_FIELDS, *IMAGE_FIELDS)
READ_FIELDS = [field for field in PAINTING_FIELDS if field not in KEYS]
"""Columns from which a `Painting` is read."""
SEARCHED = {
    "A": ("title", "artist", "number"),
    "B": ("date", "type", "school", "technique", "timeframe"),
    "C": ("description",),
}
"""Catalogue fields by their weight in full-text search; the details have the weight D."""
WEIGHTS = (*SEARCHED, "D")


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything to store for one painting; empty parts leave the database unchanged.

    Raises:
        ValueError: the vectors belong to another picture than the painting's.
    """

    painting: Painting
    renditions: Sequence[Rendition] = ()
    embedding: PictureEmbedding | None = None
    """Vectors of the picture."""
    words: Mapping[Space, Vector | None] = field(default_factory=dict)
    """Vectors of the catalogue entry; None if the entry has no text, so that no vector is stored."""

    def __post_init__(self) -> None:
        if self.embedding is not None and self.embedding.sha256 != self.painting.image_sha256:
            raise ValueError(f"The vectors of painting {self.painting.id} are of another picture.")

    @classmethod
    def read(cls, painting: Painting, renditions: Sequence[Rendition], vectors: Mapping[Space, Vector | None]) -> Entry:
        """Return an entry with the vectors that were stored or exported with a painting."""
        of_picture = {s: v for s, v in vectors.items() if s.leg is not Leg.WORDS and v is not None}
        words = {space: vector for space, vector in vectors.items() if space.leg is Leg.WORDS}
        return cls(painting, renditions, PictureEmbedding(painting.image_sha256, None, of_picture), words)

    @property
    def vectors(self) -> dict[Space, Vector | None]:
        """The vector to store in each space; None if the stored one is to be deleted."""
        return {**(self.embedding.vectors if self.embedding else {}), **self.words}


@dataclass(frozen=True, slots=True)
class Stored:
    """The stored state of a painting, from which an ingest decides what is left to do."""

    painting: Painting
    filled: frozenset[str]
    """Names of the spaces in which the painting has a vector."""
    renditions: frozenset[str]
    """Kinds of its renditions."""


async def write(connection: Connection, entries: Sequence[Entry]) -> None:
    """Insert or replace paintings; call it in a transaction, so that a painting is stored as a whole or not at all.

    Outdated vectors are deleted from every space, including those that these entries do not fill: a missing vector is
    computed again, but one of another picture would produce wrong results.

    Raises:
        MovedError: a space of these entries is no longer active.
    """
    await require_active(connection, {space for entry in entries for space in entry.vectors})
    entries = sorted(entries, key=lambda entry: entry.painting.id)
    await lock(connection, [entry.painting.id for entry in entries])
    await remove_outdated_vectors(connection, entries)
    added = await put(connection, entries)
    for space in sorted({space for entry in entries for space in entry.vectors}, key=lambda space: space.name):
        vectors = [(e.painting.id, e.vectors[space]) for e in entries if space in e.vectors]
        await connection.executemany(
            f"INSERT INTO {vector_table(space)} (painting_id, vector, hub) VALUES ($1, $2, $3) "
            "ON CONFLICT (painting_id) DO UPDATE SET vector = excluded.vector, hub = excluded.hub",
            vector_rows(space, [(id_, vector) for id_, vector in vectors if vector is not None]),
        )
        await connection.execute(
            f"DELETE FROM {vector_table(space)} WHERE painting_id = ANY($1)",
            [id_ for id_, vector in vectors if vector is None],
        )
    # Last, because it locks the collection for other writers until the transaction ends.
    await collection_sizes.add(connection, Counter(e.painting.collection for e in entries if e.painting.id in added))


async def put(connection: Connection, entries: Sequence[Entry]) -> set[uuid.UUID]:
    """Insert or replace paintings and their renditions, without vectors and counts.

    Returns:
        Ids of the paintings that are new.
    """
    changing = ", ".join(f"{field} = excluded.{field}" for field in PAINTING_FIELDS if field != "id")
    places = ", ".join(f"${n}" for n in range(1, len(PAINTING_FIELDS) + 1))
    words = " || ".join(
        f"setweight(to_tsvector('{language}', ${len(PAINTING_FIELDS) + n}), '{weight}')"
        for n, weight in enumerate(WEIGHTS, start=1)
        for language in ("english", "simple")
    )
    written = await connection.fetchmany(
        f"INSERT INTO art_mcp.paintings ({', '.join(PAINTING_FIELDS)}, search) VALUES ({places}, {words}) "
        f"ON CONFLICT (id) DO UPDATE SET {changing}, search = excluded.search, updated_at = excluded.updated_at "
        "RETURNING id, xmax = 0 AS new",
        [_values(entry.painting) for entry in entries],
    )
    await connection.executemany(
        "INSERT INTO art_mcp.renditions (painting_id, kind, width, height, data) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (painting_id, kind) DO UPDATE "
        "SET width = excluded.width, height = excluded.height, data = excluded.data",
        [(e.painting.id, r.kind, r.width, r.height, r.data) for e in entries for r in e.renditions],
    )
    await artists.add(connection, [entry.painting for entry in entries])
    return {row["id"] for row in written if row["new"]}


async def lock(connection: Connection, ids: Sequence[uuid.UUID]) -> None:
    """Lock paintings and their vectors against other writers until this transaction ends.

    Args:
        ids: in ascending order, so that two writers of the same paintings cannot deadlock.
    """
    await connection.executemany(
        "SELECT 1 FROM art_mcp.paintings WHERE id = $1 FOR NO KEY UPDATE", [(id_,) for id_ in ids]
    )


async def remove_outdated_vectors(connection: Connection, entries: Sequence[Entry]) -> None:
    """Delete the vectors of the pictures and texts that these entries will change, from every space."""
    there = {
        row["id"]: painting_of(row)
        for row in await connection.fetch(
            "SELECT * FROM art_mcp.paintings WHERE id = ANY($1)", [entry.painting.id for entry in entries]
        )
    }
    known = [(there[entry.painting.id], entry.painting) for entry in entries if entry.painting.id in there]
    repainted = [new.id for old, new in known if old.image_sha256 != new.image_sha256]
    reworded = [new.id for old, new in known if old.catalogue.sentence() != new.catalogue.sentence()]
    if repainted:
        for table in ("fingerprints", "copies"):  # they are compared again
            await connection.execute(f"DELETE FROM art_mcp.{table} WHERE painting_id = ANY($1)", repainted)
    if repainted or reworded:
        for name, leg in await connection.fetch("SELECT name, leg FROM art_mcp.spaces ORDER BY name"):
            outdated = reworded if leg == Leg.WORDS else repainted
            await connection.execute(f"DELETE FROM art_mcp.vectors_{name} WHERE painting_id = ANY($1)", outdated)


async def stored(database: Database, ids: Collection[uuid.UUID], spaces: Sequence[Space]) -> dict[uuid.UUID, Stored]:
    """Return the stored state of paintings, by id; those that are not stored are left out."""
    filled = " || ".join(
        f"CASE WHEN EXISTS (SELECT 1 FROM {vector_table(space)} v WHERE v.painting_id = p.id) "
        f"THEN ARRAY['{space.name}'] ELSE '{{}}' END"
        for space in spaces
    )
    rows = await database.fetch(
        f"SELECT p.*, {filled or 'ARRAY[]::text[]'} AS filled, "
        "ARRAY(SELECT kind FROM art_mcp.renditions r WHERE r.painting_id = p.id) AS renditions "
        "FROM art_mcp.paintings p WHERE id = ANY($1)",
        list(ids),
    )
    return {row["id"]: Stored(painting_of(row), frozenset(row["filled"]), frozenset(row["renditions"])) for row in rows}


async def vectors_of_pictures(database: Database, space: Space, digests: Collection[bytes]) -> dict[bytes, Vector]:
    """Return stored vectors of pictures, from any painting with the same picture, by SHA-256 of the file."""
    rows = await database.fetch(
        f"SELECT DISTINCT ON (p.image_sha256) p.image_sha256, v.vector FROM art_mcp.paintings p "
        f"JOIN {vector_table(space)} v ON v.painting_id = p.id WHERE p.image_sha256 = ANY($1)",
        list(digests),
    )
    return {row["image_sha256"]: row["vector"].to_numpy() for row in rows}


async def vectors_of_unseen(database: Database, space: Space, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Vector]:
    """Return the vectors of paintings that were imported without their picture, by id."""
    rows = await database.fetch(
        f"SELECT id, vector FROM art_mcp.paintings JOIN {vector_table(space)} ON painting_id = id "
        "WHERE id = ANY($1) AND image_sha256 IS NULL",
        list(ids),
    )
    return {row["id"]: row["vector"].to_numpy() for row in rows}


async def vector(database: Database, space: Space, painting_id: uuid.UUID) -> Vector | None:
    """Return the vector of a painting, shape (dimensions,), to search for similar ones; None if it has none."""
    found = await database.fetchval(f"SELECT vector FROM {vector_table(space)} WHERE painting_id = $1", painting_id)
    return None if found is None else found.to_numpy()


async def get(database: Database, painting_id: uuid.UUID) -> Painting | None:
    """Return a painting, or None if it is not stored."""
    row = await database.fetchrow("SELECT * FROM art_mcp.paintings WHERE id = $1", painting_id)
    return None if row is None else painting_of(row)


async def sample(database: Database, count: int) -> list[Painting]:
    """Return up to `count` random paintings with a display rendition."""
    rows = await database.fetch(
        "SELECT p.* FROM art_mcp.paintings p JOIN art_mcp.renditions r ON r.painting_id = p.id "
        "WHERE r.kind = 'display' AND image_sha256 IS NOT NULL ORDER BY random() LIMIT $1",
        count,
    )
    return [painting_of(row) for row in rows]


async def rendition(database: Database, painting_id: uuid.UUID, kind: str) -> Rendition | None:
    """Return the `thumbnail` or `display` rendition of a painting, or None if it has none."""
    row = await database.fetchrow(
        "SELECT kind, width, height, data FROM art_mcp.renditions WHERE painting_id = $1 AND kind = $2",
        painting_id,
        kind,
    )
    return None if row is None else Rendition(**row)


async def thumbnails(database: Database, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Rendition]:
    """Return the thumbnails of paintings, by id; paintings that have none are left out."""
    rows = await database.fetch(
        "SELECT painting_id, kind, width, height, data FROM art_mcp.renditions "
        "WHERE painting_id = ANY($1) AND kind = 'thumbnail'",
        list(ids),
    )
    return {id_: Rendition(*kept) for id_, *kept in rows}


def painting_of(row: Record) -> Painting:
    """Build a painting from a row with the columns `READ_FIELDS`."""
    return Painting(
        id=row["id"],
        collection=row["collection"],
        source_key=row["source_key"],
        catalogue=Catalogue(**{field: row[field] for field in CATALOGUE_FIELDS}),
        holding=Holding(**{field: row[field] for field in HOLDING_FIELDS}),
        artists=tuple(row["artists"]),
        years=None if row["year_from"] is None else (row["year_from"], row["year_to"]),
        source=row["source"],
        details=json.loads(row["details"]),
        **{field: row[field] for field in IMAGE_FIELDS},
    )


def _values(painting: Painting) -> tuple[Any, ...]:
    """Return the values of `PAINTING_FIELDS`, then the normalised text of each of the `WEIGHTS`."""
    words = painting.catalogue.as_dict()
    first, last = painting.years or (None, None)
    derived = {
        "details": details_column(painting),
        "year_from": first,
        "year_to": last,
        **{column: filter_key(field, words[field]) for field, column in KEY_COLUMNS.items()},
        "artist_keys": artists.keys(painting),
        "detail_keys": [*detail_keys(painting)],
    }
    own = words | painting.holding.as_dict() | derived
    texts = [" ".join(words[field] or "" for field in fields) for fields in SEARCHED.values()]
    texts.append(" ".join(painting.details.values()))
    return (*(own[f] if f in own else getattr(painting, f) for f in PAINTING_FIELDS), *map(fold, texts))


def details_column(painting: Painting) -> str:
    """Return the value of the column `details`."""
    return json.dumps(painting.details, ensure_ascii=False)
