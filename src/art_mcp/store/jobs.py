"""Durable ingest jobs: the rows of a source to store, and the outcome of each.

One process at a time lists a job's rows; any number of processes store them. Each locks what it works on with a lease.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from art_mcp.store import collection_sizes
from art_mcp.store.connection import Connection, Record
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.leases import held

RATE_OVER_S = 60
"""Period over which the rate of a job is measured, in seconds."""
ANALYZED_AT = 5_000
"""Number of a job's items at which PostgreSQL collects statistics on them, once."""


@dataclass(frozen=True, slots=True)
class NewItem:
    """A listed row of the source: either the data to store, or the reason for its refusal."""

    label: str
    painting_id: uuid.UUID | None
    """None if the row does not identify a painting."""
    row: dict[str, Any] | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A pending item that one worker has locked."""

    position: int
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of a held item: `stored`, `unchanged` or `refused`."""

    position: int
    state: str
    reason: str | None = None
    """Why it is refused, or stored without its picture."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How far the listing of a job's rows has come."""

    after: str | None
    """Position after which listing continues, in the source's own terms; None for the beginning."""
    listed: int
    """Number of rows listed so far."""


@dataclass(frozen=True, slots=True)
class Job:
    """The current state of a job; the four counts after `total` add up to it."""

    id: uuid.UUID
    source: str
    within: tuple[str, ...] | None
    """Folders that every file of the source must lie in; None for any file that the user can read."""
    options: Mapping[str, Any]
    """How to read the source."""
    collection: str
    principal: str | None
    """Who started it, if there was access control."""
    state: str
    """running, done or cancelled."""
    listed: bool
    """Whether all rows are listed, so that `total` is final."""
    total: int
    stored: int
    unchanged: int
    refused: int
    pending: int
    unpictured: int
    """How many of the stored and unchanged ones have a picture in the source that could not be read."""
    missing: int | None
    """Paintings loaded from this source earlier that it no longer contains; None until the job is done."""
    removed: int | None
    """How many of them were removed."""
    rate: float
    """Items settled per second during the last `RATE_OVER_S` seconds."""

    @property
    def done(self) -> bool:
        return self.state == "done"

    @property
    def seconds_left(self) -> float | None:
        """Estimate from the current rate; None if rows are still being listed or none was settled recently."""
        return self.pending / self.rate if self.listed and self.rate else None


async def create(
    database: Database,
    source: str,
    within: Sequence[str] | None,
    collection: str,
    options: Mapping[str, Any],
    principal: str | None = None,
) -> uuid.UUID:
    """Return the principal's running job with the same source, folders, collection and options, or create one."""
    async with database.transaction() as connection:
        # Of two concurrent calls, the second waits here and finds the job of the first.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"job {collection} {source}")
        found: uuid.UUID | None = await connection.fetchval(
            "SELECT id FROM art_mcp.jobs WHERE state = 'running' AND source = $1 AND within IS NOT DISTINCT FROM $2 "
            "AND collection = $3 AND options = $4 AND principal IS NOT DISTINCT FROM $5 ORDER BY created_at LIMIT 1",
            source,
            within,
            collection,
            json.dumps(options),
            principal,
        )
        if found is not None:
            return found
        created: uuid.UUID = await connection.fetchval(
            "INSERT INTO art_mcp.jobs (id, source, within, collection, options, principal, listed) "
            "VALUES ($1, $2, $3, $4, $5, $6, false) RETURNING id",
            uuid.uuid4(),
            source,
            within,
            collection,
            json.dumps(options),
            principal,
        )
        return created


async def start_listing(database: Database, job_id: uuid.UUID, lease: uuid.UUID) -> Listing | None:
    """Lock the listing of a job's rows with a lease; None if it is locked or complete, or the job has ended."""
    row = await database.fetchrow(
        "UPDATE art_mcp.jobs SET lease = $2 "
        f"WHERE id = $1 AND state = 'running' AND NOT listed AND NOT {held('jobs')} "
        "RETURNING list_after, "
        "(SELECT coalesce(max(position) + 1, 0) FROM art_mcp.items WHERE job_id = $1) AS listed",
        job_id,
        lease,
    )
    return None if row is None else Listing(row["list_after"], row["listed"])


