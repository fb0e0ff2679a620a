"""Runs ingest jobs as background tasks of a server process."""

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
"""Seconds that work in progress may take at shutdown; chat clients kill a server 2 seconds after closing it."""


class Runner:
    """Runs each job at most once at a time in this process.

    Args:
        tasks: task group of the server; a job that is cancelled with it can be continued later.
    """

    def __init__(self, tasks: TaskGroup) -> None:
        self._tasks = tasks
        self._running: dict[uuid.UUID, anyio.Event] = {}
        self._problems: dict[uuid.UUID, str] = {}

    def start(self, ingest: Ingest, job_id: uuid.UUID) -> None:
        """Run a job in the background, unless it is already running in this process."""
        if job_id not in self._running:
            self._running[job_id] = anyio.Event()
            self._problems.pop(job_id, None)
            self._tasks.start_soon(self._run, ingest, job_id)

    async def wait(self, job_id: uuid.UUID) -> None:
        """Wait until this process no longer runs the job."""
        if running := self._running.get(job_id):
            await running.wait()

    def problem(self, job_id: uuid.UUID) -> str | None:
        """The error message for the user if the last run of the job failed; None otherwise."""
        return self._problems.get(job_id)

    async def _run(self, ingest: Ingest, job_id: uuid.UUID) -> None:
        try:
            await ingest.run(job_id, drain_s=DRAIN_S)
        except ArtMcpError as error:
            self._problems[job_id] = str(error)
        except Exception:
            log.exception("Ingest job %s failed", job_id)
            self._problems[job_id] = "The server failed; see its log for the reason."
        finally:
            self._running.pop(job_id).set()
