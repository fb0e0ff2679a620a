"""Taking paintings out of the store, some at a time."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from art_mcp.store import collection_sizes, paintings
from art_mcp.store.errors import StoreError
from art_mcp.store.jobs import LEFT
from art_mcp.store.leases import held

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database

AT_ONCE = 500
"""Paintings in one transaction, so that others wait little and what is done stays done."""


async def remove_collection(database: Database, name: str) -> int:
    """Remove a collection: its paintings with all that is kept of them, and its ingest jobs.

    If it is interrupted, the next call goes on.

    Returns:
        How many paintings were removed.

    Raises:
        StoreError: somebody is loading it now.
    """
    async with database.transaction() as connection:
        loading = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM art_mcp.jobs j LEFT JOIN art_mcp.items i ON i.job_id = j.id "
            f"AND i.state = 'pending' AND {held('i')} WHERE j.collection = $1 AND j.state = 'running' "
            f"AND (i.job_id IS NOT NULL OR {held('j')}))",
            name,
        )
        if loading:
            raise StoreError(
                f"The collection {name} is being loaded now.", "Wait until that is done, or stop it and try again."
            )
        await connection.execute("DELETE FROM art_mcp.jobs WHERE collection = $1", name)
    removed = 0
    while True:
        async with database.transaction() as connection:
            rows = await connection.fetch(
                "SELECT id FROM art_mcp.paintings WHERE collection = $1 ORDER BY id LIMIT $2", name, AT_ONCE
            )
            removed += await _remove(connection, name, [row["id"] for row in rows])
            if not rows:
                await collection_sizes.recount(connection, name)
                return removed


async def remove_missing(database: Database, job_id: uuid.UUID) -> int:
    """Remove the paintings that have left the source of a job that is done.

    Returns:
        How many they were.

    Raises:
        StoreError: rows of the source could not be told, so that their paintings would seem to have left it.
    """
    async with database.connection() as connection:
        untold = await connection.fetchval(
            "SELECT count(*) FROM art_mcp.items WHERE job_id = $1 AND painting_id IS NULL", job_id
        )
    if untold:
        raise StoreError(
            f"Nothing was removed: {untold} rows of the source do not say which painting they are, and these could be "
            "the ones that seem to have left it.",
            "Mend the refused rows and load the source again.",
        )
    removed = 0
    while True:
        async with database.transaction() as connection:
            rows = await connection.fetch(
                f"SELECT p.id, p.collection FROM {LEFT} ORDER BY p.id LIMIT $2", job_id, AT_ONCE
            )
            gone = await _remove(connection, rows[0]["collection"], [row["id"] for row in rows]) if rows else 0
            await connection.execute(
                "UPDATE art_mcp.jobs SET removed = coalesce(removed, 0) + $2 WHERE id = $1", job_id, gone
            )
        removed += gone
        if len(rows) < AT_ONCE:
            return removed


async def _remove(connection: Connection, collection: str, ids: Sequence[uuid.UUID]) -> int:
    """Remove these paintings of a collection, in ascending order; some may be gone by now."""
    # Locked one by one: a Citus cluster locks no rows of several shards in one statement.
    await paintings.lock(connection, ids)
    gone = await connection.fetch("DELETE FROM art_mcp.paintings WHERE id = ANY($1) RETURNING id", ids)
    if gone:
        await collection_sizes.add(connection, {collection: -len(gone)})
    return len(gone)
