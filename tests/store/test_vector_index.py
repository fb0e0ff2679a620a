from __future__ import annotations

import anyio
import asyncpg
import pytest
from mcp import Client
from support.bundles import PIXELS, WORDS, entry, put
from support.postgres import url_of

from art_mcp.doctor import examine
from art_mcp.server.app import build_server
from art_mcp.settings import Settings
from art_mcp.store import leases, space_migration, vector_index
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.spaces import vector_table

pytestmark = pytest.mark.anyio


async def indexes(database: Database) -> dict[str, str]:
    """The kind of each index of vectors, by its table."""
    async with database.connection() as connection:
        rows = await connection.fetch(
            "SELECT tablename, indexdef FROM pg_indexes "
            "WHERE tablename LIKE 'vectors_%' AND indexname NOT LIKE '%_pkey'"
        )
    return {row["tablename"].removeprefix("vectors_"): row["indexdef"].partition("USING ")[2] for row in rows}


async def end_leases(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '1 second'")


async def test_it_is_left_out_only_where_more_is_coming_than_there_is(database: Database) -> None:
    await put(database, [entry(number) for number in range(3)])
    assert not await vector_index.leave_out(database, PIXELS, 3)
    assert await indexes(database) == dict.fromkeys((PIXELS.name, WORDS.name), "hnsw (vector halfvec_cosine_ops)")
    assert await vector_index.leave_out(database, PIXELS, 4)
    assert (await indexes(database)).keys() == {WORDS.name}
    assert await vector_index.missing(database) == [PIXELS]
    await vector_index.build(database, PIXELS)
    await vector_index.build(database, PIXELS)
    assert await indexes(database) == dict.fromkeys((PIXELS.name, WORDS.name), "hnsw (vector halfvec_cosine_ops)")
    assert await vector_index.missing(database) == []


async def test_an_index_of_another_kind_is_somebody_elses(database: Database) -> None:
    await put(database, [entry(0)])
    async with database.connection() as connection:
        await connection.execute(f"DROP INDEX {vector_table(PIXELS)}_vector_idx")
        await connection.execute(
            f"CREATE INDEX ON {vector_table(PIXELS)} USING ivfflat (vector halfvec_cosine_ops) WITH (lists = 1)"
        )
    assert not await vector_index.leave_out(database, PIXELS, 100)
    assert await vector_index.missing(database) == []
    assert (await indexes(database))[PIXELS.name].startswith("ivfflat")


async def test_while_it_is_searched_it_stays(database: Database, database_url: str) -> None:
    await put(database, [entry(0)])
    searching = await asyncpg.connect(database_url)
    async with searching.transaction():
        await searching.fetch(f"SELECT painting_id FROM {vector_table(PIXELS)}")
        assert not await vector_index.leave_out(database, PIXELS, 100)
    await searching.close()
    assert PIXELS.name in await indexes(database)


async def test_who_does_not_own_it_leaves_it(database: Database, database_url: str, postgres: EmbeddedServer) -> None:
    await put(database, [entry(0)])
    name = database_url.partition("@/")[2].partition("?")[0]
    async with database.connection() as connection:
        await connection.execute(
            f"CREATE ROLE {name} LOGIN; GRANT ALL ON SCHEMA art_mcp TO {name}; "
            f"GRANT ALL ON ALL TABLES IN SCHEMA art_mcp TO {name}"
        )
    guest = await Database.open(Settings(database_url=url_of(postgres, name, user=name)))
    assert not await vector_index.leave_out(guest, PIXELS, 100)
    await guest.aclose()
    async with database.connection() as connection:
        await connection.execute(f"DROP OWNED BY {name}; DROP ROLE {name}")
    assert PIXELS.name in await indexes(database)


async def test_what_is_held_is_not_missing_until_the_hold_has_ended(database: Database) -> None:
    await put(database, [entry(0)])
    assert await space_migration.hold(database, [PIXELS], await leases.begin(database))
    await vector_index.leave_out(database, PIXELS, 100)
    await vector_index.repair(database)
    assert PIXELS.name not in await indexes(database)
    await end_leases(database)
    await vector_index.repair(database)
    assert PIXELS.name in await indexes(database)


async def test_without_shared_memory_it_is_built_by_one_process(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(database, [entry(0)])
    await vector_index.leave_out(database, PIXELS, 100)
    statement = vector_index.index_statement
    # What PostgreSQL says where /dev/shm is full, unless it is to do without.
    full = (
        "DO $$ BEGIN IF current_setting('max_parallel_maintenance_workers') <> '0' THEN "
        "RAISE EXCEPTION 'could not resize shared memory segment' USING ERRCODE = '53100'; END IF; END $$"
    )
    monkeypatch.setattr(vector_index, "index_statement", lambda space: f"{full}; {statement(space)}")
    await vector_index.build(database, PIXELS)
    assert PIXELS.name in await indexes(database)


async def test_a_server_builds_what_a_killed_import_has_left_out_and_the_doctor_tells(
    settings: Settings, database: Database
) -> None:
    await put(database, [entry(0)])
    await vector_index.leave_out(database, PIXELS, 100)
    (finding,) = [each async for each in examine(settings) if each.name == "database"]
    assert not finding.ok
    assert "an index is missing: maker see 1" in finding.detail
    async with Client(build_server(settings)) as client:
        assert not (await client.call_tool("describe_collection", {})).is_error
        with anyio.fail_after(60):
            while await vector_index.missing(database):
                await anyio.sleep(0.05)
    assert PIXELS.name in await indexes(database)
