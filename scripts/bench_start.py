"""Process start to the answer of tools/list, against a bare MCPServer with one tool, in turns in one run.

python scripts/bench_start.py [TURNS]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from rich.console import Console
from rich.table import Table

BARE = """
from mcp.server import MCPServer
server = MCPServer("bare")
@server.tool()
def add(a: int, b: int) -> int:
    "Add two numbers."
    return a + b
server.run("stdio")
"""
SERVERS = {"a bare MCPServer": ["-c", BARE], "art-mcp": ["-m", "art_mcp"]}
AIM = 1.25
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


def seconds(arguments: list[str], environment: dict[str, str]) -> float:
    started = time.perf_counter()
    server = subprocess.Popen(
        [sys.executable, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment,
        text=True,
    )
    for message in MESSAGES:
        server.stdin.write(json.dumps(message) + "\n")
    server.stdin.flush()
    while "tools" not in json.loads(server.stdout.readline()).get("result", {}):
        pass
    took = time.perf_counter() - started
    server.communicate(timeout=10)
    return took


def main(turns: int) -> None:
    times: dict[str, list[float]] = {name: [] for name in SERVERS}
    with tempfile.TemporaryDirectory() as empty:
        environment = {**os.environ, "ART_MCP_DATA_DIR": empty}
        for _ in range(turns + 1):
            for name, arguments in SERVERS.items():
                times[name].append(seconds(arguments, environment))
    table = Table(title=f"Start to tools/list, {turns} turns")
    for column in ("server", "median s", "fastest s", "ratio of medians"):
        table.add_column(column, justify="left" if column == "server" else "right")
    floor = statistics.median(times["a bare MCPServer"][1:])  # the first turn fills the disk cache
    for name, measured in times.items():
        median = statistics.median(measured[1:])
        table.add_row(name, f"{median:.3f}", f"{min(measured[1:]):.3f}", f"{median / floor:.2f}")
    Console(width=80).print(table)
    print(f"Aim: at most {AIM}.")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
