"""Memory of the server and of its PostgreSQL, as shipped, before and after text calls."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import anyio.to_thread
import psutil
from bench.questions import sentences
from bench.tool import SERVER, ask, server
from figures import Figure
from mcp import Client
from mcp.client.stdio import stdio_client

from art_mcp.store.embedded import EmbeddedServer

CALLS = 30
MB = 1 << 20


async def memory_figures(data_dir: Path, rows: int) -> list[Figure]:
    postgres = await anyio.to_thread.run_sync(EmbeddedServer.start, data_dir)
    figures = [_postgres("idle", postgres)]
    async with Client(stdio_client(server(data_dir))) as client:
        await client.list_tools()
        figures += _server("before the first call")
        for text in sentences(rows, CALLS, seed=8):
            await ask(client, text)
        figures += _server(f"after {CALLS} text calls")
        figures.append(_postgres("with one client, after them", postgres))
    postgres.close()
    return figures


def _server(when: str) -> list[Figure]:
    (process,) = [child for child in psutil.Process().children() if str(SERVER) in child.cmdline()]
    return [
        Figure(f"server {when}, RSS", process.memory_info().rss / MB, "MB"),
        Figure(f"server {when}, its share (PSS)", _share(process), "MB"),
    ]


def _postgres(when: str, postgres: EmbeddedServer) -> Figure:
    return Figure(f"PostgreSQL {when}, PSS", family_memory(postmaster(postgres)), "MB")


def postmaster(postgres: EmbeddedServer) -> psutil.Process:
    return psutil.Process(int((postgres.cluster / "postmaster.pid").read_text().splitlines()[0]))


def family_memory(parent: psutil.Process) -> float:
    """The memory in MB of a process and all that it has started; what they share is counted once."""
    together = 0.0
    for process in [parent, *parent.children(recursive=True)]:
        with suppress(psutil.NoSuchProcess):  # it may just have ended
            together += _share(process)
    return together


def cpu_seconds(process: psutil.Process) -> float:
    """Seconds of processor time of a process and of all that it has ever started."""
    used = sum(process.cpu_times()[:4])
    for child in process.children():
        with suppress(psutil.NoSuchProcess):
            used += cpu_seconds(child)
    return used


def _share(process: psutil.Process) -> float:
    used = process.memory_full_info()
    return getattr(used, "pss", used.rss) / MB
