"""Schedules calls to a paid service: within its rate limit, searches first, and repeated after failures.

The rate is that of an account that all processes share (`store/accounts.py`: GCRA and AIMD). Repeated calls wait for a
random time with exponential backoff; an outage stops all calls, as a circuit breaker does.
"""

from __future__ import annotations

import math
import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from functools import partial
from typing import Protocol, TypeVar

import anyio

from art_mcp.account import Exhausted, Permit
from art_mcp.vision.failure_attribution import TRIES, Case, FailureAttribution
from art_mcp.vision.provider import Fault, VisionError

T = TypeVar("T")

URGENT_TRIES = 2
"""Attempts at an urgent call; after that, the caller gets the error."""
BACKOFF_S, MOST_BACKOFF_S = 0.5, 20.0
"""Seconds: the wait after a failure is random, up to 0.5 s after the first, doubled after each further one, and at most
20 s."""
BUSY_S = 1.0
"""Seconds without calls after a "too many calls" that does not say how long to wait."""
MOST_PAUSE_S = 3600.0
"""The longest pause, in seconds, that one reply of the service can impose."""
BROKEN_AFTER = 8
"""Consecutive failures that count as an outage: all calls stop for a while, and no input is blamed."""
BREAK_S, MOST_BREAK_S = 5.0, 300.0
"""The first break of an outage, in seconds; each further one is twice as long, up to the maximum."""
URGENT_WITHIN_S = 20.0
"""Seconds after which an urgent call is given up, so that the search is answered without this service."""
WITHIN_S = 900.0
"""Seconds after which any other call is given up, counted from its first attempt or from the start of the outage."""
SPARE_IN_FLIGHT = 4
"""Calls that searches may make at the same time, in addition to those of ingestion."""


