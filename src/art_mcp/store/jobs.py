"""Durable ingest jobs: what is to be stored, row by row, and what became of each row."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import anyio

from art_mcp.store import collections
from art_mcp.store.errors import StoreError

if TYPE_CHECKING:
    from art_mcp.store.database import Connection, Database

HOLD_S = 30
"""How long an item is a worker's own unless it renews that; one that died gives it back this way."""

MANY_ITEMS = 5_000


@dataclass(frozen=True, slots=True)
class NewItem:
    """A row of the source: either what is to be stored, or why it cannot be."""

    label: str
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
class Job:
    """A job as it stands; the four counts add up to `total`."""

    id: uuid.UUID
    source: str
    within: tuple[str, ...] | None
    """Folders in which every file of the source must truly lie, or None where the user's own rights decide."""
    collection: str
    done: bool
    total: int
    stored: int
    unchanged: int
    refused: int
    pending: int


async def create(
    database: Database, source: str, within: Sequence[str] | None, collection: str, items: Iterable[NewItem]
) -> uuid.UUID:
    """Write down a whole job at once, so that there is never half of one."""
    job_id = uuid.uuid4()
    records = (
        (
            job_id,
            position,
            item.label,
            None if item.row is None else json.dumps(item.row),
            "refused" if item.refusal else "pending",
            item.refusal,
        )
        for position, item in enumerate(items)
    )
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO art_mcp.jobs (id, source, within, collection) VALUES ($1, $2, $3, $4)",
            job_id,
            source,
            within,
            collection,
        )
        copied = await connection.copy_records_to_table(
            "items",
            schema_name="art_mcp",
            columns=("job_id", "position", "label", "row", "state", "reason"),
            records=records,
        )
    if int(copied.split()[-1]) > MANY_ITEMS:
        async with database.connection() as connection:
            # Until the server knows how many they are, it sorts them all each time some are taken.
            await connection.execute("ANALYZE art_mcp.items")
    return job_id


async def hold(database: Database, job_id: uuid.UUID, limit: int) -> list[HeldItem]:
    """Take up to `limit` pending items that nobody holds."""
    # Shielded: cancelled in between, the items would be held, and nobody would know.
    with anyio.CancelScope(shield=True):
        async with database.connection() as connection:
            rows = await connection.fetch(
                """
                UPDATE art_mcp.items SET held_until = now() + make_interval(secs => $3)
                WHERE job_id = $1 AND position IN (
                    SELECT position FROM art_mcp.items
                    WHERE job_id = $1 AND state = 'pending' AND (held_until IS NULL OR held_until < now())
                    ORDER BY position LIMIT $2 FOR UPDATE SKIP LOCKED
                )
                RETURNING position, row
                """,
                job_id,
                limit,
                float(HOLD_S),
            )
    return sorted((HeldItem(r["position"], json.loads(r["row"])) for r in rows), key=lambda i: i.position)


async def renew(database: Database, job_id: uuid.UUID, items: Sequence[HeldItem]) -> None:
    """Hold items for longer; called every now and then while they are worked on."""
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE art_mcp.items SET held_until = now() + make_interval(secs => $3) "
            "WHERE job_id = $1 AND position = ANY($2) AND state = 'pending'",
            job_id,
            [item.position for item in items],
            float(HOLD_S),
        )


async def give_back(database: Database, job_id: uuid.UUID, items: Sequence[HeldItem]) -> None:
    """Let others take items that this worker will not finish."""
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE art_mcp.items SET held_until = NULL WHERE job_id = $1 AND position = ANY($2) AND state = 'pending'",
            job_id,
            [item.position for item in items],
        )


async def settle(connection: Connection, job_id: uuid.UUID, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of items, in the transaction that stores their paintings.

    Raises:
        StoreError: the job was removed, so nothing of it may be stored.
    """
    await connection.executemany(
        "UPDATE art_mcp.items SET state = $3, reason = $4, row = NULL, held_until = NULL "
        "WHERE job_id = $1 AND position = $2 AND state = 'pending'",
        [(job_id, o.position, o.state, o.reason) for o in outcomes],
    )
    touched = await connection.execute("UPDATE art_mcp.jobs SET updated_at = now() WHERE id = $1", job_id)
    if touched == "UPDATE 0":
        raise StoreError("The job and its collection were removed meanwhile.", "Load the source again if need be.")


async def finish(database: Database, job_id: uuid.UUID) -> None:
    """Mark a job as done, if nothing of it is pending."""
    async with database.transaction() as connection:
        collection = await connection.fetchval(
            "UPDATE art_mcp.jobs SET state = 'done', updated_at = now() WHERE id = $1 AND NOT EXISTS "
            "(SELECT FROM art_mcp.items WHERE job_id = $1 AND state = 'pending') RETURNING collection",
            job_id,
        )
        if collection is not None:
            await collections.recount(connection, collection)


async def get(database: Database, job_id: uuid.UUID) -> Job | None:
    jobs = await _jobs(database, "WHERE id = $1", job_id)
    return jobs[0] if jobs else None


async def other_source(database: Database, collection: str, source: str) -> bool:
    """Whether a collection was loaded from elsewhere, and not from here."""
    async with database.connection() as connection:
        sources = await connection.fetch("SELECT DISTINCT source FROM art_mcp.jobs WHERE collection = $1", collection)
    return bool(sources) and source not in {row["source"] for row in sources}


async def unfinished(database: Database) -> list[Job]:
    """Jobs that still have pending items, oldest first."""
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
            f"SELECT id, source, within, collection, state = 'done' AS done, counts.* FROM art_mcp.jobs, LATERAL ("
            "SELECT count(*) AS total, "
            "count(*) FILTER (WHERE i.state = 'stored') AS stored, "
            "count(*) FILTER (WHERE i.state = 'unchanged') AS unchanged, "
            "count(*) FILTER (WHERE i.state = 'refused') AS refused, "
            "count(*) FILTER (WHERE i.state = 'pending') AS pending "
            f"FROM art_mcp.items i WHERE i.job_id = jobs.id) AS counts {condition}",
            *arguments,
        )
    return [Job(**{**row, "within": row["within"] and tuple(row["within"])}) for row in rows]
