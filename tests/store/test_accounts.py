from __future__ import annotations

import datetime

import anyio
import pytest

from art_mcp.account import Budget, Turn
from art_mcp.settings import Settings
from art_mcp.store.accounts import EARLY_S, NEARLY, SLOWER, Account
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

KEY = "c4nary-k3y"
NOON = datetime.datetime(2026, 3, 30, 12, 0, 30, tzinfo=datetime.UTC)


class Clocked:
    """An account whose time only passes when told."""

    def __init__(self, database: Database, rate: float = 20, **budget: int) -> None:
        self.account = Account(database, f"https://{rate}.example", KEY, rate=rate, budget=Budget(**budget))
        self.account.now = NOON

    def later(self, seconds: float) -> None:
        assert self.account.now is not None
        self.account.now += datetime.timedelta(seconds=seconds)

    async def take(self, urgent: bool = False) -> Turn:
        return await self.account.take(urgent=urgent)

    async def calls_in(self, seconds: float) -> list[float]:
        """Take every call as soon as it may go; the times at which they went."""
        times, passed = [], 0.0
        while passed < seconds:
            turn = await self.take()
            if turn.granted:
                times.append(passed)
            step = max(turn.wait, 0.001)
            self.later(step)
            passed += step
        return times


async def test_no_second_has_more_calls_than_the_rate_and_hardly_fewer(database: Database) -> None:
    for rate in (10, 20):
        times = await Clocked(database, rate=rate).calls_in(5)
        for begin in times:
            assert sum(begin <= time < begin + 1 for time in times) <= rate
        assert len(times) >= 0.95 * rate * 5


async def test_calls_that_wake_late_catch_up(database: Database) -> None:
    clocked, granted = Clocked(database), 0
    for _ in range(100):
        turn = await clocked.take()
        granted += turn.granted
        clocked.later(turn.wait + EARLY_S / 2)
    assert granted == 100
    assert (clocked.account.now - NOON).total_seconds() == pytest.approx(100 / (20 * NEARLY), rel=0.03)


async def test_two_processes_share_one_row_of_calls(database: Database, settings: Settings) -> None:
    other = await Database.open(settings)
    accounts = [Account(each, "https://x.example", KEY, rate=50, budget=Budget()) for each in (database, other)]
    granted = 0

    async def work(account: Account) -> None:
        nonlocal granted
        while True:
            turn = await account.take(urgent=False)
            granted += turn.granted
            await anyio.sleep(turn.wait)

    with anyio.move_on_after(2):
        async with anyio.create_task_group() as tasks:
            for account in accounts * 2:
                tasks.start_soon(work, account)
    assert 0.8 * 50 * 2 <= granted <= 50 * 2 + 1
    await other.aclose()


async def test_nothing_goes_during_a_pause_and_then_slower(database: Database) -> None:
    clocked = Clocked(database)
    assert (await clocked.take()).granted
    await clocked.account.slow_down(3, sent=0.1)
    clocked.later(2.9)
    for urgent in (False, True):
        turn = await clocked.take(urgent)
        assert not turn.granted and turn.wait == pytest.approx(0.1, abs=0.01)
    clocked.later(0.11)
    assert (await clocked.take(urgent=True)).granted
    clocked.later(0.3)
    assert (await clocked.take()).wait == pytest.approx(1 / (SLOWER * 20 * NEARLY) - EARLY_S, rel=0.15)


async def test_calls_that_were_under_way_together_slow_down_once(database: Database) -> None:
    clocked = Clocked(database)
    await clocked.take()
    for _ in range(5):
        await clocked.account.slow_down(1, sent=0.2)
        clocked.later(0.01)
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT rate FROM art_mcp.accounts") == pytest.approx(SLOWER * 20 * NEARLY)


async def test_the_rate_finds_what_the_service_allows_and_comes_back(database: Database) -> None:
    """A service that allows 10 where 20 are configured, and later 20 again."""
    clocked, sent, refused, passed = Clocked(database), [], [], 0.0
    allowed = 10
    while passed < 200:
        turn = await clocked.take()
        if turn.granted:
            if sum(passed - 1 < time for time in sent) >= allowed:
                refused.append(passed)
                await clocked.account.slow_down(1, sent=0)
                turn = Turn(False, 1)
            else:
                sent.append(passed)
        step = max(turn.wait, 0.001)
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
    assert (await clocked.take()).granted
    waiting = await clocked.take(urgent=True)
    assert not waiting.granted
    clocked.later(waiting.wait)
    assert not (await clocked.take()).granted  # though it came first
    assert (await clocked.take(urgent=True)).granted
    clocked.later(0.06)
    assert (await clocked.take()).granted
    await clocked.take(urgent=True)
    clocked.later(1)  # whoever waited has gone
    assert (await clocked.take()).granted


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
        assert not over.granted and over.until is not None
        assert over.used_up == {3: "minute", 2: "day", 1: "month"}[used]
        assert over.wait == pytest.approx((over.until - clocked.account.now).total_seconds())
        clocked.account.now = over.until
    assert over.until == datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)
    assert (await clocked.take()).granted


async def test_a_refused_call_is_not_charged(database: Database) -> None:
    clocked = Clocked(database, a_day=1)
    for _ in range(3):
        assert (await clocked.take()).granted
        await clocked.account.slow_down(1, sent=0)
        clocked.later(2)
    assert (await clocked.take()).granted
    clocked.later(2)
    assert (await clocked.take()).used_up == "day"


async def test_no_key_is_in_the_database(database: Database) -> None:
    account = Clocked(database).account
    await account.take(urgent=False)
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM art_mcp.accounts")
    assert KEY not in str(rows) and KEY not in repr(vars(account))
