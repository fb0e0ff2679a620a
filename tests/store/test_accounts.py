from __future__ import annotations

import datetime
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import anyio
import pytest

from art_mcp.account import Budget, Permit
from art_mcp.settings import Settings
from art_mcp.store.accounts import CATCH_UP_S, DECREASE, SEARCHING_S, UTILIZATION, WINDOW_SLACK_S, Account
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

KEY = "c4nary-k3y"
NOON = datetime.datetime(2026, 3, 30, 12, 0, 30, tzinfo=datetime.UTC)


class Clocked:
    """An account whose time only passes when told."""

    def __init__(self, database: Database, rate: float = 20, **budget: int) -> None:
        self.database = database
        self.account = Account(database, f"https://{rate}.example", KEY, rate=rate, budget=Budget(**budget))
        self.account.now = NOON

    def later(self, seconds: float) -> None:
        assert self.account.now is not None
        self.account.now += datetime.timedelta(seconds=seconds)

    async def take(self, urgent: bool = False) -> Permit:
        return await self.account.take(urgent=urgent)

    async def learned(self) -> tuple[float, float]:
        """The rate, and that at which it was too much."""
        async with self.database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT rate, ceiling FROM art_mcp.accounts WHERE name = $1", self.account.name
            )
        return tuple(row)

    async def calls_in(self, seconds: float) -> list[float]:
        """Take every call as soon as it may go; the times at which they went."""
        times, passed = [], 0.0
        while passed < seconds:
            permit = await self.take()
            if permit.granted:
                times.append(passed)
            step = max(permit.wait, 0.001)
            self.later(step)
            passed += step
        return times


async def test_no_second_has_more_calls_than_the_rate_and_hardly_fewer(database: Database) -> None:
    for rate in (10, 20):
        times = await Clocked(database, rate=rate).calls_in(5)
        for begin in times:
            assert sum(begin <= time < begin + 1 for time in times) <= rate
        assert len(times) >= 0.95 * rate * 5


async def test_calls_that_wake_late_catch_up_and_no_second_has_too_many(database: Database) -> None:
    clocked, times, passed = Clocked(database), [], 0.0
    late = itertools.cycle([0.002, 0.0, 0.12, 0.005, 0.04, 0.0])
    while passed < 20:
        permit = await clocked.take()
        if permit.granted:
            times.append(passed)
        step = permit.wait + next(late)
        clocked.later(step)
        passed += step
    assert len(times) >= 0.93 * 20 * 20
    assert (
        min(last - first for first, last in zip(times, times[20:], strict=False))
        >= 1 / UTILIZATION - WINDOW_SLACK_S - 1e-3
    )


async def test_a_call_that_goes_late_counts_from_when_it_went(database: Database) -> None:
    """The database's answer takes its time, so that the call goes long after its turn."""

    class Slow:
        @asynccontextmanager
        async def connection(self) -> AsyncIterator[Any]:
            async with database.connection() as connection:
                yield connection
                if slow:
                    await anyio.sleep(0.2)

    async def taken() -> list[datetime.datetime]:
        while not (permit := await account.take(urgent=False)).granted:
            await anyio.sleep(permit.wait)
        async with database.connection() as connection:
            return await connection.fetchval("SELECT recent FROM art_mcp.accounts")

    slow = True
    account = Account(Slow(), "https://x.example", KEY, rate=100, budget=Budget())  # type: ignore[arg-type]
    (turn,) = await taken()
    slow = False
    _, sent = await taken()
    assert sent - turn >= datetime.timedelta(seconds=0.19)


async def test_what_was_not_used_is_not_made_up_for(database: Database) -> None:
    clocked = Clocked(database)
    await clocked.calls_in(2)
    clocked.later(60)
    times = await clocked.calls_in(0.5)
    assert 0.5 * 20 * UTILIZATION <= len(times) <= (0.5 + CATCH_UP_S) * 20 * UTILIZATION + 1