class Account(Protocol):
    """The rate and the budget of one key, shared by all processes."""

    async def take(self, *, urgent: bool) -> Permit:
        """Ask for a permit to make one call."""
        ...

    async def slow_down(self, pause: float, *, sent: float) -> None:
        """Record that the service refused a call as one too many: all calls stop, and are slower afterwards.

        Args:
            pause: seconds during which nobody may call.
            sent: how many seconds ago the refused call was sent. The rate is reduced only once for calls that were
                under way together.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """Stop all calls for some seconds, because the service does not work."""
        ...


class Pacer:
    """Makes calls through an account; there is one for each process and key.

    Args:
        account: grants the permits.
        in_flight: how many calls may be made at the same time, not counting searches.
        sleep: replaced in tests, as are `clock` (returns seconds) and `chance` (returns 0 to 1).
    """

    probe: Callable[[], Awaitable[object]] | None = None
    """Raises `VisionError` if the service does not work; set by the provider.

    It is called rarely: when either the input or the service may have caused the failures.
    """

    def __init__(
        self,
        account: Account,
        *,
        in_flight: int,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        clock: Callable[[], float] = anyio.current_time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._account = account
        self._sleep, self._clock, self._chance = sleep, clock, chance
        self._places = {False: anyio.CapacityLimiter(in_flight), True: anyio.CapacityLimiter(SPARE_IN_FLIGHT)}
        # Only one call of each kind asks for permits at a time, so that waiting calls do not load the database.
        self._lines = {False: anyio.Lock(), True: anyio.Lock()}
        # Only one new call waits there, so that failed calls are repeated soon, among calls to compare them with.
        self._entrance = anyio.Lock()
        self._not_before = {False: 0.0, True: 0.0}
        self._held_until = 0.0
        self._attribution = FailureAttribution()
        self._breaks = 0
        self._broken_until = 0.0

    async def call(self, send: Callable[[], Awaitable[T]], *, urgent: bool) -> T:
        """Make a call, and repeat it until it succeeds or cannot succeed.

        Args:
            send: makes one attempt; its `VisionError` says whose fault a failure is.
            urgent: somebody is waiting for the result: the call goes first and is given up after 20 s.

        Raises:
            VisionError: with `Fault.INPUT` if this call's input causes the failures, whatever the service says;
                with another fault if no call succeeds.
        """
        case = self._attribution.open(self._clock())
        try:
            if not urgent:
                return await self._make(case, send, None)
            return await self._in_time(URGENT_WITHIN_S, partial(self._make, case, send))
        finally:
            self._attribution.close(case)

    async def _make(self, case: Case, send: Callable[[], Awaitable[T]], end: float | None) -> T:
        """Repeat a call until it succeeds or is given up.

        Args:
            end: when an urgent call is given up; None for any other call.
        """
        urgent, began = end is not None, math.inf
        failure: VisionError | None = None

        def deadline() -> float:
            return min(began, self._attribution.since, self._clock()) + WITHIN_S if end is None else end

        while True:
            async with AsyncExitStack() as place:
                async with AsyncExitStack() as line:
                    if not urgent and not case.tries:
                        await line.enter_async_context(self._entrance)
                    await line.enter_async_context(self._lines[urgent])
                    await place.enter_async_context(self._places[urgent])
                    if (ahead := await self._await_permit(urgent, deadline)) > 0:
                        raise failure or _too_long(ahead)
                sent = self._clock()
                began = min(began, sent)
                try:
                    answer = await send()
                except VisionError as error:
                    failure = error
                else:
                    self._attribution.succeed(case, sent)
                    self._breaks = 0
                    return answer
            if failure.fault not in (Fault.BUSY, Fault.SERVICE):
                raise failure
            await self._obey(failure, sent)
            if failure.fault is Fault.SERVICE:
                again = self._attribution.fail(case, sent)
                if urgent and case.tries == URGENT_TRIES:
                    raise failure
                await self._judge(case, failure, again, deadline)
            if self._clock() >= deadline():
                raise failure

    async def _judge(self, case: Case, failure: VisionError, again: bool, deadline: Callable[[], float]) -> None:
        """Wait after a failure, or raise the error that blames the input.

        Args:
            again: whether no call has succeeded since this one failed before.
        """
        if self._attribution.is_proven(case):
            raise _input_at_fault(case.tries, failure)
        if self._attribution.in_a_row >= BROKEN_AFTER or (case.tries >= TRIES and again):
            pause = min(MOST_BREAK_S, BREAK_S * 2**self._breaks)
            late = self._clock() + pause >= self._attribution.since + WITHIN_S
            if self._attribution.is_likely(case, late=late) and await self._is_healthy(deadline):
                raise _input_at_fault(case.tries, failure)
            await self._break(pause)
        elif failure.retry_after is None:
            await self._sleep(self._chance() * min(MOST_BACKOFF_S, BACKOFF_S * 2 ** (case.tries - 1)))

    async def _in_time(self, seconds: float, make: Callable[[float], Awaitable[T]]) -> T:
        """The result of `make`, which is cancelled after some seconds.

        Args:
            make: takes the time at which it is cancelled.

        Raises:
            VisionError: it was cancelled.
        """
        answers: list[T] = []
        error: Exception | None = None

        async def ring() -> None:
            await self._sleep(seconds)
            group.cancel_scope.cancel()

        async with anyio.create_task_group() as group:
            group.start_soon(ring)
            try:
                answers.append(await make(self._clock() + seconds))
            except Exception as raised:
                error = raised
            group.cancel_scope.cancel()
        if error is not None:
            raise error
        if not answers:
            raise VisionError(
                f"No call to the service succeeded within {seconds:.0f} seconds.",
                "Try again later.",
                fault=Fault.SERVICE,
            )
        return answers[0]

    async def _await_permit(self, urgent: bool, deadline: Callable[[], float]) -> float:
        """Wait for a permit and return 0. If it is due after the deadline, return at once the seconds until then."""
        while True:
            while (ahead := max(self._held_until, self._not_before[urgent]) - self._clock()) > 0:
                if self._clock() + ahead > deadline():
                    return ahead
                await self._sleep(ahead)
            asked = self._clock()  # the wait counts from here, however long the database takes
            permit = await self._account.take(urgent=urgent)
            if permit.exhausted and (urgent or permit.exhausted.period != "minute"):
                raise _budget_exhausted(permit.exhausted)
            self._not_before[urgent] = max(self._not_before[urgent], asked + permit.wait)
            if permit.granted and self._held_until <= self._clock():
                return 0.0

    async def _is_healthy(self, deadline: Callable[[], float]) -> bool:
        """Whether the service passes its probe."""
        if self.probe is None:
            return False
        async with self._lines[False]:
            if await self._await_permit(False, deadline) > 0:
                return False
        sent = self._clock()
        try:
            await self.probe()
        except VisionError as error:
            await self._obey(error, sent)
            return False
        return True

    async def _obey(self, failure: VisionError, sent: float) -> None:
        """Stop all calls for as long as the service asks."""
        pause = BUSY_S if failure.retry_after is None else min(failure.retry_after, MOST_PAUSE_S)
        if failure.fault is Fault.BUSY:
            self._hold(pause)  # this process at once, the others through the account
            await self._account.slow_down(pause, sent=self._clock() - sent)
        elif failure.fault is Fault.SERVICE and failure.retry_after is not None:
            self._hold(pause)
            await self._account.pause(pause)

    async def _break(self, pause: float) -> None:
        """Stop all calls while the service does not work."""
        if self._clock() < self._broken_until:
            return  # another call has already done so
        self._breaks, self._attribution.in_a_row, self._broken_until = self._breaks + 1, 0, self._clock() + pause
        self._hold(pause)
        await self._account.pause(pause)

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + seconds)


def _input_at_fault(tries: int, failure: VisionError) -> VisionError:
    problem = f"The service failed {tries} times on this input but works otherwise: {failure.problem}"
    return VisionError(problem, "Check the picture, or load it again later.", fault=Fault.INPUT)


def _too_long(seconds: float) -> VisionError:
    return VisionError(
        f"The service accepts no calls for another {seconds:.0f} seconds.",
        "Try again then.",
        fault=Fault.BUSY,
        retry_after=seconds,
    )


def _budget_exhausted(budget: Exhausted) -> VisionError:
    return VisionError(
        f"The budget of paid calls for this {budget.period} is exhausted.",
        f"The next {budget.period} begins at {budget.until:%Y-%m-%d %H:%M} UTC; {budget.set_by} sets the budget.",
        fault=Fault.SETUP,
    )
