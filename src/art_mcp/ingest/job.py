"""Ingest jobs: creates them, plans them and runs them to completion."""

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

from art_mcp.images.undecoded import FORMAT_NAMES
from art_mcp.ingest import elsewhere
from art_mcp.ingest.batch import BatchStore
from art_mcp.ingest.copies import Comparison
from art_mcp.ingest.embedding import BATCH
from art_mcp.ingest.errors import IngestError, unknown_job
from art_mcp.ingest.listing import begin, write_down
from art_mcp.ingest.plan import Plan, Planner
from art_mcp.ingest.run import DRAIN_S, Run, Stopped
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Options, Source, SourceError
from art_mcp.memory import keep_giving_back
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

WORK_POLL_S = 0.2
"""Seconds between two checks by an idle worker for new items or the end of the job."""
LISTING_POLL_S = 1
"""Seconds between two attempts to take over the listing of rows from another process, in case that process died."""
CANCEL_POLL_S = 1
"""Seconds between two checks whether the job was cancelled."""
GLANCE_S = 5
"""Maximum duration of a plan made at a glance in seconds; a user waits for it before a load."""
MAX_COLLECTION_NAME = 100
"""Maximum length of a collection's name in characters."""
UPDATE_OR_NAME = "To update it, give its name as the collection; to store them a second time, give another name."


class Ingest:
    """Creates and runs jobs; several instances, also in different processes, can run the same job concurrently.

    Args:
        spaces: the active spaces that `provider` fills.
        decoder: decodes the pictures; the caller closes it.
        display_size: longest side of the display rendition in pixels.
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
        principal: str | None = None,
    ) -> uuid.UUID:
        """Create a job and record its first page of rows; `run` does the work.

        Args:
            source: a source that `open_source` accepts.
            collection: name of the collection; by default the source's name.
            within: folders that every file must be in after links are resolved; None for no restriction.
            principal: who starts it, if there is access control.

        Returns:
            The id of the new job, or of a running job of the same principal, source, collection and options.

        Raises:
            SourceError: the source cannot be read or has no rows.
            IngestError: the collection's name is invalid, or was derived from the source and is taken by another one.
        """
        source = os.fspath(source)
        async with self._opened(source, options, within) as found:
            name = await self._collection(found, collection, source)
            async with aclosing(found.pages(None)) as pages:
                first = await anext(pages, None)
                if first is None:
                    raise SourceError(
                        f"{found.name} contains no pictures or rows.",
                        f"Pass a folder with {', '.join(FORMAT_NAMES.values())} files, or a table that lists them.",
                    )
        folders = None if within is None else [str(folder) for folder in within]
        job_id = await jobs.create(self._database, source, folders, name, options.as_dict(), principal)
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
        """Determine what a job with these arguments would do, without storing or paying for anything.

        Args:
            seconds: maximum duration in seconds; None for no limit.
            at_a_glance: take at most `GLANCE_S` seconds and read no pictures: a picture that is already stored is
                assumed to be unchanged.

        Raises:
            SourceError, IngestError: as for `create`.
        """
        source = os.fspath(source)
        async with self._opened(source, options, within) as found:
            name = await self._collection(found, collection, source)
            planner = Planner(self._database, self._batches, found, source, name, look=found.local and not at_a_glance)
            plan = await planner.plan(options.limit, seconds=GLANCE_S if at_a_glance else seconds)
            if options.sheet is not None:  # the other sheets were not read
                plan.missing = 0
            already = await self._elsewhere(found, source, collection, name)
            plan.elsewhere = str(already) if already else None
            return plan

    async def elsewhere(
        self,
        source: str | os.PathLike[str],
        collection: str | None = None,
        *,
        options: Options = DEFAULTS,
        within: Sequence[Path] | None = None,
    ) -> IngestError | None:
        """What to tell the user before a load if another collection has the source's paintings already, or None.

        Raises:
            SourceError, IngestError: as for `create`.
        """
        source = os.fspath(source)
        async with self._opened(source, options, within) as found:
            name = await self._collection(found, collection, source)
            return await self._elsewhere(found, source, collection, name)

    async def run(self, job_id: uuid.UUID, *, drain_s: float = DRAIN_S) -> None:
        """Run a job until all its items are processed, including those that other processes hold a lease on.

        A picture that cannot be stored is refused individually. A failure of the source or the provider, or a long
        outage of the database, ends the run: it releases its items, and a later run resumes the job. If this call or
        the job is cancelled, calls in progress are completed first.

        Args:
            drain_s: seconds that calls in progress may take after cancellation before they are aborted.

        Raises:
            IngestError: the job does not exist, or its source can no longer be read.
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
        await Comparison(self._database).run()
        await Run().through(partial(self._end, job))

    @asynccontextmanager
    async def _opened(self, source: str, options: Options, within: Sequence[Path] | None) -> AsyncIterator[Source]:
        if _is_not_text(source):
            raise IngestError("The source's path is not valid text.", "Rename the file or folder.")
        async with aclosing(await anyio.to_thread.run_sync(open_source, source, options, within)) as found:
            yield found

    async def _collection(self, found: Source, given: str | None, source: str) -> str:
        """The normalised collection name; by default the source's, if no other source has used it.

        Raises:
            IngestError: the name is invalid, or is the default and belongs to another source.
        """
        name = collection_name(given or found.name)
        if not given and await jobs.other_source(self._database, name, source):
            if await elsewhere.is_moved(self._database, found, name):
                raise IngestError(
                    f"The collection {name} has these paintings already, loaded from another place.", UPDATE_OR_NAME
                )
            raise IngestError(
                f"The collection {name} was loaded from another source with this name.",
                "Pass a collection name: a new one to keep them apart, the same one to merge them.",
            )
        return name

    async def _elsewhere(self, found: Source, source: str, given: str | None, name: str) -> IngestError | None:
        holder = await elsewhere.holder(self._database, found, source, name)
        if holder is None:
            return None
        named = f"To update it, give its name as the collection; otherwise they are stored a second time, in {name}."
        return IngestError(f"The collection {holder} has these paintings already.", named if given else UPDATE_OR_NAME)

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
        """Drain the run when it or the job is cancelled."""
        try:
            while True:
                await anyio.sleep(CANCEL_POLL_S)
                with suppress(LostError):
                    if not await jobs.is_running(self._database, job.id):
                        return
        finally:
            run.drain()

    async def _list(self, job: Job, source: Source, run: Run, *, task_status: TaskStatus[None]) -> None:
        is_started = False

        def written() -> None:
            nonlocal is_started
            if not is_started:
                is_started = True
                task_status.started()

        async def list_all() -> None:
            async with leases.acquire(self._database) as lease:
                while True:
                    await write_down(self._database, job, source, lease, written)
                    written()
                    if await jobs.is_listed(self._database, job.id):
                        return
                    await anyio.sleep(LISTING_POLL_S)

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
                    await anyio.sleep(WORK_POLL_S)


def collection_name(given: str) -> str:
    """Normalise a collection's name to the form that filters use.

    Raises:
        IngestError: the name is empty, too long or contains unprintable characters.
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
            f"The source of job {job.id} can no longer be read: {error.problem}",
            "Restore it (or mount its disk) and continue the job.",
        ) from error


def _is_not_text(source: str) -> bool:
    """Whether a path contains bytes that are not UTF-8, which PostgreSQL cannot store as text."""
    try:
        source.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False
