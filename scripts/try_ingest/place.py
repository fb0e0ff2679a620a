"""Where a trial takes place: pictures, a data folder of its own, the stand-in, and the processes that load."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import anyio
import anyio.to_thread
import asyncpg
import numpy as np
import psutil
from figures import Figure, exactly
from pgvector import HalfVector
from try_ingest.standin import KEY, AzureStandIn, right_vector, serving, warm_up

from art_mcp.store import host_os
from art_mcp.store.embedded import EmbeddedServer

T = TypeVar("T")

RATE = 100
LATENCY_S = 0.15
ENDS_WITHIN_S = 600
SHOWN = 10
"""Rows that differ, of which each trial prints so many."""
COUNTS = ("stored", "unchanged", "refused", "pending")

SAME_COSINE = 0.9999
"""Of a vector and the same one in half precision, at least; that of two pictures is mostly about 0.5."""


class Row(NamedTuple):
    """A row of a table, equal for equal collections."""

    table: str
    about: str
    """The painting, or what else the row is about."""
    digest: str
    """MD5 of the whole row, without its times."""


Rows = Counter[Row]


class Loading:
    """One `art-mcp ingest --json` that is running, and what it says."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._said: list[str] = []
        assert process.stderr is not None
        self._reader = threading.Thread(target=self._said.extend, args=(process.stderr,), daemon=True)
        self._reader.start()

    def end(self) -> dict[str, Any] | None:
        """Wait for the end, and give the job as it stands then, if it was told."""
        assert self.process.stdout is not None
        try:
            out = self.process.stdout.read()
            self.process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self._reader.join()
        job = next(iter(json.loads(out or "[]")), None)
        if job and sum(job[count] for count in COUNTS) != job["total"]:
            raise AssertionError(f"The counts do not add up: {job}")
        return job

    @property
    def said(self) -> list[str]:
        """Lines for the user; the bar is left out."""
        return [line.strip() for line in self._said if line.strip() and "━" not in line]


