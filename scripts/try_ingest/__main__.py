"""What a load survives: processes killed, the service failing, the database gone, bad files, others beside it.

    python scripts/try_ingest [--images 400] [--kills 6] [--only NAME ...] [--times 1]

Real `art-mcp ingest` processes, and in `chat` the server behind a real client, load made-up pictures with the stand-in
of Azure as their service, each trial into a data folder of its own. In the end the tables are compared with those of a
load that nobody disturbed, each stored vector with the one that the stand-in has for its picture, and the calls that
were billed are counted. docs/ingest-trials.md says what was measured.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from company import chat, two
from figures import Figure, Outcome, exactly, table
from interruptions import away, database, disk, kills, signals
from memory import memory
from pictures import draw
from place import Rows, hear_ctrl_c, place
from rich.console import Console
from trouble import outage, poison, storm

IMAGES, KILLS = 400, 6
WIDTH = 140


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
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    given = parser.parse_args()
    hear_ctrl_c()
    print(_machine())
    found: dict[str, Outcome] = {}
    with tempfile.TemporaryDirectory(prefix="try-ingest-pictures-") as folder:
        pictures = draw(Path(folder) / "art", given.images)
        wanted, calls, found["undisturbed"] = undisturbed(pictures)
        _print("undisturbed", "Nobody disturbs it.", found["undisturbed"])
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
        for name, (trial, more) in trials.items():
            if not given.only or name in given.only:
                for number in range(1, given.times + 1):
                    outcome = trial(pictures, wanted, calls, *more)
                    called = f"{name} ({number} of {given.times})" if given.times > 1 else name
                    _print(called, trial.__doc__ or "", outcome)
                    found[called] = outcome
    if given.json:
        told = {
            name: {"figures": [asdict(each) | {"met": each.met} for each in outcome.figures], "said": outcome.said}
            for name, outcome in found.items()
        }
        given.json.write_text(json.dumps(told, indent=2) + "\n")
    missed = any(figure.met is False for outcome in found.values() for figure in outcome.figures)
    return int(given.check and missed)


def _print(name: str, about: str, outcome: Outcome) -> None:
    print(f"\n## {name}: {about}\n")
    Console(width=WIDTH).print(table(outcome.figures))
    if outcome.said:
        print("\nWhat the user saw:\n")
        for line in outcome.said:
            print(f"    {line}")
    sys.stdout.flush()


def _machine() -> str:
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}, Python {platform.python_version()}"


if __name__ == "__main__":
    sys.exit(main())
