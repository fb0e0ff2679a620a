"""`/ready` over real HTTP: with a database, without one, with one that hangs, and while the server ends."""

from __future__ import annotations

import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import httpx2
import pytest
from mcp import Client
from support.postgres import Postgres, administer, value
from support.servers import served_here, serving

from art_mcp.server import readiness
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need more than a second to open a database."""
    monkeypatch.setattr(readiness, "ANSWER_WITHIN_S", 60)


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[httpx2.AsyncClient]:
    async with served_here(settings) as origin, httpx2.AsyncClient(base_url=origin, timeout=60) as http:
        yield http


async def refusal(http: httpx2.AsyncClient) -> str:
    answer = await http.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (503, "unavailable")
    return answer.json()["reason"]


async def test_a_server_with_a_database_is_ready_and_a_lost_one_comes_back(
    settings: Settings, postgres: Postgres
) -> None:
    async with asking(settings) as http:
        answer = await http.get("/ready")
        assert (answer.status_code, answer.json()) == (200, {"status": "ready"})
        assert answer.headers["cache-control"] == "no-store"
        name = await value(settings.database_url.get_secret_value(), "SELECT current_database()")
        await administer(
            postgres,
            f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
        )
        assert "database" in await refusal(http)
        assert (await http.get("/health")).status_code == 200
        await administer(postgres, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert (await http.get("/ready")).status_code == 200


async def test_a_database_out_of_reach_is_the_reason_each_time() -> None:
    async with asking(Settings(database_url="postgresql://user:s3cret@127.0.0.1:1/none")) as http:
        for _ in range(2):
            assert await refusal(http) == "The database cannot be reached."


async def test_a_database_that_takes_long_to_open_is_opened_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readiness, "ANSWER_WITHIN_S", 0.2)
    accepted = 0

    async def accept(stream: anyio.abc.SocketStream) -> None:
        nonlocal accepted
        accepted += 1
        async with stream:
            await anyio.sleep_forever()

    silent = await anyio.create_tcp_listener(local_host="127.0.0.1")
    port = silent.extra(anyio.abc.SocketAttribute.local_port)
    async with silent, anyio.create_task_group() as group:
        group.start_soon(silent.serve, accept)
        async with asking(Settings(database_url=f"postgresql://user@127.0.0.1:{port}/none")) as http:
            for _ in range(3):
                assert await refusal(http) == "The database has not answered within 0.2 s."
        assert accepted == 1
        group.cancel_scope.cancel()


async def test_a_busy_database_is_not_ready(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    async with asking(settings) as http:
        assert (await http.get("/ready")).status_code == 200
        monkeypatch.setattr(readiness, "ANSWER_WITHIN_S", 0)
        assert (await refusal(http)).startswith("The database has not answered within")


async def test_it_needs_no_token_but_an_address_of_the_server(settings: Settings) -> None:
    settings = settings.model_copy(update={"public_url": "https://art.example.org"})
    async with asking(settings) as http:
        assert (await http.get("/mcp")).status_code == 401
        for path in ("/health", "/ready"):
            assert (await http.get(path)).status_code == 200
            # What asks by the address of a container must name one of these.
            assert (await http.get(path, headers={"Host": "10.1.2.3:8000"})).status_code == 421
            assert (await http.get(path, headers={"Host": "localhost"})).status_code == 200


@pytest.mark.slow
@pytest.mark.parametrize("asked", [True, False])
async def test_a_server_that_is_asked_says_that_it_ends_and_still_serves(database_url: str, asked: bool) -> None:
    with serving(ART_MCP_DATABASE_URL=database_url) as served:
        async with httpx2.AsyncClient(base_url=served.origin, timeout=60) as http:
            if asked:
                with anyio.fail_after(60):
                    while (await http.get("/ready")).status_code != 200:  # on a busy machine, not within 1 s
                        await anyio.sleep(0.02)
            served.process.send_signal(signal.SIGTERM)
            if asked:
                with anyio.fail_after(60):
                    while (answer := await http.get("/ready")).status_code == 200:
                        await anyio.sleep(0.02)
                assert answer.json()["reason"] == "The server is shutting down."
                socket.create_connection(("127.0.0.1", served.port)).close()
                assert (await http.get("/health")).status_code == 200
                for era in ("legacy", "2026-07-28"):
                    async with Client(served.url, mode=era) as client:
                        await client.list_tools()
            assert await anyio.to_thread.run_sync(served.process.wait, 60) == 0
        assert "Traceback" not in served.stderr() and served.stdout() == ""
