from __future__ import annotations

import anyio
import numpy as np
import pytest
from support.postgres import until_blocked

from art_mcp.painting import Catalogue, Painting, Rendition, painting_id
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.store import backfill, leases, paid, paintings, space_migration, spaces
from art_mcp.store.database import Database
from art_mcp.store.errors import MovedError, StoreError
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

OLD = Space(Leg.PIXELS, "test", "old", "1", 4)
LOOK = Space(Leg.LOOK, "test", "old", "1", 3)
WORDS = Space(Leg.WORDS, "test", "shared", "1", 2)
NEW = Space(Leg.PIXELS, "test", "new", "1", 5)
TARGET = [NEW, WORDS]


def painting(number: int, picture: bytes = b"picture", title: str | None = "Title") -> Painting:
    key = f"{number:03}.jpg"
    words = Catalogue(title=title)
    return Painting(painting_id("c", key), "c", key, words, (), None, key, picture, 64, 48, "JPEG")


def ones(space: Space) -> np.ndarray:
    return np.full(space.dimensions, space.dimensions**-0.5, np.float32)


def entry(painting: Painting, *filled: Space) -> Entry:
    return Entry.read(painting, [Rendition("display", 1, 1, b"webp")], {space: ones(space) for space in filled})


async def store(database: Database, *entries: Entry) -> None:
    async with database.transaction() as connection:
        await paintings.write(connection, entries)


async def fill(database: Database, *made: Painting, space: Space = NEW) -> None:
    async with database.transaction() as connection:
        await backfill.fill(connection, [Entry.read(each, (), {space: ones(space)}) for each in made])


async def lack(database: Database, *wanted: Space) -> list[int]:
    """The numbers of the paintings that lack something."""
    async with database.connection() as connection:
        page = await backfill.page(connection, wanted, limit=100)
    assert len(page) == await backfill.count(database, wanted)
    return sorted(int(each.painting.source_key[:3]) for each in page)


@pytest.fixture
async def filled(database: Database) -> Database:
    """Three paintings in the old spaces, and the tables of the new one."""
    await spaces.activate(database, [OLD, LOOK, WORDS])
    await store(database, *(entry(painting(number), OLD, LOOK, WORDS) for number in range(3)))
    await spaces.register(database, TARGET)
    return database


async def test_what_lacks_a_vector_is_found_page_by_page(filled: Database) -> None:
    assert await lack(filled, *TARGET) == [0, 1, 2]
    assert await lack(filled, OLD, LOOK, WORDS) == []
    await fill(filled, painting(1))
    assert await lack(filled, *TARGET) == [0, 2]
    async with filled.connection() as connection:
        first = await backfill.page(connection, TARGET, limit=1)
        second = await backfill.page(connection, TARGET, after=first[0].painting.id, limit=1)
        assert await backfill.page(connection, TARGET, after=second[0].painting.id, limit=1) == []
    found = sorted((first[0].painting, second[0].painting), key=lambda each: each.source_key)
    assert found == [painting(0), painting(2)]
    assert first[0].lacks_picture_vector and not first[0].lacks_words_vector and first[0].picture_kept


async def test_without_its_table_a_space_lacks_everything(filled: Database) -> None:
    unknown = Space(Leg.PIXELS, "test", "unknown", "1", 5)
    assert await lack(filled, unknown) == [0, 1, 2]
    assert not await spaces.are_registered(filled, [unknown, WORDS])
    assert await spaces.are_registered(filled, TARGET)


async def test_only_what_has_words_lacks_their_vector(filled: Database) -> None:
    await store(filled, entry(painting(7, title=None), OLD, LOOK), entry(painting(8), OLD, LOOK))
    assert await lack(filled, WORDS) == [8]


async def test_a_vector_of_what_a_painting_no_longer_is_is_not_stored(filled: Database) -> None:
    await store(filled, entry(painting(1, picture=b"another"), OLD, LOOK, WORDS))
    await fill(filled, painting(0), painting(1), painting(9))  # 9 was removed meanwhile
    assert await lack(filled, NEW) == [1, 2]
    other_words = Space(Leg.WORDS, "test", "shared", "2", 2)
    await spaces.register(filled, [other_words])
    await fill(filled, painting(0, title="Other words"), painting(2), space=other_words)
    assert await lack(filled, other_words) == [0, 1]


