"""What is measured: times in turns, and the rows of the table that they become."""

from __future__ import annotations

import math
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from rich.box import MARKDOWN
from rich.table import Table

T = TypeVar("T")


class Against(StrEnum):
    """How a time is compared with its floor."""

    RATIO = "x"
    DIFFERENCE = "above"


@dataclass(frozen=True, slots=True)
class Target:
    """A limit of a figure, or of how it compares with its floor."""

    limit: float
    against: Against | None = None
    at_least: bool = False

    def met_by(self, value: float) -> bool:
        return value >= self.limit if self.at_least else value <= self.limit

    def __str__(self) -> str:
        return f"at {'least' if self.at_least else 'most'} {self.limit:g} {self.against or ''}".rstrip()


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    what: str
    measured: float
    unit: str = ""
    p95: float | None = None
    floor: float | None = None
    compared: float | None = None
    """With the floor: the median over the questions, each of which both have answered."""
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.target is None:
            return None
        return self.target.met_by(self.measured if self.compared is None else self.compared)

    def cells(self) -> tuple[str, ...]:
        measured = f"{_short(self.measured)} {self.unit}".rstrip()
        against = self.target.against if self.target else Against.RATIO
        return (
            self.what,
            measured if self.p95 is None else f"{measured} ({_short(self.p95)})",
            "" if self.floor is None else _short(self.floor),
            "" if self.compared is None else f"{self.compared:.2f} {against}",
            "" if self.target is None else str(self.target),
            {True: "met", False: "MISSED", None: ""}[self.met],
        )


def timed(what: str, times: Sequence[float], floor: Sequence[float] = (), target: Target | None = None) -> Figure:
    """A figure from milliseconds: their median, and the 95th percentile."""
    compared = None
    if floor:
        difference = target is not None and target.against == Against.DIFFERENCE
        pairs = zip(times, floor, strict=True)
        compared = statistics.median(time - least if difference else time / least for time, least in pairs)
    return Figure(
        what,
        statistics.median(times),
        "ms",
        p95=sorted(times)[math.ceil(0.95 * len(times)) - 1],
        floor=statistics.median(floor) if floor else None,
        compared=compared,
        target=target,
    )


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


def table(figures: Iterable[Figure]) -> Table:
    made = Table(box=MARKDOWN)
    for column in ("what", "p50 (p95)", "floor", "against it", "target", ""):
        made.add_column(column, justify="left" if column in ("what", "target", "") else "right")
    for figure in figures:
        made.add_row(*figure.cells())
    return made


def _short(number: float) -> str:
    return f"{number:.0f}" if number >= 100 else f"{number:.1f}" if number >= 10 else f"{number:.3g}"
