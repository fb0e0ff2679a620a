"""One run of a job: how it is told to begin nothing more, and how it bears that the database is away."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.store.errors import LostError, StoreError
from art_mcp.store.leases import LeaseLostError

log = logging.getLogger(__name__)

DRAIN_S = 8
"""Containers are killed ten seconds after they were told to end."""
TRY_AGAIN_S = 1
AWAY_S = 300
"""How long the database may be away: a restart takes seconds, and minutes where another server takes over."""
BACK_S = 180
"""So long after the last loss, the next is another one: longer than a statement may take without an answer."""


class Stopped(ArtMcpError):
    """A run was told to end before its job did."""

    def __init__(self) -> None:
        super().__init__("Work on the job was stopped.", "Continue the job.")


class Run:
    """What the tasks of one run share.

    Args:
        drain_s: how long what is under way may take once the run is to end.
    """

    def __init__(self, drain_s: float = DRAIN_S) -> None:
        self._drain_s = drain_s
        self.stopped: list[ArtMcpError] = []
        """Why nothing more is begun; calls that are under way, paid for, end well."""
        self.listing = anyio.CancelScope()
        self.tasks = anyio.CancelScope(shield=True)
        self._away_since = self._lost_at = -math.inf

    def stop(self, why: ArtMcpError) -> None:
        """Begin nothing more."""
        self.stopped.append(why)
        self.listing.cancel()

    def drain(self) -> None:
        """Begin nothing more, and end soon."""
        self.stop(Stopped())
        self.tasks.deadline = anyio.current_time() + self._drain_s

    async def through(self, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work`, and again from its beginning each time that the database, or this process, has been away.

        Raises:
            LostError: the database did not come back in time.
        """
        while True:
            try:
                return await work()
            except (LostError, LeaseLostError) as error:
                if self.stopped or self._is_away_too_long(error):
                    raise
                await anyio.sleep(TRY_AGAIN_S)

    def _is_away_too_long(self, error: StoreError) -> bool:
        now = anyio.current_time()
        if now > self._lost_at + BACK_S:
            self._away_since = now
            log.warning("%s The load goes on when it is back.", error.problem)
        self._lost_at = now
        return now > self._away_since + AWAY_S
