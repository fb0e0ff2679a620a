from __future__ import annotations

import uuid

import pytest
from support.postgres import count_paintings

from art_mcp.painting import Catalogue, Painting, painting_id
from art_mcp.store import collection_sizes, jobs, leases, paintings, removal
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.jobs import NewItem
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio


def entry(collection: str, number: int) -> Entry:
    key = f"{number}.jpg"
    words = Catalogue(title=f"No {number}")
    id_ = painting_id(collection, key)
    return Entry.read(Painting(id_, collection, key, words, (), None, key, key.encode(), 1, 1, "JPEG"), (), {})


async def listed_job(database: Database, collection: str, count: int) -> uuid.UUID:
    job_id = await jobs.create(database, "/a", None, collection, {})
    items = [NewItem(str(n), painting_id(collection, str(n)), {}) for n in range(count)]
    async with leases.acquire(database) as lease:
        assert await jobs.start_listing(database, job_id, lease) is not None
        assert await jobs.append(database, job_id, lease, items, None)
    return job_id


async def write(database: Database, *entries: Entry) -> None:
    async with database.transaction() as connection:
        await paintings.write(connection, entries)


async def test_sizes_follow_what_is_written_again_and_rolled_back(database: Database) -> None:
    await write(database, *(entry("a", number) for number in range(3)), entry("b", 0))
    assert await collection_sizes.sizes(database) == {"a": 3, "b": 1}
    await write(database, entry("a", 2), entry("a", 3))
    assert await collection_sizes.sizes(database) == {"a": 4, "b": 1}
    with pytest.raises(RuntimeError):
        async with database.transaction() as connection:
            await paintings.write(connection, [entry("a", 9)])
            raise RuntimeError
    assert await collection_sizes.sizes(database) == {"a": 4, "b": 1}
    assert await count_paintings(database) == 5


async def test_a_collection_of_several_batches_is_removed_whole(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(removal, "AT_ONCE", 4)
    await write(database, *(entry("a", number) for number in range(10)), entry("b", 0))
    assert await removal.remove_collection(database, "a") == 10
    assert await removal.remove_collection(database, "a") == 0
    assert await collection_sizes.sizes(database) == {"b": 1}
    assert await count_paintings(database) == 1


async def test_a_collection_that_is_being_loaded_is_not_removed(database: Database) -> None:
    await write(database, entry("a", 0))
    job_id = await listed_job(database, "a", 2)
    lease = await leases.begin(database)
    assert await jobs.hold(database, job_id, lease, 1)
    with pytest.raises(StoreError, match="a is being loaded now"):
        await removal.remove_collection(database, "a")
    await leases.release(database, lease)
    assert await removal.remove_collection(database, "a") == 1
    assert await jobs.get(database, job_id) is None


async def test_a_worker_whose_job_was_removed_stores_nothing(database: Database) -> None:
    job_id = await listed_job(database, "a", 1)
    assert await removal.remove_collection(database, "a") == 0
    with pytest.raises(StoreError, match="and its collection were removed"):
        async with database.transaction() as connection:
            await paintings.write(connection, [entry("a", 1)])
            await jobs.settle(connection, job_id, [])
    assert await count_paintings(database) == 0


async def test_a_count_that_another_program_spoiled_is_put_right(database: Database) -> None:
    await write(database, entry("a", 0), entry("a", 1))
    for spoiled in (-5, 0, 77):
        async with database.connection() as connection:
            await connection.execute("UPDATE art_mcp.collections SET paintings = $1", spoiled)
        job_id = await listed_job(database, "a", 0)
        await jobs.finish(database, job_id)
        assert await collection_sizes.sizes(database) == {"a": 2}
