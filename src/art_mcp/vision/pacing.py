"""When calls to a paid service are made: no faster than it allows, searches first, and again after a failure."""

from __future__ import annotations

import datetime
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

import anyio

from art_mcp.account import Turn
from art_mcp.vision.provider import Fault, VisionError

T = TypeVar("T")

TRIES, URGENT_TRIES = 5, 2
"""Of one call, before its input is set aside, or somebody who waits is told."""
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
"""A search is told then, and answered without this service."""
WITHIN_S = 900.0
SPARE_IN_FLIGHT = 4
"""Calls that only searches may have in flight, beside those of ingestion."""


class Account(Protocol):
    """What all users of one key share, over all processes."""

    async def take(self, *, urgent: bool) -> Turn:
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
        # One of each kind asks for its turn at a time, so that those who wait do not all ask.
        self._lines = {False: anyio.Lock(), True: anyio.Lock()}
        self._not_before = {False: 0.0, True: 0.0}
        self._successes = 0
        self._failures = 0
        self._breaks = 0
        self._broken_until = 0.0

    async def call(self, send: Callable[[], Awaitable[T]], *, urgent: bool) -> T:
        """Make a call, again if need be, until it succeeds or cannot.

        Args:
            send: makes one attempt, or raises `VisionError` with its fault.
            urgent: somebody is waiting for the answer: it goes first, and gives up soon.

        Raises:
            VisionError: with `Fault.INPUT` when it is this call's own input that fails, whatever the service
                calls it; with any other when no call succeeds.
        """
        deadline = self._clock() + (URGENT_WITHIN_S if urgent else WITHIN_S)
        successes, tries = self._successes, 0
        failure: VisionError | None = None
        while True:
            async with self._places[urgent]:
                if (ahead := await self._turn(urgent, deadline)) > 0:
                    raise failure or _too_long(ahead)
                sent = self._clock()
                try:
                    answer = await send()
                except VisionError as error:
                    failure = error
                else:
                    self._successes, self._failures, self._breaks = self._successes + 1, 0, 0
                    return answer
            if failure.fault is Fault.BUSY:
                await self._slow_down(failure, sent)
            elif failure.fault is Fault.SERVICE:
                self._failures, tries = self._failures + 1, tries + 1
                if urgent and tries == URGENT_TRIES:
                    raise failure
                if tries >= TRIES and self._successes > successes:
                    raise _set_aside(failure)
                if tries >= TRIES or self._failures >= BROKEN_AFTER:
                    await self._break()
                else:
                    await self._sleep(self._chance() * min(MOST_BACKOFF_S, BACKOFF_S * 2 ** (tries - 1)))
            else:
                raise failure
            if self._clock() >= deadline:
                raise failure

    async def _turn(self, urgent: bool, deadline: float) -> float:
        """Wait until a call may go; if that is past the deadline, return at once the seconds until then."""
        async with self._lines[urgent]:
            while True:
                if (ahead := self._not_before[urgent] - self._clock()) > 0:
                    if self._clock() + ahead > deadline:
                        return ahead
                    await self._sleep(ahead)
                asked = self._clock()  # the wait is counted from here, however far the account is
                turn = await self._account.take(urgent=urgent)
                if turn.used_up and turn.until and (urgent or turn.used_up != "minute"):
                    raise _used_up(turn.used_up, turn.until)
                self._not_before[urgent] = max(self._not_before[urgent], asked + turn.wait)
                if turn.granted:
                    return 0.0

    async def _slow_down(self, failure: VisionError, sent: float) -> None:
        pause = BUSY_S if failure.retry_after is None else min(failure.retry_after, MOST_PAUSE_S)
        self._hold(pause)  # at once, and then for everyone
        await self._account.slow_down(pause, sent=self._clock() - sent)

    async def _break(self) -> None:
        if self._clock() < self._broken_until:
            return  # another call has seen it
        pause = min(MOST_BREAK_S, BREAK_S * 2**self._breaks)
        self._breaks, self._failures, self._broken_until = self._breaks + 1, 0, self._clock() + pause
        self._hold(pause)
        await self._account.pause(pause)

    def _hold(self, seconds: float) -> None:
        for urgent, earlier in self._not_before.items():
            self._not_before[urgent] = max(earlier, self._clock() + seconds)


def _set_aside(failure: VisionError) -> VisionError:
    problem = f"The service failed {TRIES} times on this input, and not on others: {failure.problem}"
    return VisionError(problem, "Look at the picture, or load it again later.", fault=Fault.INPUT)


def _too_long(seconds: float) -> VisionError:
    return VisionError(
        f"The service takes no calls for another {seconds:.0f} seconds.",
        "Ask again then.",
        fault=Fault.BUSY,
        retry_after=seconds,
    )


def _used_up(period: str, until: datetime.datetime) -> VisionError:
    return VisionError(
        f"The budget of calls for this {period} is used up.",
        f"It starts anew at {until:%Y-%m-%d %H:%M} UTC; ART_MCP_BUDGET_{period.upper()} sets it.",
        fault=Fault.SETUP,
    )
