"""A database behind PgBouncer in transaction mode, as managed PostgreSQL often is: every transaction may run on
another connection of the server."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import anyio
import asyncpg
import numpy as np
import pytest
from pydantic import SecretStr
from support.pictures import draw

from art_mcp.runtime import Runtime
from art_mcp.server.uploads import Link, Uploads
from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.store import host_os, leases, space_migration, spaces
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.errors import StoreError
from art_mcp.store.ranking import LegQuery, rank
from art_mcp.store.server import look
from art_mcp.store.spaces import activate

PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}{os.pathsep}/usr/sbin")

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(PGBOUNCER is None, reason="PgBouncer is not installed (Debian: apt-get install pgbouncer)"),
]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.fixture(scope="module")
def pooler(postgres: EmbeddedServer) -> Iterator[int]:
    """The port of a PgBouncer with two connections to the server, which every client's transactions share."""
    account = host_os.account(postgres.cluster)
    folder = Path(tempfile.mkdtemp(prefix="art-mcp-"))
    folder.chmod(0o755)
    port, settings = free_port(), folder / "pgbouncer.ini"
    settings.write_text(f"""
        [databases]
        * = host={postgres.connect_args["host"]} user=postgres
        [pgbouncer]
        pool_mode = transaction
        listen_addr = 127.0.0.1
        listen_port = {port}
        unix_socket_dir =
        auth_type = any
        default_pool_size = 2
    """)
    with (folder / "log").open("wb") as log:
        bouncer = subprocess.Popen([PGBOUNCER, settings], stdout=log, stderr=log, **account)
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except ConnectionRefusedError:
            assert bouncer.poll() is None, (folder / "log").read_text()
            anyio.run(anyio.sleep, 0.05)
    yield port
    bouncer.kill()
    bouncer.wait()
    shutil.rmtree(folder)


@pytest.fixture
async def pooled(pooler: int, database_url: str, tmp_path: Path) -> Settings:
    name = database_url.partition("@/")[2].partition("?")[0]
    return Settings(database_url=f"postgresql://postgres@127.0.0.1:{pooler}/{name}", image_dirs=(tmp_path,))


async def test_a_cache_of_statements_would_fail_here(pooled: Settings) -> None:
    """What the other tests are about: a statement is prepared on one connection and asked for on another."""
    url = pooled.database_url.get_secret_value()
    client, other = await asyncpg.connect(url), await asyncpg.connect(url)
    with pytest.raises(asyncpg.InvalidSQLStatementNameError):
        for turn in range(10):
            await client.fetchval(f"SELECT {turn} + $1::int", 1)
            async with other.transaction():  # takes one of the server's two connections
                await client.fetchval(f"SELECT {turn} + $1::int", 1)
    await client.close()
    await other.close()


async def test_what_a_pooler_does_not_accept_is_named(pooled: Settings) -> None:
    url = pooled.database_url.get_secret_value()
    for query, name in {"search_path=x": "search_path", "options=-cstatement_timeout%3D9": "options"}.items():
        with pytest.raises(StoreError, match=f"does not accept the parameter {name}"):
            await Database.open(Settings(database_url=f"{url}?{query}"))
    database = await Database.open(Settings(database_url=f"{url}?pgbouncer=true&connection_limit=1"))
    assert (await look(database)).pooled
    await database.aclose()


async def test_a_collection_is_loaded_and_searched_by_many_at_once(pooled: Settings, tmp_path: Path) -> None:
    for number in range(40):
        draw(tmp_path / "art" / f"{number:02}.png", seed=number)
    answers: list[list[str]] = []

    async def ask(runtime: Runtime, picture: str) -> None:
        finder = await runtime.finder()
        for _ in range(5):
            await finder.by_text("a coloured pattern", limit=3)
            found = await finder.by_image(str(tmp_path / "art" / picture), limit=1)
            answers.append([found.hits[0][0].painting.source_key, picture])

    async with Runtime(pooled) as runtime, Runtime(pooled) as other:
        ingest = await runtime.ingest()
        job = await ingest.create(tmp_path / "art")
        async with anyio.create_task_group() as workers:
            workers.start_soon(ingest.run, job)
            workers.start_soon((await other.ingest()).run, job)
        async with anyio.create_task_group() as askers:
            for number in range(8):
                askers.start_soon(ask, (runtime, other)[number % 2], f"{number:02}.png")
    assert len(answers) == 40
    assert all(found == asked for found, asked in answers)


async def test_settings_of_a_search_do_not_reach_the_next_client(pooled: Settings) -> None:
    database = await Database.open(pooled)
    space = Space(Leg.PIXELS, "test", "random", "1", 8)
    await activate(database, [space])
    async with database.connection() as connection:
        before = await connection.fetchval("SELECT current_setting('statement_timeout')")
    for _ in range(10):
        await rank(database, [LegQuery(space, np.ones(8, np.float32))], limit=5)
        async with database.connection() as connection:
            assert await connection.fetchval("SELECT current_setting('statement_timeout')") == before
    await database.aclose()


async def test_a_move_is_one_process_s_own(pooled: Settings) -> None:
    old, new = Space(Leg.PIXELS, "test", "old", "1", 8), Space(Leg.PIXELS, "test", "new", "1", 8)
    database = await Database.open(pooled)
    await spaces.activate(database, [old])
    await spaces.register(database, [new])
    got: list[uuid.UUID] = []

    async def take() -> None:
        lease = await leases.begin(database)
        if await space_migration.hold(database, [new], lease):
            got.append(lease)

    async with anyio.create_task_group() as takers:
        for _ in range(8):
            takers.start_soon(take)
    (lease,) = got
    await leases.renew(database, lease)
    with pytest.raises(StoreError, match="in use again"):
        await space_migration.drop(database, [new])
    assert await space_migration.switch(database, [new])
    await leases.release(database, lease)
    await space_migration.drop(database, [old])
    assert await spaces.active(database) == [new] and await space_migration.inactive(database) == []
    await database.aclose()


async def test_pictures_of_users_are_taken_by_many_at_once_and_found(pooled: Settings) -> None:
    pooled = pooled.model_copy(update={"secret_key": SecretStr("k" * 32)})
    async with Runtime(pooled) as runtime, Runtime(pooled) as other:
        one, two = Uploads(runtime), Uploads(other)
        links = [one.link("ada") for _ in range(20)]

        async def send(link: Link) -> None:
            await two.keep(link, link.handle.encode() * 1000)

        with anyio.fail_after(60):
            async with anyio.create_task_group() as tasks:
                for link in links:
                    tasks.start_soon(send, link)
                for link in links:
                    assert await one.arrival(link.handle, "ada") == link.handle.encode() * 1000
