"""Jobs that go on in the background of a serving process, for as long as it lives."""

from __future__ import annotations

import logging
import uuid
from typing import TYPE_CHECKING

import anyio

from art_mcp.errors import ArtMcpError

if TYPE_CHECKING:
    from anyio.abc import TaskGroup

    from art_mcp.ingest.job import Ingest

log = logging.getLogger(__name__)

DRAIN_S = 1.5
"""Chat clients kill a server two seconds after they have closed it."""


class Runner:
    """Runs each job at most once at a time in this process.

    Args:
        tasks: lives as long as the process serves; what is cancelled with it can be continued later.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._running: dict[uuid.UUID, anyio.Event] = {}
        self._problems: dict[uuid.UUID, str] = {}

    def start(self, ingest: Ingest, job_id: uuid.UUID) -> None:
        """Work on a job in the background, unless that is being done already."""
        if job_id not in self._running:
            self._running[job_id] = anyio.Event()
            self._problems.pop(job_id, None)
            self._tasks.start_soon(self._run, ingest, job_id)

    async def wait(self, job_id: uuid.UUID) -> None:
        """Return when this process works no more on the job."""
        if running := self._running.get(job_id):
            await running.wait()

    def problem(self, job_id: uuid.UUID) -> str | None:
        """Why work on the job ended early, in a sentence for people."""
        return self._problems.get(job_id)

    async def _run(self, ingest: Ingest, job_id: uuid.UUID) -> None:
        try:
            await ingest.run(job_id, drain_s=DRAIN_S)
        except ArtMcpError as error:
            self._problems[job_id] = str(error)
        except Exception:
            log.exception("Ingest job %s failed", job_id)
            self._problems[job_id] = "The server failed for a reason that it has logged."
        finally:
            self._running.pop(job_id).set()
