"""`art-mcp import` against bare COPY of the same rows into the same tables.

    python scripts/bench_import.py [--rows 200000] [--turns 2] [--folder FOLDER] [--write docs/ingest-speed.md]

The paintings of scripts/bench, without pictures and with their vectors in every space of that database, are exported
with `art-mcp export`. An import is timed as a user runs it: from the start of the process until everything is checked
and stored and the vectors are indexed. Bare COPY is the least that PostgreSQL takes: the bytes of the same tables,
taken out with COPY TO (FORMAT binary) and sent back by asyncpg, with the vectors indexed afterwards. It checks,
computes and compares nothing.

Every measurement has a new database, in an embedded server that is running; of several turns the best one counts. The
database of scripts/bench is loaded into FOLDER unless it is there, and kept. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import asyncpg
import platformdirs
import psutil
from bench.collection import prepare, use
from bench.vectors import WIDE
from figures import Figure, Report

from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.store import spaces, vector_index
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.scratch import scratch

SPACES = {Leg.PIXELS: WIDE[Leg.PIXELS]}
LEAST = 0.5
TIMEOUT_S = 3600
LOOK_EVERY_S = 0.01
MB = 1 << 20


def art_mcp(data_dir: Path, *arguments: str) -> tuple[float, float, dict[str, Any]]:
    """Run a command to its end: its seconds, its peak memory in MB, and its JSON. Where it fails, the script ends."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ART_MCP_")}
    environment["ART_MCP_DATA_DIR"] = str(data_dir)
    command, most = [sys.executable, "-m", "art_mcp", *arguments, "--json"], 0
    started = time.monotonic()
    with psutil.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, process.memory_info().rss)
            time.sleep(LOOK_EVERY_S)
        seconds = time.monotonic() - started
        if process.returncode:
            sys.exit(process.returncode)
        return seconds, most / MB, json.load(process.stdout)


async def export(bench: Path, folder: Path) -> list[Space]:
    """Write the archive, and the rows of the tables as COPY takes them; returns the spaces that both have."""
    server = await anyio.to_thread.run_sync(EmbeddedServer.start, bench)
    connection = await asyncpg.connect(**server.connect_args)
    await use(connection, SPACES)
    _, _, manifest = await anyio.to_thread.run_sync(art_mcp, bench, "export", str(folder / "archive"))
    exported = [Space(Leg(space.pop("leg")), **space) for space in manifest["spaces"]]
    for table in tables(exported):
        output = folder / f"{table}.copy"
        await connection.copy_from_table(
            table, schema_name="art_mcp", output=output, format="binary", timeout=TIMEOUT_S
        )
    await connection.close()
    server.close()
    return exported


def tables(exported: Sequence[Space]) -> list[str]:
    return ["paintings", *(spaces.vector_table(space).partition(".")[2] for space in exported)]


async def imported(archive: Path, rows: int) -> tuple[float, float]:
    """Seconds that an import takes, and its peak memory in MB."""
    with scratch() as folder:
        data_dir = folder / "data"
        database = await Database.open(Settings(database_url=None, data_dir=data_dir))
        seconds, memory, job = await anyio.to_thread.run_sync(art_mcp, data_dir, "import", str(archive))
        await database.aclose()
    if job["stored"] != rows:
        sys.exit(f"Not all of {rows:,} paintings were stored: {job}")
    return seconds, memory


async def copied(copies: Path, exported: Sequence[Space], rows: int) -> tuple[float, float]:
    """Seconds that bare COPY takes, and building the indexes."""
    with scratch() as folder:
        database = await Database.open(Settings(database_url=None, data_dir=folder / "data"))
        await spaces.register(database, exported)
        for space in exported:
            assert await vector_index.leave_out(database, space, rows)
        started = time.monotonic()
        async with database.transaction() as connection:
            for table in tables(exported):
                source = copies / f"{table}.copy"
                await connection.copy_to_table(
                    table, schema_name="art_mcp", source=source, format="binary", timeout=TIMEOUT_S
                )
        stored = time.monotonic()
        for space in exported:
            await vector_index.build(database, space)
        built = time.monotonic()
        await database.aclose()
    return stored - started, built - stored


async def measure(folder: Path, rows: int, turns: int) -> list[Figure]:
    bench = await prepare(folder, rows)
    imports, copies = [], []
    with scratch() as source:
        exported = await export(bench, source)
        for _ in range(turns):
            imports.append(await imported(source / "archive", rows))
            copies.append(await copied(source, exported, rows))
    seconds, floor = min(seconds for seconds, _ in imports), min(map(sum, copies))
    return [
        Figure(
            f"import of {rows:,}, the index built",
            rows / seconds,
            "paintings a second",
            floor=rows / floor,
            compared=floor / seconds,
            least=LEAST,
        ),
        Figure("of the time of COPY, the index", 100 * min(index for _, index in copies) / floor, "%"),
        Figure("memory of the importing process, at most", max(memory for _, memory in imports), "MB"),
    ]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=2, help="times that everything is measured")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("art-mcp"), help="of scripts/bench")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("bench_import", ["import"], options)
    report.add("import", anyio.run(measure, options.folder.absolute(), options.rows, options.turns))
    return int(options.check and report.missed)


if __name__ == "__main__":
    sys.exit(main())
