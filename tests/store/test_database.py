from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import pytest
import trustme
from support.postgres import remove_server, url_of

from art_mcp.settings import Settings
from art_mcp.store import host_os
from art_mcp.store.database import Database, url_arguments
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.errors import StoreError, explain

pytestmark = pytest.mark.anyio

CANARY = "c4nary-p4ssword"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p@localhost/d",
        "postgresql://u:p@127.0.0.1:5433/d",
        "postgresql://u:p@[::1]:5433/d",
        "postgresql://u:p@/d?host=/run/postgresql",
        "postgresql://u:p@localhost:1,127.0.0.1:2/d",
        "postgresql://u:p@db.example.org/d?sslmode=disable",
    ],
)
async def test_no_tls_on_this_machine_or_when_it_is_turned_off(url: str) -> None:
    assert url_arguments(url)["ssl"] is False


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("postgresql://u:p@db.example.org/d", True),
        ("postgres://u:p@db.example.org:5432/d?sslmode=require", True),
        ("postgresql://u:p@db.example.org/d?sslmode=prefer", True),
        ("postgresql://u:p@db.example.org/d?sslmode=verify-ca", False),
        ("postgresql://u:p@localhost,db.example.org/d", True),
        ("postgresql://u:p@localhost.example.org/d", True),
        ("postgresql://u:p@10.0.0.1/d", True),
        ("postgresql://u:p@localhost/d?sslmode=verify-full", True),
        ("postgresql://localhost@db.example.org/d", True),
    ],
)
async def test_tls_is_verified_everywhere_else(url: str, names: bool) -> None:
    context = url_arguments(url)["ssl"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname is names


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (f"u:{CANARY}@host/d", "is not a PostgreSQL URL"),
        (f"mysql://u:{CANARY}@host/d", "is not a PostgreSQL URL"),
        (f"postgresql://u:{CANARY}@[::1/d", "is not a PostgreSQL URL"),
        (f"postgresql://u:{CANARY}@localhost:port/d", "is not a PostgreSQL URL"),
        (f"postgresql://u:{CANARY}@localhost:9,h2:1,/d", "is not a PostgreSQL URL"),
        (f"postgresql://u:{CANARY}@localhost:1/d", "cannot be reached"),
        (f"postgresql://u:{CANARY}@nowhere.invalid/d?sslmode=disable", "cannot be reached"),
        (f"postgresql://u:{CANARY}@h/d?sslrootcert=/none.pem", "has no readable certificates"),
    ],
)
async def test_a_bad_url_is_told_without_its_password(url: str, said: str) -> None:
    with pytest.raises(StoreError) as caught:
        await Database.open(Settings(database_url=url))
    assert said in str(caught.value)
    assert CANARY not in str(caught.value) + repr(caught.value)


async def test_an_unknown_database(postgres: EmbeddedServer) -> None:
    with pytest.raises(StoreError, match="does not exist"):
        await Database.open(Settings(database_url=url_of(postgres, "nothing")))


@pytest.fixture
async def tls_server(postgres: EmbeddedServer, tmp_path: Path) -> tuple[int, Path]:
    """A door with TLS in front of the real server, and the authority's certificate."""
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "authority.pem"))
    arguments = postgres.connect_args
    socket_file = f"{arguments['host']}/.s.PGSQL.{arguments.get('port', 5432)}"

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, ssl.SSLError):
            pass
        finally:
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)  # SSLRequest
        writer.write(b"S")
        try:
            await writer.start_tls(context)
        except (ConnectionError, ssl.SSLError):
            return
        inner_reader, inner_writer = await asyncio.open_unix_connection(socket_file)
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], tmp_path / "authority.pem"
    server.close()


@pytest.mark.skipif(host_os.WINDOWS, reason="the server listens on a Unix socket here")
async def test_a_certificate_is_verified(tls_server: tuple[int, Path], database_url: str) -> None:
    port, authority = tls_server
    name = database_url.partition("@/")[2].partition("?")[0]
    url = f"postgresql://postgres@localhost:{port}/{name}?sslmode=require"
    with pytest.raises(StoreError, match=r"certificate cannot be trusted .* Add sslrootcert=FILE"):
        await Database.open(Settings(database_url=url))
    database = await Database.open(Settings(database_url=f"{url}&sslrootcert={authority}"))
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await database.aclose()
    with pytest.raises(StoreError, match="certificate cannot be trusted"):  # issued for localhost
        other = url.replace("localhost", "127.0.0.1")
        await Database.open(Settings(database_url=f"{other}&sslrootcert={authority}"))


async def test_a_server_without_tls(postgres: EmbeddedServer) -> None:
    """The server answers N to SSLRequest, as one that was built or configured without TLS does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"N")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    with pytest.raises(StoreError, match=r"does not offer TLS.*sslmode=disable"):
        await Database.open(Settings(database_url=f"postgresql://u@localhost:{port}/d?sslmode=require"))
    server.close()


@pytest.mark.slow
@pytest.mark.skipif(host_os.WINDOWS, reason="SIGKILL")
async def test_the_embedded_server_comes_back_after_it_was_killed(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("killed")
    database = await Database.open(Settings(data_dir=folder))
    try:
        async with database.connection() as connection:
            postmaster = await connection.fetchval("SELECT pg_backend_pid()")
        host_os.kill_processes_in(database._embedded.cluster)
        with anyio.fail_after(60):
            while True:
                try:
                    async with database.connection() as connection:
                        assert await connection.fetchval("SELECT pg_backend_pid()") != postmaster
                    break
                except StoreError as error:  # a connection that died with the server, told so
                    assert "lost" in str(error)
    finally:
        await database.aclose()
        remove_server(database._embedded)


async def test_what_the_driver_raises_is_told_in_sentences(database: Database) -> None:
    cases = {
        "SELECT * FROM art_mcp.nothing": "were changed or removed",
        "SELECT 1/0": "SQLSTATE 22012",
        "SET LOCAL statement_timeout = 10; SELECT pg_sleep(5)": "took too long",
        "SET LOCAL transaction_read_only = on; CREATE TABLE t (n int)": "is read-only",
        "SELECT pg_terminate_backend(pg_backend_pid())": "connection to the database was lost",
    }
    for statement, said in cases.items():
        with pytest.raises(StoreError, match=said):
            async with database.transaction() as connection:
                await connection.execute(statement)
    assert "disk is full" in str(explain(asyncpg.DiskFullError("no")))


async def test_a_transaction_may_be_cancelled_at_any_moment(database: Database) -> None:
    reported: list[Any] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: reported.append(context))

    async def work(scope: anyio.CancelScope) -> None:
        with scope:
            async with database.transaction({"work_mem": "'1MB'"}) as connection:
                await connection.execute("SELECT 1")

    for moments in range(60):
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()
            tasks.start_soon(work, scope)
            for _ in range(moments):
                await anyio.sleep(0)
            scope.cancel()
    for milliseconds in range(20):
        async with anyio.create_task_group() as tasks:
            scope = anyio.CancelScope()
            tasks.start_soon(work, scope)
            await anyio.sleep(milliseconds / 4_000)
            scope.cancel()
    assert not reported
    async with database.transaction() as connection:
        assert await connection.fetchval("SHOW work_mem") != "1MB"
