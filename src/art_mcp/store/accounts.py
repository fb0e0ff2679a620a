"""Accounts at paid services: the pace and the budget of a key, shared by all processes of a database.

The database's clock is the only one, and each question is one statement. Calls go in an even row (the generic cell
rate algorithm). The rate is learned: it falls by a part when the service says that it was too much, and rises by
small steps after that, slowly near where it happened and faster beyond (additive increase, multiplicative decrease).
"""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING

from art_mcp.account import Budget, Turn

if TYPE_CHECKING:
    from art_mcp.store.database import Database

NEARLY = 0.97
"""Of the configured rate. With `EARLY_S`, no second has more calls than the rate says, as long as none is more than
20 ms later at the service than another."""
EARLY_S = 0.01
"""How much before its place in the row a call may go, to make up for one that woke late."""
SLOWER, MUCH_SLOWER = 0.92, 0.7
"""What is left of the rate after one call too many: when it went well for a while, and when it did not."""
SETTLED_S = 5.0
"""So long after a pause it went well."""
LEAST = 0.02
"""Of the configured rate: it never falls below."""
URGENT_S = 0.25
"""For how long a search that has to wait keeps other calls back, beyond its wait."""

_TAKE = f"""
    WITH state AS (SELECT * FROM art_mcp.accounts WHERE name = $1 FOR UPDATE),
    timed AS (SELECT *, coalesce($7::timestamptz, clock_timestamp()) AS now FROM state),
    current AS (
        SELECT *,
            least($3::float8, rate + $3 * least(1, extract(epoch FROM now - greatest(grown_at, slowed_at)))::float8
                * CASE WHEN ceiling IS NULL OR rate < 0.9 * ceiling THEN 0.05
                       WHEN ceiling > 0.9 * $3 THEN 0.01  -- a stray one at full rate
                       WHEN rate < 1.02 * ceiling THEN 0.0016 ELSE 0.01 END) AS new_rate,
            -- Bounded, as the pauses below, in case the server's clock was set back.
            least(next_at, now + make_interval(secs => 2 / rate)) AS place,
            date_trunc('minute', now, 'UTC') AS this_minute,
            date_trunc('day', now, 'UTC') AS this_day,
            date_trunc('month', now, 'UTC') AS this_month
        FROM timed
    ),
    counted AS (
        SELECT *,
            CASE minute WHEN this_minute THEN minute_calls ELSE 0 END AS in_minute,
            CASE day WHEN this_day THEN day_calls ELSE 0 END AS in_day,
            CASE month WHEN this_month THEN month_calls ELSE 0 END AS in_month,
            greatest(least(paused_until, now + interval '1 hour'), place - make_interval(secs => {EARLY_S}),
                CASE WHEN NOT $2 THEN least(urgent_until, now + interval '1 minute') END) AS free_at
        FROM current
    ),
    budgeted AS (
        SELECT *,
            CASE WHEN in_month >= $6::int THEN 'month' WHEN in_day >= $5::int THEN 'day'
                 WHEN in_minute >= $4::int THEN 'minute' END AS used_up
        FROM counted
    ),
    decided AS (
        SELECT *, used_up IS NULL AND free_at <= now AS granted,
            greatest(place, now) + make_interval(secs => 1 / new_rate) AS following,
            CASE used_up WHEN 'month' THEN this_month + interval '1 month' WHEN 'day' THEN this_day + interval '1 day'
                WHEN 'minute' THEN this_minute + interval '1 minute' END AS until
        FROM budgeted
    ),
    written AS (
        UPDATE art_mcp.accounts a SET
            rate = CASE WHEN granted THEN new_rate ELSE a.rate END,
            grown_at = CASE WHEN granted THEN now ELSE a.grown_at END,
            next_at = CASE WHEN granted THEN following ELSE a.next_at END,
            urgent_until = CASE WHEN NOT $2 OR used_up IS NOT NULL THEN a.urgent_until WHEN granted THEN 'epoch'
                ELSE free_at + make_interval(secs => {URGENT_S}) END,
            minute = this_minute, minute_calls = in_minute + granted::int,
            day = this_day, day_calls = in_day + granted::int,
            month = this_month, month_calls = in_month + granted::int
        FROM decided d WHERE a.name = d.name AND (granted OR $2)
    )
    SELECT granted, used_up, until, extract(epoch FROM CASE
        WHEN granted THEN following - make_interval(secs => {EARLY_S})
        -- A search that is let pass may be gone soon.
        ELSE coalesce(until, least(free_at, greatest(paused_until, now + make_interval(secs => 1 / new_rate))))
        END - now
        )::float8 AS wait
    FROM decided
"""
_SLOW_DOWN = f"""
    WITH timed AS (SELECT coalesce($5::timestamptz, clock_timestamp()) AS now)
    UPDATE art_mcp.accounts a SET
        paused_until = greatest(paused_until, now + make_interval(secs => $2)),
        -- It was not answered, so it is not charged, unless its period is over.
        minute_calls = greatest(0, minute_calls - (minute <= now - make_interval(secs => $3))::int),
        day_calls = greatest(0, day_calls - (day <= now - make_interval(secs => $3))::int),
        month_calls = greatest(0, month_calls - (month <= now - make_interval(secs => $3))::int),
        ceiling = CASE WHEN slowed_at < now - make_interval(secs => $3) THEN rate ELSE ceiling END,
        rate = CASE WHEN slowed_at >= now - make_interval(secs => $3) THEN rate ELSE greatest({LEAST} * $4::float8,
            rate * CASE WHEN paused_until > now - make_interval(secs => {SETTLED_S})
                THEN {MUCH_SLOWER} ELSE {SLOWER} END) END,
        slowed_at = CASE WHEN slowed_at < now - make_interval(secs => $3) THEN now ELSE slowed_at END
    FROM timed WHERE name = $1
"""