@dataclass(frozen=True, slots=True)
class Place:
    """A data folder to load into, and the service to do it with."""

    folder: Path
    source: Path
    standin: AzureStandIn
    endpoint: str
    rate: float
    """What the client is told."""
    more: Mapping[str, str] = field(default_factory=dict)
    """Further settings."""

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def cluster(self) -> Path:
        """Of the embedded server, once it has been started."""
        (cluster,) = host_os.home(self.data_dir).glob("postgres-*/data")
        return cluster

    def environment(self) -> dict[str, str]:
        given = {
            "ART_MCP_DATA_DIR": str(self.data_dir),
            "ART_MCP_VISION": "azure",
            "ART_MCP_AZURE_ENDPOINT": self.endpoint,
            "ART_MCP_AZURE_KEY": KEY,
            "ART_MCP_AZURE_RATE": str(self.rate),
            "ART_MCP_IMAGE_DIRS": str(self.source if self.source.is_dir() else self.source.parent),
            "XDG_CONFIG_HOME": str(self.folder / "config"),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("ART_MCP_")}
        return {**kept, **given, **self.more}

    def start(self, *arguments: str) -> Loading:
        command = [sys.executable, "-m", "art_mcp", "ingest", *(arguments or (str(self.source),)), "--json"]
        return Loading(
            subprocess.Popen(
                command,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )

    def load(self, *arguments: str) -> dict[str, Any]:
        """Load to the end, and give the job."""
        loading = self.start(*arguments)
        if (job := loading.end()) is None:
            raise RuntimeError("\n".join(loading.said))
        return job

    def resume(self) -> dict[str, Any] | None:
        """Go on to the end; None if nothing was left."""
        loading = self.start("--resume")
        return loading.end()

    def wait_for_calls(self, loading: Loading, count: int) -> None:
        """Until so many were billed, or the load has ended."""
        while self.standin.calls.billed() < count and loading.process.poll() is None:
            time.sleep(0.02)

    def billed_again(self) -> int:
        """Calls that were billed for a picture that had been billed before."""
        billed = Counter(call.sha for call in self.standin.calls if call.billed)
        return sum(billed.values()) - len(billed)

    def left_over(self) -> list[str]:
        """Processes of this place's loads that are still there; PostgreSQL ends after its last user."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                command = " ".join(process.cmdline())
                if "art_mcp" in command and process.environ().get("ART_MCP_DATA_DIR") == str(self.data_dir):
                    found.append(command)
        return found

    def rows(self, url: str | None = None) -> Rows:
        """What is stored; `url` names the database, if it is not the embedded one."""
        return anyio.run(self._in_database, url, _rows)

    def wrong_vectors(self, url: str | None = None) -> list[str]:
        """The paintings whose stored vector is not the stand-in's for their picture, or has no picture here."""
        return anyio.run(self._in_database, url, self._wrong_vectors)

    async def _in_database(self, url: str | None, read: Callable[[asyncpg.Connection], Awaitable[T]]) -> T:
        server = None
        if url is None:
            server = await anyio.to_thread.run_sync(EmbeddedServer.start, self.data_dir)
        connection = await asyncpg.connect(**(server.connect_args if server else {"dsn": url}))
        try:
            return await read(connection)
        finally:
            await connection.close()
            if server:
                server.close()

    async def _wrong_vectors(self, connection: asyncpg.Connection) -> list[str]:
        root = self.source if self.source.is_dir() else self.source.parent
        files = {file.name: file for file in root.rglob("*.jpg")}
        (space,) = await connection.fetch("SELECT name FROM art_mcp.spaces WHERE leg = 'pixels' AND active")
        wrong = []
        for name, text in await connection.fetch(
            f"SELECT p.image_name, v.vector::text FROM art_mcp.vectors_{space['name']} v "
            "JOIN art_mcp.paintings p ON p.id = v.painting_id ORDER BY 1"
        ):
            stored = HalfVector.from_text(text).to_numpy().astype(np.float64)
            cosine = float(stored @ right_vector(files[Path(name).name]) / np.linalg.norm(stored))
            if not cosine >= SAME_COSINE:
                wrong.append(f"{name} (cosine {cosine:.3f})")
        return wrong

    def compared(self, wanted: Rows, calls: int, *, most: int = 0, url: str | None = None) -> list[Figure]:
        """The figures of every trial.

        Args:
            wanted: the rows of a load that nobody disturbed.
            calls: how many it paid for.
            most: how many more may be paid for.
        """
        found = self.rows(url)
        missing, extra = wanted - found, found - wanted
        for what, rows in (("missing", missing), ("extra", extra)):
            for row in sorted(rows.elements())[:SHOWN]:
                print(f"{what}: {row.table}, {row.about}")
        wrong = self.wrong_vectors(url)
        for painting in wrong[:SHOWN]:
            print(f"not the vector of its picture: {painting}")
        billed = self.standin.calls.billed()
        return [
            exactly("rows of the tables that differ", missing.total() + extra.total(), 0, f"of {wanted.total():,}"),
            exactly("stored vectors that are not of their picture", len(wrong), 0),
            Figure("calls billed beyond those of an undisturbed load", billed - calls, most=most),
            Figure("processes left over", len(self.left_over()), most=0),
        ]


async def _rows(connection: asyncpg.Connection) -> Rows:
    rows: Rows = Counter()
    spaces = await connection.fetch("SELECT name FROM art_mcp.spaces")
    tables = ["paintings", "renditions", "spaces", "paid", "collections", *(f"vectors_{s['name']}" for s in spaces)]
    for table in tables:
        columns = await connection.fetch(
            "SELECT column_name AS name FROM information_schema.columns WHERE table_schema = 'art_mcp' "
            "AND table_name = $1 AND column_name NOT LIKE '%\\_at' ORDER BY 1",
            table,
        )
        names = [row["name"] for row in columns]
        about = next(name for name in ("image_name", "painting_id", "name", "sha256") if name in names)
        if about == "painting_id":
            about = "(SELECT image_name FROM art_mcp.paintings WHERE id = painting_id)"
        listed = ", ".join(f"{name}::text" for name in names)
        for row in await connection.fetch(
            f"SELECT ({about})::text AS about, md5(row({listed})::text) AS digest FROM art_mcp.{table}"
        ):
            rows[Row(table, row["about"] or "", row["digest"])] += 1
    return rows


@contextlib.contextmanager
def place(source: Path, *, rate: int = RATE, allowed: int | None = None, **more: str) -> Iterator[Place]:
    """A fresh place, which is removed at the end.

    Args:
        rate: calls a second that the client may make.
        allowed: calls a second that the service allows, if not those.
        more: further settings.
    """
    folder = Path(tempfile.mkdtemp(prefix="try-ingest-"))
    standin = AzureStandIn(rate=allowed or rate, latency=LATENCY_S)
    made = None
    try:
        with serving(standin) as endpoint:
            warm_up(standin, endpoint)
            made = Place(folder, source, standin, endpoint, rate, more)
            yield made
    except BaseException:
        for log in host_os.home(folder / "data").glob("postgres-*/server.log"):
            print(f"The end of PostgreSQL's log:\n{log.read_text(errors='replace')[-4000:]}", file=sys.stderr)
        raise
    finally:
        home = host_os.home(folder / "data")
        until = time.monotonic() + 15
        while time.monotonic() < until and (list(home.glob("*/data/postmaster.pid")) or (made and made.left_over())):
            time.sleep(0.2)  # the server ends a little after its last user
        for cluster in home.glob("postgres-*/data"):
            host_os.kill_processes_in(cluster)
        for each in (home, folder):
            shutil.rmtree(each, ignore_errors=True)


def hear_ctrl_c() -> None:
    """A shell makes what it runs in the background, and all that this starts, deaf to Ctrl-C."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
