"""Accounts at paid services: the pace and the budget of a key, shared by all processes of a database.

The database's clock is the only one, and each question is one statement. Calls go in an even row (the generic cell
rate algorithm), and besides, as many as are allowed in a second never go within less: so a row that fell behind is
caught up with, and no second has too many. The rate is learned: it falls when the service says that it was too much,
and rises by small steps after that, slowly near where it happened and faster beyond. While somebody searches, a call of
each second is kept for the next search.
"""

from __future__ import annotations

import datetime
import hashlib
from typing import TYPE_CHECKING

import anyio

from art_mcp.account import Budget, Exhausted, Permit, Remaining

if TYPE_CHECKING:
    from art_mcp.store.database import Database

NEARLY = 0.97
"""Of what the service allows: the most that is used of it."""
EARLY_S = 0.01
"""How much less than its time a second's calls may take, to make up for those that woke late. With `NEARLY`, none is
one too many as long as it is not 20 ms faster to the service than the first of its second."""
LATE_S = 0.01
"""An answer that takes longer may be late itself, and the call with it, which is then put right."""
CATCH_UP_S = 0.15
"""How far the row may fall behind without a loss, as when the machine was busy."""
CLOSEST = 0.5
"""Of the way between two places in the row: how close two calls may be to catch up."""
MOST_RECENT = 50
"""Of calls whose times are kept; at higher rates, they are those of less than a second."""
SLOWER, MUCH_SLOWER = 0.95, 0.7
"""What is left of the rate after one call too many: when it went well for a while, and when it did not."""
SETTLED_S = 5.0
"""So long after a pause it went well."""
FEW, LESS = 4, 0.85
"""What was let in within the second before one too many is what is allowed, if it is not a few, and less than this
part of the rate."""
PLATEAU_S = 30.0
"""For how long the rate stays close to where it was too much, before it is tried again whether more is allowed."""
OFTEN_S = 60.0
"""After so long without one too many, the next may be a stray one, and the rate comes back soon."""
LEAST = 0.02
"""Of the configured rate: it never falls below."""
SEARCHING_S, MANY = 10.0, 4
"""For how long after a search one call of each second is left to searches, if there are many."""
URGENT_S = 0.25
"""For how long a search that has to wait keeps other calls back, beyond its wait."""

