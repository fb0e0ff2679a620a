"""Which paintings are copies of one another: found by `ingest/copies.py`, read by searches."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from art_mcp.painting import Copy, Painting
from art_mcp.space import Space
from art_mcp.store import paintings
from art_mcp.store.connection import Connection, Record
from art_mcp.store.database import Database
from art_mcp.store.paintings import READ_FIELDS, painting_of
from art_mcp.store.spaces import vector_table

LOCK_KEY = 0x636F70696573
"""Key of the advisory lock under which paintings are compared: "copies" in ASCII."""
NEIGHBOURS = 6
"""How many of the paintings nearest to one are compared with it, itself included."""
_MISSING = (
    "FROM art_mcp.renditions r JOIN art_mcp.paintings p ON p.id = r.painting_id WHERE r.kind = 'thumbnail' "
    "AND NOT EXISTS (SELECT 1 FROM art_mcp.fingerprints f WHERE f.painting_id = p.id) "
    "AND EXISTS (SELECT 1 FROM {table} v WHERE v.painting_id = p.id)"
)


@dataclass(frozen=True, slots=True)
class Uncompared:
    """A painting that has not been compared with the others."""

    id: uuid.UUID
    image_sha256: bytes | None
    thumbnail: bytes
    """An encoded picture."""


@dataclass(frozen=True, slots=True)
class Compared:
    """A painting that others are compared with."""

    grey: bytes | None
    artist_words: str
    kind: str
    """Its type and its technique."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two copies of one painting."""

    one: uuid.UUID
    other: uuid.UUID
    likeness: float


@dataclass(frozen=True, slots=True)
class Member:
    """A painting that has copies."""

    painting: Painting
    likeness: float
    """Likeness to the copy that is most like it."""


async def count_uncompared(database: Database, space: Space) -> int:
    """Return the number of paintings that `uncompared` returns."""
    found: int = await database.fetchval(f"SELECT count(*) {_MISSING.format(table=vector_table(space))}")
    return found


async def uncompared(database: Database, space: Space, *, after: uuid.UUID, limit: int) -> list[Uncompared]:
    """Return the next paintings after an id, in order, with a picture and a vector, that have not been compared."""
    rows = await database.fetch(
        f"SELECT p.id, p.image_sha256, r.data {_MISSING.format(table=vector_table(space))} "
        "AND p.id > $1 ORDER BY p.id LIMIT $2",
        after,
        limit,
    )
    return [Uncompared(*row) for row in rows]


async def count_incomparable(database: Database) -> int:
    """Return the number of paintings without a fingerprint."""
    found: int = await database.fetchval(
        "SELECT count(*) FROM art_mcp.paintings p "
        "WHERE NOT EXISTS (SELECT 1 FROM art_mcp.fingerprints f WHERE f.painting_id = p.id)"
    )
    return found


@asynccontextmanager
async def comparing(database: Database) -> AsyncIterator[Connection]:
    """A transaction that no other one of this kind overlaps.

    So of two copies that two processes load at the same time, the one that is compared later finds the other.
    """
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        yield connection


