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


@dataclass(frozen=True, slots=True)
class Turn:
    """The answer to whether a call may go."""

    granted: bool
    """It may go now, and is counted; else it is not."""
    wait: float
    """Seconds until it is worth asking again; after a granted call, for the next one."""
    used_up: str | None = None
    """The period whose budget is used up: `minute`, `day` or `month`."""
    until: datetime.datetime | None = None
    """When that period ends."""
