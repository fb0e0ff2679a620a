from __future__ import annotations

import datetime
import heapq
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import anyio
import anyio.lowlevel
import pytest

from art_mcp.account import Exhausted, Permit
from art_mcp.vision.failure_attribution import FEW, TRIES
from art_mcp.vision.pacing import BREAK_S, MOST_BREAK_S, SPARE_IN_FLIGHT, URGENT_WITHIN_S, WITHIN_S, Pacer
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
        sleeper = (self.now + seconds, self._count, anyio.Event())
        heapq.heappush(self._sleepers, sleeper)
        try:
            await sleeper[2].wait()
        finally:
            if sleeper in self._sleepers:  # cancelled: time does not pass for it
                self._sleepers.remove(sleeper)
                heapq.heapify(self._sleepers)

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
            for _ in range(50):  # mostly enough, and faster than what makes sure of it
                await anyio.lowlevel.checkpoint()
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

    async def take(self, *, urgent: bool) -> Permit:
        free_at = max(self.next_at, self.paused_until)
        if self.clock.now < free_at or (self.urgent_waits and not urgent):
            self.urgent_waits |= urgent
            return Permit(False, max(0.1, free_at - self.clock.now))
        self.urgent_waits &= not urgent
        self.next_at = self.clock.now + self.every
        return Permit(True, self.every)

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
        self.pacer.probe = self.probe
        self.probed: list[float] = []
        self.sent: list[tuple[float, str]] = []
        self.ended: dict[str, VisionError | str] = {}

    async def probe(self) -> None:
        """A service that is well."""
        self.probed.append(self.clock.now)
        await self.clock.sleep(0.1)

    async def no_probe(self) -> None:
        """One that is not."""
        await self.probe()
        raise fault(Fault.SERVICE)

    def down(self, name: str, until: float, since: float = 0.0) -> Callable[[], Awaitable[str]]:
        """A call that fails during an outage."""

        async def send() -> str:
            began = self.clock.now
            self.sent.append((began, name))
            await self.clock.sleep(0.1)
            if since <= began < until:
                raise fault(Fault.SERVICE)
            return "vector"

        return send

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
    bench = Bench(every=0.05, in_flight=20)
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "bad", bench.script("bad", fault(Fault.SERVICE)))
        for number in range(20):
            for again in range(20):
                tasks.start_soon(bench.call, f"{number} {again}", bench.script(f"{number} {again}", "vector"))
            await bench.clock.sleep(0.5)
    bad = bench.ended.pop("bad")
    assert isinstance(bad, VisionError) and bad.fault is Fault.INPUT and "failed 5 times on this input" in str(bad)
    assert sum(name == "bad" for _, name in bench.sent) == TRIES
    assert set(bench.ended.values()) == {"vector"} and not bench.account.paused and not bench.probed


async def test_a_single_bad_input_is_set_aside_soon() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "bad", bench.script("bad", fault(Fault.SERVICE)))
    assert bench.ended["bad"].fault is Fault.INPUT and bench.clock.now < 10
    assert len(bench.probed) == 1 and not bench.account.paused


async def test_bad_inputs_that_are_left_in_the_end_are_set_aside_soon() -> None:
    """More than can fail together without being an outage, but others were answered while they did."""
    bench = Bench(every=0.05, in_flight=20)
    bad = [f"bad {number}" for number in range(FEW + 1)]
    async with bench.clock.running() as tasks:
        for name in bad:
            tasks.start_soon(bench.call, name, bench.script(name, fault(Fault.SERVICE)))
        for number in range(20):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", "vector"))
    assert {name for name, end in bench.ended.items() if end != "vector"} == set(bad)
    assert {bench.ended[name].fault for name in bad} == {Fault.INPUT}
    assert bench.clock.now < 20 and len(bench.probed) <= len(bad)


