"""Accounts at paid services: the pace and the budget of one key, shared by all processes that use the database.

Before each call, a process asks for a permit. One SQL statement on the account's row decides, by the database's clock:

- Pace: calls get evenly spaced slots (the generic cell rate algorithm, GCRA), and a sliding window keeps every second
  within the rate. A schedule that fell behind can therefore catch up without a burst.
- Rate: it is learned by additive increase and multiplicative decrease (AIMD). It falls when the service refuses a call
  for exceeding its rate limit, and rises in small steps afterwards: slowly near the refused rate, faster above it.
- Searches: they need no slot, and after a search, one call per second is reserved for the next one.
- Budget: calls per minute, day and month are counted, and no permit is granted beyond their limits.
"""

from __future__ import annotations

import datetime
import hashlib
from importlib import resources
from typing import Final

import anyio

from art_mcp.account import Budget, Exhausted, Permit, Remaining
from art_mcp.store.database import Database

UTILIZATION = 0.97
"""The share of the service's rate that is used; the rest absorbs the jitter of clocks and of the network."""
WINDOW_SLACK_S = 0.01
"""How much shorter than nominal a full window may be, in seconds, so that calls which woke up late do not lower the
rate. Together with `UTILIZATION`, one call too many falls into a second only if it travels 20 ms faster than the first
call."""
SLOW_PERMIT_S = 0.01
"""A permit that takes longer to arrive, in seconds, delays its call so much that the recorded time is corrected."""
CATCH_UP_S = 0.15
"""How far the schedule may fall behind and still catch up, in seconds: about the delay on a busy machine."""
MIN_GAP = 0.5
"""Minimum time between two calls while catching up, as a share of the interval between slots."""
RECENT_CALLS = 50
"""How many call times are kept; above 50 calls per second, they cover less than a second."""
DECREASE, LARGE_DECREASE = 0.95, 0.7
"""Factors of the rate after a refused call; the large decrease applies within `SETTLED_S` of the last pause."""
SETTLED_S = 5.0
"""Time after a pause, in seconds, from which the rate counts as accepted by the service."""
MIN_MEASURED, MEASURED_BELOW = 4, 0.85
"""The number of calls accepted within a second is taken as the service's limit if it is at least 4, since fewer say
little, and below 85 % of the rate, since a small difference can be chance."""
PLATEAU_S = 30.0
"""Time for which the rate stays close to the refused one before it rises further, in seconds."""
STRAY_AFTER_S = 60.0
"""Time without a refusal, in seconds, after which the next one may be a stray, so the rate recovers completely."""
MIN_RATE = 0.02
"""The lowest learned rate, as a share of the highest."""
SEARCHING_S, RESERVE_ABOVE = 10.0, 4
"""One call per second is reserved for searches for 10 s after a search, at rates above 4 calls per second."""
HOLD_BACK_S = 0.25
"""Time for which a waiting search delays other calls beyond its own wait, in seconds, in case it asks late."""


def _query(name: str) -> str:
    """Return a file of `queries/`, with names in braces replaced by this module's constants."""
    return resources.files("art_mcp.store").joinpath("queries", f"{name}.sql").read_text("utf-8").format_map(globals())


_TAKE_PERMIT: Final = _query("take_permit")
_SLOW_DOWN: Final = _query("slow_down")
_USED: Final = """
    SELECT CASE WHEN day = date_trunc('day', now, 'UTC') THEN day_calls ELSE 0 END AS day,
        CASE WHEN month = date_trunc('month', now, 'UTC') THEN month_calls ELSE 0 END AS month,
        date_trunc('day', now, 'UTC') + interval '1 day' AS day_ends,
        date_trunc('month', now, 'UTC') + interval '1 month' AS month_ends
    FROM (SELECT coalesce($2::timestamptz, clock_timestamp()) AS now) AS clock
    LEFT JOIN art_mcp.accounts ON name = $1
"""


class Account:
    """The account of one key; its row is created with the first permit.

    Args:
        endpoint: address of the service.
        credential: the key, or another text that identifies the payer; only its digest is stored.
        rate: calls per second that the service allows, as configured.
        budget: limits of this installation.
    """

    def __init__(self, database: Database, endpoint: str, credential: str, *, rate: float, budget: Budget) -> None:
        self._database = database
        self.name = hashlib.sha256(f"{endpoint}\0{credential}".encode()).hexdigest()[:32]
        self.rate = rate
        """Calls per second, as configured."""
        self._max_rate = rate * UTILIZATION
        self._budget = budget
        self._exists = False
        self._late: tuple[datetime.datetime, float] | None = None
        """Database time of a permit that arrived late, and the time of its call by this machine's clock, in seconds."""
        self.now: datetime.datetime | None = None
        """The time to use instead of the database's clock, for tests."""

    async def take(self, *, urgent: bool) -> Permit:
        """Ask for a permit to make one call.

        Args:
            urgent: whether a user waits for a search, which takes precedence over all other calls.

        Raises:
            StoreError: the database is not available.
        """
        async with self._database.connection() as connection:
            if not self._exists:
                await connection.execute(
                    "INSERT INTO art_mcp.accounts (name, rate) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    self.name,
                    self._max_rate,
                )
                self._exists = True
            limits = (self._budget.a_minute, self._budget.a_day, self._budget.a_month)
            asked = anyio.current_time()
            permit_time, sent_ago = (self._late[0], asked - self._late[1]) if self._late else (None, 0.0)
            row = await connection.fetchrow(
                _TAKE_PERMIT, self.name, urgent, self._max_rate, *limits, self.now, permit_time, sent_ago
            )
        received = anyio.current_time()
        if row is None:  # the account was deleted, so the next request creates it again
            self._exists = False
            return Permit(False, 0.1)
        if row["granted"]:
            is_late = received - asked > SLOW_PERMIT_S and self.now is None
            self._late = (row["now"], received) if is_late else None
        period = row["exhausted"]
        exhausted = Exhausted(period, row["until"], self._budget.set_by(period)) if period else None
        return Permit(row["granted"], max(0.0, row["wait"]), exhausted)

    async def remaining(self) -> Remaining | None:
        """Return what is left of the day's or month's budget, whichever is less; None without such a budget."""
        row = await self._database.fetchrow(_USED, self.name, self.now)
        assert row is not None
        limits = {"day": self._budget.a_day, "month": self._budget.a_month}
        remaining = [
            Remaining(max(0, limit - row[period]), period, row[f"{period}_ends"], self._budget.set_by(period))
            for period, limit in limits.items()
            if limit is not None
        ]
        return min(remaining, key=lambda each: each.calls, default=None)

    async def slow_down(self, pause: float, *, sent: float) -> None:
        """Record that the service refused a call for exceeding its rate limit: pause all calls and lower the rate.

        Args:
            pause: duration of the pause, in seconds.
            sent: how many seconds ago the refused call was sent. Concurrent calls reduce the rate only once.
        """
        await self._database.execute(_SLOW_DOWN, self.name, pause, sent, self._max_rate, self.now)

    async def pause(self, seconds: float) -> None:
        """Pause all calls for some seconds, because the service is failing."""
        await self._database.execute(
            "UPDATE art_mcp.accounts SET paused_until = greatest(paused_until, "
            "coalesce($3::timestamptz, clock_timestamp()) + make_interval(secs => $2)) WHERE name = $1",
            self.name,
            seconds,
            self.now,
        )
