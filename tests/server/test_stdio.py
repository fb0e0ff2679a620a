"""The opening of a connection over stdio, by clients of both protocol eras and by those that are in two minds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.wire import INITIALIZED, Wire, initialize, modern_request, request, wire

from art_mcp.server.app import build_server
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

NOWHERE = "postgresql://user@127.0.0.1:1/none"
WAITS_S = 1.0
"""How long the AI SDK waits for the answer to `server/discover` before it falls back to `initialize`."""


DISCOVER = modern_request(0, "server/discover")
INITIALIZE = initialize(1)


def tools_of(answer: dict[str, Any]) -> int:
    return len(answer["result"]["tools"])


async def test_a_client_that_falls_back_to_initialize_is_served() -> None:
    async with wire(Settings(database_url=NOWHERE)) as client:
        await client.send(DISCOVER, INITIALIZE, INITIALIZED, request(2, "tools/list"))
        assert (await client.answer(1, skipping=False))["result"]["protocolVersion"] == "2025-11-25"
        assert tools_of(await client.answer(2)) == 6


async def test_a_client_that_has_its_answer_may_still_initialize() -> None:
    async with wire(Settings(database_url=NOWHERE)) as client:
        for id_ in range(2):
            await client.send(modern_request(id_, "server/discover"))
            assert "2026-07-28" in (await client.answer(id_))["result"]["supportedVersions"]
        cancelled = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 0}}
        await client.send(cancelled, initialize(2), INITIALIZED)
        assert (await client.answer(2))["result"]["serverInfo"]["name"] == "art-mcp"
        await client.send(request(3, "tools/list"))
        assert tools_of(await client.answer(3)) == 6


async def test_a_modern_client_is_served_and_may_discover_again() -> None:
    async with wire(Settings(database_url=NOWHERE)) as client:
        await client.send(DISCOVER, modern_request(1, "server/discover"), modern_request(2, "tools/list"))
        assert tools_of(await client.answer(2)) == 6
        await client.send(modern_request(3, "server/discover"))
        assert "result" in await client.answer(3)


async def test_a_client_of_2025_is_served() -> None:
    async with wire(Settings(database_url=NOWHERE)) as client:
        await client.send(INITIALIZE, INITIALIZED, request(2, "tools/list"))
        assert tools_of(await client.answer(2)) == 6
        await client.send(modern_request(3, "server/discover"))
        assert (await client.answer(3))["error"]["code"] == -32600  # its era is settled


async def test_an_era_that_has_begun_stays() -> None:
    async with wire(Settings(database_url=NOWHERE)) as client:
        await client.send(DISCOVER, modern_request(1, "tools/list"))
        await client.answer(1)
        await client.send(initialize(2))
        assert (await client.answer(2))["error"]["code"] == -32022
        await client.send(modern_request(3, "tools/list"))
        assert tools_of(await client.answer(3)) == 6


async def test_what_is_no_request_decides_nothing() -> None:
    async with wire(Settings(database_url=NOWHERE)) as client:
        await client.send(INITIALIZED)
        await client.stream.send(ValueError("a line that is not JSON"))
        await client.send(DISCOVER, INITIALIZE)
        assert "result" in await client.answer(1)


async def test_a_client_may_leave_at_any_time() -> None:
    for messages in ([], [INITIALIZED], [DISCOVER], [DISCOVER, INITIALIZE]):
        async with wire(Settings(database_url=NOWHERE)) as client:
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


def late(delay: float) -> StdioServerParameters:
    """The server as a process that starts late."""
    code = f"import time; time.sleep({delay}); from art_mcp.__main__ import main; main()"
    return StdioServerParameters(
        command=sys.executable, args=["-c", code], env={**os.environ, "ART_MCP_DATABASE_URL": NOWHERE}
    )


@pytest.mark.slow
async def test_clients_of_both_eras_wait_for_a_server_that_starts_late() -> None:
    async def listed(delay: float, mode: str) -> None:
        async with Client(stdio_client(late(delay)), mode=mode) as client:
            assert len((await client.list_tools()).tools) == 6

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
            assert tools_of(await client.answer(2)) == 6

    async with anyio.create_task_group() as clients:
        for delay in DELAYS:
            clients.start_soon(listed, delay)


@pytest.mark.slow
def test_a_server_has_loaded_nothing_heavy_when_it_answers_first() -> None:
    code = (
        "import sys\n"
        "import anyio\n"
        "from mcp import Client\n"
        "from art_mcp.cli.serve import build_server\n"
        "from art_mcp.settings import Settings\n"
        "async def answers():\n"
        "    async with Client(build_server(Settings())) as client:\n"
        "        await client.list_tools()\n"
        "anyio.run(answers)\n"
        "heavy = {'PIL', 'asyncpg', 'httpcore2', 'jwt', 'numpy', 'onnxruntime', 'psutil', 'rich', 'snowballstemmer'}\n"
        "heavy |= {'art_mcp.ingest.sources.source', 'art_mcp.search.finder', 'art_mcp.server.handover'}\n"
        "heavy |= {'art_mcp.store.database', 'art_mcp.vision.factory'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
