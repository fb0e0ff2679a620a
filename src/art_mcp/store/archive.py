"""Whole paintings, many at once: out of the database as they are at one moment, and into it."""

from __future__ import annotations

import hashlib
import uuid
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from operator import attrgetter
from typing import TYPE_CHECKING

from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, Painting, Rendition
from art_mcp.space import Leg, Space
from art_mcp.store import collection_sizes, paintings
from art_mcp.store.paintings import IMAGE_FIELDS, READ_FIELDS, Entry, painting_of
from art_mcp.store.spaces import vector_table

if TYPE_CHECKING:
    from asyncpg import Record

    from art_mcp.space import Vector
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database

_words, _terms, _facts = (attrgetter(*fields) for fields in (CATALOGUE_FIELDS, HOLDING_FIELDS, IMAGE_FIELDS))

# All statements see the same moment, however long they take and whoever writes meanwhile.
_SNAPSHOT = {"transaction_isolation": "'repeatable read'", "idle_in_transaction_session_timeout": 0}


@asynccontextmanager
async def snapshot(database: Database) -> AsyncIterator[Connection]:
    """A connection to which the database stays as it is now."""
    async with database.transaction(_SNAPSHOT) as connection:
        yield connection


async def sizes(connection: Connection, names: Sequence[str]) -> dict[str, int]:
    """Paintings of each of these collections, or of all if none is named, counted."""
    rows = await connection.fetch(
        "SELECT collection, count(*) AS paintings FROM art_mcp.paintings "
        "WHERE collection = ANY($1) OR $1 = '{}' GROUP BY 1 ORDER BY 1",
        list(names),
    )
    return {row["collection"]: row["paintings"] for row in rows}


async def spaces(connection: Connection) -> dict[Space, bool]:
    """All spaces that are registered, and whether they are active."""
    rows = await connection.fetch(
        "SELECT leg, provider, model, version, dimensions, active FROM art_mcp.spaces ORDER BY name"
    )
    return {Space(Leg(leg), *rest): active for leg, *rest, active in rows}


async def is_empty(connection: Connection, space: Space) -> bool:
    return not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {vector_table(space)})")


async def page(
    connection: Connection, names: Sequence[str], spaces: Sequence[Space], *, after: uuid.UUID, limit: int
) -> list[Entry]:
    """Paintings of these collections, with all that is kept of them, by their ids, from `after` on.

    Their vectors are float16 of shape (dimensions,), bit for bit; a space without one is left out.
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
    """Insert or replace paintings with what is kept of them; call it in a transaction.

    Unlike `paintings.write` it fills any space, active or not, and compares first, so that an entry that the database
    has already costs no write. A painting that is stored with its picture keeps that, and its words, where an entry
    has never seen the picture.

    Args:
        entries: each painting once; what is empty is left as it is in the database.
        dry_run: compare only; spaces may be missing.

    Returns:
        How many differ from what the database had.
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
        # Nobody else writes vectors of these paintings until this transaction ends.
        if outdated := [entry.painting.id for entry in writing if entry.painting.id not in added]:
            await connection.execute(f"DELETE FROM {vector_table(space)} WHERE painting_id = ANY($1)", outdated)
        await _copy_vectors(connection, space, writing)
    # Last, because other writers of the collection wait from here to the end of the transaction.
    if added:
        await collection_sizes.add(
            connection, Counter(entry.painting.collection for entry in whole if entry.painting.id in added)
        )
    return len(changed)


async def _copy_vectors(connection: Connection, space: Space, entries: Sequence[Entry]) -> None:
    """Insert vectors of paintings that have none in this space yet; pgvector's codec writes them in binary form."""
    made = [(entry.painting.id, entry.vectors[space]) for entry in entries if entry.vectors[space] is not None]
    if made:
        schema, _, table = vector_table(space).partition(".")
        await connection.copy_records_to_table(
            table, schema_name=schema, columns=("painting_id", "vector"), records=made
        )


async def _changed(connection: Connection, entries: Sequence[Entry], there: Mapping[uuid.UUID, Record]) -> list[Entry]:
    """The entries whose painting or kept pictures differ from what is there."""
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
    """For each space of the entries, the paintings whose vector differs from what is there."""
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
    """What its row has in `READ_FIELDS`: many are compared, and most have not changed."""
    return (
        painting.id,
        painting.collection,
        painting.source,
        painting.source_key,
        *_words(painting.catalogue),
        *_terms(painting.holding),
        painting.artist_name,
        *(painting.years or (None, None)),
        *_facts(painting),
    )


async def _digests(connection: Connection, ids: Sequence[uuid.UUID]) -> dict[tuple[uuid.UUID, str], bytes]:
    """SHA-256 of the renditions that are kept, by painting and kind."""
    rows = await connection.fetch(
        "SELECT painting_id, kind, sha256(data) AS digest FROM art_mcp.renditions WHERE painting_id = ANY($1)", ids
    )
    return {(row["painting_id"], row["kind"]): row["digest"] for row in rows}


async def _put(connection: Connection, entries: Sequence[Entry], there: Mapping[uuid.UUID, Record]) -> set[uuid.UUID]:
    """Write paintings and renditions, and remove what belongs to another picture or to other words.

    Returns:
        Those that were not there.
    """
    if known := [entry.painting for entry in entries if entry.painting.id in there]:
        await paintings.remove_outdated_vectors(connection, entries)
        repainted = [each.id for each in known if there[each.id]["image_sha256"] != each.image_sha256]
        await connection.execute("DELETE FROM art_mcp.renditions WHERE painting_id = ANY($1)", repainted)
    return await paintings.put(connection, entries)


def _keeping_picture(entry: Entry, row: Record | None) -> Entry:
    """The entry; where it knows no picture but the painting that is there does, only the vectors of that."""
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
    """After much was stored: let the planner know, and count the collections anew."""
    tables = ["art_mcp.paintings", "art_mcp.renditions", *(vector_table(space) for space in spaces)]
    async with database.connection() as connection:
        await connection.execute(f"ANALYZE {', '.join(tables)}")
    for name in names:
        async with database.transaction() as connection:
            await collection_sizes.recount(connection, name)
