"""Ingest jobs: starting them, and working on them until nothing is left."""

from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.lowlevel
import anyio.to_thread
from anyio.abc import TaskStatus

from art_mcp.errors import ArtMcpError
from art_mcp.ingest.batch import BatchStore
from art_mcp.ingest.embedding import BATCH
from art_mcp.ingest.listing import begin, write_down
from art_mcp.ingest.memory import keep_giving_back
from art_mcp.ingest.plan import Plan, Planner
from art_mcp.ingest.run import DRAIN_S, Run, Stopped
from art_mcp.ingest.sources import DEFAULTS, Options, Source, SourceError, open_source
from art_mcp.painting import readable
from art_mcp.store import jobs, leases, removal
from art_mcp.store.errors import LostError, MovedError, StoreError
from art_mcp.store.jobs import Job
from art_mcp.tasks import task_group
from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    from art_mcp.images.decoding import Decoder
    from art_mcp.space import Space
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider

LOOK_AGAIN_S = 0.2
"""How often a worker without work looks whether there is some, or the job is over."""
LIST_AGAIN_S = 1
"""How often a process looks whether the one that lists the rows is gone, so that it has to go on with that."""
LOOK_AT_JOB_S = 1
"""How soon it is seen that somebody has cancelled the job."""
GLANCE_S = 5
"""How long a person waits, before a load, to see what it costs, in seconds."""
MAX_COLLECTION_NAME = 100


class IngestError(ArtMcpError):
    """A job cannot be started or continued."""


