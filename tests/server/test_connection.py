"""How long a connection waits for a request: real connections, and applications that answer at once or late."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import anyio
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from support.servers import START_WITHIN_S, serving
from support.uploading import NOWHERE

from art_mcp.server import connection
from art_mcp.server.connection import Connection

pytestmark = pytest.mark.anyio

UNSENT_S = 0.3
KEPT_S = 8 * UNSENT_S
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
async def port(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[int]:
    """Of a server that answers after several times as long as it waits for a request, if it is asked for /late."""
    monkeypatch.setattr(connection, "UNSENT_S", UNSENT_S)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] == "/late":
            await anyio.sleep(4 * UNSENT_S)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    kept: dict[str, Any] = {"http": Connection, "timeout_keep_alive": KEPT_S}
    web = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_config=None, **kept))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(web.serve)
        with anyio.fail_after(START_WITHIN_S):
            while not web.started:
                await anyio.sleep(0.01)
        address: tuple[str, int] = web.servers[0].sockets[0].getsockname()
        yield address[1]
        web.should_exit = True


@pytest.mark.parametrize("sent", [b"", REQUEST[:-2] + b"X: ", REQUEST, REQUEST + REQUEST[:9]])
async def test_without_a_request_it_is_closed(port: int, sent: bytes) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        with anyio.fail_after(30), pytest.raises((anyio.EndOfStream, anyio.BrokenResourceError)):
            await stream.send(sent)
            while True:
                assert b" 204 " in await stream.receive()


async def test_a_head_that_comes_bit_by_bit_is_too_late(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        with anyio.fail_after(30), pytest.raises(anyio.BrokenResourceError):
            await stream.send(REQUEST[:-2])
            while True:
                await stream.send(b"X: y\r\n")
                await anyio.sleep(UNSENT_S / 10)


async def test_it_stays_open_while_it_is_used_or_an_answer_is_awaited(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for request in (REQUEST, *[REQUEST.replace(b"/", b"/late", 1)] * 2, REQUEST):
            await stream.send(request)
            assert b" 204 " in await stream.receive()


async def test_between_requests_it_is_kept(port: int) -> None:
    async with await anyio.connect_tcp("127.0.0.1", port) as stream:
        for _ in range(2):
            await stream.send(REQUEST)
            assert b" 204 " in await stream.receive()
            await anyio.sleep(4 * UNSENT_S)


@pytest.mark.slow
def test_the_server_closes_connections_on_which_nobody_asks() -> None:
    with (
        serving(ART_MCP_DATABASE_URL=NOWHERE) as server,
        socket.create_connection(("127.0.0.1", int(server.origin.rpartition(":")[2])), timeout=60) as client,
    ):
        client.sendall(REQUEST[:-2])
        assert client.recv(1) == b""