async def test_a_low_rate_is_kept_to(database: Database) -> None:
    times = await Clocked(database, rate=0.33).calls_in(60)  # F0: 20 a minute
    assert 18 <= len(times) <= 20
    assert min(second - first for first, second in itertools.pairwise(times)) > 0.98 / 0.33


async def test_two_processes_share_one_row_of_calls(database: Database, settings: Settings) -> None:
    other = await Database.open(settings)
    accounts = [Account(each, "https://x.example", KEY, rate=50, budget=Budget()) for each in (database, other)] * 2
    due, granted = [0.0] * len(accounts), 0

    async def take(worker: int) -> None:
        nonlocal granted
        permit = await accounts[worker].take(urgent=False)
        granted += permit.granted
        due[worker] = passed + max(permit.wait, 0.001)

    while (passed := min(due)) < 2:
        async with anyio.create_task_group() as at_once:
            for worker, account in enumerate(accounts):
                if due[worker] == passed:
                    account.now = NOON + datetime.timedelta(seconds=passed)
                    at_once.start_soon(take, worker)
    assert 0.8 * 50 * 2 <= granted <= 50 * 2 + 1
    await other.aclose()


async def test_nothing_goes_during_a_pause(database: Database) -> None:
    clocked = Clocked(database)
    assert (await clocked.take()).granted
    await clocked.account.slow_down(3, sent=0.1)
    clocked.later(2.9)
    for urgent in (False, True):
        permit = await clocked.take(urgent)
        assert not permit.granted and permit.wait == pytest.approx(0.1, abs=0.01)
    clocked.later(0.11)
    assert (await clocked.take(urgent=True)).granted


async def test_calls_that_were_under_way_together_slow_down_once(database: Database) -> None:
    clocked = Clocked(database)
    await clocked.take()
    for _ in range(5):
        await clocked.account.slow_down(1, sent=0.2)
        clocked.later(0.01)
    assert await clocked.learned() == (pytest.approx(DECREASE * 20 * UTILIZATION), pytest.approx(20))


async def test_what_is_allowed_is_counted_when_it_is_much_less(database: Database) -> None:
    for allowed in (12, 5):
        clocked = Clocked(database, rate=20 + allowed / 100)
        for _ in range(allowed):
            clocked.later(max(0.001, (await clocked.take()).wait))
        assert (await clocked.take()).granted
        clocked.later(0.002)
        await clocked.account.slow_down(1, sent=0.001)
        rate, ceiling = await clocked.learned()
        assert ceiling == allowed and rate == pytest.approx(max(allowed, 10) * UTILIZATION, rel=0.01)


async def test_a_stray_one_costs_little_and_another_more(database: Database) -> None:
    clocked = Clocked(database)
    left = []
    for _ in range(3):
        await clocked.calls_in(3)
        await clocked.account.slow_down(1, sent=0)
        clocked.later(4)
        await clocked.calls_in(3)
        left.append((await clocked.learned())[0] / 20 / UTILIZATION)
    assert left[0] == pytest.approx(1, abs=0.001)
    assert 0.9 < left[2] < left[1] < 0.98


async def test_the_rate_finds_what_the_service_allows_and_comes_back(database: Database) -> None:
    """A service that allows 10 where 20 are configured, and later 20 again."""
    clocked, sent, refused, passed = Clocked(database), [], [], 0.0
    allowed = 10
    while passed < 200:
        permit = await clocked.take()
        if permit.granted:
            if sum(passed - 1 < time for time in sent) >= allowed:
                refused.append(passed)
                await clocked.account.slow_down(1, sent=0)
                permit = Permit(False, 1)
            else:
                sent.append(passed)
        step = max(permit.wait, 0.001)
        clocked.later(step)
        passed += step
        if passed > 120:
            allowed = 20
    settled = [time for time in sent if 20 <= time < 120]
    assert len(settled) >= 0.9 * 10 * 100
    assert sum(20 <= time < 120 for time in refused) < 0.03 * len(settled)
    assert sum(190 <= time < 200 for time in sent) > 1.4 * 10 * 10


