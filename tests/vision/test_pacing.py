from __future__ import annotations

import datetime
import heapq
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import pytest

from art_mcp.account import Turn
from art_mcp.vision.pacing import BREAK_S, TRIES, URGENT_WITHIN_S, WITHIN_S, Pacer
from art_mcp.vision.provider import Fault, VisionError

pytestmark = pytest.mark.anyio


class FakeClock:
    """Time that passes only while every task sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self._sleepers: list[tuple[float, int, anyio.Event]] = []
        self._count = 0

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        event = anyio.Event()
        heapq.heappush(self._sleepers, (self.now + seconds, self._count, event))
        await event.wait()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[anyio.abc.TaskGroup]:
        """Tasks that end by themselves; time passes for them."""
        async with anyio.create_task_group() as driver:
            driver.start_soon(self._drive)
            async with anyio.create_task_group() as tasks:
                yield tasks
            driver.cancel_scope.cancel()

    async def _drive(self) -> None:
        while True:
            await anyio.wait_all_tasks_blocked()
            if self._sleepers:
                self.now, _, event = heapq.heappop(self._sleepers)
                event.set()


class Steady:
    """An account that grants a call each `every` seconds."""

    def __init__(self, clock: FakeClock, every: float = 0.0) -> None:
        self.clock, self.every = clock, every
        self.next_at = self.paused_until = 0.0
        self.urgent_waits = False
        self.slowed: list[float] = []
        self.paused: list[float] = []

    async def take(self, *, urgent: bool) -> Turn:
        free_at = max(self.next_at, self.paused_until)
        if self.clock.now < free_at or (self.urgent_waits and not urgent):
            self.urgent_waits |= urgent
            return Turn(False, max(0.1, free_at - self.clock.now))
        self.urgent_waits &= not urgent
        self.next_at = self.clock.now + self.every
        return Turn(True, self.every)

    async def slow_down(self, pause: float, *, sent: float) -> None:
        self.slowed.append(pause)
        self.paused_until = max(self.paused_until, self.clock.now + pause)

    async def pause(self, seconds: float) -> None:
        self.paused.append(seconds)
        self.paused_until = max(self.paused_until, self.clock.now + seconds)


class Bench:
    def __init__(self, every: float = 0.0, in_flight: int = 4) -> None:
        self.clock = FakeClock()
        self.account = Steady(self.clock, every)
        self.pacer = Pacer(
            self.account, in_flight=in_flight, sleep=self.clock.sleep, clock=lambda: self.clock.now, chance=lambda: 1.0
        )
        self.sent: list[tuple[float, str]] = []
        self.ended: dict[str, VisionError | str] = {}

    def script(self, name: str, *outcomes: VisionError | str, takes: float = 0.1) -> Callable[[], Awaitable[str]]:
        """A call that ends as told, one outcome an attempt, the last for ever."""
        left = list(outcomes)

        async def send() -> str:
            self.sent.append((self.clock.now, name))
            await self.clock.sleep(takes)
            outcome = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(outcome, VisionError):
                raise outcome
            return outcome

        return send

    async def call(self, name: str, send: Callable[[], Awaitable[str]], urgent: bool = False) -> None:
        try:
            self.ended[name] = await self.pacer.call(send, urgent=urgent)
        except VisionError as error:
            self.ended[name] = error


def fault(kind: Fault, retry_after: float | None = None) -> VisionError:
    return VisionError(f"It is {kind}.", "Wait.", fault=kind, retry_after=retry_after)


async def test_a_refused_input_and_a_wrong_setup_are_told_at_once() -> None:
    for kind in (Fault.INPUT, Fault.SETUP):
        bench = Bench()
        async with bench.clock.running() as tasks:
            tasks.start_soon(bench.call, "a", bench.script("a", fault(kind)))
        assert bench.ended["a"].fault is kind and len(bench.sent) == 1


async def test_a_fault_of_the_service_is_tried_again_with_longer_waits() -> None:
    bench = Bench()
    failures = [fault(Fault.SERVICE)] * 3
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", *failures, "vector", takes=0))
    assert bench.ended["a"] == "vector"
    assert [time for time, _ in bench.sent] == pytest.approx([0, 0.5, 1.5, 3.5])


async def test_an_input_on_which_the_service_always_fails_is_set_aside_while_others_succeed() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "bad", bench.script("bad", fault(Fault.SERVICE)))
        for number in range(30):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", "vector", takes=1))
    bad = bench.ended.pop("bad")
    assert isinstance(bad, VisionError) and bad.fault is Fault.INPUT and "failed 5 times on this input" in str(bad)
    assert sum(name == "bad" for _, name in bench.sent) == TRIES
    assert set(bench.ended.values()) == {"vector"}


async def test_a_service_that_is_down_makes_everyone_wait_and_nobody_is_charged() -> None:
    bench = Bench(in_flight=20)
    back_at = 60.0

    def down_until_then(name: str) -> Callable[[], Awaitable[str]]:
        async def send() -> str:
            bench.sent.append((bench.clock.now, name))
            await bench.clock.sleep(0.1)
            if bench.clock.now < back_at:
                raise fault(Fault.SERVICE)
            return "vector"

        return send

    async with bench.clock.running() as tasks:
        for number in range(20):
            tasks.start_soon(bench.call, f"{number}", down_until_then(f"{number}"))
    assert set(bench.ended.values()) == {"vector"}
    assert bench.account.paused[:3] == [BREAK_S, 2 * BREAK_S, 4 * BREAK_S]
    assert bench.clock.now < 3 * back_at


async def test_a_service_that_stays_down_is_told_in_the_end() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", fault(Fault.SERVICE)))
    assert bench.ended["a"].fault is Fault.SERVICE
    assert WITHIN_S / 2 <= bench.clock.now <= 2 * WITHIN_S


async def test_nobody_calls_before_the_service_allows_it() -> None:
    bench = Bench(every=1, in_flight=8)
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", fault(Fault.BUSY, 7), "vector", takes=0))
        for number in range(5):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", "vector", takes=0), number == 3)
    assert bench.account.slowed == [7]
    told_at = bench.sent[0][0]
    assert all(time >= told_at + 7 for time, _ in bench.sent[1:]) and len(bench.sent) == 7
    assert set(bench.ended.values()) == {"vector"}


async def test_too_many_calls_are_never_the_inputs_fault() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", *[fault(Fault.BUSY)] * 40, "vector"))
    assert bench.ended["a"] == "vector" and len(bench.account.slowed) == 40


async def test_a_search_is_told_soon() -> None:
    for failure in (fault(Fault.SERVICE), fault(Fault.BUSY, 5), fault(Fault.BUSY, 3600)):
        bench = Bench()
        async with bench.clock.running() as tasks:
            tasks.start_soon(bench.call, "a", bench.script("a", failure), True)
        assert isinstance(bench.ended["a"], VisionError)
        assert bench.clock.now <= URGENT_WITHIN_S + 5


async def test_searches_do_not_queue_behind_an_ingest() -> None:
    bench = Bench(every=1, in_flight=4)
    async with bench.clock.running() as tasks:
        for number in range(20):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", "vector", takes=30))
        await bench.clock.sleep(2.5)
        await bench.call("search", bench.script("search", "vector"), urgent=True)
        tasks.cancel_scope.cancel()
    (asked,) = [time for time, name in bench.sent if name == "search"]
    assert asked <= 2.5 + 1


async def test_no_more_in_flight_than_agreed() -> None:
    bench = Bench(in_flight=3)
    flying = most = 0

    async def send() -> str:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await bench.clock.sleep(1)
        flying -= 1
        return "vector"

    async with bench.clock.running() as tasks:
        for number in range(10):
            tasks.start_soon(bench.call, f"{number}", send)
    assert most == 3


async def test_a_cancelled_call_leaves_its_place_to_others() -> None:
    bench = Bench(in_flight=1)
    async with bench.clock.running() as tasks:
        with anyio.CancelScope() as scope:
            scope.cancel()
            await bench.pacer.call(bench.script("gone", "vector"), urgent=False)
        tasks.start_soon(bench.call, "a", bench.script("a", "vector"))
    assert bench.ended["a"] == "vector"


async def test_a_used_up_budget_is_told_with_when_it_begins_anew() -> None:
    bench = Bench()
    until = datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC)

    async def used_up(*, urgent: bool) -> Turn:
        return Turn(False, 60, "month", until)

    bench.account.take = used_up
    with pytest.raises(VisionError, match=r"calls for this month is used up.*2026-04-01 00:00 UTC"):
        await bench.pacer.call(bench.script("a", "vector"), urgent=False)
    assert not bench.sent