@pytest.mark.parametrize("filled_first", [True, False])
async def test_a_picture_that_changes_while_its_old_one_is_filled_ends_without_a_vector(
    filled: Database, filled_first: bool
) -> None:
    """Whoever is first, the other one waits and sees what it did."""
    repainted = entry(painting(0, picture=b"another"), OLD, LOOK, WORDS)
    done = anyio.Event()

    async def other() -> None:
        await (store(filled, repainted) if filled_first else fill(filled, painting(0)))
        done.set()

    async with anyio.create_task_group() as group, filled.transaction() as connection:
        if filled_first:
            await backfill.fill(connection, [Entry.read(painting(0), (), {NEW: ones(NEW)})])
        else:
            await paintings.write(connection, [repainted])
        group.start_soon(other)
        await until_blocked(connection)
        assert not done.is_set()
    assert await lack(filled, NEW) == [0, 1, 2]


async def test_one_holder_at_a_time(filled: Database) -> None:
    mine, other = await leases.begin(filled), await leases.begin(filled)
    assert await space_migration.hold(filled, TARGET, mine)
    assert await space_migration.hold(filled, TARGET, mine)
    assert not await space_migration.hold(filled, TARGET, other)
    await leases.renew(filled, mine)
    await leases.release(filled, await leases.begin(filled))
    assert not await space_migration.hold(filled, TARGET, other)
    await leases.release(filled, mine)
    assert await space_migration.hold(filled, TARGET, other)
    with pytest.raises(leases.LeaseLostError, match="may have taken over"):
        await leases.renew(filled, mine)


async def test_a_holder_that_died_lets_go_in_time(filled: Database) -> None:
    mine, other = await leases.begin(filled), await leases.begin(filled)
    assert await space_migration.hold(filled, TARGET, mine)
    async with filled.connection() as connection:
        left = await connection.fetchval("SELECT extract(epoch FROM max(until) - now()) FROM art_mcp.leases")
        assert 0 < left <= leases.LEASE_S
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '1 s' WHERE id = $1", mine)
    await leases.renew(filled, mine)  # nobody else has taken it
    assert not await space_migration.hold(filled, TARGET, other)
    async with filled.connection() as connection:
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '1 s' WHERE id = $1", mine)
    assert await space_migration.hold(filled, TARGET, other)
    with pytest.raises(leases.LeaseLostError):
        await leases.renew(filled, mine)


async def test_many_who_want_to_hold_at_once(filled: Database) -> None:
    got: list[bool] = []

    async def take() -> None:
        got.append(await space_migration.hold(filled, TARGET, await leases.begin(filled)))

    async with anyio.create_task_group() as group:
        for _ in range(8):
            group.start_soon(take)
    assert sorted(got) == [False] * 7 + [True]


async def test_the_switch_waits_until_nothing_is_lacking(filled: Database) -> None:
    assert not await space_migration.switch(filled, TARGET)
    assert await spaces.active(filled) == [LOOK, OLD, WORDS]
    await fill(filled, painting(0), painting(2))
    assert not await space_migration.switch(filled, TARGET)
    assert not await space_migration.switch(filled, TARGET, {(painting(1).id, b"another picture")})
    assert await space_migration.switch(filled, TARGET, {(painting(1).id, b"picture")})
    assert await spaces.active(filled) == [NEW, WORDS]  # look is filled by nobody any more
    assert await space_migration.switch(filled, [OLD, LOOK, WORDS])
    assert await spaces.active(filled) == [LOOK, OLD, WORDS]


