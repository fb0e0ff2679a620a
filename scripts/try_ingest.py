"""What a load survives: processes killed, the service failing, PostgreSQL gone, bad files, two workers at once.

    python scripts/try_ingest.py [--images 2000] [--kills 30] [--only NAME ...]

Real `art-mcp ingest` processes load pictures into an embedded database, with the stand-in of Azure as their service. In
the end the tables are compared with those of a load that nobody disturbed, and the calls that were billed are counted.
All of it takes about fifteen minutes. What was measured stands in docs/ingest-trials.md.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import numpy as np
from PIL import Image

from art_mcp.store import platform
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.testing.azure import KEY, AzureStandIn, serving

SIZE = 200, 150
RATE = 100
CONCURRENCY = 20
"""Calls that a process may have under way, which a kill may make it pay again."""
HELD_S = 35
"""After this a dead process's items are anybody's."""


@dataclass(frozen=True, slots=True)
class Trial:
    """A place to load into, and the service to do it with."""

    folder: Path
    pictures: Path
    standin: AzureStandIn
    endpoint: str

    def environment(self) -> dict[str, str]:
        given = {
            "ART_MCP_DATA_DIR": str(self.folder / "data"),
            "ART_MCP_AZURE_ENDPOINT": self.endpoint,
            "ART_MCP_AZURE_KEY": KEY,
            "ART_MCP_AZURE_RATE": str(RATE),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ART_MCP_")}
        return kept | given | {"XDG_CONFIG_HOME": str(self.folder / "config")}

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "art_mcp", "ingest", *(arguments or (str(self.pictures),)), "--json"]
        return subprocess.Popen(
            command, env=self.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def load(self, *arguments: str) -> dict[str, Any]:
        """Load to the end, and give the job."""
        process = self.start(*arguments)
        out, err = process.communicate()
        if not out.strip():
            raise RuntimeError(err)
        return json.loads(out)[-1]

    def tables(self) -> str:
        """A digest of all that is stored."""
        return anyio.run(self._tables)

    async def _tables(self) -> str:
        server = await anyio.to_thread.run_sync(EmbeddedServer.start, self.folder / "data")
        connection = await asyncpg.connect(**server.connect_args)
        digest = hashlib.sha256()
        tables = ["paintings", "renditions", "spaces", "paid", "collections"]
        names = await connection.fetch("SELECT name FROM art_mcp.spaces ORDER BY name")
        for table in [*tables, *(f"vectors_{row['name']}" for row in names)]:
            columns = await connection.fetch(
                "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'art_mcp' "
                "AND table_name = $1 AND column_name NOT LIKE '%\\_at' ORDER BY 1",
                table,
            )
            listed = ", ".join(f"{row['name']}::text" for row in columns)
            for row in await connection.fetch(
                f"SELECT md5(concat_ws('|', {listed})) AS m FROM art_mcp.{table} ORDER BY 1"
            ):
                digest.update(row["m"].encode())
            digest.update(table.encode())
        await connection.close()
        server.close()
        return digest.hexdigest()[:16]


def draw(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        coarse.resize(SIZE, Image.Resampling.BICUBIC).save(folder / f"{number:05}.jpg", quality=85)
    return folder


@contextlib.contextmanager
def trial(pictures: Path, **options: Any) -> Iterator[Trial]:
    folder = Path(tempfile.mkdtemp(prefix="try-"))
    standin = AzureStandIn(rate=options.pop("allowed", RATE), latency=0.05, **options)
    try:
        with serving(standin) as endpoint:
            yield Trial(folder, pictures, standin, endpoint)
    finally:
        time.sleep(1)
        cluster_home = platform.home(folder / "data")
        for path in (cluster_home, folder):
            with contextlib.suppress(OSError):
                platform.kill_processes_in(path)
            shutil.rmtree(path, ignore_errors=True)


def undisturbed(pictures: Path) -> tuple[str, int, float]:
    """The tables as they are to be, the calls, and the seconds."""
    with trial(pictures) as t:
        started = time.monotonic()
        job = t.load()
        took = time.monotonic() - started
        calls = t.standin.calls.billed()
        assert job["stored"] == job["total"], job
        again = t.load()
        print(
            f"undisturbed: {job['stored']} stored in {took:.0f} s, {calls} calls billed; "
            f"second run: {again['unchanged']} unchanged, {t.standin.calls.billed() - calls} calls"
        )
        return t.tables(), calls, took


def kills(pictures: Path, expected: str, calls: int, count: int) -> None:
    rng = random.Random(7)
    with trial(pictures) as t:
        made = 0
        process = t.start()
        while made < count and process.poll() is None:
            time.sleep(rng.uniform(1.5, 3.5))
            if process.poll() is None:
                process.kill()
                made += 1
            process.wait()
            process.communicate()
            process = t.start("--resume")
        process.communicate()
        job = t.load("--resume") if process.returncode else t.load()
        extra = t.standin.calls.billed() - calls
        same = t.tables() == expected
        print(
            f"{made} kills: {job}; tables {'equal' if same else 'DIFFER'}; {extra} calls more, "
            f"allowed {CONCURRENCY * made}"
        )


def terms(pictures: Path, expected: str, calls: int) -> None:
    with trial(pictures) as t:
        for signum in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            process = t.start() if not t.standin.calls.billed() else t.start("--resume")
            time.sleep(4)
            started = time.monotonic()
            process.send_signal(signum)
            _, err = process.communicate()
            print(
                f"{signal.Signals(signum).name}: ended with {process.returncode} after "
                f"{time.monotonic() - started:.1f} s: {err.strip().splitlines()[-1] if err.strip() else ''}"
            )
        t.load("--resume")
        print(
            f"signals: tables {'equal' if t.tables() == expected else 'DIFFER'}, "
            f"{t.standin.calls.billed() - calls} calls more"
        )


def outage(pictures: Path, expected: str, calls: int) -> None:
    """The service answers 500 for a minute, and later 429 to everything for ten seconds."""
    with trial(pictures) as t:
        process = t.start()
        time.sleep(6)
        t.standin.down = 60.0
        process.wait()
        out, err = process.communicate()
        job = json.loads(out)[-1] if out.strip() else err
        print(
            f"service down for a minute: {job}; tables {'equal' if t.tables() == expected else 'DIFFER'}, "
            f"{t.standin.calls.billed() - calls} calls more"
        )


def database_gone(pictures: Path, expected: str, calls: int) -> None:
    """PostgreSQL is killed twice in the middle."""
    with trial(pictures) as t:
        process = t.start()
        for _ in range(2):
            time.sleep(5)
            platform.kill_processes_in(platform.home(t.folder / "data"))
        out, err = process.communicate()
        said = err.strip().splitlines()[-1] if err.strip() else ""
        job = t.load("--resume") if process.returncode else json.loads(out)[-1]
        print(
            f"PostgreSQL killed twice: first run ended with {process.returncode} ({said}); then {job['state']}; tables "
            f"{'equal' if t.tables() == expected else 'DIFFER'}, {t.standin.calls.billed() - calls} calls more"
        )


def two(pictures: Path, expected: str, calls: int, alone: float) -> None:
    """Two processes on one job."""
    with trial(pictures) as t:
        started = time.monotonic()
        first = t.start()
        time.sleep(3)
        second = t.start("--resume")
        first.communicate(), second.communicate()
        took = time.monotonic() - started
        print(
            f"two processes: {took:.0f} s against {alone:.0f} s alone; tables "
            f"{'equal' if t.tables() == expected else 'DIFFER'}, {t.standin.calls.billed() - calls} calls more"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--only", nargs="*", default=[])
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pictures-") as folder:
        pictures = draw(Path(folder) / "art", given.images)
        Path(folder).chmod(0o755)
        expected, calls, alone = undisturbed(pictures)
        trials: dict[str, Callable[[], None]] = {
            "kills": lambda: kills(pictures, expected, calls, given.kills),
            "signals": lambda: terms(pictures, expected, calls),
            "database": lambda: database_gone(pictures, expected, calls),
            "two": lambda: two(pictures, expected, calls, alone),
        }
        for name, run in trials.items():
            if not given.only or name in given.only:
                run()


if __name__ == "__main__":
    main()
