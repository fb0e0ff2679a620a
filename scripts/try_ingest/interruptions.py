"""Loads that are killed, told to stop, or lose their database or its disk."""

from __future__ import annotations

import contextlib
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from figures import Figure, Outcome, exactly
from try_ingest.place import Place, Rows, place

from art_mcp.store import host_os
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.vision.azure import AzureClient

LIFE_S = 0.0, 2.0
"""Range of the random time, in seconds, from a process's first call (or its start) to its kill."""
AT_START = 3
"""Every third process's time counts from its start instead, so that some are killed before they work."""
AWAY_S = 20
DISK_MB = 400
LEFT_MB = 2
"""Less than PostgreSQL needs for its next piece of log."""


def kills(source: Path, wanted: Rows, calls: int, count: int) -> Outcome:
    """Processes are killed with SIGKILL at random times, one after another."""
    rng = random.Random(7)
    # So slow that there is work for all of them.
    rate = max(4, round(calls / (1.3 * count)))
    with place(source, rate=rate) as here:
        made = working = 0
        loading = here.start()
        while made < count and loading.process.poll() is None:
            before = here.standin.calls.billed()
            if (made + 1) % AT_START:
                here.wait_for_calls(loading, before + 1)
            time.sleep(rng.uniform(*LIFE_S))
            if loading.process.poll() is not None:
                break
            loading.process.kill()
            made += 1
            loading.process.wait()
            working += here.standin.calls.billed() > before
            loading = here.start("--resume")
        loading.end()
        here.resume()
        again = here.standin.calls.billed()
        job = here.load()
        more = here.standin.calls.billed() - again
        return Outcome(
            [
                exactly("processes killed", made, count),
                Figure("of them, while they were being served", working),
                *here.compared(wanted, calls, most=AzureClient.calls_in_flight * made),
                exactly("calls of a second run", more, 0),
                exactly("rows unchanged in it", job["unchanged"], job["total"]),
            ]
        )


def signals(source: Path, wanted: Rows, calls: int) -> Outcome:
    """SIGTERM, SIGINT, and two SIGTERM in a row, each sent to a running load."""
    said, drained, again = [], [], 0
    with place(source) as here:
        for number, sent in enumerate(([signal.SIGTERM], [signal.SIGINT], [signal.SIGTERM] * 2)):
            loading = here.start() if not number else here.start("--resume")
            here.wait_for_calls(loading, (number + 1) * calls // 5)
            again = here.billed_again()  # because of those before
            asked = time.monotonic()
            for signum in sent:
                loading.process.send_signal(signum)
                time.sleep(0.1)
            loading.end()
            drained.append(time.monotonic() - asked)
            name = " twice".join([sent[0].name, ""][: len(sent)])
            said += [f"{name}, exit status {loading.process.returncode}:", *(f"  {line}" for line in loading.said)]
        here.resume()
        figures = [
            Figure("seconds until it had ended, at most", max(drained), "s", most=12),
            exactly("calls billed again after one signal", again, 0),
            *here.compared(wanted, calls, most=AzureClient.calls_in_flight),  # of the one that was not let finish
        ]
    return Outcome(figures, said)


def database(source: Path, wanted: Rows, calls: int) -> Outcome:
    """The embedded PostgreSQL is killed, and later shut down, during a load."""
    with place(source) as here:
        loading = here.start()
        here.wait_for_calls(loading, calls // 4)
        host_os.kill_processes_in(here.cluster)
        here.wait_for_calls(loading, calls // 2)
        _stop(here)
        job = loading.end() or {}
        return Outcome(
            [
                exactly("exit status of the load", loading.process.returncode, 0),
                exactly("rows stored", job.get("stored", 0), wanted_paintings(wanted)),
                *here.compared(wanted, calls, most=2 * AzureClient.calls_in_flight),
            ],
            loading.said,
        )


def _stop(here: Place) -> None:
    server = EmbeddedServer(here.data_dir)
    server.ensure_running()
    server._control("stop", "-w", "-m", "fast")
    server.close()


def away(source: Path, wanted: Rows, calls: int) -> Outcome:
    """A PostgreSQL at ART_MCP_DATABASE_URL is down for a while, and art-mcp cannot restart it."""
    with place(source) as other:
        server = EmbeddedServer.start(other.data_dir)
        address = server.connect_args
        url = f"postgresql://postgres@/postgres?host={quote(str(address['host']), safe='')}&port={address['port']}"
        try:
            with place(source, ART_MCP_DATABASE_URL=url) as here:
                loading = here.start()
                here.wait_for_calls(loading, calls // 3)
                server._control("stop", "-w", "-m", "fast")
                time.sleep(AWAY_S)
                server.ensure_running()
                back = time.monotonic()
                job = loading.end() or {}
                return Outcome(
                    [
                        exactly("exit status of the load", loading.process.returncode, 0),
                        exactly("rows stored", job.get("stored", 0), wanted_paintings(wanted)),
                        Figure("seconds that it took from its return on", time.monotonic() - back, "s"),
                        *here.compared(wanted, calls, most=AzureClient.calls_in_flight, url=url),
                    ],
                    loading.said,
                )
        finally:
            server.close()


def disk(source: Path, wanted: Rows, calls: int) -> Outcome:
    """The database's disk fills up, then space is freed."""
    with place(source) as here, _small_disk(here) as mounted:
        dry = subprocess.run(
            [sys.executable, "-m", "art_mcp", "ingest", str(source), "--dry-run"],
            env=here.environment(),
            capture_output=True,
            text=True,
        )
        assert not dry.returncode, dry.stderr  # the database is made
        ballast = mounted / "ballast"
        with ballast.open("wb") as file:
            left = shutil.disk_usage(mounted).free - LEFT_MB * (1 << 20)
            for _ in range(left >> 20):
                file.write(bytes(1 << 20))
        full, again = here.start(), None
        job = full.end() or {}
        if full.process.returncode:
            again = here.start("--resume")  # there is no space yet
            again.end()
        ballast.unlink()
        done = here.resume() or {}
        said = [f"exit status {full.process.returncode}:", *(f"  {line}" for line in full.said)]
        if again:
            said += [f"again without space, exit status {again.process.returncode}:", *(f"  {x}" for x in again.said)]
        return Outcome(
            [
                Figure("the load ended with an error", bool(full.process.returncode), least=1),
                Figure("rows stored when it had ended", job.get("stored", 0)),
                exactly("rows pending after space was freed and the load resumed", done.get("pending", -1), 0),
                *here.compared(wanted, calls, most=2 * AzureClient.calls_in_flight),
            ],
            said,
        )


@contextlib.contextmanager
def _small_disk(here: Place) -> Iterator[Path]:
    """A disk in memory where the database will be."""
    home = host_os.home(here.data_dir)
    home.mkdir(parents=True, exist_ok=True)
    mode = oct(home.stat().st_mode & 0o777)[2:]
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode={mode}", "tmpfs", home], check=True)
    try:
        yield home
    finally:
        until = time.monotonic() + 15
        while list(home.glob("*/data/postmaster.pid")) and time.monotonic() < until:
            time.sleep(0.2)
        for cluster in home.glob("postgres-*/data"):
            host_os.kill_processes_in(cluster)
        time.sleep(1)
        subprocess.run(["umount", "--lazy", home], check=True)


def wanted_paintings(wanted: Rows) -> int:
    return sum(count for row, count in wanted.items() if row.table == "paintings")
