"""Migration of all paintings to other spaces: leases on them, the switch, and dropping the old spaces."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import anyio
import asyncpg

from art_mcp.space import Leg, Space
from art_mcp.store import backfill, cluster
from art_mcp.store.connection import Connection
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.leases import held
from art_mcp.store.schema import LOCK_KEY
from art_mcp.store.spaces import DROP_WAITS_MS, vector_table

DROP_TRIES = 40
"""Attempts to lock the tables; each takes up to twice `DROP_WAITS_MS`, so 40 s in total."""


@dataclass(frozen=True, slots=True)
class InactiveSpace:
    """A space that is not active: either one that was replaced, or one that is being filled."""

    space: Space
    size: int
    """Disk usage in bytes."""
    held: bool
    """Whether a process is filling it."""


async def hold(database: Database, spaces: Sequence[Space], lease: uuid.UUID) -> bool:
    """Lock spaces with a lease, all or none.

    Returns:
        Whether they were locked; not if another lease covers one of them.
    """
    names = [space.name for space in spaces]
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        # A process that is still alive after its lease expired then fails to renew it, and stops.
        await connection.execute(
            "DELETE FROM art_mcp.leases WHERE until < now() "
            "AND id IN (SELECT lease FROM art_mcp.spaces WHERE name = ANY($1))",
            names,
        )
        if await connection.fetchval(
            f"SELECT EXISTS (SELECT 1 FROM art_mcp.spaces WHERE name = ANY($1) AND lease <> $2 AND {held('spaces')})",
            names,
            lease,
        ):
            return False
        await connection.execute("UPDATE art_mcp.spaces SET lease = $2 WHERE name = ANY($1)", names, lease)
    return True


async def switch(
    database: Database, spaces: Sequence[Space], excused: Collection[tuple[uuid.UUID, bytes | None]] = ()
) -> bool:
    """Make these the only active spaces, atomically, unless a painting still lacks a vector in one of them.

    Args:
        excused: paintings that are allowed to lack vectors, by id and SHA-256 of their picture.

    Returns:
        Whether the spaces were made active.
    """
    async with database.transaction() as connection:
        # Writers to the old spaces commit before this, or find that these are no longer active.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        if await _incomplete(connection, spaces, excused):
            return False
        names = [space.name for space in spaces]
        await connection.execute("UPDATE art_mcp.spaces SET active = false WHERE active AND name <> ALL($1)", names)
        await connection.execute("UPDATE art_mcp.spaces SET active = true WHERE NOT active AND name = ANY($1)", names)
    return True


async def inactive(database: Database) -> list[InactiveSpace]:
    """Return the spaces that are not active."""
    async with database.connection() as connection:
        return await _inactive(connection, database.on_citus)


async def drop(database: Database, spaces: Sequence[Space]) -> None:
    """Drop spaces that are not active, with all their vectors.

    Raises:
        StoreError: a space is active or being filled, or other transactions keep it locked.
    """
    for _ in range(DROP_TRIES):
        try:
            async with database.transaction({"lock_timeout": DROP_WAITS_MS}) as connection:
                await _drop(connection, spaces, database.on_citus)
            return
        except StoreError as error:
            if not isinstance(error.__cause__, asyncpg.LockNotAvailableError):
                raise
        await anyio.sleep(DROP_WAITS_MS / 1000)
    raise StoreError("The old vectors are in constant use.", "Try again when the database is less busy.")


async def _drop(connection: Connection, spaces: Sequence[Space], on_citus: bool) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
    free = {each.space for each in await _inactive(connection, on_citus) if not each.held}
    if not set(spaces) <= free:
        raise StoreError("The old vectors are in use again.", "Check with `art-mcp doctor`.")
    for space in spaces:
        await connection.execute(f"DROP TABLE {vector_table(space)}")
    names = [space.name for space in spaces]
    await connection.execute("DELETE FROM art_mcp.paid WHERE space = ANY($1)", names)
    await connection.execute("DELETE FROM art_mcp.spaces WHERE name = ANY($1)", names)


async def _incomplete(
    connection: Connection, spaces: Sequence[Space], excused: Collection[tuple[uuid.UUID, bytes | None]]
) -> bool:
    left = await backfill.page(connection, spaces, limit=len(excused) + 1)
    return any((each.painting.id, each.painting.image_sha256) not in excused for each in left)


async def _inactive(connection: Connection, on_citus: bool) -> list[InactiveSpace]:
    size = cluster.size_of("format('art_mcp.vectors_%s', name)::regclass", on_citus)
    rows = await connection.fetch(
        f"SELECT leg, provider, model, version, dimensions, {held('spaces')} AS held, "
        f"{size} AS size "
        "FROM art_mcp.spaces WHERE NOT active ORDER BY name"
    )
    return [
        InactiveSpace(Space(Leg(leg), provider, model, version, dimensions), size, held)
        for leg, provider, model, version, dimensions, held, size in rows
    ]
