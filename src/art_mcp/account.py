"""Budgets of paid calls, and the permits to make them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Budget:
    """The most calls per period; None for no limit. Periods begin in UTC, as billing periods do."""

    a_minute: int | None = None
    a_day: int | None = None
    a_month: int | None = None
    month_set_by: str = "ART_MCP_BUDGET_MONTH"
    """The setting that limits the month: a number of calls or a sum of money."""

    def set_by(self, period: str) -> str:
        """The setting that limits the calls per `minute`, `day` or `month`."""
        return self.month_set_by if period == "month" else f"ART_MCP_BUDGET_{period.upper()}"


@dataclass(frozen=True, slots=True)
class Exhausted:
    """A budget that is exhausted."""

    period: str
    """`minute`, `day` or `month`."""
    until: datetime.datetime
    """When the next period begins."""
    set_by: str
    """The setting that limits it."""


@dataclass(frozen=True, slots=True)
class Remaining:
    """What remains of a budget."""

    calls: int
    period: str
    """`day` or `month`."""
    until: datetime.datetime
    """When the next period begins."""
    set_by: str
    """The setting that limits it."""


@dataclass(frozen=True, slots=True)
class Permit:
    """The answer to a request to make one call."""

    granted: bool
    """Whether the call may be made now; if so, it is counted."""
    wait: float
    """Seconds until the next request is worthwhile."""
    exhausted: Exhausted | None = None
    """The budget that prevents the call, if one does."""
