"""The PostgreSQL of a test run, the databases in it, and what tests ask them without the product."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import quote, urlsplit, urlunsplit

import anyio
import asyncpg
import pytest

from art_mcp.settings import Settings
from art_mcp.store import host_os
from art_mcp.store.connect_arguments import url_arguments
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer

GIVEN = "ART_MCP_TEST_DATABASE_URL"
"""Variable with the URL of a superuser on a server to run the tests on, instead of an embedded one."""
_GIVEN_URL = os.environ.get(GIVEN)
Fill: TypeAlias = Callable[[Settings], Awaitable[object]]


class GivenServer:
    """The server of `ART_MCP_TEST_DATABASE_URL`.

    On a Citus coordinator, each of the tests' databases is made on the workers as well. They are not copies of
    templates, since a copy would lack its shards there, but filled one by one.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        arguments = url_arguments(url)
        first = {name: arguments[name][0] for name in ("host", "port") if isinstance(arguments.get(name), list)}
        self.connect_args: dict[str, Any] = arguments | first
        self.templates: dict[str, Fill | None] = {}

    @cached_property
    def nodes(self) -> list[tuple[str, int]]:
        """Host and port of the cluster's workers; empty on another server."""
        return asyncio.run(self._nodes()) if self.on_citus else []

    @cached_property
    def on_citus(self) -> bool:
        return bool(asyncio.run(value(self.url, "SELECT count(*) FROM pg_extension WHERE extname = 'citus'")))

    async def _nodes(self) -> list[tuple[str, int]]:
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch("SELECT nodename, nodeport FROM pg_dist_node WHERE groupid > 0 AND isactive")
        await connection.close()
        return [(row["nodename"], row["nodeport"]) for row in rows]

    async def create(self, name: str) -> None:
        """Make a database of the cluster, on every node."""
        places = [{"host": host, "port": port} for host, port in self.nodes]
        for place in [*places, {}]:
            admin = await asyncpg.connect(**{**self.connect_args, **place})
            await admin.execute(f"CREATE DATABASE {name}")
            await admin.close()
            made = await asyncpg.connect(**{**self.connect_args, **place, "database": name})
            await made.execute("CREATE EXTENSION citus")
            for host, port in () if place else self.nodes:
                await made.execute("SELECT citus_add_node($1, $2)", host, port)
            await made.close()

    async def drop(self, name: str) -> None:
        for place in [{}, *({"host": host, "port": port} for host, port in self.nodes)]:
            admin = await asyncpg.connect(**{**self.connect_args, **place})
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
            await admin.close()


Postgres: TypeAlias = EmbeddedServer | GivenServer


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server of the tests: the given one, or an embedded one in a folder of its own, in memory if that has room.

    The latter neither waits for the disk nor vacuums, and nothing of it is left afterwards.
    """
    if _GIVEN_URL:
        yield GivenServer(_GIVEN_URL)
        return
    # A database is 300 files, whose copies take a disk twice the time of memory, and four times if others write to it.
    memory = "/dev/shm" if os.path.isdir("/dev/shm") and shutil.disk_usage("/dev/shm").free > 4 << 30 else None
    folder = Path(tempfile.mkdtemp(prefix="art-mcp-", dir=memory))  # short, so that the socket can be inside
    folder.chmod(0o711)  # if root runs the tests, the server's user has to pass it
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(host_os, "SYSTEM_DIR", folder / "root")
        server = EmbeddedServer.start(folder)
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


def url_of(server: Postgres, database: str, user: str | None = None) -> str:
    if isinstance(server, GivenServer):
        parts = urlsplit(server.url)
        place = f"{user}@{parts.netloc.rpartition('@')[2]}" if user else parts.netloc
        return urlunsplit(parts._replace(netloc=place, path=f"/{database}"))
    user = user or "postgres"
    arguments = server.connect_args
    password = f":{quote(arguments['password'])}" if "password" in arguments else ""
    host = quote(str(arguments["host"]), safe="")
    return f"postgresql://{user}{password}@/{database}?host={host}&port={arguments.get('port', 5432)}"


@contextmanager
def new_database(postgres: Postgres, template: str = "template1") -> Iterator[str]:
    """The URL of a new database, a copy of `template`, which is removed afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    if isinstance(postgres, GivenServer) and postgres.on_citus:
        asyncio.run(postgres.create(name))
        if template in postgres.templates:
            asyncio.run(_open_and_fill(url_of(postgres, name), postgres.templates[template]))
        yield url_of(postgres, name)
        asyncio.run(postgres.drop(name))
        return
    asyncio.run(administer(postgres, _create(name, template)))
    yield url_of(postgres, name)
    asyncio.run(administer(postgres, f"DROP DATABASE {name} WITH (FORCE)"))


@contextmanager
def read_only_database(
    postgres: Postgres, template: str, fill: Callable[[Database], Awaitable[object]] | None = None
) -> Iterator[str]:
    """The URL of a copy of `template`, after `fill`, for tests that only read; it refuses whatever would change it."""

    async def make(url: str) -> None:
        if fill:
            database = await Database.open(Settings(database_url=url))
            await fill(database)
            await database.aclose()
        await administer(postgres, f"ALTER DATABASE {urlsplit(url).path[1:]} SET default_transaction_read_only = on")

    with new_database(postgres, template) as url:
        asyncio.run(make(url))
        yield url


def _create(name: str, template: str = "template1") -> str:
    # File by file takes half the time of PostgreSQL's default, as long as nothing waits for the disk.
    return f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY"


async def administer(postgres: Postgres, *statements: str) -> None:
    """Execute statements outside of the tests' databases."""
    admin = await asyncpg.connect(**postgres.connect_args)
    for statement in statements:
        await admin.execute(statement)
    await admin.close()


def new_template(
    postgres: Postgres, fill: Fill | None = None, extend: Callable[[str], Awaitable[None]] | None = None
) -> str:
    """The name of a database for `new_database` to copy: its schema is up to date, and `fill` has filled it.

    Args:
        extend: adds an extension to it before its schema, given its URL.
    """
    name = f"template_{uuid.uuid4().hex}"
    if isinstance(postgres, GivenServer) and postgres.on_citus:
        postgres.templates[name] = fill
        return name

    async def make() -> None:
        await administer(postgres, _create(name))
        if extend:
            await extend(url_of(postgres, name))
        await _open_and_fill(url_of(postgres, name), fill)

    asyncio.run(make())
    return name


async def _open_and_fill(url: str, fill: Fill | None) -> None:
    settings = Settings(database_url=url)
    await (await Database.open(settings)).aclose()
    if fill:
        await fill(settings)


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