async def test_one_bad_input_after_another_is_an_outage_in_the_end() -> None:
    """Each is alone, as in a collection of which little is new; nothing is ever answered but the probe."""
    bench = Bench()
    faults = []
    async with bench.clock.running():
        for number in range(FEW + 1):
            await bench.call("bad", bench.script(f"{number}", fault(Fault.SERVICE)))
            faults.append(bench.ended["bad"].fault)
    assert faults == [Fault.INPUT] * FEW + [Fault.SERVICE]


async def test_a_single_input_waits_for_a_service_that_is_not_well() -> None:
    bench = Bench()
    bench.pacer.probe = bench.no_probe
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.down("a", until=60))
    assert bench.ended["a"] == "vector" and 60 <= bench.clock.now < 120
    assert len(bench.probed) == len(bench.account.paused) <= 5  # it counts against the service's rate


@pytest.mark.parametrize("well", [True, False])
@pytest.mark.parametrize("minutes", [1, 10])
async def test_an_outage_makes_everyone_wait_and_nobody_is_charged(minutes: int, well: bool) -> None:
    """It begins in the middle, after calls that failed by chance; the probe may be answered during it, or not."""
    bench = Bench(every=0.05, in_flight=20)
    bench.pacer.probe = bench.probe if well else bench.no_probe
    outage = 3.0, 3.0 + 60 * minutes

    def often_fails(name: str, failures: int) -> Callable[[], Awaitable[str]]:
        down, left = bench.down(name, since=outage[0], until=outage[1]), [fault(Fault.SERVICE)] * failures

        async def send() -> str:
            vector = await down()
            if left:
                raise left.pop()
            return vector

        return send

    async with bench.clock.running() as tasks:
        for number in range(100):
            tasks.start_soon(bench.call, f"{number}", often_fails(f"{number}", number % 30 == 9))
    assert set(bench.ended.values()) == {"vector"}
    assert bench.account.paused[:4] == [BREAK_S, 2 * BREAK_S, 4 * BREAK_S, 8 * BREAK_S]
    assert max(bench.account.paused) <= MOST_BREAK_S
    assert outage[1] < bench.clock.now < outage[1] + MOST_BREAK_S + 30
    assert sum(outage[0] <= time < outage[1] for time, _ in bench.sent) < 30 * len(bench.account.paused)
    assert len(bench.probed) <= 1


async def test_a_service_that_fails_half_of_its_calls_refuses_nobody() -> None:
    bench = Bench(every=0.05, in_flight=20)
    rng = random.Random(0)

    def unsure(name: str) -> Callable[[], Awaitable[str]]:
        async def send() -> str:
            await bench.clock.sleep(0.1)
            if rng.random() < 0.5:
                raise fault(Fault.SERVICE)
            return name

        return send

    async with bench.clock.running() as tasks:
        for number in range(500):
            tasks.start_soon(bench.call, f"{number}", unsure(f"{number}"))
            await bench.clock.sleep(0.05)
    assert bench.ended == {f"{number}": f"{number}" for number in range(500)}


async def test_a_few_that_fail_with_nothing_beside_them_are_set_aside_in_the_end() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        for number in range(FEW):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", fault(Fault.SERVICE)))
    assert [end.fault for end in bench.ended.values()] == [Fault.INPUT] * FEW
    assert WITHIN_S / 2 <= bench.clock.now <= WITHIN_S


async def test_a_service_that_stays_down_is_told_in_the_end() -> None:
    bench = Bench(every=1, in_flight=4)
    async with bench.clock.running() as tasks:
        for number in range(20):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", fault(Fault.SERVICE)))
    assert not {end.fault for end in bench.ended.values()} & {Fault.INPUT}
    assert WITHIN_S / 2 <= bench.clock.now <= WITHIN_S  # all at once, whenever their turn came


