"""Limits how many calls each caller makes a minute and at once, in all processes that share the database.

A caller can make a fifth of the minute's calls in a burst. Then each waits until the next one is due, so that a client
that calls as fast as it can is slowed down to an even rate. A large body costs what as many small calls do.
"""

from __future__ import annotations

import logging
import math
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
from anyio.abc import TaskGroup, TaskStatus

from art_mcp import store
from art_mcp.errors import ArtMcpError
from art_mcp.server.access.body import Body
from art_mcp.server.access.principal import ANONYMOUS
from art_mcp.settings import Settings
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from art_mcp.store.database import Database

log = logging.getLogger(__name__)

ANONYMOUS_SHARES = 10
"""Callers without a token share the limits of this many callers with one: behind a proxy, they have one address."""
AGAIN_S = 1
"""Seconds after which to try again if too many calls are in progress."""
END_WITHIN_S = 5
PATIENCE_S = 10
"""Seconds that a call waits until it is due. If that is later, it is refused."""
CALL_BYTES = 1024 * 1024
"""Bytes of a body that count as another call."""


class TooManyCallsError(Exception):
    """A caller has made one call too many.

    Attributes:
        wait: whole seconds after which to try again.
    """

    def __init__(self, said: str, wait: int) -> None:
        super().__init__(said)
        self.wait = wait


class Limits:
    """Counts calls while `run` is entered. If the database does not answer, it lets all of them pass.

    Args:
        settings: `calls_a_minute` and `calls_at_once`.
        database: opens the database.
    """

    def __init__(self, settings: Settings, database: Callable[[], Awaitable[Database]]) -> None:
        self._a_minute, self._at_once = settings.calls_a_minute, settings.calls_at_once
        self._database = database
        self._tasks: TaskGroup
        self._leasing = anyio.Lock()
        self._holding: anyio.CancelScope
        self._lease: uuid.UUID | None = None
        """Tells other processes that the calls of this one are in progress."""
        self._refused_until: dict[str, float] = {}
        """When the minute's calls of a caller are no longer over: until then, the database is not asked again."""

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Needed for `call`; at its end, all calls of this process have ended for the others."""
        async with task_group() as self._tasks:
            yield
            self._tasks.cancel_scope.cancel()

    @asynccontextmanager
    async def call(self, caller: str, body: Body) -> AsyncIterator[None]:
        """Count a call that lasts as long as the block, after waiting until it is due.

        Args:
            body: what is received of it in the block counts as well.

        Raises:
            TooManyCallsError: it is one too many.
        """
        lease, wait = await self._begin(caller)
        try:
            await anyio.sleep(wait)
            yield
        finally:
            if lease:
                await self._end(caller, lease, body.size // CALL_BYTES * 60 / self._limits(caller)[0])

    def _limits(self, caller: str) -> tuple[int, int]:
        """A caller's calls a minute and at once."""
        shares = ANONYMOUS_SHARES if caller == ANONYMOUS else 1
        return self._a_minute * shares, self._at_once * shares

    async def _begin(self, caller: str) -> tuple[uuid.UUID | None, float]:
        """Return the lease with which the call is counted, None if it cannot be counted, and the seconds to wait."""
        a_minute, at_once = self._limits(caller)
        now = anyio.current_time()
        wait = self._refused_until.pop(caller, now) - now
        if wait <= 0:
            try:
                lease, database = await self._leased(), await self._database()
                granted, wait = await store.callers.begin(
                    database, caller, lease, a_minute=a_minute, at_once=at_once, patience=PATIENCE_S
                )
            except ArtMcpError as error:
                log.warning("Calls cannot be counted: %s", error)
                return None, 0
            if granted:
                return lease, wait
        if wait:
            self._refused_until[caller] = now + wait
        seconds = math.ceil(wait) or AGAIN_S
        who = "All users without a token together" if caller == ANONYMOUS else "A user"
        limit = f"{a_minute} calls a minute" if wait else f"{at_once} calls at once"
        raise TooManyCallsError(f"Too many calls. {who} may make {limit}. Try again in {seconds} s.", seconds)

    async def _end(self, caller: str, lease: uuid.UUID, cost: float) -> None:
        with anyio.move_on_after(END_WITHIN_S, shield=True):
            try:
                await store.callers.end(await self._database(), caller, lease, cost=cost)
                return
            except ArtMcpError as error:
                log.warning("The end of a call cannot be counted: %s", error)
        # Otherwise the call would be in progress for as long as this process holds that lease.
        if lease == self._lease:
            self._holding.cancel()

    async def _leased(self) -> uuid.UUID:
        async with self._leasing:
            if self._lease is None:
                await self._tasks.start(self._keep_lease)
            assert self._lease
            return self._lease

    async def _keep_lease(self, *, task_status: TaskStatus[None]) -> None:
        """Hold a lease until it is given up, or lost by a process that slept a day; the next call takes a new one."""
        try:
            with anyio.CancelScope() as self._holding:
                async with store.leases.acquire(await self._database()) as self._lease:
                    task_status.started()
                    await anyio.sleep_forever()
        except ArtMcpError as error:
            if self._lease is None:  # who starts this task waits for the lease
                raise
            log.warning("The calls in progress are no longer counted: %s", error)
        finally:
            self._lease = None
