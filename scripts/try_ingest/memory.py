"""What memory a load takes, whatever the length of its source."""

from __future__ import annotations

import contextlib
import threading
import time
from pathlib import Path

import psutil
from figures import Figure, Outcome, exactly
from try_ingest.pictures import draw
from try_ingest.place import Loading, Place, Rows, place

TIMES = 5
FAST = 1_000
"""Calls a second that the service allows: more than this machine can make."""
LOOK_EVERY_S = 0.2
MB = 1 << 20


def memory(source: Path, wanted: Rows, calls: int) -> Outcome:
    """The same load, and one of five times as many pictures: the peak of all its processes but PostgreSQL's."""
    more = draw(source.parent / "more", TIMES * calls)
    figures, peaks = [], []
    for pictures, count in ((source, calls), (more, TIMES * calls)):
        with place(pictures, rate=FAST) as here:
            peak, seconds, job = _peak(here)
        peaks.append(peak)
        figures += [
            exactly(f"rows stored of {count:,}", job["stored"], count),
            Figure(f"memory at most, {count:,} pictures", peak / MB, "MB"),
            Figure(f"pictures a second, {count:,} pictures", count / seconds),
        ]
    return Outcome([*figures, Figure("memory of many against that of few", peaks[1] / peaks[0], "x", most=1.1)])


def _peak(here: Place) -> tuple[int, float, dict[str, int]]:
    loading, found = here.start(), [0]
    watching = threading.Thread(target=_watch, args=(loading, found))
    started = time.monotonic()
    watching.start()
    job = loading.end()
    watching.join()
    assert job is not None, loading.said
    return found[0], time.monotonic() - started, job


def _watch(loading: Loading, found: list[int]) -> None:
    """Put the most that the process and those that it started have had together into `found`."""
    main = psutil.Process(loading.process.pid)
    while loading.process.poll() is None:
        together = 0
        with contextlib.suppress(psutil.Error):
            for process in [main, *main.children(recursive=True)]:
                if not process.name().startswith(("postgres", "pg_", "initdb")):
                    together += process.memory_info().rss
        found[0] = max(found[0], together)
        time.sleep(LOOK_EVERY_S)
