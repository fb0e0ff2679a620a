"""Work with limited concurrency: callers take turns, so that none waits for all calls of another."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import TypeVar

import anyio
import anyio.to_thread

T = TypeVar("T")

caller: ContextVar[str] = ContextVar("caller", default="")
"""For whom the current task works; empty if there is only one."""


class Turns:
    """Limits how much work runs at once.

    Args:
        places: how much work runs at once.
        of_one: how much of it for one caller; by default as much.
    """

    def __init__(self, places: int, *, of_one: int | None = None) -> None:
        self._free = places
        self._of_one = of_one or places
        self._running: Counter[str] = Counter()
        self._waiting: dict[str, deque[anyio.Event]] = {}
        """What waits, by caller; the first caller has the next turn."""

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Run blocking work in a thread once there is a place, and return its result."""
        async with self.turn():
            return await anyio.to_thread.run_sync(work, *args)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a place, which the block has until its end."""
        who = caller.get()
        if self._may(who):
            self._take(who)
        else:
            await self._wait(who)
        try:
            yield
        finally:
            self._give_back(who)

    def _may(self, who: str) -> bool:
        return self._free > 0 and self._running[who] < self._of_one

    def _take(self, who: str) -> None:
        self._free -= 1
        self._running[who] += 1

    async def _wait(self, who: str) -> None:
        turn, queue = anyio.Event(), self._waiting.setdefault(who, deque())
        queue.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # and cancelled at the same time
                self._give_back(who)
            else:
                queue.remove(turn)
                if not queue:
                    del self._waiting[who]
            raise

    def _give_back(self, who: str) -> None:
        """Free a place, and give it to the first caller in the queue who may have it, who moves to its end."""
        self._free += 1
        self._running -= Counter((who,))
        if (next_ := next(filter(self._may, self._waiting), None)) is not None:
            queue = self._waiting.pop(next_)
            self._take(next_)
            queue.popleft().set()
            if queue:
                self._waiting[next_] = queue