_TAKE = f"""
    WITH state AS (SELECT * FROM art_mcp.accounts WHERE name = $1 FOR UPDATE),
    timed AS (SELECT *, coalesce($7::timestamptz, clock_timestamp()) AS now FROM state),
    grown AS (
        SELECT *, array_replace(recent, $8::timestamptz, now - make_interval(secs => $9)) AS sent,
            least($3::float8, CASE
                WHEN ceiling IS NULL THEN rate + 0.05 * step
                WHEN rate < {NEARLY} * ceiling THEN least({NEARLY} * ceiling, rate + 0.05 * step)
                WHEN rate > 1.02 * ceiling THEN rate + 0.01 * step
                WHEN now < slowed_at + make_interval(secs => {PLATEAU_S}) THEN rate + 0.0003 * step
                ELSE rate + 0.003 * step END) AS new_rate
        FROM (SELECT *, $3 * greatest(0, least(1, extract(epoch FROM
            now - greatest(grown_at, slowed_at, paused_until))))::float8 AS step FROM timed) AS passed
    ),
    current AS (
        SELECT *, least(ceil(new_rate), {MOST_RECENT})::int AS most,
            NOT $2 AND new_rate > {MANY} AND searched_at > now - make_interval(secs => {SEARCHING_S}) AS reserved,
            -- Bounded, as the pauses below, in case the server's clock was set back.
            least(next_at, now + make_interval(secs => 2 / new_rate)) AS place,
            date_trunc('minute', now, 'UTC') AS this_minute,
            date_trunc('day', now, 'UTC') AS this_day,
            date_trunc('month', now, 'UTC') AS this_month
        FROM grown
    ),
    counted AS (
        SELECT *, most - reserved::int AS own,
            CASE minute WHEN this_minute THEN minute_calls ELSE 0 END AS in_minute,
            CASE day WHEN this_day THEN day_calls ELSE 0 END AS in_day,
            CASE month WHEN this_month THEN month_calls ELSE 0 END AS in_month,
            make_interval(secs => most / new_rate - {EARLY_S}) AS period,
            make_interval(secs => {CLOSEST} / new_rate) AS gap
        FROM current
    ),
    placed AS (
        SELECT *,
            greatest(least(paused_until, now + interval '1 hour'),
                CASE WHEN sent[own] > now THEN now ELSE sent[own] END + period,
                -- A search need not stand in the row.
                CASE WHEN NOT $2 THEN greatest(place, CASE WHEN sent[1] > now THEN now ELSE sent[1] END + gap,
                    least(urgent_until, now + interval '1 minute')) END) AS free_at
        FROM counted
    ),
    budgeted AS (
        SELECT *,
            CASE WHEN in_month >= $6::int THEN 'month' WHEN in_day >= $5::int THEN 'day'
                 WHEN in_minute >= $4::int THEN 'minute' END AS exhausted
        FROM placed
    ),
    decided AS (
        SELECT *, exhausted IS NULL AND free_at <= now AS granted,
            greatest(place, now - make_interval(secs => {CATCH_UP_S})) + make_interval(secs => 1 / new_rate)
                AS following,
            CASE exhausted WHEN 'month' THEN this_month + interval '1 month' WHEN 'day' THEN this_day + interval '1 day'
                WHEN 'minute' THEN this_minute + interval '1 minute' END AS until
        FROM budgeted
    ),
    written AS (
        UPDATE art_mcp.accounts a SET
            rate = CASE WHEN granted THEN new_rate ELSE a.rate END,
            grown_at = CASE WHEN granted THEN now ELSE a.grown_at END,
            next_at = CASE WHEN granted THEN following ELSE a.next_at END,
            recent = CASE WHEN granted THEN (now || sent)[:{MOST_RECENT}] ELSE a.recent END,
            urgent_until = CASE WHEN NOT $2 OR exhausted IS NOT NULL THEN a.urgent_until WHEN granted THEN 'epoch'
                ELSE free_at + make_interval(secs => {URGENT_S}) END,
            searched_at = CASE WHEN $2 THEN now ELSE a.searched_at END,
            minute = this_minute, minute_calls = in_minute + granted::int,
            day = this_day, day_calls = in_day + granted::int,
            month = this_month, month_calls = in_month + granted::int
        FROM decided d WHERE a.name = d.name AND (granted OR $2)
    )
    SELECT granted, exhausted, until, now, extract(epoch FROM CASE
        WHEN granted THEN greatest(following, now + gap, CASE own WHEN 1 THEN now ELSE sent[own - 1] END + period)
        -- A search that is let pass may be gone soon.
        ELSE coalesce(until, least(free_at, greatest(paused_until, now + make_interval(secs => 1 / new_rate))))
        END - now
        )::float8 AS wait,
        -- A call goes out at the time that is written here, and not up to a tenth of a second later, when it is on
        -- the disk. Should the server crash, the calls of its last half second are not counted.
        set_config('synchronous_commit', 'off', true)
    FROM decided
"""
_SLOW_DOWN = f"""
    WITH timed AS (
        SELECT now, now - make_interval(secs => $3) AS sent_at
        FROM (SELECT coalesce($5::timestamptz, clock_timestamp()) AS now) AS clock
    ),
    -- How many were let in within the second before: without the one too many.
    measured AS (
        SELECT name, (SELECT count(*) - 1 FROM unnest(recent) AS r
            WHERE r > sent_at - interval '1.05 seconds' AND r <= sent_at) AS let_in
        FROM art_mcp.accounts, timed WHERE name = $1 FOR UPDATE OF accounts
    ),
    judged AS (
        SELECT name, CASE WHEN let_in BETWEEN {FEW} AND {MOST_RECENT - 2} THEN let_in END AS let_in FROM measured
    )
    UPDATE art_mcp.accounts a SET
        paused_until = greatest(paused_until, now + make_interval(secs => $2)),
        -- It was not answered, so it is not charged, unless its period is over.
        minute_calls = greatest(0, minute_calls - (minute <= sent_at)::int),
        day_calls = greatest(0, day_calls - (day <= sent_at)::int),
        month_calls = greatest(0, month_calls - (month <= sent_at)::int),
        ceiling = CASE WHEN slowed_at >= sent_at THEN ceiling WHEN let_in < {LESS} * rate THEN let_in
            WHEN slowed_at < now - make_interval(secs => {OFTEN_S}) THEN rate / {NEARLY} ELSE rate END,
        rate = CASE WHEN slowed_at >= sent_at THEN rate ELSE greatest({LEAST} * $4::float8, CASE
            WHEN let_in < {LESS} * rate THEN greatest(rate / 2, {NEARLY} * let_in)
            WHEN paused_until > now - make_interval(secs => {SETTLED_S}) THEN {MUCH_SLOWER} * rate
            ELSE {SLOWER} * rate END) END,
        slowed_at = CASE WHEN slowed_at >= sent_at THEN slowed_at ELSE now END
    FROM timed, judged j WHERE a.name = j.name
"""

