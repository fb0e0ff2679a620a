from __future__ import annotations

import uuid

import anyio
import pytest

from art_mcp.store import jobs, leases
from art_mcp.store.database import Database
from art_mcp.store.jobs import NewItem, Outcome

pytestmark = pytest.mark.anyio


async def new_job(database: Database, count: int = 10) -> uuid.UUID:
    items = [NewItem(f"line {n}", uuid.uuid4(), {"key": n}) for n in range(count - 1)]
    return await listed_job(database, [*items, NewItem("line x", None, None, "It is broken.")])


async def listed_job(database: Database, items: list[NewItem], source: str = "/source") -> uuid.UUID:
    job_id = await jobs.create(database, source, None, "c", {})
    async with leases.acquire(database) as lease:
        assert await jobs.start_listing(database, job_id, lease) is not None
        assert await jobs.append(database, job_id, lease, items, None)
    return job_id


async def test_a_job_starts_with_its_bad_rows_refused(database: Database) -> None:
    job = await jobs.get(database, await new_job(database))
    assert job is not None
    assert (job.total, job.pending, job.refused, job.stored, job.unchanged, job.done) == (10, 9, 1, 0, 0, False)
    assert await jobs.refusals(database, job.id) == [("line x", "It is broken.")]


async def test_workers_never_hold_the_same_item(database: Database) -> None:
    job_id = await new_job(database, 101)
    taken: list[int] = []

    async def work() -> None:
        lease = await leases.begin(database)
        while held := await jobs.hold(database, job_id, lease, 7):
            taken.extend(item.position for item in held)

    async with anyio.create_task_group() as group:
        for _ in range(6):
            group.start_soon(work)
    assert sorted(taken) == list(range(100))


async def test_items_come_back_when_their_worker_gives_them_back_or_dies(database: Database) -> None:
    job_id = await new_job(database)
    ending, dead, heir = [await leases.begin(database) for _ in range(3)]
    assert [item.position for item in await jobs.hold(database, job_id, ending, 2)] == [0, 1]
    assert [item.position for item in await jobs.hold(database, job_id, dead, 2)] == [2, 3]
    await leases.release(database, ending)
    assert [item.position for item in await jobs.hold(database, job_id, heir, 2)] == [0, 1]
    async with database.connection() as connection:  # it was not renewed
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '1 s' WHERE id = $1", dead)
    assert [item.position for item in await jobs.hold(database, job_id, heir, 3)] == [2, 3, 4]


async def test_outcomes_add_up_and_the_job_ends_with_its_last_item(database: Database) -> None:
    job_id = await new_job(database, 4)
    held = await jobs.hold(database, job_id, await leases.begin(database), 10)
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


async def test_the_list_goes_on_where_its_lister_died_who_writes_no_more(database: Database) -> None:
    job_id = await jobs.create(database, "/source", None, "c", {})
    dead, heir = await leases.begin(database), await leases.begin(database)
    listing = await jobs.start_listing(database, job_id, dead)
    assert listing is not None and listing.after is None
    assert await jobs.append(database, job_id, dead, [NewItem("1", uuid.uuid4(), {"key": 1})], "page 2")
    assert await jobs.start_listing(database, job_id, heir) is None
    async with database.connection() as connection:  # its time is over
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '1 s' WHERE id = $1", dead)
    listing = await jobs.start_listing(database, job_id, heir)
    assert listing is not None and listing.after == "page 2"
    assert not await jobs.append(database, job_id, dead, [NewItem("2", uuid.uuid4(), {"key": 2})], "page 3")
    await jobs.finish(database, job_id)
    job = await jobs.get(database, job_id)
    assert job is not None and (job.total, job.listed, job.done) == (1, False, False)
    assert await jobs.append(database, job_id, heir, [NewItem("2", uuid.uuid4(), {"key": 2})], None)
    job = await jobs.get(database, job_id)
    assert job is not None and (job.total, job.listed, job.pending) == (2, True, 2)
    assert await jobs.start_listing(database, job_id, heir) is None


