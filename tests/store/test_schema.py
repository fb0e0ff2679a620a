from __future__ import annotations

import asyncio
import json

import asyncpg
import pytest
from support.postgres import url_of

from art_mcp.normalization import spellings
from art_mcp.painting import detail_key
from art_mcp.settings import Settings
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.errors import StoreError
from art_mcp.store.schema import Migration, migrate, migrations

pytestmark = pytest.mark.anyio

TABLES = {"paintings", "spaces", "paid", "renditions", "jobs", "items", "collections", "migrations"}


async def tables(connection: asyncpg.Connection) -> set[str]:
    rows = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'art_mcp'")
    return {row["tablename"] for row in rows}


async def test_an_empty_database_gets_the_schema_and_a_second_run_changes_nothing(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection)
    assert await tables(connection) >= TABLES
    before = await connection.fetch("SELECT * FROM art_mcp.migrations")
    await migrate(connection)
    assert await connection.fetch("SELECT * FROM art_mcp.migrations") == before
    await connection.close()


async def test_versions_are_numbered_without_a_gap() -> None:
    assert [migration.version for migration in migrations()] == list(range(1, len(migrations()) + 1))


async def test_an_earlier_version_is_brought_up_to_date_and_keeps_its_rows(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection)
    await connection.execute("INSERT INTO art_mcp.collections (name, paintings) VALUES ('a', 2), ('b', 3)")
    later = Migration(len(migrations()) + 1, "later", "ALTER TABLE art_mcp.collections ADD note text DEFAULT 'new'")
    for _ in range(2):
        await migrate(connection, [*migrations(), later])
        assert await connection.fetchval("SELECT max(version) FROM art_mcp.migrations") == later.version
        found = await connection.fetch("SELECT name, paintings, note FROM art_mcp.collections ORDER BY 1")
        assert [tuple(row) for row in found] == [("a", 2, "new"), ("b", 3, "new")]
    await connection.close()


async def test_artists_of_an_older_database_are_found_by_name_and_by_painting(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection, migrations()[:3])
    await connection.execute(
        "INSERT INTO art_mcp.paintings "
        "(id, collection, source_key, image_name, search, artist, artist_name, artist_key) "
        "VALUES (gen_random_uuid(), 'c', '1', '1.jpg', '', 'MONET, Claude', 'Claude Monet', 'claude monet'), "
        "(gen_random_uuid(), 'c', '2', '2.jpg', '', 'Claude Monet', NULL, 'claude monet'), "
        "(gen_random_uuid(), 'c', '3', '3.jpg', '', NULL, NULL, NULL)"
    )
    await migrate(connection)
    (artist,) = await connection.fetch("SELECT * FROM art_mcp.artists")
    assert artist["key"] == "claude monet" and artist["name"] == "Claude Monet"
    assert set(artist["spellings"]) == spellings("claude") | spellings("monet")
    rows = await connection.fetch("SELECT artists, artist_keys, details FROM art_mcp.paintings ORDER BY source_key")
    assert [tuple(row) for row in rows] == [
        (["Claude Monet"], ["claude monet"], "{}"),
        (["Claude Monet"], ["claude monet"], "{}"),
        ([], [], "{}"),
    ]
    await connection.close()


async def test_an_older_database_is_filtered_by_its_details(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection, migrations()[:10])
    details = {
        "Maße (cm)": "20 × 30",
        "current_Location": "  Dépôt n° 3, ÉTAGÈRE_1",
        "Sté": "Øre, Łódź & Æsir",
        "場所": "三階",
    }
    await connection.execute(
        "INSERT INTO art_mcp.paintings (id, collection, source_key, image_name, search, details) VALUES "
        "(gen_random_uuid(), 'c', '1', '1.jpg', '', $1), (gen_random_uuid(), 'c', '2', '2.jpg', '', '{}')",
        json.dumps(details, ensure_ascii=False),
    )
    await migrate(connection)
    rows = await connection.fetch("SELECT detail_keys FROM art_mcp.paintings ORDER BY source_key")
    assert [row["detail_keys"] for row in rows] == [[detail_key(*each) for each in details.items()], []]
    await connection.close()


