"""Databases with a synthetic collection, kept between runs because loading takes minutes."""

from __future__ import annotations

import hashlib
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import asyncpg
import numpy as np
from bench.corpus import Corpus, make_corpus
from bench.statements import OpenDatabase, Replay, bare_connection
from bench.vectors import SHIPPED, WIDE, WideProvider, cloud
from numpy.typing import NDArray
from rich.console import Console

from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.store import paintings
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.schema import migrations
from art_mcp.store.spaces import register, vector_table
from art_mcp.vision.local import LocalProvider

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection

FORM = 1
"""Version of the data; another number makes the next run load it again."""
BATCH = 500
LOAD_TIMEOUT_S = 3600
STOP_TIMEOUT_S = 30
console = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Collection:
    """A loaded database, as the product sees it and as bare asyncpg does."""

    rows: int
    data_dir: Path
    server: EmbeddedServer
    database: OpenDatabase
    bare: Connection
    replay: Replay


@asynccontextmanager
async def opened(data_dir: Path, rows: int) -> AsyncIterator[Collection]:
    """A collection that `prepare` has loaded."""
    server = await anyio.to_thread.run_sync(EmbeddedServer.start, data_dir)
    database = await OpenDatabase.open(_settings(data_dir))
    try:
        async with bare_connection(server.connect_args) as bare:
            yield Collection(rows, data_dir, server, database, bare, Replay(bare))
    finally:
        await database.aclose()
        server.close()


async def prepare(folder: Path, rows: int) -> Path:
    """The data folder of a collection of that many paintings, loaded unless a former run has done so.

    The built-in model's spaces are the active ones, and the server is stopped, unless others use it too.
    """
    data_dir = folder / f"bench-{rows}"
    server = await anyio.to_thread.run_sync(EmbeddedServer.start, data_dir)
    schema = hashlib.sha256("".join(each.sql for each in migrations()).encode()).hexdigest()[:8]
    label = f"bench {FORM}: {rows} paintings, schema {schema}"
    connection = await asyncpg.connect(**server.connect_args)
    if not await _is_loaded(connection, label):
        database = await Database.open(_settings(data_dir))
        await _load(database, rows, label)
        await database.aclose()
    await use(connection, SHIPPED)
    await connection.close()
    server.close()
    with anyio.move_on_after(STOP_TIMEOUT_S):
        while server.is_running():
            await anyio.sleep(0.2)
    return data_dir


async def use(connection: Connection, spaces: Mapping[Leg, Space]) -> None:
    """Make these the active spaces."""
    names = [space.name for space in spaces.values()]
    async with connection.transaction():
        await connection.execute("UPDATE art_mcp.spaces SET active = false")
        await connection.execute("UPDATE art_mcp.spaces SET active = true WHERE name = ANY($1)", names)


def _settings(data_dir: Path) -> Settings:
    return Settings(database_url=None, data_dir=data_dir)


async def _is_loaded(connection: Connection, label: str) -> bool:
    """Whether the whole collection is there; removes what is there of another or an unfinished one."""
    found: str | None = await connection.fetchval("SELECT obj_description(to_regnamespace('art_mcp'), 'pg_namespace')")
    if found != label:
        await connection.execute("DROP SCHEMA IF EXISTS art_mcp CASCADE")
    return found == label


async def _load(database: Database, rows: int, label: str) -> None:
    started = time.monotonic()

    def say(done: str) -> None:
        console.print(f"{rows:,} paintings: {done} after {time.monotonic() - started:.0f} s")

    corpus = make_corpus(rows)
    async with database.connection() as connection:
        for start in range(0, rows, BATCH):
            entries = [paintings.Entry(painting) for painting in corpus.paintings[start : start + BATCH]]
            async with connection.transaction():
                await paintings.write(connection, entries)
    say("catalogue loaded")
    for provider, spaces in ((WideProvider(), WIDE), (LocalProvider(), SHIPPED)):
        await register(database, spaces.values())
        centres = await provider.embed_queries(corpus.topics)
        for seed, (leg, space) in enumerate(spaces.items()):
            async with database.connection() as connection:
                await _load_vectors(connection, space, corpus, cloud(centres[leg], corpus.topic_of, seed))
            say(f"{space.name} loaded")
    async with database.connection() as connection:
        await connection.execute("VACUUM ANALYZE", timeout=LOAD_TIMEOUT_S)
        await connection.execute(f"COMMENT ON SCHEMA art_mcp IS '{label}'")


async def _load_vectors(
    connection: Connection, space: Space, corpus: Corpus, vectors: Iterable[NDArray[np.float16]]
) -> None:
    """Copy first, then build the index: many times faster than the other way round."""
    table = vector_table(space)
    ((index, definition),) = await connection.fetch(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        f"WHERE indrelid = '{table}'::regclass AND NOT indisprimary"
    )
    await connection.execute(f"DROP INDEX {index}")
    ids = (painting.id for painting in corpus.paintings)
    schema, _, name = table.partition(".")
    await connection.copy_records_to_table(
        name,
        schema_name=schema,
        columns=("painting_id", "vector"),
        records=zip(ids, vectors, strict=True),
        timeout=LOAD_TIMEOUT_S,
    )
    await connection.execute("SET maintenance_work_mem = '1GB'")
    await connection.execute(definition, timeout=LOAD_TIMEOUT_S)
    await connection.execute("RESET maintenance_work_mem")
