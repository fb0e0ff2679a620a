"""Leases: what a process works on stays its own for as long as it renews its lease.

An item of a job, the list of a job's rows, and a space that is being filled are held alike: their column `lease` names
a lease. It ends when it is released or has not been renewed in time, and all that it held is free then. So nothing has
to be cleaned up after a process that was killed.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.store.errors import LostError, StoreError
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from art_mcp.store.database import Database

LEASE_S = 30
"""How long a lease lasts without being renewed, in seconds: how long others wait for a process that was killed."""
RELEASE_WITHIN_S = 5
"""How long a release may take, in seconds: a process that is ending does not wait for a database that is away."""
KEPT = "1 day"
"""How long an ended lease is kept: a process that was only suspended, with its computer, renews it and continues."""


class LeaseLostError(StoreError):
    """A lease has ended, and another process may hold what it held."""


def held(table: str) -> str:
    """The SQL that says whether a row of `table`, which has a column `lease`, is held."""
    # With coalesce it is not planned as a join: the planner has no statistics of a new job's items.
    return f"coalesce({table}.lease IN (SELECT id FROM art_mcp.leases WHERE until > now()), false)"


@asynccontextmanager
async def acquire(database: Database) -> AsyncIterator[uuid.UUID]:
    """A new lease, which holds nothing yet; it is renewed until the block ends, and then released.

    Raises:
        LeaseLostError: it was not renewed in time; what the block was doing is cancelled.
    """
    lease = await begin(database)
    try:
        async with task_group() as renewing:
            renewing.start_soon(_keep_renewing, database, lease)
            yield lease
            renewing.cancel_scope.cancel()
    finally:
        with suppress(ArtMcpError), anyio.move_on_after(RELEASE_WITHIN_S, shield=True):
            await release(database, lease)


async def begin(database: Database) -> uuid.UUID:
    """A new lease, which ends after `LEASE_S` unless it is renewed."""
    async with database.connection() as connection:
        return await connection.fetchval(
            f"WITH forgotten AS (DELETE FROM art_mcp.leases WHERE until < now() - interval '{KEPT}') "
            "INSERT INTO art_mcp.leases (id, until) VALUES ($1, now() + make_interval(secs => $2)) RETURNING id",
            uuid.uuid4(),
            float(LEASE_S),
        )


async def renew(database: Database, lease: uuid.UUID) -> None:
    """Let a lease last for `LEASE_S` from now, even if it has ended but nobody has noticed.

    Raises:
        LeaseLostError: there is no such lease any more.
    """
    async with database.connection() as connection:
        renewed = await connection.execute(
            "UPDATE art_mcp.leases SET until = now() + make_interval(secs => $2) WHERE id = $1", lease, float(LEASE_S)
        )
    if renewed == "UPDATE 0":
        raise LeaseLostError(
            "This process was away for so long that another one could take over its work.",
            "Leave it to that one, or run the same again if there is none.",
        )


async def release(database: Database, lease: uuid.UUID) -> None:
    """End a lease, so that others can take what it held at once."""
    async with database.connection() as connection:
        await connection.execute("DELETE FROM art_mcp.leases WHERE id = $1", lease)


async def _keep_renewing(database: Database, lease: uuid.UUID) -> None:
    while True:
        await anyio.sleep(LEASE_S / 3)
        with suppress(LostError):  # whoever needs the database now reports that it is away
            await renew(database, lease)
