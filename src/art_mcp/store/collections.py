"""Collections, and how many paintings each has: kept, since counting is slower than ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from art_mcp.store.errors import StoreError

if TYPE_CHECKING:
    from art_mcp.store.database import Connection, Database

REMOVED_AT_ONCE = 500
"""Paintings in one transaction, so that others wait little and what is done stays done."""


async def add(connection: Connection, added: Mapping[str, int]) -> None:
    """Count paintings that this transaction has added, or taken away where below zero."""
    # In one order, so that two writers wait for each other and never lock each other out.
    await connection.executemany(
        "INSERT INTO art_mcp.collections AS c (name, paintings) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET paintings = c.paintings + excluded.paintings",
        sorted(added.items()),
    )


async def recount(connection: Connection, name: str) -> None:
    """Count a collection anew, in case a program that keeps no count has written to it."""
    # The row's lock first: who has added paintings and not yet counted them waits for it, or is seen below.
    await connection.execute("SELECT FROM art_mcp.collections WHERE name = $1 FOR UPDATE", name)
    await connection.execute(
        "UPDATE art_mcp.collections SET paintings = (SELECT count(*) FROM art_mcp.paintings WHERE collection = $1) "
        "WHERE name = $1",
        name,
    )
    await connection.execute("DELETE FROM art_mcp.collections WHERE name = $1 AND paintings = 0", name)


async def sizes(database: Database) -> dict[str, int]:
    """Paintings of each collection that has any, by its name."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT name, paintings FROM art_mcp.collections WHERE paintings > 0 ORDER BY 1")
    return {row["name"]: row["paintings"] for row in rows}


async def remove(database: Database, name: str) -> int:
    """Remove a collection: its paintings with all that is kept of them, and its ingest jobs.

    If it is interrupted, the next call goes on.

    Returns:
        How many paintings were removed.

    Raises:
        StoreError: somebody is loading it now.
    """
    async with database.transaction() as connection:
        held = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM art_mcp.jobs j LEFT JOIN art_mcp.items i ON i.job_id = j.id "
            "AND i.state = 'pending' AND i.held_until > now() WHERE j.collection = $1 AND j.state = 'running' "
            "AND (i.job_id IS NOT NULL OR j.lister_until > now()))",
            name,
        )
        if held:
            raise StoreError(
                f"The collection {name} is being loaded now.", "Wait until that is done, or stop it and try again."
            )
        await connection.execute("DELETE FROM art_mcp.jobs WHERE collection = $1", name)
    removed = 0
    while True:
        async with database.transaction() as connection:
            rows = await connection.fetch(
                # Locked in the order in which others write them.
                "WITH doomed AS "
                "(SELECT id FROM art_mcp.paintings WHERE collection = $1 ORDER BY id LIMIT $2 FOR UPDATE) "
                "DELETE FROM art_mcp.paintings p USING doomed WHERE p.id = doomed.id RETURNING p.id",
                name,
                REMOVED_AT_ONCE,
            )
            if not rows:
                await recount(connection, name)
                return removed
            await add(connection, {name: -len(rows)})
        removed += len(rows)