async def neighbours(connection: Connection, space: Space, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    """Return the ids of the paintings that are nearest to each of these in a space."""
    table = vector_table(space)
    vectors = await connection.fetch(f"SELECT painting_id, vector FROM {table} WHERE painting_id = ANY($1)", list(ids))
    # Not one LATERAL query, which a Citus cluster cannot run.
    rows = await connection.fetchmany(
        f"SELECT $1::uuid, painting_id FROM {table} ORDER BY vector <=> $2 LIMIT {NEIGHBOURS}", vectors
    )
    near: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for one, other in rows:
        if other != one:
            near[one].add(other)
    return near


async def compared(connection: Connection, ids: Sequence[uuid.UUID]) -> dict[uuid.UUID, Compared]:
    """Return what these paintings are compared by, by id; without a fingerprint if that is missing."""
    rows = await connection.fetch(
        "SELECT p.id, f.grey, array_to_string(p.artist_keys, ' '), concat_ws(' ', p.type, p.technique) "
        "FROM art_mcp.paintings p LEFT JOIN art_mcp.fingerprints f ON f.painting_id = p.id WHERE p.id = ANY($1)",
        list(ids),
    )
    return {id_: Compared(*rest) for id_, *rest in rows}


async def store(
    connection: Connection,
    fingerprints: Sequence[tuple[Uncompared, bytes | None]],
    pairs: Sequence[Pair],
    used: dict[uuid.UUID, Compared],
) -> None:
    """Store fingerprints, and group pairs; paintings that have changed since they were read are left out.

    Args:
        used: the fingerprints that the pairs were found by.
    """
    ids = {each.id for each, _ in fingerprints} | {id_ for pair in pairs for id_ in (pair.one, pair.other)}
    await paintings.lock(connection, sorted(ids))
    rows = await connection.fetch("SELECT id, image_sha256 FROM art_mcp.paintings WHERE id = ANY($1)", list(ids))
    pictures = {row["id"]: row["image_sha256"] for row in rows}
    fresh = [(each.id, grey) for each, grey in fingerprints if pictures.get(each.id, b"") == each.image_sha256]
    await connection.executemany(
        "INSERT INTO art_mcp.fingerprints (painting_id, grey) VALUES ($1, $2) ON CONFLICT DO NOTHING", fresh
    )
    now = await compared(connection, list(ids))
    for pair in pairs:
        if all(id_ in now and now[id_].grey == used[id_].grey for id_ in (pair.one, pair.other)):
            await _group(connection, pair)


async def _group(connection: Connection, pair: Pair) -> None:
    both = [pair.one, pair.other]
    rows = await connection.fetch("SELECT DISTINCT work FROM art_mcp.copies WHERE painting_id = ANY($1)", both)
    # A new group never takes the name of an older one, of which a member may be left.
    works = [row["work"] for row in rows] or [uuid.uuid4()]
    if works[1:]:
        await connection.execute("UPDATE art_mcp.copies SET work = $1 WHERE work = ANY($2)", works[0], works[1:])
    await connection.execute(
        "INSERT INTO art_mcp.copies (painting_id, work, collection, likeness) "
        "SELECT id, $2, collection, $3 FROM art_mcp.paintings WHERE id = ANY($1) ON CONFLICT (painting_id) "
        "DO UPDATE SET likeness = greatest(copies.likeness, excluded.likeness)",
        both,
        works[0],
        pair.likeness,
    )


async def of(database: Database, painting_id: uuid.UUID) -> tuple[Copy, ...]:
    """Return the other copies of a painting."""
    rows = await database.fetch(
        "WITH own AS MATERIALIZED (SELECT work FROM art_mcp.copies WHERE painting_id = $1) "
        "SELECT painting_id, collection FROM own JOIN art_mcp.copies USING (work) "
        "WHERE painting_id <> $1 ORDER BY painting_id",
        painting_id,
    )
    return tuple(Copy(*row) for row in rows)


MEMBERS_OF_PAGE = (
    "SELECT page.painting_id AS shown_id, o.painting_id, o.collection FROM page JOIN art_mcp.copies o USING (work) "
    "WHERE o.painting_id <> page.painting_id"
)
"""SQL for the other copies of the paintings in `page (painting_id, work)`."""
OTHERS = ", ".join(
    f"ARRAY(SELECT m.{column} FROM members m WHERE m.shown_id = shown.painting_id ORDER BY m.painting_id) AS {alias}"
    for column, alias in (("painting_id", "copies"), ("collection", "copies_in"))
)
"""SQL for two columns, from `MEMBERS_OF_PAGE` as `members`: the other copies of a painting of `shown (painting_id)`."""


def copies_of(row: Record) -> tuple[Copy, ...]:
    """Build the other copies of a painting from a row with the columns `OTHERS`."""
    return tuple(Copy(*copy) for copy in zip(row["copies"], row["copies_in"], strict=True))


async def groups(database: Database, collection: str | None = None) -> list[list[Member]]:
    """Return the groups of copies, those with most copies first.

    Args:
        collection: only groups of which a copy is in this collection.
    """
    rows = await database.fetch(
        "WITH works AS MATERIALIZED (SELECT DISTINCT work FROM art_mcp.copies WHERE collection = $1 OR $1 IS NULL) "
        f"SELECT work, likeness, {', '.join(f'p.{field}' for field in READ_FIELDS)} FROM works "
        "JOIN art_mcp.copies c USING (work) JOIN art_mcp.paintings p ON p.id = c.painting_id "
        "ORDER BY p.collection, p.source_key",
        collection,
    )
    found: dict[uuid.UUID, list[Member]] = defaultdict(list)
    for row in rows:
        found[row["work"]].append(Member(painting_of(row), row["likeness"]))
    return sorted((group for group in found.values() if len(group) > 1), key=len, reverse=True)
