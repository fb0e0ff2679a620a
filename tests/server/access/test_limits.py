"""How much each user may call, on two servers that share a real database: real HTTP, the real client."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import anyio
import httpx2
import pytest
from mcp import MCPError
from support.access import connected_with, guarded_here
from support.servers import served_here

from art_mcp.server.access import limits
from art_mcp.server.access.scopes import READ
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
CALL = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "tools/call",
    "params": {"name": "describe_collection", "arguments": {}},
}


@pytest.fixture
async def ada(database: Database) -> str:
    return (await tokens.create(database, "ada", [READ], timedelta(days=1)))[0]


@pytest.fixture
async def eve(database: Database) -> str:
    return (await tokens.create(database, "eve", [READ], timedelta(days=1)))[0]


@pytest.fixture
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Calls are refused rather than made to wait."""
    monkeypatch.setattr(limits, "PATIENCE_S", 0)


@asynccontextmanager
async def two_servers(settings: Settings, **changes: Any) -> AsyncIterator[list[str]]:
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(guarded_here(settings, **changes)) for _ in range(2)]


async def post(origin: str, token: str | None, padding: int = 0) -> httpx2.Response:
    """Send a call with so many bytes of white space at its end."""
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    async with httpx2.AsyncClient(timeout=60) as http:
        body = json.dumps(CALL).encode() + b" " * padding
        return await http.post(f"{origin}/mcp", headers={**HEADERS, **bearer}, content=body)


@pytest.mark.usefixtures("impatience")
async def test_two_servers_share_the_calls_of_a_minute(settings: Settings, ada: str, eve: str) -> None:
    async with two_servers(settings, calls_a_minute=4) as origins:
        for _ in range(2):
            for origin in origins:
                assert (await post(origin, ada)).status_code == 200
        for origin in origins:
            refused = await post(origin, ada)
            assert refused.status_code == 429
            assert 1 <= int(refused.headers["retry-after"]) <= 15
            said = refused.json()["error"]["message"]
            wait = refused.headers["retry-after"]
            assert said == f"Too many calls. A user may make 4 calls a minute. Try again in {wait} s."
            assert (await post(origin, eve)).status_code == 200
            async with httpx2.AsyncClient() as http:
                assert (await http.get(f"{origin}/health")).status_code == 200


@pytest.mark.usefixtures("impatience")
async def test_who_is_refused_is_refused_again_without_asking_the_database(
    settings: Settings, ada: str, database: Database
) -> None:
    async with two_servers(settings, calls_a_minute=2) as origins:
        assert [(await post(origins[0], ada)).status_code for _ in range(3)] == [200, 200, 429]
        async with database.connection() as connection:
            await connection.execute("DELETE FROM art_mcp.callers")
        again = await post(origins[0], ada)
        assert again.status_code == 429 and 1 <= int(again.headers["retry-after"]) <= 30
        assert (await post(origins[1], ada)).status_code == 200


async def test_two_servers_share_the_calls_at_once(settings: Settings, ada: str, eve: str, database: Database) -> None:
    async with two_servers(settings, calls_at_once=2) as origins:
        for origin in origins:  # so that both have opened their database
            assert (await post(origin, ada)).status_code == 200
        answers: list[int] = []

        async def call(origin: str) -> None:
            answers.append((await post(origin, ada)).status_code)

        async with anyio.create_task_group() as tasks, database.transaction() as connection:
            await connection.execute("LOCK TABLE art_mcp.paintings")  # so that calls last until it is released
            for origin in origins:
                tasks.start_soon(call, origin)
            await running(database, 2)
            for origin in origins:
                refused = await post(origin, ada)
                assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
                assert "2 calls at once" in refused.text
                tasks.start_soon(call_of, origin, eve)
            await running(database, 4)
        assert answers == [200, 200]
        await running(database, 0)
        assert (await post(origins[0], ada)).status_code == 200
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM art_mcp.leases WHERE until > now()") == 0


async def call_of(origin: str, token: str) -> None:
    assert (await post(origin, token)).status_code == 200


async def running(database: Database, calls: int) -> None:
    """Wait until so many calls are in progress."""
    with anyio.fail_after(30):
        while True:
            async with database.connection() as connection:
                if await connection.fetchval("SELECT sum(cardinality(running)) FROM art_mcp.callers") == calls:
                    return
            await anyio.sleep(0.02)


@pytest.mark.usefixtures("impatience")
@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_the_real_client_is_told_what_to_do(settings: Settings, ada: str, era: str) -> None:
    async with (
        guarded_here(settings, calls_a_minute=12) as origin,
        connected_with(origin, ada, era) as client,
    ):
        with pytest.raises(MCPError, match=r"may make 12 calls a minute. Try again in \d+ s"):
            for _ in range(13):
                assert not (await client.call_tool("describe_collection", {})).is_error


