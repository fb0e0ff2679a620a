"""Bulk export of complete paintings from one snapshot of the database, and their bulk import."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter

from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, Painting, Rendition
from art_mcp.space import Leg, Space, Vector
from art_mcp.store import collection_sizes, paintings
from art_mcp.store.connection import Connection, Record
from art_mcp.store.database import Database
from art_mcp.store.paintings import IMAGE_FIELDS, READ_FIELDS, Entry, painting_of
from art_mcp.store.spaces import vector_rows, vector_table

_words, _terms, _facts = (attrgetter(*fields) for fields in (CATALOGUE_FIELDS, HOLDING_FIELDS, IMAGE_FIELDS))

# All statements read the same snapshot, however long they take and whatever others commit.
_SNAPSHOT = {"transaction_isolation": "'repeatable read'", "idle_in_transaction_session_timeout": 0}


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """A connection that reads one snapshot of the database."""
    async with database.transaction(_SNAPSHOT) as connection:
        yield connection


async def sizes(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Count the paintings of each of these collections, or of all if none is named."""
    rows = await connection.fetch(
        "SELECT collection, count(*) AS paintings FROM art_mcp.paintings "
        "WHERE collection = ANY($1) OR $1 = '{}' GROUP BY 1 ORDER BY 1",
        list(names),
    )
    return {row["collection"]: row["paintings"] for row in rows}


async def spaces(connection: Connection) -> dict[Space, bool]:
    """Return all registered spaces, and whether each is active."""
    rows = await connection.fetch(
        "SELECT leg, provider, model, version, dimensions, active FROM art_mcp.spaces ORDER BY name"
    )
    return {Space(Leg(leg), *rest): active for leg, *rest, active in rows}


async def is_empty(connection: Connection, space: Space) -> bool:
    return not await connection.fetchval(f"SELECT EXISTS (SELECT 1 FROM {vector_table(space)} LIMIT 1)")


async def page(
    connection: Connection, names: Sequence[str], spaces: Sequence[Space], *, after: uuid.UUID, limit: int
) -> list[Entry]:
    """Return the next paintings of these collections after an id, in order, with everything stored for them.

    Vectors are float16, shape (dimensions,), exactly as stored; spaces without a vector are left out.
    """
    rows = await connection.fetch(
        f"SELECT {', '.join(READ_FIELDS)} FROM art_mcp.paintings "
        "WHERE id > $1 AND collection = ANY($2) ORDER BY id LIMIT $3",
        after,
        list(names),
        limit,
    )
    ids = [row["id"] for row in rows]
    vectors = await _vectors(connection, ids, spaces)
    renditions: dict[uuid.UUID, list[Rendition]] = defaultdict(list)
    for painting_id, *rest in await connection.fetch(
        "SELECT painting_id, kind, width, height, data FROM art_mcp.renditions WHERE painting_id = ANY($1)", ids
    ):
        renditions[painting_id].append(Rendition(*rest))
    return [Entry.read(painting_of(row), renditions[row["id"]], vectors[row["id"]]) for row in rows]


async def store(connection: Connection, entries: Sequence[Entry], *, dry_run: bool = False) -> int:
    """Insert or replace paintings with everything stored for them; call it in a transaction.

    Unlike `paintings.write`, it fills any space, active or not, and compares first, so that an unchanged entry costs no
    write. If only the stored painting has a picture, it keeps that and its catalogue entry.

    Args:
        entries: each painting once; empty parts leave the database unchanged.
        dry_run: compare only; the spaces need not exist.

    Returns:
        Number of entries that differ from the database.
    """
    entries = sorted(entries, key=lambda entry: entry.painting.id)
    ids = [entry.painting.id for entry in entries]
    rows = await connection.fetch(f"SELECT {', '.join(READ_FIELDS)} FROM art_mcp.paintings WHERE id = ANY($1)", ids)
    there = {row["id"]: row for row in rows}
    entries = [_keeping_picture(entry, there.get(entry.painting.id)) for entry in entries]
    whole = await _changed(connection, entries, there)
    vectors = await _changed_vectors(connection, entries, there.keys())
    rewritten = {entry.painting.id for entry in whole}
    changed = rewritten.union(*vectors.values())
    if dry_run:
        return len(changed)
    if known := [id_ for id_ in ids if id_ in changed and id_ in there]:
        await paintings.lock(connection, known)
    added = await _put(connection, whole, there) if whole else set()
    for space, differing in vectors.items():
        differing |= rewritten
        writing = [entry for entry in entries if space in entry.vectors and entry.painting.id in differing]
        # No other process can write vectors of these paintings until this transaction ends.
        if outdated := [entry.painting.id for entry in writing if entry.painting.id not in added]:
            await connection.execute(f"DELETE FROM {vector_table(space)} WHERE painting_id = ANY($1)", outdated)
        await _copy_vectors(connection, space, writing)
    # Last, because it locks the collection for other writers until the transaction ends.
    if added:
        await collection_sizes.add(
            connection, Counter(entry.painting.collection for entry in whole if entry.painting.id in added)
        )
    return len(changed)


