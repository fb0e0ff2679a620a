"""Durable ingest jobs: what is to be stored, row by row, and what became of each row.

A job's rows are listed by one process at a time and stored by as many as like; each holds what it works on by a lease.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from art_mcp.store import collection_sizes
from art_mcp.store.errors import StoreError
from art_mcp.store.leases import held

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database

RATE_OVER_S = 60
"""The pace of a job is what it settled in the last minute."""
ANALYZED_AT = 5_000


@dataclass(frozen=True, slots=True)
class NewItem:
    """A row of the source: either what is to be stored, or why it cannot be."""

    label: str
    painting_id: uuid.UUID | None
    """None where the row does not say which painting it is."""
    row: dict[str, Any] | None
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class HeldItem:
    """A pending row that one worker has taken."""

    position: int
    row: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a held item: `stored`, `unchanged`, or `refused` with a reason."""

    position: int
    state: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """How far a job's rows are written down."""

    after: str | None
    """Where the list goes on, in the source's own words; None for its beginning."""
    listed: int
    """How many rows are written down."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job as it stands; the four counts add up to `total`."""

    id: uuid.UUID
    source: str
    within: tuple[str, ...] | None
    """Folders in which every file of the source must truly lie, or None where the user's own rights decide."""
    options: Mapping[str, Any]
    """How the source is read."""
    collection: str
    state: str
    """running, done or cancelled."""
    listed: bool
    """Whether `total` is final."""
    total: int
    stored: int
    unchanged: int
    refused: int
    pending: int
    missing: int | None
    """Paintings that were loaded from this source before and have left it; None until the job is done."""
    removed: int | None
    """How many of them were removed."""
    rate: float
    """Rows a second that were settled of late."""

    @property
    def done(self) -> bool:
        return self.state == "done"

    @property
    def seconds_left(self) -> float | None:
        """At the pace of late; None where that cannot be told."""
        return self.pending / self.rate if self.listed and self.rate else None


async def create(
    database: Database,
    source: str,
    within: Sequence[str] | None,
    collection: str,
    options: Mapping[str, Any],
) -> uuid.UUID:
    """Start a job, or find the one that is still running with the very same source, collection and options."""
    async with database.transaction() as connection:
        # Of two who ask at once, the second waits here and finds the first one's job.
        await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"job {collection} {source}")
        found = await connection.fetchval(
            "SELECT id FROM art_mcp.jobs WHERE state = 'running' AND source = $1 AND within IS NOT DISTINCT FROM $2 "
            "AND collection = $3 AND options = $4 ORDER BY created_at LIMIT 1",
            source,
            within,
            collection,
            json.dumps(options),
        )
        return found or await connection.fetchval(
            "INSERT INTO art_mcp.jobs (id, source, within, collection, options, listed) "
            "VALUES ($1, $2, $3, $4, $5, false) RETURNING id",
            uuid.uuid4(),
            source,
            within,
            collection,
            json.dumps(options),
        )


async def start_listing(database: Database, job_id: uuid.UUID, lease: uuid.UUID) -> Listing | None:
    """Take the list of a job's rows under a lease; None if another process holds it, or it is complete."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
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
    """Write down the next rows of a job, and where the list goes on; None: it is complete.

    A row that says the same painting as one before it is refused.

    Returns:
        Whether the lease still holds the list; nothing was written otherwise.
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
        async with database.connection() as connection:
            # Until the server knows how many they are, it sorts them all each time some are taken.
            await connection.execute("ANALYZE art_mcp.items")
    return True


async def _refused(connection: Connection, job_id: uuid.UUID, items: Sequence[NewItem]) -> dict[int, str]:
    """Why new rows are refused, by their place: for what they are, or since another row says the same painting."""
    # Not by a join: of a new job's rows the planner knows nothing, and takes minutes with a thousand of them.
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
    """Take up to `limit` pending items of a running job under a lease."""
    free = f"job_id = $1 AND state = 'pending' AND NOT {held('items')}"
    async with database.transaction() as connection:
        rows = await connection.fetch(
            f"SELECT position FROM art_mcp.items WHERE {free} "
            "AND EXISTS (SELECT FROM art_mcp.jobs WHERE id = $1 AND state = 'running') "
            "ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED",
            job_id,
            limit,
        )
        if not rows:
            return []
        # That statement sees no lease that is newer than itself; this one, now that the rows are locked, sees all.
        rows = await connection.fetch(
            f"UPDATE art_mcp.items SET lease = $3 WHERE {free} AND position = ANY($2) RETURNING position, row",
            job_id,
            [row["position"] for row in rows],
            lease,
        )
    return sorted((HeldItem(r["position"], json.loads(r["row"])) for r in rows), key=lambda i: i.position)