async def test_a_search_goes_before_the_rest(database: Database) -> None:
    clocked = Clocked(database)
    await clocked.calls_in(2)
    while not (await clocked.take()).granted:
        clocked.later(0.001)
    waiting = await clocked.take(urgent=True)
    assert not waiting.granted and waiting.wait < 1 / 20
    clocked.later(waiting.wait)
    assert not (await clocked.take()).granted  # though it came first
    assert (await clocked.take(urgent=True)).granted
    clocked.later(0.06)
    assert (await clocked.take()).granted
    await clocked.take(urgent=True)
    clocked.later(1)  # whoever waited has gone
    assert (await clocked.take()).granted


async def test_searches_do_not_stand_in_the_row(database: Database) -> None:
    clocked = Clocked(database)
    before = len(await clocked.calls_in(0.4))
    granted = [(await clocked.take(urgent=True)).granted for _ in range(20)]
    assert granted == [True] * (20 - before) + [False] * before  # until the second has its twenty


async def test_while_somebody_searches_a_call_of_each_second_is_kept_for_that(database: Database) -> None:
    clocked = Clocked(database)
    await clocked.calls_in(2)
    await clocked.take(urgent=True)
    clocked.later(1.1)
    for _ in range(8):
        assert len(await clocked.calls_in(1.13)) >= 0.85 * 20
        assert (await clocked.take(urgent=True)).granted
    clocked.later(SEARCHING_S)
    assert len(await clocked.calls_in(5)) >= 0.95 * 20 * 5


async def test_budgets_end_and_begin_anew_and_survive_a_restart(database: Database) -> None:
    clocked = Clocked(database, a_minute=3, a_day=5, a_month=6)
    for used in (3, 2, 1):
        for _ in range(used):
            assert (await clocked.take()).granted
            clocked.later(0.1)
        over = await clocked.take()
        again = Clocked(database, a_minute=3, a_day=5, a_month=6)
        again.account.now = clocked.account.now
        assert await again.take() == over
        assert not over.granted and over.exhausted is not None
        assert over.exhausted.period == {3: "minute", 2: "day", 1: "month"}[used]
        assert over.exhausted.set_by == f"ART_MCP_BUDGET_{over.exhausted.period.upper()}"
        assert over.wait == pytest.approx((over.exhausted.until - clocked.account.now).total_seconds())
        clocked.account.now = over.exhausted.until
    assert over.exhausted.until == datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)
    assert (await clocked.take()).granted


async def test_a_refused_call_is_not_charged(database: Database) -> None:
    clocked = Clocked(database, a_day=1)
    for _ in range(3):
        assert (await clocked.take()).granted
        await clocked.account.slow_down(1, sent=0)
        clocked.later(2)
    assert (await clocked.take()).granted
    clocked.later(2)
    exhausted = (await clocked.take()).exhausted
    assert exhausted is not None and exhausted.period == "day"


async def test_the_setting_that_binds_is_named() -> None:
    def month(**options: float) -> tuple[int | None, str]:
        budget = Settings(**options).budget
        return budget.a_month, budget.set_by("month")

    assert month(budget_month=100) == (100, "ART_MCP_BUDGET_MONTH")
    assert month(budget_money=1, price_per_1000=50) == (20, "ART_MCP_BUDGET_MONEY")
    assert month(budget_month=19, budget_money=1, price_per_1000=50) == (19, "ART_MCP_BUDGET_MONTH")
    assert month(budget_month=21, budget_money=1, price_per_1000=50) == (20, "ART_MCP_BUDGET_MONEY")


async def test_what_else_a_connection_writes_is_on_the_disk(database: Database) -> None:
    account = Clocked(database).account
    for _ in range(10):  # whichever connections of the pool they use
        assert (await account.take(urgent=True)).granted
        async with database.connection() as connection:
            assert await connection.fetchval("SHOW synchronous_commit") == "on"


async def test_no_key_is_in_the_database(database: Database) -> None:
    account = Clocked(database).account
    await account.take(urgent=False)
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM art_mcp.accounts")
    assert KEY not in str(rows) and KEY not in repr(vars(account))