class Account:
    """One key's account; made when first used.

    Args:
        endpoint: of the service.
        credential: a key, or whatever else stands for who pays; only a digest of it leaves this object.
        rate: calls a second that the service is said to allow.
        budget: what this installation may use.
    """

    def __init__(self, database: Database, endpoint: str, credential: str, *, rate: float, budget: Budget) -> None:
        self._database = database
        self.name = hashlib.sha256(f"{endpoint}\0{credential}".encode()).hexdigest()[:32]
        self._rate = rate * NEARLY
        self._budget = budget
        self._there = False
        self.now: datetime.datetime | None = None
        """A test's time, instead of the database's."""

    async def take(self, *, urgent: bool) -> Turn:
        """Ask for a call. A search (`urgent`) goes before all others.

        Raises:
            StoreError: the database is not there.
        """
        async with self._database.connection() as connection:
            if not self._there:
                await connection.execute(
                    "INSERT INTO art_mcp.accounts (name, rate) VALUES ($1, $2) ON CONFLICT DO NOTHING",
                    self.name,
                    self._rate,
                )
                self._there = True
            limits = (self._budget.a_minute, self._budget.a_day, self._budget.a_month)
            row = await connection.fetchrow(_TAKE, self.name, urgent, self._rate, *limits, self.now)
        if row is None:  # somebody has removed the account: it is made anew
            self._there = False
            return Turn(False, 0.1)
        return Turn(row["granted"], max(0.0, row["wait"]), row["used_up"], row["until"])

    async def slow_down(self, pause: float, *, sent: float) -> None:
        """The service refused a call as one too many: nobody calls for `pause` seconds, and all go slower then.

        Args:
            sent: how many seconds ago the refused call was sent. One that was under way when it slowed down last
                is no reason to slow down again.
        """
        async with self._database.connection() as connection:
            await connection.execute(_SLOW_DOWN, self.name, pause, sent, self._rate, self.now)

    async def pause(self, seconds: float) -> None:
        """The service is out of order: nobody calls for so long."""
        async with self._database.connection() as connection:
            await connection.execute(
                "UPDATE art_mcp.accounts SET paused_until = greatest(paused_until, "
                "coalesce($3::timestamptz, clock_timestamp()) + make_interval(secs => $2)) WHERE name = $1",
                self.name,
                seconds,
                self.now,
            )
