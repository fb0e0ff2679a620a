"""The PostgreSQL of a test run, the databases in it, and what tests ask them without the product."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import anyio
import asyncpg

from art_mcp.settings import Settings
from art_mcp.store import host_os
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer


@contextmanager
def running_postgres() -> Iterator[EmbeddedServer]:
    """An embedded server in a folder of its own, both removed afterwards; it neither waits for the disk nor vacuums."""
    server = EmbeddedServer.start(Path(tempfile.mkdtemp(prefix="art-mcp-")))  # short, so that the socket can be inside
    try:
        settings = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "autovacuum")]
        asyncio.run(administer(server, *settings, "SELECT pg_reload_conf()"))
        yield server
    finally:
        server.close()
        remove_server(server)


def remove_server(server: EmbeddedServer) -> None:
    """End a server at once and leave nothing of it."""
    host_os.kill_processes_in(server.cluster)
    for folder in (host_os.home(server.data_dir), server.data_dir):
        shutil.rmtree(folder, ignore_errors=True)


def url_of(server: EmbeddedServer, database: str, user: str = "postgres") -> str:
    arguments = server.connect_args
    password = f":{quote(arguments['password'])}" if "password" in arguments else ""
    host = quote(str(arguments["host"]), safe="")
    return f"postgresql://{user}{password}@/{database}?host={host}&port={arguments.get('port', 5432)}"


@contextmanager
def new_database(postgres: EmbeddedServer, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, a copy of `template`, which is removed afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    asyncio.run(administer(postgres, _create(name, template)))
    yield url_of(postgres, name)
    asyncio.run(administer(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


def _create(name: str, template: str = "template1") -> str:
    # File by file takes half the time of PostgreSQL's default, as long as nothing waits for the disk.
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"


async def administer(postgres: EmbeddedServer, *statements: str) -> None:
    """Execute statements outside of the tests' databases."""
    admin = await asyncpg.connect(**postgres.connect_args)
    for statement in statements:
        await admin.execute(statement)
    await admin.close()


def new_template(postgres: EmbeddedServer, fill: Callable[[Settings], Awaitable[object]] | None = None) -> str:
    """The name of a database for `new_database` to copy: its schema is up to date, and `fill` has filled it."""
    name = f"template_{uuid.uuid4().hex}"
    settings = Settings(database_url=url_of(postgres, name))

    async def make() -> None:
        await administer(postgres, _create(name))
        await (await Database.open(settings)).aclose()
        if fill:
            await fill(settings)

    asyncio.run(make())
    return name


async def count_paintings(database: Database) -> int:
    """How many paintings there are, which is what their collections say."""
    async with database.connection() as connection:
        (found,) = await connection.fetch(  # at one moment, since others may be writing
            "SELECT (SELECT count(*) FROM art_mcp.paintings) AS counted, "
            "(SELECT coalesce(sum(paintings), 0)::int FROM art_mcp.collections) AS said"
        )
    counted: int = found["counted"]
    assert found["said"] == counted
    return counted


async def until_blocked(connection: asyncpg.Connection) -> None:
    """Wait until somebody in this server waits for a lock."""
    with anyio.fail_after(60):
        while not await connection.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"):
            await anyio.sleep(0.02)


async def value(url: str, query: str) -> object:
    """What a query for one value finds."""
    connection = await asyncpg.connect(url)
    found = await connection.fetchval(query)
    await connection.close()
    return found
