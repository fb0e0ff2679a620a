"""Records the rows of a job's source as items in the database, while workers already process them."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from contextlib import aclosing
from typing import TYPE_CHECKING

from art_mcp.ingest.sources.source import Options, Page, Refusal, Row, Source
from art_mcp.painting import kept_details, painting_id
from art_mcp.store import jobs, leases
from art_mcp.store.jobs import Job, NewItem

if TYPE_CHECKING:
    from art_mcp.store.database import Database


async def begin(database: Database, job_id: uuid.UUID, page: Page) -> None:
    """Record the first page of a new job, which `Ingest.create` read to check that the source is not empty."""
    async with leases.acquire(database) as lease:
        listing = await jobs.start_listing(database, job_id, lease)
        job = await jobs.get(database, job_id)
        if listing is not None and listing.after is None and job is not None:
            await jobs.append(database, job_id, lease, *_next(job, page, 0))


async def write_down(
    database: Database, job: Job, source: Source, lease: uuid.UUID, written: Callable[[], None]
) -> None:
    """Record all remaining rows of a job, resuming after the last recorded page.

    Returns immediately if another process holds the lease on the job's listing.

    Args:
        written: called after each recorded page, when there may be items to process.

    Raises:
        SourceError: the source cannot be read any further. Recorded rows are kept, and a later call resumes.
    """
    listing = await jobs.start_listing(database, job.id, lease)
    if listing is None:
        return
    listed = listing.listed
    async with aclosing(source.pages(listing.after)) as pages:
        async for page in pages:
            items, after = _next(job, page, listed)
            listed += len(items)
            mine = await jobs.append(database, job.id, lease, items, after)
            written()
            if not mine or after is None:  # the job was cancelled, removed or taken over, or this was the last page
                return
    await jobs.append(database, job.id, lease, [], None)


def _next(job: Job, page: Page, listed: int) -> tuple[list[NewItem], str | None]:
    """The items of a page, and the cursor of the next page or None.

    Args:
        listed: number of rows recorded before this page.
    """
    limit, rows, after = Options.of(job.options).limit, page.rows, page.after
    if limit is not None and listed + len(rows) >= limit:
        rows, after = rows[: max(0, limit - listed)], None
    return [item_of(job.collection, row) for row in rows], after


def item_of(collection: str, row: Row | Refusal) -> NewItem:
    """The job item that records a row or a refusal."""
    if isinstance(row, Refusal):
        return NewItem(row.label, painting_id(collection, row.key) if row.key else None, None, row.reason)
    known = {
        "key": row.key,
        "image": row.image,
        "catalogue": row.catalogue.as_dict(),
        "holding": row.holding.as_dict(),
        "details": kept_details(row.details),
        "years": row.years,
    }
    return NewItem(row.label, painting_id(collection, row.key), known)