_NOW = "(SELECT coalesce({}::timestamptz, clock_timestamp()) AS now) AS clock"
_ENDS = "".join(f", date_trunc('{p}', now, 'UTC') + interval '1 {p}' AS {p}_ends" for p in ("day", "month"))
_USED = f"""
    SELECT CASE WHEN day = date_trunc('day', now, 'UTC') THEN day_calls ELSE 0 END AS day,
        CASE WHEN month = date_trunc('month', now, 'UTC') THEN month_calls ELSE 0 END AS month{_ENDS}
    FROM art_mcp.accounts, {_NOW.format("$2")} WHERE name = $1
"""
_USED_BY_NOBODY = f"SELECT 0 AS day, 0 AS month{_ENDS} FROM {_NOW.format('$1')}"


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
        self.rate = rate
        """Calls a second, as it is said."""
        self._rate = rate * NEARLY
        self._budget = budget
        self._there = False
        self._late: tuple[datetime.datetime, float] | None = None
        """A call's turn, and when, on this machine's clock, it was known here and the call went."""
        self.now: datetime.datetime | None = None
        """A test's time, instead of the database's."""

    async def take(self, *, urgent: bool) -> Permit:
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
            asked = anyio.current_time()
            at, since = (self._late[0], asked - self._late[1]) if self._late else (None, 0.0)
            row = await connection.fetchrow(_TAKE, self.name, urgent, self._rate, *limits, self.now, at, since)
        known = anyio.current_time()
        if row is None:  # somebody has removed the account: it is made anew
            self._there = False
            return Permit(False, 0.1)
        if row["granted"]:
            self._late = (row["now"], known) if known - asked > LATE_S and self.now is None else None
        period = row["exhausted"]
        exhausted = Exhausted(period, row["until"], self._budget.set_by(period)) if period else None
        return Permit(row["granted"], max(0.0, row["wait"]), exhausted)

    async def remaining(self) -> Remaining | None:
        """What is left of the day's or the month's budget, whichever is less; None without a budget."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_USED, self.name, self.now)
        if row is None:
            async with self._database.connection() as connection:
                row = await connection.fetchrow(_USED_BY_NOBODY, self.now)
        most = {"day": self._budget.a_day, "month": self._budget.a_month}
        remaining = [
            Remaining(max(0, limit - row[period]), period, row[f"{period}_ends"], self._budget.set_by(period))
            for period, limit in most.items()
            if limit is not None
        ]
        return min(remaining, key=lambda each: each.calls, default=None)

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
