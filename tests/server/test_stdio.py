"""The opening of a connection over stdio, by clients of both protocol eras and by those that are in two minds."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
import pytest
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from art_mcp.server.app import build_server
from art_mcp.server.sdk import serve_one_era
from art_mcp.server.stdio import serve_eras
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

ENVELOPE = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
HELLO = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}
WAITS_S = 1.0
"""How long the AI SDK waits for the answer to `server/discover` before it falls back to `initialize`."""


def request(id_: int, method: str, *, modern: bool = False, **params: Any) -> dict[str, Any]:
    params = {**params, "_meta": ENVELOPE} if modern else params
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}


DISCOVER = request(0, "server/discover", modern=True)
INITIALIZE = request(1, "initialize", **HELLO)


class Wire:
    """A client that sends and receives single messages."""

    def __init__(self, send: MemoryObjectSendStream[Any], receive: MemoryObjectReceiveStream[SessionMessage]) -> None:
        self._send, self._receive = send, receive

    async def send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self._send.send(SessionMessage(jsonrpc_message_adapter.validate_python(message)))

    async def answer(self, id_: int) -> dict[str, Any]:
        """The answer to a request; those to earlier ones are skipped, as by a client that no longer waits for them."""
        with anyio.fail_after(120):
            async for message in self._receive:
                said = message.message.model_dump(by_alias=True, exclude_unset=True)
                assert said["id"] <= id_
                if said["id"] == id_:
                    return said
        raise AssertionError("the server has ended")


@asynccontextmanager
async def wire() -> AsyncIterator[Wire]:
    """A client of a server in this process, by the streams that stdio has."""
    send, received = anyio.create_memory_object_stream[SessionMessage | Exception](100)
    sent, receive = anyio.create_memory_object_stream[SessionMessage](100)
    server = build_server(Settings(database_url="postgresql://user@127.0.0.1:1/none"))
    async with anyio.create_task_group() as serving, receive:
        serving.start_soon(serve_eras, partial(serve_one_era, server), received, sent)
        async with send:
            yield Wire(send, receive)
        with anyio.fail_after(30):
            async for _ in receive:  # it ends when the client does
                pass


def tools_of(answer: dict[str, Any]) -> int:
    return len(answer["result"]["tools"])


async def test_a_client_that_falls_back_to_initialize_is_served() -> None:
    async with wire() as client:
        await client.send(DISCOVER, INITIALIZE, INITIALIZED, request(2, "tools/list"))
        assert (await client.answer(1))["result"]["protocolVersion"] == "2025-11-25"
        assert tools_of(await client.answer(2)) == 5


async def test_a_client_that_has_its_answer_may_still_initialize() -> None:
    async with wire() as client:
        for id_ in range(2):
            await client.send(request(id_, "server/discover", modern=True))
            assert "2026-07-28" in (await client.answer(id_))["result"]["supportedVersions"]
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 0}}
        await client.send(cancelled, request(2, "initialize", **HELLO), INITIALIZED)
        assert (await client.answer(2))["result"]["serverInfo"]["name"] == "art-mcp"
        await client.send(request(3, "tools/list"))
        assert tools_of(await client.answer(3)) == 5


async def test_a_modern_client_is_served_and_may_discover_again() -> None:
    async with wire() as client:
        await client.send(DISCOVER, request(1, "server/discover", modern=True), request(2, "tools/list", modern=True))
        assert tools_of(await client.answer(2)) == 5
        await client.send(request(3, "server/discover", modern=True))
        assert "result" in await client.answer(3)


async def test_a_client_of_2025_is_served() -> None:
    async with wire() as client:
        await client.send(INITIALIZE, INITIALIZED, request(2, "tools/list"))
        assert tools_of(await client.answer(2)) == 5
        await client.send(request(3, "server/discover", modern=True))
        assert (await client.answer(3))["error"]["code"] == -32600  # its era is settled


async def test_an_era_that_has_begun_stays() -> None:
    async with wire() as client:
        await client.send(DISCOVER, request(1, "tools/list", modern=True))
        await client.answer(1)
        await client.send(request(2, "initialize", **HELLO))
        assert (await client.answer(2))["error"]["code"] == -32022
        await client.send(request(3, "tools/list", modern=True))
        assert tools_of(await client.answer(3)) == 5


async def test_what_is_no_request_decides_nothing() -> None:
    async with wire() as client:
        await client.send(INITIALIZED)
        await client._send.send(ValueError("a line that is not JSON"))
        await client.send(DISCOVER, INITIALIZE)
        assert "result" in await client.answer(1)


async def test_a_client_may_leave_at_any_time() -> None:
    for messages in ([], [INITIALIZED], [DISCOVER], [DISCOVER, INITIALIZE]):
        async with wire() as client:
            await client.send(*messages)


@pytest.mark.parametrize("version", ["2025-11-25", "2026-07-28"])
async def test_no_client_is_asked_to_listen_for_changes_of_lists_that_never_change(version: str) -> None:
    async with Client(build_server(Settings()), mode="auto" if version == "2026-07-28" else "legacy") as client:
        assert client.protocol_version == version
        claimed = client.server_capabilities
        for listed in (claimed.tools, claimed.prompts, claimed.resources):
            assert not listed.list_changed
        assert not claimed.resources.subscribe


DELAYS = (0.7, 2, 6, 12)
NOWHERE = {"ART_MCP_DATABASE_URL": "postgresql://user@127.0.0.1:1/none"}


def late(delay: float) -> StdioServerParameters:
    """The server as a process that starts late."""
    code = f"import time; time.sleep({delay}); from art_mcp.cli import main; main()"
    return StdioServerParameters(command=sys.executable, args=["-c", code], env={**os.environ, **NOWHERE})


@pytest.mark.slow
async def test_clients_of_both_eras_wait_for_a_server_that_starts_late() -> None:
    async def listed(delay: float, mode: str) -> None:
        async with Client(stdio_client(late(delay)), mode=mode) as client:
            assert len((await client.list_tools()).tools) == 5

    async with anyio.create_task_group() as clients:
        for delay in DELAYS:
            for mode in ("auto", "legacy"):
                clients.start_soon(listed, delay, mode)


@pytest.mark.slow
async def test_clients_that_fall_back_to_initialize_are_served_however_late_the_server_starts() -> None:
    async def listed(delay: float) -> None:
        async with stdio_client(late(delay)) as (receive, send):
            client = Wire(send, receive)
            await client.send(DISCOVER)
            await anyio.sleep(WAITS_S)  # the answer may come until then, and is not waited for
            await client.send(INITIALIZE)
            assert (await client.answer(1))["result"]["protocolVersion"] == "2025-11-25"
            await client.send(INITIALIZED, request(2, "tools/list"))
            assert tools_of(await client.answer(2)) == 5

    async with anyio.create_task_group() as clients:
        for delay in DELAYS:
            clients.start_soon(listed, delay)
