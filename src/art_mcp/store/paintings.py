"""Paintings with their renditions and vectors: written together, read apart."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from art_mcp.normalization import fold
from art_mcp.painting import (
    CATALOGUE_FIELDS,
    HOLDING_FIELDS,
    KEYED_FIELDS,
    Catalogue,
    Holding,
    Painting,
    Rendition,
    filter_key,
)
from art_mcp.space import Leg, PictureEmbedding
from art_mcp.store import collection_sizes
from art_mcp.store.spaces import require_active, vector_table

if TYPE_CHECKING:
    from art_mcp.space import Space, Vector
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database

BEFORE_ALL = uuid.UUID(int=0)
"""Comes before the id of every painting."""
DERIVED_FIELDS = ("artist_name", "year_from", "year_to", *(f"{field}_key" for field in KEYED_FIELDS))
IMAGE_FIELDS = ("image_name", "image_sha256", "image_width", "image_height", "image_format")
OWN_FIELDS = ("id", "collection", "source", "source_key")
PAINTING_FIELDS = (*OWN_FIELDS, *CATALOGUE_FIELDS, *HOLDING_FIELDS, *DERIVED_FIELDS, *IMAGE_FIELDS)
READ_FIELDS = [field for field in PAINTING_FIELDS if not field.endswith("_key") or field == "source_key"]
"""Columns that a `Painting` is made of."""
SEARCHED = {
    "A": ("title", "artist"),
    "B": ("date", "type", "school", "technique", "timeframe"),
    "C": ("description",),
}
"""Catalogue fields by their weight in full text."""


@dataclass(frozen=True, slots=True)
class Entry:
    """All that is stored of one painting; what is empty is left as it is in the database.

    Raises:
        ValueError: the vectors are of another picture than the painting's.
    """

    painting: Painting
    renditions: Sequence[Rendition] = ()
    embedding: PictureEmbedding | None = None
    """The vectors of its picture."""
    words: Mapping[Space, Vector | None] = field(default_factory=dict)
    """Vectors of what its catalogue says, None where that is nothing."""

    def __post_init__(self) -> None:
        if self.embedding is not None and self.embedding.sha256 != self.painting.image_sha256:
            raise ValueError(f"These vectors are not of the picture of painting {self.painting.id}.")

    @classmethod
    def read(cls, painting: Painting, renditions: Sequence[Rendition], vectors: Mapping[Space, Vector | None]) -> Entry:
        """A painting with the vectors that were stored or exported with it."""
        of_picture = {s: v for s, v in vectors.items() if s.leg is not Leg.WORDS and v is not None}
        words = {space: vector for space, vector in vectors.items() if space.leg is Leg.WORDS}
        return cls(painting, renditions, PictureEmbedding(painting.image_sha256, None, of_picture), words)

    @property
    def vectors(self) -> dict[Space, Vector | None]:
        """In each space the vector to store, or None where what is stored is to be removed."""
        return {**(self.embedding.vectors if self.embedding else {}), **self.words}


@dataclass(frozen=True, slots=True)
class Stored:
    """What the database has of a painting, to decide what an ingest still has to do."""

    painting: Painting
    filled: frozenset[str]
    """Names of the spaces in which it has a vector."""
    renditions: frozenset[str]
    """Kinds of rendition that it has."""


async def write(connection: Connection, entries: Sequence[Entry]) -> None:
    """Insert or replace paintings; call it in a transaction, so that a painting is whole or absent.

    Vectors of what has changed are removed from every space, also from those that these entries do not fill:
    a vector that is missing is made again, one of another picture would be believed.

    Raises:
        MovedError: a space of these entries is not active any more.
    """
    await require_active(connection, {space for entry in entries for space in entry.vectors})
    entries = sorted(entries, key=lambda entry: entry.painting.id)
    await lock(connection, [entry.painting.id for entry in entries])
    await remove_outdated_vectors(connection, entries)
    added = await put(connection, entries)
    for space in sorted({space for entry in entries for space in entry.vectors}, key=lambda space: space.name):
        vectors = [(e.painting.id, e.vectors[space]) for e in entries if space in e.vectors]
        await connection.executemany(
            f"INSERT INTO {vector_table(space)} (painting_id, vector) VALUES ($1, $2) "
            "ON CONFLICT (painting_id) DO UPDATE SET vector = excluded.vector",
            [(id_, vector) for id_, vector in vectors if vector is not None],
        )
        await connection.execute(
            f"DELETE FROM {vector_table(space)} WHERE painting_id = ANY($1)",
            [id_ for id_, vector in vectors if vector is None],
        )
    # Last, because other writers of the collection wait from here to the end of the transaction.
    await collection_sizes.add(connection, Counter(e.painting.collection for e in entries if e.painting.id in added))


async def put(connection: Connection, entries: Sequence[Entry]) -> set[uuid.UUID]:
    """Insert or replace paintings and their renditions, without vectors and counts.

    Returns:
        Those that were not there.
    """
    changing = ", ".join(f"{field} = excluded.{field}" for field in PAINTING_FIELDS if field != "id")
    places = ", ".join(f"${n}" for n in range(1, len(PAINTING_FIELDS) + 1))
    words = " || ".join(
        f"setweight(to_tsvector('{language}', ${len(PAINTING_FIELDS) + n}), '{weight}')"
        for n, weight in enumerate(SEARCHED, start=1)
        for language in ("english", "simple")
    )
    written = await connection.fetchmany(
        f"INSERT INTO art_mcp.paintings ({', '.join(PAINTING_FIELDS)}, search) VALUES ({places}, {words}) "
        f"ON CONFLICT (id) DO UPDATE SET {changing}, search = excluded.search, updated_at = now() "
        "RETURNING id, xmax = 0 AS new",
        [_values(entry.painting) for entry in entries],
    )
    await connection.executemany(
        "INSERT INTO art_mcp.renditions (painting_id, kind, width, height, data) VALUES ($1, $2, $3, $4, $5) "
        "ON CONFLICT (painting_id, kind) DO UPDATE "
        "SET width = excluded.width, height = excluded.height, data = excluded.data",
        [(e.painting.id, r.kind, r.width, r.height, r.data) for e in entries for r in e.renditions],
    )
    return {row["id"] for row in written if row["new"]}


async def lock(connection: Connection, ids: Sequence[uuid.UUID]) -> None:
    """Let nobody else write these paintings or their vectors until this transaction ends.

    Args:
        ids: in ascending order, so that two writers of the same paintings wait instead of locking each other out.
    """
    await connection.executemany(
        "SELECT FROM art_mcp.paintings WHERE id = $1 FOR NO KEY UPDATE", [(id_,) for id_ in ids]
    )


async def remove_outdated_vectors(connection: Connection, entries: Sequence[Entry]) -> None:
    """Remove the vectors of what these entries are about to change, from every space."""
    there = {
        row["id"]: painting_of(row)
        for row in await connection.fetch(
            "SELECT * FROM art_mcp.paintings WHERE id = ANY($1)", [entry.painting.id for entry in entries]
        )
    }
    known = [(there[entry.painting.id], entry.painting) for entry in entries if entry.painting.id in there]
    repainted = [new.id for old, new in known if old.image_sha256 != new.image_sha256]
    reworded = [new.id for old, new in known if old.catalogue.sentence() != new.catalogue.sentence()]
    if repainted or reworded:
        for name, leg in await connection.fetch("SELECT name, leg FROM art_mcp.spaces ORDER BY name"):
            outdated = reworded if leg == Leg.WORDS else repainted
            await connection.execute(f"DELETE FROM art_mcp.vectors_{name} WHERE painting_id = ANY($1)", outdated)


async def stored(database: Database, ids: Collection[uuid.UUID], spaces: Sequence[Space]) -> dict[uuid.UUID, Stored]:
    """What is already there of the given paintings."""
    filled = " || ".join(
        f"CASE WHEN EXISTS (SELECT FROM {vector_table(space)} v WHERE v.painting_id = p.id) "
        f"THEN ARRAY['{space.name}'] ELSE '{{}}' END"
        for space in spaces
    )
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"SELECT p.*, {filled or 'ARRAY[]::text[]'} AS filled, "
            "ARRAY(SELECT kind FROM art_mcp.renditions r WHERE r.painting_id = p.id) AS renditions "
            "FROM art_mcp.paintings p WHERE id = ANY($1)",
            list(ids),
        )
    return {row["id"]: Stored(painting_of(row), frozenset(row["filled"]), frozenset(row["renditions"])) for row in rows}


async def vectors_of_pictures(database: Database, space: Space, digests: Collection[bytes]) -> dict[bytes, Vector]:
    """Vectors that some painting with the same picture already has, by SHA-256 of the picture's bytes."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"SELECT DISTINCT ON (p.image_sha256) p.image_sha256, v.vector FROM art_mcp.paintings p "
            f"JOIN {vector_table(space)} v ON v.painting_id = p.id WHERE p.image_sha256 = ANY($1)",
            list(digests),
        )
    return {row["image_sha256"]: row["vector"].to_numpy() for row in rows}


