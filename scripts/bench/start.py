"""What the protocol costs: process start to the answer of tools/list, and the smallest call to a bare MCPServer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time

from figures import Figure, in_turns, timed
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

BARE = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
server.run("stdio")
"""
HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {},
    "clientInfo": {"name": "bench", "version": "1"},
}
MESSAGES = [
    {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": HELLO},
    {"jsonrpc": "2.0", "method": "notifications/initialized"},
    {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
]


async def start_figures(turns: int) -> list[Figure]:
    return [_start(turns), await _empty_call(turns)]


def _start(turns: int) -> Figure:
    """Process start to the answer of tools/list."""
    ours, bare = [], []
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "ART_MCP_DATA_DIR": empty}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # users' modules are compiled once, not at each start
        for _ in range(turns + 1):
            ours.append(_milliseconds(["-m", "art_mcp"], environment))
            bare.append(_milliseconds(["-c", BARE], environment))
    # The first turn fills the disk cache.
    return timed("start to tools/list", ours[1:], bare[1:], most=1.05)


async def _empty_call(turns: int) -> Figure:
    bare = StdioServerParameters(command=sys.executable, args=["-c", BARE])
    async with Client(stdio_client(bare)) as client:
        arguments = {"a": 1, "b": 2}
        await client.call_tool("add", arguments)
        (times,) = await in_turns(range(turns), lambda _: client.call_tool("add", arguments))
    return timed("a call to a bare MCPServer over stdio", times)


def _milliseconds(arguments: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    assert server.stdin is not None and server.stdout is not None
    for message in MESSAGES:
        server.stdin.write(json.dumps(message) + "\n")
    server.stdin.flush()
    while "tools" not in json.loads(server.stdout.readline()).get("result", {}):
        pass
    took = time.perf_counter() - started
    server.communicate(timeout=10)
    return 1000 * took
