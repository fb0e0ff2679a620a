from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from support.bundles import PIXELS, WORDS, content, entry, exported, imported, put
from support.postgres import count_paintings

from art_mcp.ingest import load as loading
from art_mcp.ingest.archive import Archive
from art_mcp.ingest.load import Load
from art_mcp.settings import Settings
from art_mcp.store import archive, collection_sizes, leases, space_migration, vector_index
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError

pytestmark = pytest.mark.anyio

ROWS = 40
KILLED = textwrap.dedent("""
    import os, signal, sys
    import anyio
    from pathlib import Path
    from art_mcp.ingest import load as loading
    from art_mcp.ingest.archive import Archive
    from art_mcp.settings import Settings
    from art_mcp.store import archive
    from art_mcp.store.database import Database

    loading.MANY, loading.ROWS = 1, 8
    store, stored = archive.store, []

    async def store_and_be_killed(connection, entries, **options):
        stored.append(await store(connection, entries, **options))
        if len(stored) == 3:
            os.kill(os.getpid(), signal.SIGKILL)  # before the commit
        return stored[-1]

    archive.store = store_and_be_killed

    async def main():
        database = await Database.open(Settings(database_url=sys.argv[1]))
        await loading.Load(database, Archive(Path(sys.argv[2]))).run()

    anyio.run(main)
""")


@pytest.fixture
async def other(other_url: str) -> AsyncIterator[Database]:
    database = await Database.open(Settings(database_url=other_url))
    yield database
    await database.aclose()


@pytest.fixture
async def backup(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Of 40 paintings, in batches of eight."""
    monkeypatch.setattr(loading, "ROWS", 8)
    await put(database, [entry(number) for number in range(ROWS)])
    return await exported(database, tmp_path / "backup")


@pytest.mark.slow
async def test_an_import_that_was_killed_ends_the_same_when_it_is_run_again(
    database: Database, other: Database, other_url: str, backup: Path
) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, other_url, str(backup)], env=os.environ, timeout=120)
    assert killed.returncode == -signal.SIGKILL
    while (there := await count_paintings(other)) < 16:  # its connection may end a little later
        await anyio.sleep(0.05)
    assert there == 16
    async with other.connection() as connection:
        await connection.execute("UPDATE art_mcp.leases SET until = now() - interval '1 second'")
    assert set(await vector_index.missing(other)) == {PIXELS, WORDS}
    load = await imported(other, backup)
    assert (load.stored, load.unchanged, load.refused) == (24, 16, 0)
    assert await content(other) == await content(database)
    assert await vector_index.missing(other) == []


async def test_the_index_is_left_out_while_much_is_loaded_and_whole_batches_are_there_at_once(
    database: Database, other: Database, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MANY", ROWS)
    store, seen = archive.store, []

    async def look(connection, entries, **options):
        stored = await store(connection, entries, **options)
        indexes = await connection.fetch("SELECT FROM pg_indexes WHERE indexdef LIKE '%hnsw%'")
        seen.append((len(entries), len(indexes), await count_paintings(other)))
        return stored

    monkeypatch.setattr(archive, "store", look)
    await imported(other, backup)
    assert seen == [(8, 0, already) for already in range(0, ROWS, 8)]
    assert await vector_index.missing(other) == []
    seen.clear()
    monkeypatch.setattr(loading, "MANY", ROWS + 1)
    await imported(other, backup, collection="again")
    assert {indexes for _, indexes, _ in seen} == {2}


async def test_a_space_that_somebody_fills_keeps_its_index_and_its_holder(
    database: Database, other: Database, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MANY", 1)
    await put(other, [])
    lease = await leases.begin(other)
    assert await space_migration.hold(other, [PIXELS], lease)
    await imported(other, backup)
    assert (await content(other))[PIXELS.name] == (await content(database))[PIXELS.name]
    async with other.connection() as connection:
        assert await connection.fetchval("SELECT lease FROM art_mcp.spaces WHERE name = $1", PIXELS.name) == lease
    assert await vector_index.missing(other) == []


async def test_a_fault_of_the_database_lets_the_space_go_and_the_next_run_mends_all(
    other: Database, backup: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loading, "MANY", 1)
    store, stored = archive.store, []

    async def fail_at_the_third(connection, entries, **options):
        stored.append(await store(connection, entries, **options))
        if len(stored) == 3:
            await connection.execute("SELECT 1 / 0")
        return stored[-1]

    monkeypatch.setattr(archive, "store", fail_at_the_third)
    load = Load(other, Archive(backup))
    with pytest.raises(StoreError, match="SQLSTATE 22012"):
        await load.run()
    assert await collection_sizes.sizes(other) == {"prints": 16}
    assert set(await vector_index.missing(other)) == {PIXELS, WORDS}
    monkeypatch.setattr(archive, "store", store)
    await imported(other, backup)
    assert await collection_sizes.sizes(other) == {"prints": ROWS}
    assert await vector_index.missing(other) == []


async def test_two_imports_at_once_end_as_one(database: Database, other: Database, backup: Path) -> None:
    async with anyio.create_task_group() as both:
        for _ in range(2):
            both.start_soon(imported, other, backup)
    assert await content(other) == await content(database)
