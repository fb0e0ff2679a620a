"""`art-mcp import` against bare COPY of the same rows into the same tables.

    python scripts/bench_import.py [--rows 200000] [--turns 2] [--folder FOLDER] [--json FILE] [--check]

An archive of made-up paintings without pictures, with vectors of 1,024 numbers, is written once and kept in FOLDER.
An import is timed from the archive's path to the last row stored: reading, checking checksums, rows and vectors,
computing what is derived, comparing with what is there, storing in batches.

Bare COPY is the least that PostgreSQL takes: the very bytes that its tables hold afterwards, taken out before by COPY
TO (FORMAT binary) and sent back from a file by asyncpg in one transaction, into tables with the same columns, keys
and indexes. It checks, computes and compares nothing. In both, the vectors' HNSW index is left out and built
afterwards by the same statement; that time is told apart. Every measurement has a new embedded server; of several
turns the best one counts.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread
import numpy as np
import platformdirs
import psutil
from rich.box import MARKDOWN
from rich.console import Console
from rich.table import Table

sys.path.append(str(Path(__file__).parent / "bench"))
from corpus import make_corpus
from vectors import cloud, unit

from art_mcp.ingest.archive import MANIFEST, Archive
from art_mcp.ingest.archive.export import Writer
from art_mcp.ingest.load import Load
from art_mcp.settings import Settings
from art_mcp.space import Leg, Space
from art_mcp.store import spaces, vector_index
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.paintings import Entry
from art_mcp.store.platform import home
from art_mcp.store.spaces import vector_table

SPACE = Space(Leg.PIXELS, "bench", "import", "1", 1024)
TABLES = ("paintings", vector_table(SPACE).partition(".")[2])
CHUNK = 1000
LEAST = 0.5
TIMEOUT_S = 3600
MB = 1 << 20
console = Console(stderr=True)


def write_archive(folder: Path, rows: int) -> None:
    """An archive of that many paintings, always the same one."""
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    corpus = make_corpus(rows)
    order = sorted(range(rows), key=lambda row: corpus.paintings[row].id)
    centres = unit(np.random.default_rng(2).standard_normal((len(corpus.topics), SPACE.dimensions), np.float32))
    vectors = cloud(centres, corpus.topic_of[order], seed=3)
    writer = Writer(unfinished, {SPACE: True})
    for start in range(0, rows, CHUNK):
        paintings = [corpus.paintings[row] for row in order[start : start + CHUNK]]
        writer.add([Entry.read(painting, (), {SPACE: next(vectors)}) for painting in paintings])
    writer.close()
    manifest = writer.manifest({corpus.paintings[0].collection: rows})
    (unfinished / MANIFEST).write_text(manifest.model_dump_json(indent=2))
    unfinished.rename(folder)


def settings(data_dir: Path) -> Settings:
    return Settings(_env_file=None, database_url=None, data_dir=data_dir)


@asynccontextmanager
async def new_database() -> AsyncIterator[tuple[Path, Database]]:
    """An embedded server with an empty database, which is removed afterwards."""
    data_dir = Path(tempfile.mkdtemp(prefix="art-mcp-bench-"))
    database = await Database.open(settings(data_dir))
    try:
        yield data_dir, database
    finally:
        server = await anyio.to_thread.run_sync(EmbeddedServer.start, data_dir)
        await database.aclose()
        server.close()
        with anyio.move_on_after(30):
            while server.is_running():
                await anyio.sleep(0.2)
        for folder in {home(data_dir), data_dir}:
            shutil.rmtree(folder, ignore_errors=True)


def imported(data_dir: Path, archive: Path) -> dict[str, float]:
    """Import in a process of its own; its seconds and its peak memory."""
    command = [sys.executable, __file__, "--import-into", str(data_dir), "--archive", str(archive)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    return json.loads(done.stdout)


async def import_here(data_dir: Path, archive: Path) -> None:
    """What that process does."""
    database = await Database.open(settings(data_dir))
    started = time.monotonic()
    bundle = await anyio.to_thread.run_sync(Archive, archive)
    load = Load(database, bundle)
    stored_at, most = 0.0, 0

    async def watch() -> None:
        nonlocal stored_at, most
        process = psutil.Process()  # the system's own count of the most (ru_maxrss) begins with the parent's
        while not load.indexing:
            most = max(most, process.memory_info().rss)
            await anyio.sleep(0.005)
        stored_at = time.monotonic()

    async with anyio.create_task_group() as watching:
        watching.start_soon(watch)
        await load.run()
    ended = time.monotonic()
    await database.aclose()
    assert (load.stored, load.refused) == (bundle.total, 0)
    print(json.dumps({"stored": stored_at - started, "indexed": ended - stored_at, "memory": most / MB}))


async def take_out(database: Database, folder: Path) -> None:
    """The tables' rows as COPY takes them."""
    async with database.connection() as connection:
        for table in TABLES:
            await connection.copy_from_table(
                table,
                schema_name="art_mcp",
                output=str(folder / f"{table}.copy"),
                format="binary",
                timeout=TIMEOUT_S,
            )