async def vectors_of_unseen(database: Database, space: Space, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Vector]:
    """Vectors that came with paintings whose picture was never seen."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"SELECT id, vector FROM art_mcp.paintings JOIN {vector_table(space)} ON painting_id = id "
            "WHERE id = ANY($1) AND image_sha256 IS NULL",
            list(ids),
        )
    return {row["id"]: row["vector"].to_numpy() for row in rows}


async def vector(database: Database, space: Space, painting_id: uuid.UUID) -> Vector | None:
    """A painting's own vector, to ask for others like it."""
    async with database.connection() as connection:
        found = await connection.fetchval(
            f"SELECT vector FROM {vector_table(space)} WHERE painting_id = $1", painting_id
        )
    return None if found is None else found.to_numpy()


async def get(database: Database, painting_id: uuid.UUID) -> Painting | None:
    async with database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM art_mcp.paintings WHERE id = $1", painting_id)
    return None if row is None else painting_of(row)


async def sample(database: Database, count: int) -> list[Painting]:
    """Up to `count` random paintings of which a picture is kept."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT p.* FROM art_mcp.paintings p JOIN art_mcp.renditions r ON r.painting_id = p.id "
            "WHERE r.kind = 'display' AND image_sha256 IS NOT NULL ORDER BY random() LIMIT $1",
            count,
        )
    return [painting_of(row) for row in rows]


async def rendition(database: Database, painting_id: uuid.UUID, kind: str) -> Rendition | None:
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT kind, width, height, data FROM art_mcp.renditions WHERE painting_id = $1 AND kind = $2",
            painting_id,
            kind,
        )
    return None if row is None else Rendition(**row)


async def thumbnails(database: Database, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, bytes]:
    """The thumbnails that are kept of these paintings."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT painting_id, data FROM art_mcp.renditions WHERE painting_id = ANY($1) AND kind = 'thumbnail'",
            list(ids),
        )
    return {row["painting_id"]: row["data"] for row in rows}


