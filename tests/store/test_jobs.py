from __future__ import annotations

import uuid

import anyio
import pytest

from art_mcp.store import jobs
from art_mcp.store.database import Database
from art_mcp.store.jobs import NewItem, Outcome

pytestmark = pytest.mark.anyio


async def new_job(database: Database, count: int = 10) -> uuid.UUID:
    items = [NewItem(f"line {n}", {"key": n}) for n in range(count - 1)]
    return await jobs.create(database, "/source", None, "c", [*items, NewItem("line x", None, "It is broken.")])


async def test_a_job_starts_with_its_bad_rows_refused(database: Database) -> None:
    job = await jobs.get(database, await new_job(database))
    assert job is not None
    assert (job.total, job.pending, job.refused, job.stored, job.unchanged, job.done) == (10, 9, 1, 0, 0, False)
    assert await jobs.refusals(database, job.id) == [("line x", "It is broken.")]


async def test_workers_never_hold_the_same_item(database: Database) -> None:
    job_id = await new_job(database, 101)
    taken: list[int] = []

    async def work() -> None:
        while held := await jobs.hold(database, job_id, 7):
            taken.extend(item.position for item in held)

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(work)
    assert sorted(taken) == list(range(100))


async def test_items_come_back_when_their_worker_gives_them_back_or_dies(database: Database) -> None:
    job_id = await new_job(database)
    first = await jobs.hold(database, job_id, 4)
    await jobs.give_back(database, job_id, first[:2])
    assert [item.position for item in await jobs.hold(database, job_id, 2)] == [0, 1]
    async with database.connection() as connection:  # the time that a worker has is over
        await connection.execute("UPDATE art_mcp.items SET held_until = now() - interval '1 s' WHERE position = 3")
    assert 3 in {item.position for item in await jobs.hold(database, job_id, 10)}


async def test_outcomes_add_up_and_the_job_ends_with_its_last_item(database: Database) -> None:
    job_id = await new_job(database, 4)
    held = await jobs.hold(database, job_id, 10)
    states = [Outcome(0, "stored"), Outcome(1, "unchanged")]
    async with database.transaction() as connection:
        await jobs.settle(connection, job_id, states)
    await jobs.finish(database, job_id)
    job = await jobs.get(database, job_id)
    assert job is not None and not job.done
    assert [unfinished.id for unfinished in await jobs.unfinished(database)] == [job_id]
    async with database.transaction() as connection:
        await jobs.settle(connection, job_id, [Outcome(held[2].position, "refused", "No picture.")])
    await jobs.finish(database, job_id)
    job = await jobs.get(database, job_id)
    assert job is not None and job.done
    assert (job.stored, job.unchanged, job.refused, job.pending, job.total) == (1, 1, 2, 0, 4)
    assert await jobs.unfinished(database) == []


async def test_an_unknown_job(database: Database) -> None:
    assert await jobs.get(database, uuid.uuid4()) is None


async def test_a_job_is_written_whole_or_not_at_all(database: Database) -> None:
    def items() -> object:
        yield NewItem("line 1", {"key": 1})
        raise RuntimeError("the source broke")

    with pytest.raises(RuntimeError):
        await jobs.create(database, "/source", None, "c", items())
    assert await jobs.unfinished(database) == []
