"""What a trial says: figures with their targets, and what the user was told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from rich.box import MARKDOWN
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """A row of the table."""

    what: str
    measured: float
    unit: str = ""
    most: float | None = None
    least: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without a target."""
        if self.most is None and self.least is None:
            return None
        return (self.most is None or self.measured <= self.most) and (self.least is None or self.measured >= self.least)

    def cells(self) -> tuple[str, ...]:
        limits = [("at least", self.least), ("at most", self.most)]
        target = " and ".join(f"{word} {_short(limit)}" for word, limit in limits if limit is not None)
        if self.least is not None and self.least == self.most:
            target = f"exactly {_short(self.least)}"
        return (
            self.what,
            f"{_short(self.measured)} {self.unit}".rstrip(),
            target,
            {True: "met", False: "MISSED", None: ""}[self.met],
        )


def exactly(what: str, measured: float, wanted: float, unit: str = "") -> Figure:
    return Figure(what, measured, unit, most=wanted, least=wanted)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a trial found out."""

    figures: Sequence[Figure]
    said: Sequence[str] = field(default=())
    """What the user saw, in order."""


def table(figures: Sequence[Figure]) -> Table:
    made = Table(box=MARKDOWN)
    for column in ("what", "measured", "target", ""):
        made.add_column(column, justify="right" if column == "measured" else "left")
    for figure in figures:
        made.add_row(*figure.cells())
    return made


def _short(number: float) -> str:
    if number == int(number):
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.3g}"