def painting_of(row: Mapping[str, Any]) -> Painting:
    """A painting from a row that has its columns."""
    return Painting(
        id=row["id"],
        collection=row["collection"],
        source_key=row["source_key"],
        catalogue=Catalogue(**{field: row[field] for field in CATALOGUE_FIELDS}),
        holding=Holding(**{field: row[field] for field in HOLDING_FIELDS}),
        artist_name=row["artist_name"],
        years=None if row["year_from"] is None else (row["year_from"], row["year_to"]),
        source=row["source"],
        **{field: row[field] for field in IMAGE_FIELDS},
    )


def _values(painting: Painting) -> tuple[Any, ...]:
    """Values of `PAINTING_FIELDS`, then the folded text of each weight in `SEARCHED`."""
    words = painting.catalogue.as_dict()
    first, last = painting.years or (None, None)
    derived = {
        "artist_name": painting.artist_name,
        "year_from": first,
        "year_to": last,
        **{f"{field}_key": filter_key(field, words[field]) for field in KEYED_FIELDS},
    }
    own = words | painting.holding.as_dict() | derived
    texts = (fold(" ".join(words[field] or "" for field in fields)) for fields in SEARCHED.values())
    return (*(own[f] if f in own else getattr(painting, f) for f in PAINTING_FIELDS), *texts)
