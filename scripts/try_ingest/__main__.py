"""What a load survives: killed processes, a failing service, a lost database, bad files, concurrent processes.

    python scripts/try_ingest [--images 400] [--kills 6] [--only NAME ...] [--times 1] [--write docs/ingest-trials.md]

Real `art-mcp ingest` processes, and in `chat` the server behind a real client, load generated pictures, with the
stand-in for Azure as their service and a new data folder for each trial. Afterwards the tables are compared with those
of an undisturbed load, each stored vector with the one that the stand-in returns for its picture, and billed calls are
counted. docs/ingest-trials.md reports the results.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent.parent))
from figures import Figure, Outcome, Report, exactly
from try_ingest.company import chat, two
from try_ingest.interruptions import away, database, disk, kills, signals
from try_ingest.memory import memory
from try_ingest.pictures import draw
from try_ingest.place import Rows, hear_ctrl_c, place
from try_ingest.trouble import outage, poison, storm

IMAGES, KILLS = 400, 6


def undisturbed(source: Path) -> tuple[Rows, int, Outcome]:
    """The tables as they are to be, and the calls."""
    with place(source) as here:
        started = time.monotonic()
        job = here.load()
        took = time.monotonic() - started
        calls = here.standin.calls.billed()
        again = here.load()
        figures = [
            exactly("rows stored", job["stored"], job["total"]),
            exactly("calls billed", calls, job["total"]),
            exactly("calls of a second run", here.standin.calls.billed() - calls, 0),
            exactly("rows unchanged in it", again["unchanged"], job["total"]),
            Figure("time", took, "s"),
        ]
        return here.rows(), calls, Outcome(figures)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=IMAGES, help="pictures; some trials take fewer")
    parser.add_argument("--kills", type=int, default=KILLS, help="processes that `kills` kills")
    parser.add_argument("--only", nargs="*", default=(), help="these trials")
    parser.add_argument("--times", type=int, default=1, help="how often each trial runs")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    Report.add_option(parser)
    given = parser.parse_args()
    hear_ctrl_c()
    trials: dict[str, tuple[Callable[..., Outcome], tuple[object, ...]]] = {
        "kills": (kills, (given.kills,)),
        "signals": (signals, ()),
        "storm": (storm, ()),
        "outage": (outage, ()),
        "database": (database, ()),
        "away": (away, ()),
        "disk": (disk, ()),
        "poison": (poison, ()),
        "two": (two, ()),
        "chat": (chat, ()),
        "memory": (memory, ()),
    }
    if unknown := set(given.only) - trials.keys():
        parser.error(f"There is no trial {', '.join(sorted(unknown))}; there are {', '.join(trials)}.")
    chosen = [name for name in trials if not given.only or name in given.only]
    report = Report("try_ingest", ["undisturbed", *chosen], given)
    with tempfile.TemporaryDirectory(prefix="try-ingest-pictures-") as folder:
        pictures = draw(Path(folder) / "art", given.images)
        wanted, calls, outcome = undisturbed(pictures)
        report.add("undisturbed", outcome.figures, "undisturbed: Nobody disturbs it.")
        for name in chosen:
            trial, more = trials[name]
            for number in range(1, given.times + 1):
                outcome = trial(pictures, wanted, calls, *more)
                turn = f" ({number} of {given.times})" if given.times > 1 else ""
                report.add(name, outcome.figures, f"{name}{turn}: {trial.__doc__}", outcome.said)
    return int(given.check and report.missed)


if __name__ == "__main__":
    sys.exit(main())