async def test_a_second_row_of_one_painting_is_refused_whichever_page_it_is_on(database: Database) -> None:
    same = uuid.uuid4()
    job_id = await jobs.create(database, "/source", None, "c", {})
    lease = await leases.begin(database)
    assert await jobs.start_listing(database, job_id, lease) is not None
    for label in ("line 2", "line 7", "line 9"):
        rows = [NewItem(label, same, {"key": label}), NewItem(label + " too", uuid.uuid4(), {"key": label})]
        assert await jobs.append(database, job_id, lease, rows, label)
    reason = "It is the same painting as line 2: both have the same id."
    assert await jobs.refusals(database, job_id) == [("line 7", reason), ("line 9", reason)]


async def test_a_list_does_not_wait_for_what_the_planner_knows(database: Database) -> None:
    first = [NewItem(f"line {n}", uuid.uuid4(), {"key": n}) for n in range(2_000)]
    await listed_job(database, first)
    async with database.connection() as connection:
        await connection.execute("ANALYZE art_mcp.items")  # it knows one job, and of the next nothing
    job_id = await jobs.create(database, "/another", None, "c", {})
    lease = await leases.begin(database)
    assert await jobs.start_listing(database, job_id, lease) is not None
    with anyio.fail_after(60):  # a join took longer than any statement may
        for start in (0, 1_000):
            after = str(start + 1_000) if not start else None
            assert await jobs.append(database, job_id, lease, first[start : start + 1_000], after)
    job = await jobs.get(database, job_id)
    assert job is not None and (job.total, job.pending, job.refused) == (2_000, 2_000, 0)


async def test_a_row_that_is_refused_keeps_its_own_reason(database: Database) -> None:
    same = uuid.uuid4()
    rows = [NewItem("line 2", same, {"key": 2}), NewItem("line 3", same, None, "Its title holds a NUL character.")]
    job_id = await listed_job(database, rows)
    assert await jobs.refusals(database, job_id) == [("line 3", "Its title holds a NUL character.")]


async def test_the_same_load_again_finds_the_job_that_is_running(database: Database) -> None:
    first = await jobs.create(database, "/source", None, "c", {"limit": 3})
    assert await jobs.create(database, "/source", None, "c", {"limit": 3}) == first
    others = [("/other", None, "c", {"limit": 3}), ("/source", ["/a"], "c", {"limit": 3}), ("/source", None, "d", {})]
    assert first not in {await jobs.create(database, *other) for other in others}
    await jobs.cancel(database, first)
    assert await jobs.create(database, "/source", None, "c", {"limit": 3}) != first


async def test_a_cancelled_job_gives_nothing_more_to_do(database: Database) -> None:
    job_id = await new_job(database)
    lease = await leases.begin(database)
    held = await jobs.hold(database, job_id, lease, 2)
    await jobs.cancel(database, job_id)
    assert await jobs.hold(database, job_id, lease, 2) == []
    assert await jobs.is_over(database, job_id)
    async with database.transaction() as connection:  # what was under way ends well
        await jobs.settle(connection, job_id, [Outcome(held[0].position, "stored")])
    await jobs.finish(database, job_id)
    job = await jobs.get(database, job_id)
    assert job is not None and (job.state, job.stored, job.pending) == ("cancelled", 1, 8)


async def test_pace_and_time_left(database: Database) -> None:
    job_id = await new_job(database, 100)
    job = await jobs.get(database, job_id)
    assert job is not None and (job.rate, job.seconds_left) == (0, None)
    async with database.transaction() as connection:
        await jobs.settle(connection, job_id, [Outcome(n, "stored") for n in range(40)])
    async with database.connection() as connection:
        await connection.execute("UPDATE art_mcp.items SET settled_at = now() - interval '20 s' WHERE position < 40")
    job = await jobs.get(database, job_id)
    assert job is not None and job.rate == pytest.approx(2, rel=0.1)
    assert job.seconds_left == pytest.approx(59 / 2, rel=0.1)
