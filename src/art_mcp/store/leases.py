"""Leases: the exclusive right of one process to work on something, for as long as the process renews it.

Items of a job, the listing of a job's rows, and spaces that are being filled are locked in the same way: their column
`lease` contains the id of a lease. When the lease is released or expires, everything that it covered is free. So
nothing has to be cleaned up after a process that was killed.
"""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.store.database import Database
from art_mcp.store.errors import LostError, StoreError
from art_mcp.tasks import task_group

LEASE_S = 30
"""Duration of a lease that is not renewed, in seconds; other processes wait this long for one that was killed."""
RELEASE_WITHIN_S = 5
"""Timeout of a release, in seconds: a process that is exiting does not wait for an unreachable database."""
KEPT = "1 day"
"""How long an expired lease is kept: a process that was suspended with its computer can renew it and continue."""


class LeaseLostError(StoreError):
    """A lease was deleted after it had expired, and another process may hold what it covered."""


def held(table: str) -> str:
    """Return an SQL condition: a row of `table`, which has a column `lease`, is covered by a valid lease."""
    # coalesce() prevents the planner from using a join, which is slow without statistics on a new job's items.
    return f"coalesce({table}.lease IN (SELECT id FROM art_mcp.leases WHERE until > now()), false)"


@asynccontextmanager
async def acquire(database: Database) -> AsyncIterator[uuid.UUID]:
    """Create a lease, which covers nothing yet, renew it until the block ends, then release it.

    Raises:
        LeaseLostError: the lease was deleted; the block was cancelled.
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
    """Create a lease that expires after `LEASE_S` seconds unless it is renewed, and return its id."""
    lease: uuid.UUID = await database.fetchval(
        f"WITH forgotten AS (DELETE FROM art_mcp.leases WHERE until < now() - interval '{KEPT}') "
        "INSERT INTO art_mcp.leases (id, until) VALUES ($1, now() + make_interval(secs => $2)) RETURNING id",
        uuid.uuid4(),
        float(LEASE_S),
    )
    return lease


async def renew(database: Database, lease: uuid.UUID) -> None:
    """Extend a lease to `LEASE_S` seconds from now, even if it has expired, unless it was deleted.

    Raises:
        LeaseLostError: the lease no longer exists.
    """
    renewed = await database.execute(
        "UPDATE art_mcp.leases SET until = now() + make_interval(secs => $2) WHERE id = $1", lease, float(LEASE_S)
    )
    if renewed == "UPDATE 0":
        raise LeaseLostError(
            "This process paused for too long, and another one may have taken over.",
            "If no other process is running, run the same command again.",
        )


async def release(database: Database, lease: uuid.UUID) -> None:
    """Delete a lease, so that other processes can take what it covered at once."""
    await database.execute("DELETE FROM art_mcp.leases WHERE id = $1", lease)


async def _keep_renewing(database: Database, lease: uuid.UUID) -> None:
    while True:
        await anyio.sleep(LEASE_S / 3)
        with suppress(LostError):  # the work in the block reports a lost connection itself
            await renew(database, lease)
