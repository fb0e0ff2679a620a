"""When calls to a paid service are made: no faster than it allows, searches first, and again after a failure."""

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
"""Of one call, before somebody who waits is told."""
BACKOFF_S, MOST_BACKOFF_S = 0.5, 20.0
"""The span of the random wait after the first failure, doubled after each other."""
BUSY_S = 1.0
"""How long to wait after "too many calls" that does not say how long."""
MOST_PAUSE_S = 3600.0
"""The longest pause that one answer of the service can make for everyone."""
BROKEN_AFTER = 8
"""So many failures with no success in between are not the inputs' fault: everyone waits, and nobody is charged."""
BREAK_S, MOST_BREAK_S = 5.0, 300.0
URGENT_WITHIN_S = 20.0
"""A search is told then, whatever is under way, and answered without this service."""
WITHIN_S = 900.0
"""So long after its first attempt, or after all began to fail, a call is given up."""
SPARE_IN_FLIGHT = 4
"""Calls that only searches may have in flight, beside those of ingestion."""


class Account(Protocol):
    """What all users of one key share, over all processes."""

    async def take(self, *, urgent: bool) -> Permit:
        """Ask for a call."""
        ...

    async def slow_down(self, pause: float, *, sent: float) -> None:
        """The service refused a call as one too many: nobody calls for `pause` seconds, and all go slower then.

        Args:
            sent: how many seconds ago the refused call was sent. Calls that were under way when it slowed down
                last are no reason to slow down again.
        """
        ...

    async def pause(self, seconds: float) -> None:
        """The service is out of order: nobody calls for so long."""
        ...