async def _copy_vectors(connection: Connection, space: Space, entries: Sequence[Entry]) -> None:
    """COPY vectors of paintings that have none in this space, in binary form by pgvector's codec."""
    made = [(entry.painting.id, vector) for entry in entries if (vector := entry.vectors[space]) is not None]
    if made:
        schema, _, table = vector_table(space).partition(".")
        await connection.copy_records_to_table(
            table, schema_name=schema, columns=("painting_id", "vector", "hub"), records=vector_rows(space, made)
        )


async def _changed(connection: Connection, entries: Sequence[Entry], there: Mapping[uuid.UUID, Record]) -> list[Entry]:
    """Return the entries whose painting or renditions differ from the database."""
    pictured = [entry.painting.id for entry in entries if entry.painting.id in there and entry.renditions]
    digests = await _digests(connection, pictured) if pictured else {}
    return [
        entry
        for entry in entries
        if (row := there.get(entry.painting.id)) is None
        or tuple(row) != _values(entry.painting)
        or any(
            digests.get((entry.painting.id, each.kind)) != hashlib.sha256(each.data).digest()
            for each in entry.renditions
        )
    ]


async def _changed_vectors(
    connection: Connection, entries: Sequence[Entry], there: Collection[uuid.UUID]
) -> dict[Space, set[uuid.UUID]]:
    """Return, for each space of the entries, the ids of paintings whose vector differs from the database."""
    filled = sorted({space for entry in entries for space in entry.vectors}, key=lambda space: space.name)
    known = await spaces(connection) if there else {}
    now = await _vectors(connection, there, [space for space in filled if space in known])
    return {
        space: {
            entry.painting.id
            for entry in entries
            if space in entry.vectors and not _same(entry.vectors[space], now[entry.painting.id].get(space))
        }
        for space in filled
    }


def _values(painting: Painting) -> tuple[object, ...]:
    """Return the values of `READ_FIELDS`, fast, since every entry is compared and most have not changed."""
    return (
        painting.id,
        painting.collection,
        painting.source,
        painting.source_key,
        *_words(painting.catalogue),
        *_terms(painting.holding),
        paintings.details_column(painting),
        list(painting.artists),
        *(painting.years or (None, None)),
        *_facts(painting),
    )


async def _digests(connection: Connection, ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID, str], bytes]:
    """Return the SHA-256 of the stored renditions, by painting id and kind."""
    rows = await connection.fetch(
        "SELECT painting_id, kind, sha256(data) AS digest FROM art_mcp.renditions WHERE painting_id = ANY($1)", ids
    )
    return {(row["painting_id"], row["kind"]): row["digest"] for row in rows}


async def _put(connection: Connection, entries: Sequence[Entry], there: Mapping[uuid.UUID, Record]) -> set[uuid.UUID]:
    """Write paintings and renditions, and delete the renditions and vectors that they make outdated.

    Returns:
        Ids of the paintings that are new.
    """
    if known := [entry.painting for entry in entries if entry.painting.id in there]:
        await paintings.remove_outdated_vectors(connection, entries)
        repainted = [each.id for each in known if there[each.id]["image_sha256"] != each.image_sha256]
        await connection.execute("DELETE FROM art_mcp.renditions WHERE painting_id = ANY($1)", repainted)
    return await paintings.put(connection, entries)


def _keeping_picture(entry: Entry, row: Record | None) -> Entry:
    """Return the entry or, if only the stored painting has a picture, that with the entry's picture vectors."""
    if row is None or row["image_sha256"] is None or entry.painting.image_sha256 is not None:
        return entry
    of_picture = {space: vector for space, vector in entry.vectors.items() if space.leg is not Leg.WORDS}
    return Entry.read(painting_of(row), (), of_picture)


def _same(vector: Vector | None, there: Vector | None) -> bool:
    import numpy as np

    if vector is None or there is None:
        return vector is there
    return np.array_equal(vector.astype(np.float16), there)


async def _vectors(
    connection: Connection, ids: Collection[uuid.UUID], spaces: Collection[Space]
) -> dict[uuid.UUID, dict[Space, Vector]]:
    import numpy as np

    vectors: dict[uuid.UUID, dict[Space, Vector]] = defaultdict(dict)
    for space in spaces:
        for painting_id, vector in await connection.fetch(
            f"SELECT painting_id, vector FROM {vector_table(space)} WHERE painting_id = ANY($1)", list(ids)
        ):
            vectors[painting_id][space] = vector.to_numpy().astype(np.float16)
    return vectors


async def tidy(database: Database, names: Sequence[str], spaces: Sequence[Space]) -> None:
    """Update the planner's statistics and recount the collections, after a bulk import."""
    tables = ["art_mcp.paintings", "art_mcp.renditions", *(vector_table(space) for space in spaces)]
    await database.execute(f"ANALYZE {', '.join(tables)}")
    for name in names:
        async with database.transaction() as connection:
            await collection_sizes.recount(connection, name)