async def test_the_time_in_line_does_not_count() -> None:
    bench = Bench(every=60)
    async with bench.clock.running() as tasks:
        for number in range(20):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", "vector"))
        tasks.start_soon(bench.call, "last", bench.script("last", fault(Fault.SERVICE), "vector"))
    assert set(bench.ended.values()) == {"vector"} and bench.sent[-1][0] > WITHIN_S


async def test_too_many_calls_are_never_the_inputs_fault() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", *[fault(Fault.BUSY)] * 40, "vector"))
    assert bench.ended["a"] == "vector" and len(bench.account.slowed) == 40


@pytest.mark.parametrize("kind", [Fault.BUSY, Fault.SERVICE])
async def test_nobody_calls_before_a_failing_service_allows_it(kind: Fault) -> None:
    bench = Bench(every=0.5, in_flight=8)
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", fault(kind, 7), "vector", takes=0.1))
        for number in range(8):
            tasks.start_soon(bench.call, f"{number}", bench.script(f"{number}", "vector"), number == 3)
    (told_at,) = [time + 0.1 for time, name in bench.sent if name == "a"][:1]
    assert not [time for time, _ in bench.sent if told_at < time < told_at + 7]
    assert bench.account.slowed + bench.account.paused == [7]
    assert set(bench.ended.values()) == {"vector"}


async def test_the_probe_is_heeded_too() -> None:
    bench = Bench()

    async def busy() -> None:
        bench.probed.append(bench.clock.now)
        raise fault(Fault.BUSY, 30)

    bench.pacer.probe = busy
    async with bench.clock.running() as tasks:
        tasks.start_soon(bench.call, "a", bench.script("a", *[fault(Fault.SERVICE)] * TRIES, "vector"))
    (asked,) = bench.probed
    assert bench.ended["a"] == "vector" and bench.sent[-1][0] >= asked + 30


async def test_a_search_is_told_soon() -> None:
    for failure in (fault(Fault.SERVICE), fault(Fault.BUSY, 5), fault(Fault.BUSY, 3600)):
        bench = Bench()
        async with bench.clock.running() as tasks:
            tasks.start_soon(bench.call, "a", bench.script("a", failure), True)
        assert isinstance(bench.ended["a"], VisionError)
        assert bench.clock.now <= URGENT_WITHIN_S


async def test_a_search_is_told_soon_while_the_service_hangs() -> None:
    bench = Bench()
    async with bench.clock.running() as tasks:
        for number in range(SPARE_IN_FLIGHT + 2):
            hangs = bench.script(f"{number}", fault(Fault.SERVICE), takes=30)
            tasks.start_soon(bench.call, f"{number}", hangs, True)
    assert bench.clock.now == URGENT_WITHIN_S
    assert {str(end) for end in bench.ended.values()} == {
        "No call to the service succeeded within 20 seconds. Try again later."
    }
    async with bench.clock.running() as tasks:  # their places are free again
        tasks.start_soon(bench.call, "a", bench.script("a", "vector"), True)
    assert bench.ended["a"] == "vector"


async def test_what_is_not_a_failure_of_the_service_comes_out_of_a_search_as_it_is() -> None:
    bench = Bench()

    async def broken() -> str:
        raise KeyError("a")

    with pytest.raises(KeyError):
        await bench.pacer.call(broken, urgent=True)


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


async def test_an_exhausted_budget_is_reported_with_its_next_start() -> None:
    bench = Bench()
    budget = Exhausted("month", datetime.datetime(2026, 4, 1, tzinfo=datetime.UTC), "ART_MCP_BUDGET_MONEY")

    async def exhausted(*, urgent: bool) -> Permit:
        return Permit(False, 60, budget)

    bench.account.take = exhausted
    told = r"calls for this month is exhausted.*2026-04-01 00:00 UTC; ART_MCP_BUDGET_MONEY sets the budget"
    with pytest.raises(VisionError, match=told):
        await bench.pacer.call(bench.script("a", "vector"), urgent=False)
    assert not bench.sent