class Pacer:
    """Makes calls through an account; one for each process and key.

    Args:
        in_flight: most calls at a time, beside searches.
        sleep: for tests with a clock of their own, as `clock` (seconds) and `chance` (0 to 1).
    """

    probe: Callable[[], Awaitable[object]] | None = None
    """Asks the service for nothing, and raises `VisionError` if it is not well; set by whoever makes the calls.

    It is used rarely: when failures can be those of an input or of the service.
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
        # One of each kind asks for its permit at a time, so that those who wait do not all ask.
        self._lines = {False: anyio.Lock(), True: anyio.Lock()}
        # Of new calls, only one is in the line: those that failed are tried again beside others, to be judged by them.
        self._entrance = anyio.Lock()
        self._not_before = {False: 0.0, True: 0.0}
        self._held_until = 0.0
        self._attribution = FailureAttribution()
        self._breaks = 0
        self._broken_until = 0.0

    async def call(self, send: Callable[[], Awaitable[T]], *, urgent: bool) -> T:
        """Make a call, again if need be, until it succeeds or cannot.

        Args:
            send: makes one attempt, or raises `VisionError` with its fault.
            urgent: somebody is waiting for the answer: it goes first, and ends soon.

        Raises:
            VisionError: with `Fault.INPUT` when it is this call's own input that fails, whatever the service
                calls it; with any other when no call succeeds.
        """
        case = self._attribution.open(self._clock())
        try:
            if not urgent:
                return await self._make(case, send, None)
            return await self._in_time(URGENT_WITHIN_S, partial(self._make, case, send))
        finally:
            self._attribution.close(case)

    async def _make(self, case: Case, send: Callable[[], Awaitable[T]], end: float | None) -> T:
        """Args: end: when it is given up, if it is urgent."""
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
                    if (ahead := await self._turn(urgent, deadline)) > 0:
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
            await self._heed(failure, sent)
            if failure.fault is Fault.SERVICE:
                again = self._attribution.fail(case, sent)
                if urgent and case.tries == URGENT_TRIES:
                    raise failure
                await self._ponder(case, failure, again, deadline)
            if self._clock() >= deadline():
                raise failure

    async def _ponder(self, case: Case, failure: VisionError, again: bool, deadline: Callable[[], float]) -> None:
        """Wait as long as this failure asks for, or find out that the input is to blame.

        Args:
            again: no call was answered since this one failed before.
        """
        if self._attribution.is_proven(case):
            raise _set_aside(case.tries, failure)
        if self._attribution.in_a_row >= BROKEN_AFTER or (case.tries >= TRIES and again):
            pause = min(MOST_BREAK_S, BREAK_S * 2**self._breaks)
            late = self._clock() + pause >= self._attribution.since + WITHIN_S
            if self._attribution.is_likely(case, late=late) and await self._is_well(deadline):
                raise _set_aside(case.tries, failure)
            await self._break(pause)
        elif failure.retry_after is None:
            await self._sleep(self._chance() * min(MOST_BACKOFF_S, BACKOFF_S * 2 ** (case.tries - 1)))

    async def _in_time(self, seconds: float, make: Callable[[float], Awaitable[T]]) -> T:
        """What `make` gives, which is cancelled after so many seconds.

        Args:
            make: takes the time at which that is.
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
                "Ask again later.",
                fault=Fault.SERVICE,
            )
        return answers[0]

    async def _turn(self, urgent: bool, deadline: Callable[[], float]) -> float:
        """Wait until a call may go; if that is past the deadline, return at once the seconds until then."""
        while True:
            while (ahead := max(self._held_until, self._not_before[urgent]) - self._clock()) > 0:
                if self._clock() + ahead > deadline():
                    return ahead
                await self._sleep(ahead)
            asked = self._clock()  # the wait is counted from here, however far the account is
            permit = await self._account.take(urgent=urgent)
            if permit.exhausted and (urgent or permit.exhausted.period != "minute"):
                raise _budget_exhausted(permit.exhausted)
            self._not_before[urgent] = max(self._not_before[urgent], asked + permit.wait)
            if permit.granted and self._held_until <= self._clock():
                return 0.0

    async def _is_well(self, deadline: Callable[[], float]) -> bool:
        """Whether the service answers a call that asks for nothing."""
        if self.probe is None:
            return False
        async with self._lines[False]:
            if await self._turn(False, deadline) > 0:
                return False
        sent = self._clock()
        try:
            await self.probe()
        except VisionError as error:
            await self._heed(error, sent)
            return False
        return True

    async def _heed(self, failure: VisionError, sent: float) -> None:
        """Let nobody call before the service allows it."""
        pause = BUSY_S if failure.retry_after is None else min(failure.retry_after, MOST_PAUSE_S)
        if failure.fault is Fault.BUSY:
            self._hold(pause)  # at once, and then for everyone
            await self._account.slow_down(pause, sent=self._clock() - sent)
        elif failure.fault is Fault.SERVICE and failure.retry_after is not None:
            self._hold(pause)
            await self._account.pause(pause)

    async def _break(self, pause: float) -> None:
        """Let everyone wait for a service that is out of order."""
        if self._clock() < self._broken_until:
            return  # another call has seen it
        self._breaks, self._attribution.in_a_row, self._broken_until = self._breaks + 1, 0, self._clock() + pause
        self._hold(pause)
        await self._account.pause(pause)

    def _hold(self, seconds: float) -> None:
        self._held_until = max(self._held_until, self._clock() + seconds)


def _set_aside(tries: int, failure: VisionError) -> VisionError:
    problem = f"The service failed {tries} times on this input, and is well otherwise: {failure.problem}"
    return VisionError(problem, "Look at the picture, or load it again later.", fault=Fault.INPUT)


def _too_long(seconds: float) -> VisionError:
    return VisionError(
        f"The service takes no calls for another {seconds:.0f} seconds.",
        "Ask again then.",
        fault=Fault.BUSY,
        retry_after=seconds,
    )


def _budget_exhausted(budget: Exhausted) -> VisionError:
    return VisionError(
        f"The budget of calls for this {budget.period} is used up.",
        f"It starts anew at {budget.until:%Y-%m-%d %H:%M} UTC; {budget.set_by} sets it.",
        fault=Fault.SETUP,
    )