@pytest.mark.parametrize("last", [1, 8])
async def test_a_database_from_before_the_first_release_is_refused_and_left_alone(bare_url: str, last: int) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection)
    await connection.execute("DELETE FROM art_mcp.migrations; DROP TABLE art_mcp.jobs CASCADE")
    names = ["initial", "collections", "search_indexes", "accounts", "moves", "recent_calls", "no_picture", "listing"]
    await connection.executemany(
        "INSERT INTO art_mcp.migrations (version, name) VALUES ($1, $2)", list(enumerate(names[:last], start=1))
    )
    there = await tables(connection)
    with pytest.raises(StoreError, match=r"neither upgraded nor exported\. Load the collections again into a new"):
        await Database.open(Settings(database_url=bare_url))
    assert await tables(connection) == there
    assert await connection.fetchval("SELECT count(*) FROM art_mcp.migrations") == last
    await connection.close()


async def test_processes_that_migrate_at_once_do_it_once(bare_url: str) -> None:
    connections = [await asyncpg.connect(bare_url) for _ in range(6)]
    await asyncio.gather(*(migrate(connection) for connection in connections))
    assert await connections[0].fetchval("SELECT count(*) FROM art_mcp.migrations") == len(migrations())
    for connection in connections:
        await connection.close()


async def test_a_failing_migration_leaves_the_database_as_it_was(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection)
    last = len(migrations())
    broken = Migration(last + 1, "broken", "CREATE TABLE art_mcp.half (n int); SELECT 1/0")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await migrate(connection, [*migrations(), broken])
    assert "half" not in await tables(connection)
    assert await connection.fetchval("SELECT max(version) FROM art_mcp.migrations") == last
    await connection.close()


async def test_a_database_of_a_newer_program_is_left_alone(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection)
    await connection.execute("INSERT INTO art_mcp.migrations (version, name) VALUES (999, 'future')")
    with pytest.raises(StoreError, match=r"newer art-mcp .* Upgrade art-mcp"):
        await migrate(connection)
    await connection.close()


async def test_a_server_without_pgvector(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    if connection.get_server_version() < (18,):
        await connection.close()
        pytest.skip("PostgreSQL 18 is the first that can hide an extension.")
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'")
    await connection.close()
    with pytest.raises(StoreError, match=r"The database server has no pgvector\. Install it there"):
        await Database.open(Settings(database_url=bare_url))


async def test_pgvector_in_another_schema(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute("CREATE SCHEMA extensions; CREATE EXTENSION vector SCHEMA extensions")
    with pytest.raises(StoreError, match=r"The schema of pgvector, extensions, is not in .* ALTER ROLE"):
        await Database.open(Settings(database_url=bare_url))
    await connection.execute(f"ALTER DATABASE {name} SET search_path = public, extensions")
    await connection.close()
    database = await Database.open(Settings(database_url=bare_url))
    await database.aclose()


async def limited_user(bare_url: str, postgres: EmbeddedServer) -> tuple[asyncpg.Connection, str]:
    """An administrator's connection, and the URL of a user who may create nothing."""
    admin = await asyncpg.connect(bare_url)
    name = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"CREATE ROLE {name}_reader LOGIN")
    return admin, url_of(postgres, name, user=f"{name}_reader")


async def test_no_right_to_create_pgvector_then_the_schema_then_none_needed(
    bare_url: str, postgres: EmbeddedServer
) -> None:
    admin, url = await limited_user(bare_url, postgres)
    role = await admin.fetchval("SELECT current_database() || '_reader'")
    try:
        with pytest.raises(StoreError, match=r"may not create it\. Ask an administrator to run CREATE EXTENSION"):
            await Database.open(Settings(database_url=url))
        await admin.execute("CREATE EXTENSION vector")
        with pytest.raises(StoreError, match=r"may not create the schema art_mcp\. Let its owner run"):
            await Database.open(Settings(database_url=url))
        assert await tables(admin) == set()
        await admin.execute(f"CREATE SCHEMA art_mcp AUTHORIZATION {role}")
        opened = await Database.open(Settings(database_url=url))
        await opened.aclose()
        assert await tables(admin) >= TABLES
    finally:
        await admin.execute(f"DROP OWNED BY {role} CASCADE; DROP ROLE {role}")
        await admin.close()