async def append(
    database: Database, job_id: uuid.UUID, lease: uuid.UUID, items: Sequence[NewItem], after: str | None
) -> bool:
    """Add the next rows of a source to its job; a row with the same painting id as an earlier one is refused.

    Args:
        after: position after which listing continues, in the source's own terms; None if the list is complete.

    Returns:
        Whether the lease still covers the listing; if not, nothing was written.
    """
    async with database.transaction() as connection:
        mine = await connection.execute(
            "UPDATE art_mcp.jobs SET list_after = $3, listed = $3::text IS NULL, updated_at = now() "
            "WHERE id = $1 AND lease = $2 AND state = 'running'",
            job_id,
            lease,
            after,
        )
        if mine == "UPDATE 0":
            return False
        first = await connection.fetchval(
            "SELECT coalesce(max(position) + 1, 0) FROM art_mcp.items WHERE job_id = $1", job_id
        )
        refused = await _refused(connection, job_id, items)
        await connection.copy_records_to_table(
            "items",
            schema_name="art_mcp",
            columns=("job_id", "position", "label", "painting_id", "row", "state", "reason"),
            records=[
                (
                    job_id,
                    first + place,
                    item.label,
                    item.painting_id,
                    None if place in refused else json.dumps(item.row),
                    "refused" if place in refused else "pending",
                    refused.get(place),
                )
                for place, item in enumerate(items)
            ],
        )
    if first < ANALYZED_AT <= first + len(items):
        # Without statistics, the planner sorts all items each time a batch is locked.
        await database.execute("ANALYZE art_mcp.items")
    return True


async def _refused(connection: Connection, job_id: uuid.UUID, items: Sequence[NewItem]) -> dict[int, str]:
    """Reasons for refusal by index: the row's own, or that an earlier row has the same painting id."""
    # Not a join: without statistics on a new job's items, the planner picks one that takes minutes for 1,000 rows.
    rows = await connection.fetch(
        "SELECT painting_id, label FROM art_mcp.items WHERE job_id = $1 AND painting_id = ANY($2) "
        "AND state <> 'refused' ORDER BY position DESC",
        job_id,
        [item.painting_id for item in items if item.painting_id is not None],
    )
    before = {row["painting_id"]: row["label"] for row in rows}
    refused = {}
    for place, item in enumerate(items):
        if item.refusal is not None:
            refused[place] = item.refusal
        elif item.painting_id in before:
            refused[place] = f"It is the same painting as {before[item.painting_id]}: both have the same id."
        elif item.painting_id is not None:
            before[item.painting_id] = item.label
    return refused


async def hold(database: Database, job_id: uuid.UUID, lease: uuid.UUID, limit: int) -> list[HeldItem]:
    """Lock up to `limit` pending items of a running job with a lease, lowest positions first."""
    free = f"job_id = $1 AND state = 'pending' AND NOT {held('items')}"
    async with database.transaction() as connection:
        rows = await connection.fetch(
            f"SELECT position FROM art_mcp.items WHERE {free} "
            "AND EXISTS (SELECT 1 FROM art_mcp.jobs WHERE id = $1 AND state = 'running') "
            "ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED",
            job_id,
            limit,
        )
        if not rows:
            return []
        # The snapshot of that statement may be older than another process's lease; this one, taken after the rows
        # were locked, shows every lease on them.
        rows = await connection.fetch(
            f"UPDATE art_mcp.items SET lease = $3 WHERE {free} AND position = ANY($2) RETURNING position, row",
            job_id,
            [row["position"] for row in rows],
            lease,
        )
    return sorted((HeldItem(r["position"], json.loads(r["row"])) for r in rows), key=lambda i: i.position)


async def settle(connection: Connection, job_id: uuid.UUID, outcomes: Sequence[Outcome]) -> None:
    """Record the outcomes of items, in the transaction that stores their paintings.

    Raises:
        StoreError: the job was removed, so the transaction must be rolled back.
    """
    await connection.executemany(
        "UPDATE art_mcp.items SET state = $3, reason = $4, row = NULL, settled_at = now() "
        "WHERE job_id = $1 AND position = $2 AND state = 'pending'",
        [(job_id, o.position, o.state, o.reason) for o in outcomes],
    )
    touched = await connection.execute("UPDATE art_mcp.jobs SET updated_at = now() WHERE id = $1", job_id)
    if touched == "UPDATE 0":
        raise StoreError("The job and its collection were removed.", "Load the source again if necessary.")


async def is_running(database: Database, job_id: uuid.UUID) -> bool:
    """Whether a job exists and is neither done nor cancelled."""
    running: bool = await database.fetchval(
        "SELECT EXISTS (SELECT 1 FROM art_mcp.jobs WHERE id = $1 AND state = 'running')", job_id
    )
    return running


async def is_listed(database: Database, job_id: uuid.UUID) -> bool:
    """Whether no more rows will be listed for a job."""
    return not await database.fetchval(
        "SELECT EXISTS (SELECT 1 FROM art_mcp.jobs WHERE id = $1 AND state = 'running' AND NOT listed)", job_id
    )


async def is_over(database: Database, job_id: uuid.UUID) -> bool:
    """Whether a job has no work left for any process."""
    return not await database.fetchval(
        "SELECT EXISTS (SELECT 1 FROM art_mcp.jobs WHERE id = $1 AND state = 'running' AND (NOT listed "
        "OR EXISTS (SELECT 1 FROM art_mcp.items WHERE job_id = $1 AND state = 'pending')))",
        job_id,
    )