async def settle(connection: Connection, job_id: uuid.UUID, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of items, in the transaction that stores their paintings.

    Raises:
        StoreError: the job was removed, so nothing of it may be stored.
    """
    await connection.executemany(
        "UPDATE art_mcp.items SET state = $3, reason = $4, row = NULL, settled_at = now() "
        "WHERE job_id = $1 AND position = $2 AND state = 'pending'",
        [(job_id, o.position, o.state, o.reason) for o in outcomes],
    )
    touched = await connection.execute("UPDATE art_mcp.jobs SET updated_at = now() WHERE id = $1", job_id)
    if touched == "UPDATE 0":
        raise StoreError("The job and its collection were removed meanwhile.", "Load the source again if need be.")


async def is_running(database: Database, job_id: uuid.UUID) -> bool:
    """Whether a job is neither done nor cancelled nor removed."""
    async with database.connection() as connection:
        return await connection.fetchval(
            "SELECT EXISTS (SELECT FROM art_mcp.jobs WHERE id = $1 AND state = 'running')", job_id
        )


async def is_listed(database: Database, job_id: uuid.UUID) -> bool:
    """Whether a job gets no more rows."""
    async with database.connection() as connection:
        return not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM art_mcp.jobs WHERE id = $1 AND state = 'running' AND NOT listed)", job_id
        )


async def is_over(database: Database, job_id: uuid.UUID) -> bool:
    """Whether nothing of a job is left to do, for anyone."""
    async with database.connection() as connection:
        return not await connection.fetchval(
            "SELECT EXISTS (SELECT FROM art_mcp.jobs WHERE id = $1 AND state = 'running' AND (NOT listed "
            "OR EXISTS (SELECT FROM art_mcp.items WHERE job_id = $1 AND state = 'pending')))",
            job_id,
        )


LEFT = (
    "art_mcp.paintings p JOIN art_mcp.jobs j ON j.id = $1 AND p.collection = j.collection AND p.source = j.source "
    "WHERE NOT EXISTS (SELECT FROM art_mcp.items i WHERE i.job_id = j.id AND i.painting_id = p.id)"
)
"""Paintings that were loaded from a job's source, which names them no more."""


async def count_missing(database: Database, collection: str, source: str, named: Collection[uuid.UUID]) -> int:
    """How many paintings were loaded from a source that names only these now."""
    async with database.connection() as connection:
        return await connection.fetchval(
            "SELECT count(*) FROM art_mcp.paintings WHERE collection = $1 AND source = $2 AND id <> ALL($3)",
            collection,
            source,
            list(named),
        )


async def finish(database: Database, job_id: uuid.UUID) -> None:
    """Mark a job as done, if all its rows are listed and none is pending; count what has left its source."""
    async with database.transaction() as connection:
        collection = await connection.fetchval(
            f"UPDATE art_mcp.jobs SET state = 'done', updated_at = now(), "
            f"missing = coalesce(removed, 0) + (SELECT count(*) FROM {LEFT}) "
            "WHERE id = $1 AND listed AND state = 'running' AND NOT EXISTS "
            "(SELECT FROM art_mcp.items WHERE job_id = $1 AND state = 'pending') RETURNING collection",
            job_id,
        )
        if collection is not None:
            await collection_sizes.recount(connection, collection)


async def cancel(database: Database, job_id: uuid.UUID) -> None:
    """End a running job: what is stored stays, what is pending is left; who works on it stops soon."""
    async with database.transaction() as connection:
        collection = await connection.fetchval(
            "UPDATE art_mcp.jobs SET state = 'cancelled', updated_at = now() "
            "WHERE id = $1 AND state = 'running' RETURNING collection",
            job_id,
        )
        if collection is not None:
            await collection_sizes.recount(connection, collection)


async def get(database: Database, job_id: uuid.UUID) -> Job | None:
    jobs = await _jobs(database, "WHERE id = $1", job_id)
    return jobs[0] if jobs else None


async def other_source(database: Database, collection: str, source: str) -> bool:
    """Whether a collection was loaded from elsewhere, and not from here."""
    async with database.connection() as connection:
        sources = await connection.fetch("SELECT DISTINCT source FROM art_mcp.jobs WHERE collection = $1", collection)
    return bool(sources) and source not in {row["source"] for row in sources}


async def unfinished(database: Database) -> list[Job]:
    """Running jobs, oldest first."""
    return await _jobs(database, "WHERE state = 'running' ORDER BY created_at")


async def refusals(database: Database, job_id: uuid.UUID, limit: int | None = None) -> list[tuple[str, str]]:
    """Label and reason of the refused rows, in the order of the source."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT label, reason FROM art_mcp.items WHERE job_id = $1 AND state = 'refused' "
            "ORDER BY position LIMIT $2",
            job_id,
            limit,
        )
    return [(row["label"], row["reason"]) for row in rows]


async def _jobs(database: Database, condition: str, *arguments: Any) -> list[Job]:
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT id, source, within, options, collection, state, listed, missing, removed, counts.*, coalesce("
            "recent / greatest(1, extract(epoch FROM now() - since)), 0)::float8 AS rate FROM art_mcp.jobs, LATERAL ("
            "SELECT count(*) AS total, "
            "count(*) FILTER (WHERE i.state = 'stored') AS stored, "
            "count(*) FILTER (WHERE i.state = 'unchanged') AS unchanged, "
            "count(*) FILTER (WHERE i.state = 'refused') AS refused, "
            "count(*) FILTER (WHERE i.state = 'pending') AS pending, "
            f"count(*) FILTER (WHERE settled_at > now() - interval '{RATE_OVER_S} s') AS recent, "
            f"min(settled_at) FILTER (WHERE settled_at > now() - interval '{RATE_OVER_S} s') AS since "
            f"FROM art_mcp.items i WHERE i.job_id = jobs.id) AS counts {condition}",
            *arguments,
        )
    return [_job(row) for row in rows]


def _job(row: Mapping[str, Any]) -> Job:
    fields = {name: row[name] for name in Job.__slots__ if name not in ("within", "options")}
    return Job(**fields, within=row["within"] and tuple(row["within"]), options=json.loads(row["options"]))
