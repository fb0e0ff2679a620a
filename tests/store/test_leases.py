from __future__ import annotations

import uuid

import anyio
import pytest

from art_mcp.store import leases
from art_mcp.store.database import Database
from art_mcp.store.leases import LeaseLostError

pytestmark = pytest.mark.anyio


async def lasting(database: Database) -> set[uuid.UUID]:
    """The leases that have not ended."""
    async with database.connection() as connection:
        return {row["id"] for row in await connection.fetch("SELECT id FROM art_mcp.leases WHERE until > now()")}


async def test_a_lease_lasts_as_long_as_its_block(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_S", 2)
    async with leases.acquire(database) as lease:
        for _ in range(5):
            await anyio.sleep(0.5)
            assert await lasting(database) == {lease}
    assert await lasting(database) == set()


async def test_a_lease_that_nobody_renews_ends(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "LEASE_S", 0.1)
    lease = await leases.begin(database)
    await anyio.sleep(0.2)
    assert await lasting(database) == set()
    await leases.renew(database, lease)  # its process was only slow


async def test_a_block_that_fails_raises_its_own_error_and_releases_the_lease(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with leases.acquire(database):
            raise ZeroDivisionError
    assert await lasting(database) == set()


async def test_a_block_that_has_lost_its_lease_is_cancelled(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leases, "LEASE_S", 0.3)
    with anyio.fail_after(20), pytest.raises(LeaseLostError, match="may have taken over"):
        async with leases.acquire(database) as lease:
            await leases.release(database, lease)
            await anyio.sleep_forever()


async def test_a_lease_that_ended_long_ago_is_forgotten(database: Database) -> None:
    old, recent = await leases.begin(database), await leases.begin(database)
    async with database.connection() as connection:
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '25 hours' WHERE id = $1", old)
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '23 hours' WHERE id = $1", recent)
    await leases.begin(database)
    await leases.renew(database, recent)
    with pytest.raises(LeaseLostError):
        await leases.renew(database, old)