async def test_a_refused_call_is_answered_before_its_body_is_read(settings: Settings, ada: str) -> None:
    async with guarded_here(settings, calls_a_minute=1) as origin:
        assert (await post(origin, ada)).status_code == 200
        address, _, port = origin.removeprefix("http://").partition(":")
        async with await anyio.connect_tcp(address, int(port)) as connection:
            head = f"POST /mcp HTTP/1.1\r\nHost: {address}:{port}\r\nAuthorization: Bearer {ada}\r\n"
            await connection.send(f"{head}Content-Type: application/json\r\nContent-Length: 20000000\r\n\r\n".encode())
            with anyio.fail_after(30):
                assert (await connection.receive()).startswith(b"HTTP/1.1 429 ")


async def test_calls_beyond_a_burst_wait_until_they_are_due(settings: Settings, ada: str) -> None:
    statuses: list[int] = []
    async with guarded_here(settings, calls_a_minute=40, calls_at_once=20) as origin:

        async def call() -> None:
            statuses.append((await post(origin, ada)).status_code)

        async with anyio.create_task_group() as tasks:
            for _ in range(12):
                tasks.start_soon(call)
    assert statuses == [200] * 12


@pytest.mark.usefixtures("impatience")
async def test_a_large_body_counts_as_many_calls(settings: Settings, ada: str) -> None:
    async with guarded_here(settings, calls_a_minute=6) as origin:
        assert (await post(origin, ada, 3 * limits.CALL_BYTES)).status_code == 200
        assert [(await post(origin, ada)).status_code for _ in range(3)] == [200, 200, 429]


async def test_who_may_not_come_in_uses_up_nothing(settings: Settings, ada: str) -> None:
    async with guarded_here(settings, calls_a_minute=1, anonymous_reading=True) as origin:
        for _ in range(3):
            assert (await post(origin, ada[:-1])).status_code == 401
        assert (await post(origin, ada)).status_code == 200
        assert (await post(origin, ada)).status_code == 429


@pytest.mark.usefixtures("impatience")
async def test_users_without_a_token_share_a_limit_of_their_own(settings: Settings, ada: str) -> None:
    async with two_servers(settings, calls_a_minute=1, anonymous_reading=True) as origins:
        statuses = [(await post(origins[each % 2], None)).status_code for each in range(11)]
        assert statuses == [200] * 10 + [429]
        assert "All users without a token together may make 10 calls a minute." in (await post(origins[0], None)).text
        assert (await post(origins[0], ada)).status_code == 200


async def test_calls_without_access_control_are_not_limited(settings: Settings) -> None:
    asked = settings.model_copy(update={"calls_a_minute": 1, "calls_at_once": 1})
    async with served_here(asked) as origin:
        assert [(await post(origin, None)).status_code for _ in range(3)] == [200] * 3


async def test_if_calls_cannot_be_counted_they_are_let_in(settings: Settings, database: Database) -> None:
    async with guarded_here(settings, calls_a_minute=1, anonymous_reading=True) as origin:
        assert (await post(origin, None)).status_code == 200
        async with database.connection() as connection:
            await connection.execute("ALTER TABLE art_mcp.callers RENAME TO elsewhere")
        assert [(await post(origin, None)).status_code for _ in range(20)] == [200] * 20


async def test_a_call_whose_end_cannot_be_counted_ends_nevertheless(
    settings: Settings, ada: str, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    async with guarded_here(settings, calls_at_once=1) as origin:
        assert (await post(origin, ada)).status_code == 200
        async with anyio.create_task_group() as tasks:
            async with database.transaction() as connection:
                await connection.execute("LOCK TABLE art_mcp.paintings")  # so that the call lasts until it is released
                tasks.start_soon(call_of, origin, ada)
                await running(database, 1)
                async with database.connection() as other:
                    await other.execute("ALTER TABLE art_mcp.callers RENAME TO elsewhere")
            with anyio.fail_after(30):
                while "The end of a call cannot be counted" not in caplog.text:
                    await anyio.sleep(0.02)
        async with database.connection() as connection:
            await connection.execute("ALTER TABLE art_mcp.elsewhere RENAME TO callers")
            assert await connection.fetchval("SELECT cardinality(running) FROM art_mcp.callers") == 1
        with anyio.fail_after(30):
            while (answer := await post(origin, ada)).status_code != 200:
                assert "1 calls at once" in answer.text
                await anyio.sleep(0.02)
