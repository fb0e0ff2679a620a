"""Calls of each caller are counted exactly, whatever comes at once or is killed."""

from __future__ import annotations

import uuid

import anyio
import pytest

from art_mcp.settings import Settings
from art_mcp.store import callers, leases
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

NO_LIMIT = 1_000_000


async def begin_many(
    databases: list[Database], lease: uuid.UUID, calls: int, *, a_minute: int = NO_LIMIT, at_once: int = NO_LIMIT
) -> list[float | None]:
    """The answers to calls of one caller that begin at the same time, from all of the databases."""
    answers: list[float | None] = []

    async def begin(database: Database) -> None:
        granted, wait = await callers.begin(database, "ada", lease, a_minute=a_minute, at_once=at_once)
        answers.append(None if granted else wait)

    async with anyio.create_task_group() as tasks:
        for each in range(calls):
            tasks.start_soon(begin, databases[each % len(databases)])
    return answers


async def age(database: Database, seconds: float) -> None:
    """Let time pass for the calls of a minute."""
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE art_mcp.callers SET next_at = next_at - make_interval(secs => $1)", float(seconds)
        )


async def test_of_calls_at_the_same_time_exactly_those_within_a_limit_are_granted(
    database: Database, settings: Settings
) -> None:
    other = await Database.open(settings)
    lease = await leases.begin(database)
    granted = await begin_many([database, other], lease, 40, at_once=7)
    assert (granted.count(None), granted.count(0.0)) == (7, 33)
    await other.aclose()


async def test_a_minutes_calls_may_come_at_once_then_one_whenever_its_share_has_passed(database: Database) -> None:
    lease = await leases.begin(database)
    answers = await begin_many([database], lease, 20, a_minute=6)
    assert answers.count(None) == 6
    assert all(0 < wait <= 10 for wait in answers if wait is not None)
    await age(database, 10)
    assert (await begin_many([database], lease, 5, a_minute=6)).count(None) == 1
    await age(database, 3600)  # an hour of silence saves no more than a minute's calls
    assert (await begin_many([database], lease, 20, a_minute=6)).count(None) == 6
    assert await callers.begin(database, "eve", lease, a_minute=6, at_once=1) == (True, 0)


async def test_of_many_calls_a_minute_a_fifth_may_come_at_once(database: Database) -> None:
    lease = await leases.begin(database)
    assert 20 <= (await begin_many([database], lease, 60, a_minute=100)).count(None) < 60


async def test_calls_beyond_those_that_may_come_at_once_are_spread_evenly_for_as_long_as_they_may_wait(
    database: Database,
) -> None:
    lease = await leases.begin(database)
    answers = [await callers.begin(database, "ada", lease, a_minute=12, at_once=20, patience=10) for _ in range(13)]
    assert [granted for granted, _ in answers] == [True] * 12 + [False]
    waits = [wait for _, wait in answers]
    assert waits[:10] == [0] * 10
    assert 0 < waits[10] <= 5 < waits[11] <= 10 < waits[12] <= 15


async def test_a_call_that_costs_more_takes_the_place_of_later_ones(database: Database) -> None:
    lease = await leases.begin(database)
    assert await begin_many([database], lease, 1, a_minute=6) == [None]
    await callers.end(database, "ada", lease, cost=20)
    assert (await begin_many([database], lease, 6, a_minute=6)).count(None) == 3
    await callers.end(database, "ada", lease, cost=3600)
    (wait,) = await begin_many([database], lease, 1, a_minute=6)
    assert wait and wait <= 60


async def test_a_call_that_ends_makes_room_for_one(database: Database) -> None:
    lease, other = await leases.begin(database), await leases.begin(database)
    assert await begin_many([database], lease, 2, at_once=3) == [None, None]
    assert await begin_many([database], other, 1, at_once=3) == [None]
    for ended in (lease, other, lease):
        assert await begin_many([database], lease, 1, at_once=3) == [0.0]
        await callers.end(database, "ada", ended)
        assert await begin_many([database], lease, 1, at_once=3) == [None]
    await callers.end(database, "nobody", lease)
    await callers.end(database, "ada", uuid.uuid4())
    assert await begin_many([database], lease, 1, at_once=3) == [0.0]


async def test_calls_of_a_process_that_was_killed_end_with_its_lease(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(leases, "LEASE_S", 0.1)
        killed = await leases.begin(database)
    lives = await leases.begin(database)
    await begin_many([database], killed, 3, at_once=3)
    await anyio.sleep(0.2)
    assert await begin_many([database], lives, 4, at_once=3) == [None, None, None, 0.0]


async def test_a_clock_that_was_set_back_locks_nobody_out(database: Database) -> None:
    lease = await leases.begin(database)
    await begin_many([database], lease, 1, a_minute=6)
    await age(database, -86400)
    (wait,) = await begin_many([database], lease, 1, a_minute=6)
    assert wait and wait <= 60


async def test_the_database_has_digests_only_and_forgets_who_no_longer_calls(database: Database) -> None:
    lease = await leases.begin(database)
    await begin_many([database], lease, 1)
    await age(database, 2 * 86400)
    await callers.begin(database, "new", lease, a_minute=1, at_once=1)
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM art_mcp.callers")
    assert len(rows) == 1 and "new" not in str(rows)
