"""Removal of paintings, in batches."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from art_mcp.store import collection_sizes, paintings
from art_mcp.store.connection import Connection
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.jobs import LEFT
from art_mcp.store.leases import held

AT_ONCE = 500
"""Paintings removed per transaction: few, so that others wait only briefly and an interruption loses little."""


async def remove_collection(database: Database, name: str) -> int:
    """Remove a collection: its paintings with everything stored for them, and its ingest jobs.

    After an interruption, the next call continues.

    Returns:
        Number of paintings removed.

    Raises:
        StoreError: a process is loading the collection.
    """
    async with database.transaction() as connection:
        loading = await connection.fetchval(
            "SELECT EXISTS (SELECT 1 FROM art_mcp.jobs j LEFT JOIN art_mcp.items i ON i.job_id = j.id "
            f"AND i.state = 'pending' AND {held('i')} WHERE j.collection = $1 AND j.state = 'running' "
            f"AND (i.job_id IS NOT NULL OR {held('j')}))",
            name,
        )
        if loading:
            raise StoreError(
                f"The collection {name} is being loaded now.", "Wait until the load ends or stop it, then retry."
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
    """Remove the paintings that are no longer in the source of a finished job.

    Returns:
        Number of paintings removed.

    Raises:
        StoreError: some rows of the source do not identify a painting, so theirs would seem to be missing.
    """
    unidentified = await database.fetchval(
        "SELECT count(*) FROM art_mcp.items WHERE job_id = $1 AND painting_id IS NULL", job_id
    )
    if unidentified:
        raise StoreError(
            f"Nothing was removed: {unidentified} rows of the source do not identify a painting, and these could be "
            "the ones that seem to be missing.",
            "Fix the refused rows and load the source again.",
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
    """Remove paintings of a collection, given in ascending order of id, and return how many still existed."""
    # Locked one by one, because Citus cannot lock rows of several shards in one statement.
    await paintings.lock(connection, ids)
    gone = await connection.fetch("DELETE FROM art_mcp.paintings WHERE id = ANY($1) RETURNING id", ids)
    if gone:
        await collection_sizes.add(connection, {collection: -len(gone)})
    return len(gone)
