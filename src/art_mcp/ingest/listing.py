"""Writing down the rows of a job's source, while others already work on them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.ingest.sources import Options, Page, Refusal, Row, Source
from art_mcp.painting import painting_id
from art_mcp.store import jobs
from art_mcp.store.errors import LostError
from art_mcp.store.jobs import Job, NewItem
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from art_mcp.store.database import Database

GIVE_BACK_WITHIN_S = 5


async def begin(database: Database, job_id: uuid.UUID, page: Page) -> None:
    """Write down the first page of a new job, which was read to see whether there is anything."""
    listing = await jobs.start_listing(database, job_id)
    if listing is not None:
        try:
            job = await jobs.get(database, job_id)
            if listing.after is None and job is not None:
                await jobs.append(database, job_id, listing.lister, *_next(job, page, 0))
        finally:
            await jobs.stop_listing(database, job_id, listing.lister)


async def write_down(database: Database, job: Job, source: Source, written: Callable[[], None]) -> None:
    """List a job's rows to the end, or from where it was left; returns at once while another process does.

    Args:
        written: called as soon as there is something to work on.

    Raises:
        SourceError: the source cannot be read on; what is listed stays, and a later call goes on.
    """
    listing = await jobs.start_listing(database, job.id)
    if listing is None:
        return
    try:
        async with task_group() as renewing:
            renewing.start_soon(_renew, database, job, listing.lister)
            listed = listing.listed
            async with aclosing(source.pages(listing.after)) as pages:
                async for page in pages:
                    items, after = _next(job, page, listed)
                    listed += len(items)
                    mine = await jobs.append(database, job.id, listing.lister, items, after)
                    written()
                    if not mine or after is None:  # cancelled, removed, or the lease was lost; or that was all
                        break
                else:
                    await jobs.append(database, job.id, listing.lister, [], None)
            renewing.cancel_scope.cancel()
    finally:
        with suppress(ArtMcpError), anyio.move_on_after(GIVE_BACK_WITHIN_S, shield=True):
            await jobs.stop_listing(database, job.id, listing.lister)


async def _renew(database: Database, job: Job, lister: uuid.UUID) -> None:
    while True:
        await anyio.sleep(jobs.HOLD_S / 3)
        with suppress(LostError):  # whoever needs the database now tells
            await jobs.renew_listing(database, job.id, lister)


def _next(job: Job, page: Page, listed: int) -> tuple[list[NewItem], str | None]:
    """A page's items, and where the list goes on, if it does.

    Args:
        listed: how many rows were before.
    """
    limit, rows, after = Options.of(job.options).limit, page.rows, page.after
    if limit is not None and listed + len(rows) >= limit:
        rows, after = rows[: max(0, limit - listed)], None
    return [item_of(job.collection, row) for row in rows], after


def item_of(collection: str, row: Row | Refusal) -> NewItem:
    """What is written down of a row."""
    if isinstance(row, Refusal):
        return NewItem(row.label, row.key and painting_id(collection, row.key), None, row.reason)
    known = {
        "key": row.key,
        "image": row.image,
        "catalogue": row.catalogue.as_dict(),
        "holding": row.holding.as_dict(),
        "years": row.years,
    }
    return NewItem(row.label, painting_id(collection, row.key), known)
