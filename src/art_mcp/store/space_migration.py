"""Migration of all paintings to other spaces: who holds these, the switch to them, and dropping the old ones."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio
import asyncpg

from art_mcp.space import Leg, Space
from art_mcp.store import backfill
from art_mcp.store.errors import StoreError
from art_mcp.store.leases import held
from art_mcp.store.schema import LOCK_KEY
from art_mcp.store.spaces import DROP_WAITS_MS, vector_table

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database

DROP_TRIES = 40


@dataclass(frozen=True, slots=True)
class InactiveSpace:
    """A space that is not active: one that was left, or one that is being filled."""

    space: Space
    size: int
    """Bytes on the database's disk."""
    held: bool
    """Somebody is filling it."""


async def hold(database: Database, spaces: Sequence[Space], lease: uuid.UUID) -> bool:
    """Take spaces under a lease, all or none.

    Returns:
        Whether they were taken; not if another lease holds one of them.
    """
    names = [space.name for space in spaces]
    async with database.transaction() as connection:
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        # A process whose lease has ended, but which is not dead, finds out and stops.
        await connection.execute(
            "DELETE FROM art_mcp.leases WHERE until < now() "
            "AND id IN (SELECT lease FROM art_mcp.spaces WHERE name = ANY($1))",
            names,
        )
        if await connection.fetchval(
            f"SELECT EXISTS (SELECT FROM art_mcp.spaces WHERE name = ANY($1) AND lease <> $2 AND {held('spaces')})",
            names,
            lease,
        ):
            return False
        await connection.execute("UPDATE art_mcp.spaces SET lease = $2 WHERE name = ANY($1)", names, lease)
    return True


async def switch(
    database: Database, spaces: Sequence[Space], excused: Collection[tuple[uuid.UUID, bytes | None]] = ()
) -> bool:
    """Make these the active spaces and no others, at one moment, unless a painting still lacks a vector in one.

    Args:
        excused: paintings, by id and SHA-256 of their picture, that stay without.

    Returns:
        Whether they are active now.
    """
    async with database.transaction() as connection:
        # Who stores paintings in the old spaces ends before, or sees that they are not active any more.
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        if await _incomplete(connection, spaces, excused):
            return False
        names = [space.name for space in spaces]
        await connection.execute("UPDATE art_mcp.spaces SET active = false WHERE active AND name <> ALL($1)", names)
        await connection.execute("UPDATE art_mcp.spaces SET active = true WHERE NOT active AND name = ANY($1)", names)
    return True


async def inactive(database: Database) -> list[InactiveSpace]:
    """The spaces that are not active."""
    async with database.connection() as connection:
        return await _inactive(connection)


async def drop(database: Database, spaces: Sequence[Space]) -> None:
    """Remove spaces that are not active, with all their vectors.

    Raises:
        StoreError: one is active or being filled, or searches do not let go of them.
    """
    for _ in range(DROP_TRIES):
        try:
            async with database.transaction({"lock_timeout": DROP_WAITS_MS}) as connection:
                await _drop(connection, spaces)
            return
        except StoreError as error:
            if not isinstance(error.__cause__, asyncpg.LockNotAvailableError):
                raise
        await anyio.sleep(DROP_WAITS_MS / 1000)
    raise StoreError("The old vectors are being used all the time.", "Try again when less is searched and loaded.")


async def _drop(connection: Connection, spaces: Sequence[Space]) -> None:
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
    free = {each.space for each in await _inactive(connection) if not each.held}
    if not set(spaces) <= free:
        raise StoreError("The old vectors are in use again.", "Look at it anew: `art-mcp doctor`.")
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


async def _inactive(connection: Connection) -> list[InactiveSpace]:
    rows = await connection.fetch(
        f"SELECT leg, provider, model, version, dimensions, {held('spaces')} AS held, "
        "pg_total_relation_size(format('art_mcp.vectors_%s', name)::regclass) AS size "
        "FROM art_mcp.spaces WHERE NOT active ORDER BY name"
    )
    return [
        InactiveSpace(Space(Leg(leg), provider, model, version, dimensions), size, held)
        for leg, provider, model, version, dimensions, held, size in rows
    ]
