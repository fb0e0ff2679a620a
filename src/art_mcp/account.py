"""What is agreed about calls to a paid service: how fast they may be, and how many."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """Most calls; None for no limit. Periods are those of UTC, as bills are."""

    a_minute: int | None = None
    a_day: int | None = None
    a_month: int | None = None
    month_set_by: str = "ART_MCP_BUDGET_MONTH"
    """The setting that gives the month its limit: a sum of money can, too."""

    def set_by(self, period: str) -> str:
        """The setting that a person changes for another limit of a `minute`, `day` or `month`."""
        return self.month_set_by if period == "month" else f"ART_MCP_BUDGET_{period.upper()}"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A budget of which nothing is left."""

    period: str
    """`minute`, `day` or `month`."""
    until: datetime.datetime
    """When it begins anew."""
    set_by: str
    """The setting that gives it its limit."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What is left of a budget."""

    calls: int
    period: str
    """`day` or `month`."""
    until: datetime.datetime
    """When it begins anew."""
    set_by: str
    """The setting that gives it its limit."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer to whether a call may go."""

    granted: bool
    """It may go now, and is counted; else it is not."""
    wait: float
    """Seconds until it is worth asking again; after a granted call, for the next one."""
    exhausted: Exhausted | None = None
    """Why not, if a budget is the reason."""