LEFT = (
    # OFFSET 0 keeps the subqueries, since a Citus cluster joins paintings with no other table of the coordinator.
    "art_mcp.paintings p JOIN (SELECT collection, source FROM art_mcp.jobs WHERE id = $1 "
    "AND options->>'limit' IS NULL AND options->>'sheet' IS NULL OFFSET 0) j "
    "ON p.collection = j.collection AND p.source = j.source WHERE NOT EXISTS (SELECT 1 FROM "
    "(SELECT painting_id FROM art_mcp.items WHERE job_id = $1 OFFSET 0) i WHERE i.painting_id = p.id)"
)
"""FROM clause: paintings that were loaded from the source of job $1 and are no longer in it; none if it read a part."""


async def count_missing(database: Database, collection: str, source: str, named: Collection[uuid.UUID]) -> int:
    """Number of paintings that were loaded from a source and are not among the `named` ids that it has now."""
    missing: int = await database.fetchval(
        "SELECT count(*) FROM art_mcp.paintings WHERE collection = $1 AND source = $2 AND id <> ALL($3)",
        collection,
        source,
        list(named),
    )
    return missing


async def finish(database: Database, job_id: uuid.UUID) -> None:
    """Mark a job as done if all its rows are listed and settled; count the paintings missing from its source."""
    async with database.transaction() as connection:
        collection = await connection.fetchval(
            f"UPDATE art_mcp.jobs SET state = 'done', updated_at = now(), "
            f"missing = coalesce(removed, 0) + (SELECT count(*) FROM {LEFT}) "
            "WHERE id = $1 AND listed AND state = 'running' AND NOT EXISTS "
            "(SELECT 1 FROM art_mcp.items WHERE job_id = $1 AND state = 'pending') RETURNING collection",
            job_id,
        )
        if collection is not None:
            await collection_sizes.recount(connection, collection)


async def cancel(database: Database, job_id: uuid.UUID) -> None:
    """Cancel a running job: stored paintings stay, pending items are not processed, and workers stop soon."""
    async with database.transaction() as connection:
        collection = await connection.fetchval(
            "UPDATE art_mcp.jobs SET state = 'cancelled', updated_at = now() "
            "WHERE id = $1 AND state = 'running' RETURNING collection",
            job_id,
        )
        if collection is not None:
            await collection_sizes.recount(connection, collection)


async def get(database: Database, job_id: uuid.UUID, only_of: str | None = None) -> Job | None:
    """Return a job, or None if it does not exist, or is not one of the principal `only_of` if there is one."""
    jobs = await _jobs(database, "WHERE id = $1 AND ($2::text IS NULL OR principal = $2)", job_id, only_of)
    return jobs[0] if jobs else None


async def other_source(database: Database, collection: str, source: str) -> bool:
    """Whether a collection has been loaded, but never from this source."""
    sources = await database.fetch("SELECT DISTINCT source FROM art_mcp.jobs WHERE collection = $1", collection)
    return bool(sources) and source not in {row["source"] for row in sources}


async def unfinished(database: Database, only_of: str | None = None) -> list[Job]:
    """Return the running jobs, oldest first: all, or those of the principal `only_of`."""
    return await _jobs(
        database, "WHERE state = 'running' AND ($1::text IS NULL OR principal = $1) ORDER BY created_at", only_of
    )


async def refusals(database: Database, job_id: uuid.UUID, limit: int | None = None) -> list[tuple[str, str]]:
    """Return labels and reasons of the rows that are refused or stored without their picture, in source order."""
    rows = await database.fetch(
        "SELECT label, reason FROM art_mcp.items WHERE job_id = $1 AND reason IS NOT NULL ORDER BY position LIMIT $2",
        job_id,
        limit,
    )
    return [(row["label"], row["reason"]) for row in rows]


async def _jobs(database: Database, condition: str, *arguments: Any) -> list[Job]:
    rows = await database.fetch(
        "SELECT id, source, within, options, collection, principal, state, listed, missing, removed, counts.*, "
        "coalesce(recent / greatest(1, extract(epoch FROM now() - since)), 0)::float8 AS rate "
        "FROM art_mcp.jobs, LATERAL (SELECT count(*) AS total, "
        "count(*) FILTER (WHERE i.state = 'stored') AS stored, "
        "count(*) FILTER (WHERE i.state = 'unchanged') AS unchanged, "
        "count(*) FILTER (WHERE i.state = 'refused') AS refused, "
        "count(*) FILTER (WHERE i.state = 'pending') AS pending, "
        "count(*) FILTER (WHERE i.state IN ('stored', 'unchanged') AND reason IS NOT NULL) AS unpictured, "
        f"count(*) FILTER (WHERE settled_at > now() - interval '{RATE_OVER_S} s') AS recent, "
        f"min(settled_at) FILTER (WHERE settled_at > now() - interval '{RATE_OVER_S} s') AS since "
        f"FROM art_mcp.items i WHERE i.job_id = jobs.id) AS counts {condition}",
        *arguments,
    )
    return [_job(row) for row in rows]


def _job(row: Record) -> Job:
    fields = {name: row[name] for name in Job.__slots__ if name not in ("within", "options")}
    return Job(**fields, within=row["within"] and tuple(row["within"]), options=json.loads(row["options"]))
