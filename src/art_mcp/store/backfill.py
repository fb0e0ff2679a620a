"""Finding paintings that lack a vector in some spaces, or its `hub`, and storing them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from art_mcp.background.cosines import has_hubs
from art_mcp.painting import Painting
from art_mcp.space import Leg, Space
from art_mcp.store import paid, paintings
from art_mcp.store.connection import Connection
from art_mcp.store.database import Database
from art_mcp.store.paintings import BEFORE_ALL, READ_FIELDS, Entry, painting_of
from art_mcp.store.spaces import vector_rows, vector_table


@dataclass(frozen=True, slots=True)
class Incomplete:
    """A painting without a vector in at least one of the spaces."""

    painting: Painting
    lacks_picture_vector: bool
    """Whether a vector is missing in a space that embeds pictures."""
    lacks_words_vector: bool
    """Whether a vector is missing in the space that embeds catalogue entries."""
    picture_kept: bool
    """Whether the picture is stored, so that it can be embedded."""


async def count(database: Database, spaces: Sequence[Space]) -> int:
    """Return the number of paintings that lack a vector in at least one of the spaces."""
    async with database.connection() as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM ({await _ids(connection, spaces)}) l", BEFORE_ALL)
    return found


async def page(
    connection: Connection, spaces: Sequence[Space], *, after: uuid.UUID = BEFORE_ALL, limit: int
) -> list[Incomplete]:
    """Return the next paintings after an id, in order, that lack a vector in a space, registered or not."""
    rows = await connection.fetch(f"{await _ids(connection, spaces)} ORDER BY id LIMIT $2", after, limit)
    found = {row["id"]: row for row in rows}
    rows = await connection.fetch(
        f"SELECT {', '.join(READ_FIELDS)}, "
        "image_sha256 IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM art_mcp.renditions r WHERE r.painting_id = p.id AND r.kind = 'display') AS picture_kept "
        "FROM art_mcp.paintings p WHERE id = ANY($1) ORDER BY id",
        list(found),
    )
    return [
        Incomplete(
            painting_of(row),
            found[row["id"]]["lacks_picture_vector"],
            found[row["id"]]["lacks_words_vector"],
            row["picture_kept"],
        )
        for row in rows
    ]


async def _ids(connection: Connection, spaces: Sequence[Space]) -> str:
    """Return the SQL that selects the paintings with missing vectors after the id $1.

    It uses set operations instead of joins, which are planned by statistics: those of tables that are being filled are
    always out of date.
    """
    there = await _registered(connection, spaces)
    parts = []
    for space in spaces:
        missing = "SELECT id FROM art_mcp.paintings WHERE id > $1"
        if words := space.leg is Leg.WORDS:
            missing += r" AND concat(title, artist, description) ~ '\S'"
        else:
            missing += " AND image_name <> ''"
        if space in there:
            missing += f" EXCEPT SELECT painting_id FROM {vector_table(space)} WHERE painting_id > $1"
        parts.append(f"SELECT id, {words} AS words FROM ({missing}) l")
    return (
        "SELECT id, bool_or(words) AS lacks_words_vector, bool_or(NOT words) AS lacks_picture_vector "
        f"FROM ({' UNION ALL '.join(parts)}) l GROUP BY id"
    )


async def kept_picture(database: Database, painting: Painting) -> bytes | None:
    """Return the display rendition, or None if it is missing or the painting has a different picture now."""
    data: bytes | None = await database.fetchval(
        "SELECT data FROM art_mcp.renditions r JOIN art_mcp.paintings p ON p.id = r.painting_id "
        "WHERE r.painting_id = $1 AND kind = 'display' AND image_sha256 = $2",
        painting.id,
        painting.image_sha256,
    )
    return data


async def fill(connection: Connection, entries: Sequence[Entry]) -> None:
    """Store vectors of paintings that have not changed since they were embedded; call it in a transaction."""
    entries = sorted(entries, key=lambda entry: entry.painting.id)
    ids = [entry.painting.id for entry in entries]
    await paintings.lock(connection, ids)
    rows = await connection.fetch(f"SELECT {', '.join(READ_FIELDS)} FROM art_mcp.paintings WHERE id = ANY($1)", ids)
    now = {row["id"]: painting_of(row) for row in rows}
    for space in sorted({space for entry in entries for space in entry.vectors}, key=lambda space: space.name):
        await connection.executemany(
            f"INSERT INTO {vector_table(space)} (painting_id, vector, hub) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            vector_rows(
                space,
                [
                    (entry.painting.id, vector)
                    for entry in entries
                    if (vector := entry.vectors.get(space)) is not None
                    and entry.painting.id in now
                    and _same(space, entry.painting, now[entry.painting.id])
                ],
            ),
        )


async def forget(database: Database, spaces: Sequence[Space], ids: Sequence[uuid.UUID]) -> int:
    """Delete the vectors in these spaces of paintings, and of all others with the same pictures.

    Returns:
        Number of these paintings.
    """
    async with database.transaction() as connection:
        digests = [
            row["image_sha256"]
            for row in await connection.fetch(
                "SELECT DISTINCT image_sha256 FROM art_mcp.paintings WHERE id = ANY($1)", list(ids)
            )
        ]
        rows = await connection.fetch(
            "SELECT id FROM art_mcp.paintings WHERE id = ANY($1) OR image_sha256 = ANY($2) ORDER BY id", ids, digests
        )
        found = [row["id"] for row in rows]
        await paintings.lock(connection, found)
        for space in await _registered(connection, spaces):
            await connection.execute(f"DELETE FROM {vector_table(space)} WHERE painting_id = ANY($1)", found)
        await paid.drop(connection, spaces, digests)
    return len(found)


async def count_without_hub(database: Database, spaces: Sequence[Space]) -> int:
    """Return the number of vectors in these spaces that lack their `hub`: an older version stored them."""
    found = 0
    async with database.connection() as connection:
        for space in filter(has_hubs, await _registered(connection, spaces)):
            found += await connection.fetchval(f"SELECT count(*) FROM {vector_table(space)} WHERE hub IS NULL")
    return found


async def fill_hubs(database: Database, space: Space, *, after: uuid.UUID, limit: int) -> list[uuid.UUID]:
    """Compute the `hub` of the next vectors after an id that lack it; the space must be registered, and have hubs.

    Returns:
        Their ids, in order; empty at the end.
    """
    table = vector_table(space)
    async with database.transaction() as connection:
        rows = await connection.fetch(
            f"SELECT painting_id FROM {table} WHERE hub IS NULL AND painting_id > $1 ORDER BY painting_id LIMIT $2",
            after,
            limit,
        )
        ids = [row["painting_id"] for row in rows]
        await paintings.lock(connection, ids)
        rows = await connection.fetch(f"SELECT painting_id, vector FROM {table} WHERE painting_id = ANY($1)", ids)
        vectors = [(row["painting_id"], row["vector"].to_numpy()) for row in rows]
        await connection.executemany(
            f"UPDATE {table} SET hub = $2 WHERE painting_id = $1",
            [(id_, measured) for id_, _, measured in vector_rows(space, vectors)],
        )
    return ids


async def _registered(connection: Connection, spaces: Sequence[Space]) -> list[Space]:
    """Those of the spaces that have a table, by name, so that writers lock the tables in the same order."""
    rows = await connection.fetch(
        "SELECT name FROM art_mcp.spaces WHERE name = ANY($1)", [space.name for space in spaces]
    )
    there = {row["name"] for row in rows}
    return sorted((space for space in spaces if space.name in there), key=lambda space: space.name)


def _same(space: Space, painting: Painting, now: Painting) -> bool:
    """Whether the text or picture that a space embeds is still the same."""
    if space.leg is Leg.WORDS:
        return painting.catalogue.sentence() == now.catalogue.sentence()
    return painting.image_sha256 == now.image_sha256