class Ingest:
    """Creates jobs and works on them; several of these, in several processes, may work on one job.

    Args:
        spaces: the active spaces that `provider` fills.
        decoder: what the pictures are decoded by; it stays its owner's.
        display_size: longest side in pixels of the picture that is kept for showing.
    """

    def __init__(
        self, database: Database, provider: Provider, spaces: Sequence[Space], decoder: Decoder, *, display_size: int
    ) -> None:
        self._database = database
        self._batches = BatchStore(database, provider, spaces, decoder, display_size=display_size)

    @property
    def billed(self) -> bool:
        """Whether a picture's vector costs money."""
        return self._batches.billed

    async def create(
        self,
        source: str | os.PathLike[str],
        collection: str | None = None,
        *,
        options: Options = DEFAULTS,
        within: Sequence[Path] | None = None,
    ) -> uuid.UUID:
        """Start a job, or find the one that is still running of the same source, collection and options.

        Args:
            source: what `open_source` takes.
            within: folders in which every file must truly lie; None where the user's own rights decide.

        Raises:
            SourceError: the source cannot be read, or has no rows.
            IngestError: the collection's name cannot be used.
        """
        source = os.fspath(source)
        async with self._opened(source, options, within) as found:
            name = await self._collection(found, collection, source)
            async with aclosing(found.pages(None)) as pages:
                first = await anext(pages, None)
                if first is None:
                    raise SourceError(
                        f"{found.name} holds no pictures and no rows.",
                        "Give a folder that holds JPEG, PNG, WebP, TIFF, GIF or BMP files, or a table that names them.",
                    )
        folders = None if within is None else [str(folder) for folder in within]
        job_id = await jobs.create(self._database, source, folders, name, options.as_dict())
        await begin(self._database, job_id, first)
        return job_id

    async def plan(
        self,
        source: str | os.PathLike[str],
        collection: str | None = None,
        *,
        options: Options = DEFAULTS,
        within: Sequence[Path] | None = None,
        seconds: float | None = None,
        at_a_glance: bool = False,
    ) -> Plan:
        """What such a job would do; nothing is stored or paid for.

        Args:
            seconds: how long to look at most.
            at_a_glance: look for `GLANCE_S` at most, and at no pictures: those of paintings that are stored already
                are taken to be the same.

        Raises:
            SourceError, IngestError: as of `create`.
        """
        source = os.fspath(source)
        async with self._opened(source, options, within) as found:
            name = await self._collection(found, collection, source)
            planner = Planner(self._database, self._batches, found, source, name, look=found.local and not at_a_glance)
            return await planner.plan(options.limit, seconds=GLANCE_S if at_a_glance else seconds)

    async def run(self, job_id: uuid.UUID, *, drain_s: float = DRAIN_S) -> None:
        """Work until nothing of the job is left, waiting for what other processes hold of it.

        What cannot be stored is refused by itself. A fault of the source or the provider ends the run, and so does a
        database that stays away; the items that were held are given back, and a later run goes on. Where this is
        cancelled, or the job is, calls that are under way end first.

        Args:
            drain_s: how long these may take; then they are cut off.

        Raises:
            IngestError: there is no such job, or its source is gone.
            ArtMcpError: the source, the database or the provider failed.
        """
        job = await jobs.get(self._database, job_id)
        if job is None:
            raise unknown_job(job_id)
        if job.state != "running":
            return
        run = Run(drain_s)
        async with aclosing(await _reopen(job)) as source, task_group() as watching:
            watching.start_soon(self._watch, job, run)
            watching.start_soon(keep_giving_back)
            with run.tasks:
                await self._work_together(job, source, run)
            watching.cancel_scope.cancel()
        await anyio.lowlevel.checkpoint_if_cancelled()
        if run.stopped and not isinstance(run.stopped[0], Stopped):
            raise run.stopped[0]
        await Run().through(partial(self._end, job))

    @asynccontextmanager
    async def _opened(self, source: str, options: Options, within: Sequence[Path] | None) -> AsyncIterator[Source]:
        if _is_not_text(source):
            raise IngestError("The source's path is not valid text.", "Rename the file or folder.")
        async with aclosing(await anyio.to_thread.run_sync(open_source, source, options, within)) as found:
            yield found

    async def _collection(self, found: Source, given: str | None, source: str) -> str:
        """The collection's name, in the form in which it is filtered by."""
        name = collection_name(given or found.name)
        if not given and await jobs.other_source(self._database, name, source):
            raise IngestError(
                f"The collection {name} was loaded from another folder or table of this name.",
                "Give the collection's name: a new one to keep them apart, the same one to put them together.",
            )
        return name

    async def _end(self, job: Job) -> None:
        problem = None
        if Options.of(job.options).remove_missing and await jobs.is_over(self._database, job.id):
            try:
                await removal.remove_missing(self._database, job.id)
            except StoreError as error:
                problem = error
        await jobs.finish(self._database, job.id)
        if problem is not None:
            raise problem

    async def _work_together(self, job: Job, source: Source, run: Run) -> None:
        async with anyio.create_task_group() as group:
            await group.start(self._list, job, source, run)
            for _ in range(self._batches.workers):
                group.start_soon(run.through, partial(self._work, job, source, run))

    async def _watch(self, job: Job, run: Run) -> None:
        """Let the run end soon if it, or the job, is cancelled."""
        try:
            while True:
                await anyio.sleep(LOOK_AT_JOB_S)
                with suppress(LostError):
                    if not await jobs.is_running(self._database, job.id):
                        return
        finally:
            run.drain()

    async def _list(self, job: Job, source: Source, run: Run, *, task_status: TaskStatus[None]) -> None:
        told = False

        def written() -> None:
            nonlocal told
            if not told:
                told = True
                task_status.started()

        async def list_all() -> None:
            async with leases.acquire(self._database) as lease:
                while True:
                    await write_down(self._database, job, source, lease, written)
                    written()
                    if await jobs.is_listed(self._database, job.id):
                        return
                    await anyio.sleep(LIST_AGAIN_S)

        with run.listing:
            try:
                await run.through(list_all)
            except SourceError as error:
                run.stop(error)
        written()

    async def _work(self, job: Job, source: Source, run: Run) -> None:
        async with leases.acquire(self._database) as lease:
            while not run.stopped:
                if items := await jobs.hold(self._database, job.id, lease, BATCH):
                    try:
                        await self._batches.store(job, items, source, run.stopped)
                    except (Stopped, VisionError, MovedError, SourceError) as error:
                        run.stop(error)
                elif await jobs.is_over(self._database, job.id):
                    return
                else:
                    await anyio.sleep(LOOK_AGAIN_S)


def collection_name(given: str) -> str:
    """A collection's name in the form in which it is filtered by.

    Raises:
        IngestError: it cannot be used.
    """
    given = given.strip()
    name = readable(given)
    if not name or len(name) > MAX_COLLECTION_NAME or not given.isprintable():
        raise IngestError(
            "The collection's name cannot be used.",
            f"Choose one of 1 to {MAX_COLLECTION_NAME} printable characters.",
        )
    return name


async def _reopen(job: Job) -> Source:
    within = None if job.within is None else [Path(folder) for folder in job.within]
    try:
        return await anyio.to_thread.run_sync(open_source, job.source, Options.of(job.options), within)
    except SourceError as error:
        raise IngestError(
            f"The source of job {job.id} cannot be read any more: {error.problem}",
            "Put it back (or mount its disk) and continue the job.",
        ) from error


def _is_not_text(source: str) -> bool:
    """Whether a path holds bytes that are not UTF-8, which no database stores as text."""
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def unknown_job(job_id: object) -> IngestError:
    """The error for a job id that is not in the database."""
    return IngestError(f"There is no ingest job {str(job_id)!r:.60}.", "Start one with the path of a source.")
