"""Tables that are distributed over a Citus cluster, on a stand-in for the extension."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest
from support.citus_rules import Cluster
from support.command import art_mcp_here

from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.store import space_migration, spaces
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.schema import Migration, migrate, migrations

pytestmark = pytest.mark.anyio

PIXELS = Space(Leg.PIXELS, "test", "random", "1", 16)
NEW = Space(Leg.PIXELS, "test", "new", "1", 4)
OF_PAINTINGS = ["paintings", "copies", "fingerprints", "renditions"]
"""The tables of a new database that are distributed, in this order."""


@pytest.fixture
async def connection(cluster_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(cluster_url)
    yield connection
    await connection.close()


async def distributed(connection: asyncpg.Connection) -> list[tuple[str, ...]]:
    """The calls that distributed tables, without their schema."""
    rows = await connection.fetch("SELECT name, key, colocate_with, shard_count FROM distributed ORDER BY n")
    return [(name.removeprefix("art_mcp."), *rest) for name, *rest in rows]


async def test_new_tables_of_paintings_are_distributed_where_they_are_created(connection: asyncpg.Connection) -> None:
    await migrate(connection, citus_shards=6)
    assert await distributed(connection) == [
        ("paintings", "id", "none", 6),
        *((name, "painting_id", "art_mcp.paintings", None) for name in OF_PAINTINGS[1:]),
    ]
    (at_once,) = await connection.fetch(
        "SELECT DISTINCT transaction, (SELECT xmin FROM art_mcp.migrations WHERE version = 1) AS first FROM distributed"
    )
    assert at_once["transaction"] % 2**32 == at_once["first"]
    await migrate(connection, citus_shards=8)  # nothing is left to distribute
    assert len(await distributed(connection)) == len(OF_PAINTINGS)


async def test_without_the_setting_nothing_is_distributed_until_it_is_given(cluster_url: str) -> None:
    database = await Database.open(Settings(database_url=cluster_url))
    await spaces.register(database, [PIXELS])
    await database.aclose()
    connection = await asyncpg.connect(cluster_url)
    assert await distributed(connection) == []
    await (await Database.open(Settings(database_url=cluster_url, citus_shards=4))).aclose()
    assert [name for name, *_ in await distributed(connection)] == [*OF_PAINTINGS, f"vectors_{PIXELS.name}"]
    await connection.close()


async def test_a_new_space_is_beside_its_paintings_without_the_setting_as_well(cluster_url: str) -> None:
    await (await Database.open(Settings(database_url=cluster_url, citus_shards=4))).aclose()
    database = await Database.open(Settings(database_url=cluster_url))
    await spaces.register(database, [PIXELS, NEW])
    await database.aclose()
    connection = await asyncpg.connect(cluster_url)
    assert (await distributed(connection))[len(OF_PAINTINGS) :] == [
        (f"vectors_{space.name}", "painting_id", "art_mcp.paintings", None) for space in (PIXELS, NEW)
    ]
    await connection.close()


@pytest.mark.parametrize("version", range(1, len(migrations())))
async def test_a_distributed_database_of_every_version_is_brought_up_to_date(
    connection: asyncpg.Connection, version: int
) -> None:
    await migrate(connection, migrations()[:version], citus_shards=4)
    change = connection.transaction()
    await change.start()
    for statement in (each for migration in migrations()[version:] for each in migration.statements):
        assert await (await Cluster.of(connection)).refusals(connection, statement) == []
        await connection.execute(statement)
    await change.rollback()
    await migrate(connection)
    assert sorted(name for name, *_ in await distributed(connection)) == sorted(OF_PAINTINGS)


@pytest.mark.parametrize("migration", migrations(), ids=lambda migration: migration.name)
async def test_a_migration_is_sent_statement_by_statement(migration: Migration, bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    await migrate(connection, [each for each in migrations() if each <= migration])
    for statement in migration.statements:
        try:
            await connection.prepare(statement)
        except asyncpg.PostgresSyntaxError as error:
            pytest.fail(f"{error}: {statement}")
        except asyncpg.PostgresError:
            continue  # it has been executed, so that the names in it may be gone
    assert "".join(migration.statements).replace(";", "").split() == migration.sql.replace(";", "").split()
    await connection.close()


async def test_shards_without_citus(bare_url: str) -> None:
    with pytest.raises(StoreError, match=r"no Citus\. Unset it, or .* CREATE EXTENSION citus"):
        await Database.open(Settings(database_url=bare_url, citus_shards=4))


async def test_a_worker_is_refused(connection: asyncpg.Connection, cluster_url: str) -> None:
    await connection.execute("UPDATE pg_dist_local_group SET groupid = 3")
    with pytest.raises(StoreError, match=r"a worker of a Citus cluster\. Name the cluster's coordinator"):
        await Database.open(Settings(database_url=cluster_url))
    assert await connection.fetchval("SELECT to_regnamespace('art_mcp')") is None


async def test_the_size_of_a_space_is_that_of_its_shards(cluster_url: str, connection: asyncpg.Connection) -> None:
    database = await Database.open(Settings(database_url=cluster_url, citus_shards=4))
    await spaces.register(database, [NEW])
    (found,) = await space_migration.inactive(database)
    await database.aclose()
    here = await connection.fetchval(f"SELECT pg_total_relation_size('art_mcp.vectors_{NEW.name}')")
    assert found.size == 2 * here  # as the stand-in says


def test_doctor_says_how_the_tables_are_distributed(cluster_url: str) -> None:
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=cluster_url)
    assert "Citus 13.2-1, but the tables are not distributed (ART_MCP_CITUS_SHARDS does that)" in done.stdout
    done = art_mcp_here("doctor", ART_MCP_DATABASE_URL=cluster_url, ART_MCP_CITUS_SHARDS="6")
    assert "Citus 13.2-1: paintings are distributed by id over 6 shards on 2 nodes" in done.stdout