async def copied(database: Database, folder: Path, *tables: str) -> float:
    """Seconds that bare COPY takes, and its commit."""
    started = time.monotonic()
    async with database.transaction() as connection:
        for table in tables:
            await connection.copy_to_table(
                table,
                schema_name="art_mcp",
                source=str(folder / f"{table}.copy"),
                format="binary",
                timeout=TIMEOUT_S,
            )
    return time.monotonic() - started


async def without_index(database: Database, rows: int) -> None:
    await spaces.register(database, [SPACE])
    assert await vector_index.leave_out(database, SPACE, rows)


async def turn(archive: Path, rows: int, copies: Path) -> dict[str, float]:
    """Everything once, in seconds and MB."""
    found: dict[str, float] = {}
    async with new_database() as (data_dir, database):
        told = await anyio.to_thread.run_sync(imported, data_dir, archive)
        found |= {"import all": told["stored"], "import index": told["indexed"], "memory": told["memory"]}
        if not all((copies / f"{table}.copy").exists() for table in TABLES):
            await take_out(database, copies)
    async with new_database() as (_, database):
        await without_index(database, rows)
        paintings = await copied(database, copies, TABLES[0])
        found["copy vectors"] = await copied(database, copies, TABLES[1])
        found["copy all"] = paintings + found["copy vectors"]
        started = time.monotonic()
        await vector_index.build(database, SPACE)
        found["copy index"] = time.monotonic() - started
    async with new_database() as (data_dir, database):
        await copied(database, copies, TABLES[0])
        told = await anyio.to_thread.run_sync(imported, data_dir, archive)
        found |= {"import vectors": told["stored"], "memory": max(found["memory"], told["memory"])}
    return found


def table(best: dict[str, float], rows: int) -> Table:
    lines = [
        ("vectors, of paintings that are there", best["import vectors"], best["copy vectors"]),
        ("paintings and vectors", best["import all"], best["copy all"]),
        ("the index of the vectors", best["import index"], best["copy index"]),
        ("all of it", best["import all"] + best["import index"], best["copy all"] + best["copy index"]),
    ]
    shown = Table("", "import", "bare COPY", "import's speed / COPY's", title=f"{rows:,} paintings", box=MARKDOWN)
    for what, seconds, least in lines:
        shown.add_row(what, f"{seconds:.1f} s", f"{least:.1f} s", f"{least / seconds:.2f}")
    shown.add_row("memory of the importing process, at most", f"{best['memory']:.0f} MB", "", "")
    return shown


async def measure(archive: Path, rows: int, turns: int) -> dict[str, float]:
    every: dict[str, list[float]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="art-mcp-bench-", dir=archive.parent) as copies:
        for number in range(turns):
            found = await turn(archive, rows, Path(copies))
            console.print(f"turn {number + 1}: {', '.join(f'{name} {value:.1f}' for name, value in found.items())}")
            for name, value in found.items():
                every[name].append(value)
    return {name: max(values) if name == "memory" else min(values) for name, values in every.items()}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--turns", type=int, default=2, help="times that everything is measured")
    parser.add_argument("--folder", type=Path, default=platformdirs.user_cache_path("art-mcp"), help="for the archive")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--check", action="store_true", help=f"exit with 1 if import has not {LEAST} of COPY's speed")
    parser.add_argument("--import-into", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--archive", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.import_into:
        anyio.run(import_here, options.import_into, options.archive)
        return 0
    archive = options.folder.absolute() / f"bench-import-{options.rows}"
    if not archive.exists():
        write_archive(archive, options.rows)
    best = anyio.run(measure, archive, options.rows, options.turns)
    print(f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}")
    Console(width=120).print(table(best, options.rows))
    if options.json:
        options.json.write_text(json.dumps(best, indent=2) + "\n")
    return int(options.check and best["copy vectors"] / best["import vectors"] < LEAST)


if __name__ == "__main__":
    sys.exit(main())