async def test_what_is_stored_during_the_switch_is_seen_by_it_or_refused(filled: Database) -> None:
    await fill(filled, *(painting(number) for number in range(3)))
    switched: list[bool] = []

    async def switch() -> None:
        switched.append(await space_migration.switch(filled, TARGET))

    async with anyio.create_task_group() as group, filled.transaction() as connection:
        await paintings.write(connection, [entry(painting(3), OLD, LOOK, WORDS)])
        group.start_soon(switch)
        await until_blocked(connection)
        assert switched == []  # it waits for the end of this transaction
    assert switched == [False]
    await fill(filled, painting(3))
    assert await space_migration.switch(filled, TARGET)
    with pytest.raises(MovedError, match="moved to another model"):
        await store(filled, entry(painting(4), OLD, LOOK, WORDS))
    await store(filled, entry(painting(0, title="Other words"), WORDS))  # words are the same in both
    assert await lack(filled, *TARGET) == []


async def test_only_what_is_not_used_is_dropped(filled: Database) -> None:
    with pytest.raises(StoreError, match="in use again"):
        await space_migration.drop(filled, [OLD])
    lease = await leases.begin(filled)
    await space_migration.hold(filled, TARGET, lease)
    assert [(each.space, each.held) for each in await space_migration.inactive(filled)] == [(NEW, True)]
    with pytest.raises(StoreError, match="in use again"):
        await space_migration.drop(filled, [NEW])
    await leases.release(filled, lease)
    await fill(filled, *(painting(number) for number in range(3)))
    await space_migration.switch(filled, TARGET)
    for space in (OLD, NEW):
        await paid.keep(filled, PictureEmbedding(b"digest", None, {space: ones(space)}))
    old = await space_migration.inactive(filled)
    assert [each.space for each in old] == [LOOK, OLD] and all(each.size > 0 for each in old)
    await space_migration.drop(filled, [each.space for each in old])
    assert await space_migration.inactive(filled) == []
    async with filled.connection() as connection:
        tables = await connection.fetch(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'art_mcp' AND tablename LIKE 'vectors%' ORDER BY 1"
        )
        assert [row["tablename"] for row in tables] == [f"vectors_{NEW.name}", f"vectors_{WORDS.name}"]
        assert await connection.fetchval("SELECT array_agg(space) FROM art_mcp.paid") == [NEW.name]
    with pytest.raises(MovedError):
        await paintings.vector(filled, OLD, painting(0).id)


async def test_a_search_that_holds_a_table_ends_before_it_is_dropped(filled: Database) -> None:
    """It may wait for another table meanwhile; the drop gives way, and nobody is thrown out."""
    await fill(filled, *(painting(number) for number in range(3)))
    await space_migration.switch(filled, TARGET)
    dropped = anyio.Event()

    async def drop() -> None:
        await space_migration.drop(filled, [OLD, LOOK])
        dropped.set()

    async with anyio.create_task_group() as group:
        async with filled.transaction() as connection:
            await connection.execute(f"SELECT count(*) FROM {spaces.vector_table(LOOK)}")
            group.start_soon(drop)
            await anyio.sleep(0.7)
            assert await connection.fetchval("SELECT count(*) FROM art_mcp.paintings") == 3
            assert await connection.fetchval(f"SELECT count(*) FROM {spaces.vector_table(OLD)}") == 3
            assert not dropped.is_set()
        with anyio.fail_after(60):
            await dropped.wait()
    assert await space_migration.inactive(filled) == []


async def test_nobody_takes_an_empty_database_from_who_is_loading_it(database: Database) -> None:
    await spaces.activate(database, [NEW, WORDS])
    lease = await leases.begin(database)
    async with database.connection() as connection:
        job = await connection.fetchval(
            "INSERT INTO art_mcp.jobs (id, source, collection) VALUES (gen_random_uuid(), 's', 'c') RETURNING id"
        )
        await connection.execute(
            "INSERT INTO art_mcp.items (job_id, position, label, lease) VALUES ($1, 0, 'l', $2)", job, lease
        )
    assert await spaces.activate(database, [OLD, LOOK, WORDS]) == [NEW, WORDS]
    await leases.release(database, lease)
    assert await spaces.activate(database, [OLD, LOOK, WORDS]) == [LOOK, OLD, WORDS]
