"""One run of a job: stopping it gracefully, and retrying while the database is unreachable."""

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
"""Seconds that work in progress may take after a stop; containers are killed 10 seconds after SIGTERM."""
TRY_AGAIN_S = 1
"""Seconds between two attempts while the database is unreachable."""
AWAY_S = 300
"""Seconds of database outage that a run tolerates: a restart takes seconds, a failover to another server minutes."""
BACK_S = 180
"""Seconds without a failure after which the next one counts as a new outage; longer than a statement can hang."""


class Stopped(ArtMcpError):
    """A run was stopped before its job was complete."""

    def __init__(self) -> None:
        super().__init__("Work on the job was stopped.", "Continue the job.")


class Run:
    """State shared by the tasks of one run.

    Args:
        drain_s: seconds that work in progress may take after `drain`.
    """

    def __init__(self, drain_s: float = DRAIN_S) -> None:
        self._drain_s = drain_s
        self.stopped: list[ArtMcpError] = []
        """Reasons to start no more work, the first one first; paid calls in progress are still completed."""
        self.listing = anyio.CancelScope()
        self.tasks = anyio.CancelScope(shield=True)
        self._away_since = self._lost_at = -math.inf

    def stop(self, why: ArtMcpError) -> None:
        """Start no more work."""
        self.stopped.append(why)
        self.listing.cancel()

    def drain(self) -> None:
        """Start no more work, and cancel work in progress after `drain_s` seconds."""
        self.stop(Stopped())
        self.tasks.deadline = anyio.current_time() + self._drain_s

    async def through(self, work: Callable[[], Awaitable[None]]) -> None:
        """Run `work`, and restart it each time the database connection or the lease was lost.

        Raises:
            LostError, LeaseLostError: the outage lasted longer than `AWAY_S`, or the run was stopped.
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
            log.warning("%s The load resumes once it is back.", error.problem)
        self._lost_at = now
        return now > self._away_since + AWAY_S
