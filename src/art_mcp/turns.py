"""Work with limited concurrency: callers take turns, so that none waits for all calls of another."""

from __future__ import annotations

from collections import deque
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
    """Runs blocking work in threads.

    Args:
        places: how much work runs at once.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[str, deque[anyio.Event]] = {}
        """What waits, by caller; the first caller has the next turn."""

    async def run(self, work: Callable[..., T], *args: object) -> T:
        """Run it in a thread once there is a place, and return its result."""
        async with self._turn():
            return await anyio.to_thread.run_sync(work, *args)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        if self._free:
            self._free -= 1
        else:
            await self._wait()
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self) -> None:
        turn, queue = anyio.Event(), self._waiting.setdefault(caller.get(), deque())
        queue.append(turn)
        try:
            await turn.wait()
        except BaseException:
            if turn.is_set():  # and cancelled at the same time
                self._pass_on()
            else:
                queue.remove(turn)
                if not queue:
                    del self._waiting[caller.get()]
            raise

    def _pass_on(self) -> None:
        """Pass the place to the first caller in the queue, who moves to its end, or free it."""
        if not self._waiting:
            self._free += 1
            return
        who = next(iter(self._waiting))
        queue = self._waiting.pop(who)
        queue.popleft().set()
        if queue:
            self._waiting[who] = queue
