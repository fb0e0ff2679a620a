-- Records that the service refused a call for exceeding its rate limit: all calls pause, then resume at a lower rate.
--
-- $1  name of the account
-- $2  duration of the pause, in seconds
-- $3  how many seconds ago the refused call was sent
-- $4  the highest rate to use, in calls per second
-- $5  the time, set by tests only; null for the database's clock
--
-- Names in braces are constants of accounts.py.

WITH timed AS (
    SELECT now, now - make_interval(secs => $3) AS sent_at
    FROM (SELECT coalesce($5::timestamptz, clock_timestamp()) AS now) AS clock
),

-- How many calls the service accepted during the second before the refused one, which is not counted.
measured AS (
    SELECT name, (SELECT count(*) - 1 FROM unnest(recent) AS r
        WHERE r > sent_at - interval '1.05 seconds' AND r <= sent_at) AS let_in
    FROM art_mcp.accounts, timed WHERE name = $1 FOR UPDATE OF accounts
),

-- That number is the service's limit only if it is neither too small nor cut off by the number of calls kept.
judged AS (
    SELECT name, CASE WHEN let_in BETWEEN {MIN_MEASURED} AND {RECENT_CALLS} - 2 THEN let_in END AS let_in FROM measured
)

-- The multiplicative decrease of AIMD. A call that was sent before the last decrease was already under way, and
-- does not cause another one.
UPDATE art_mcp.accounts a SET
    paused_until = greatest(paused_until, now + make_interval(secs => $2)),
    -- A refused call is not billed, so it is not counted, unless its period is over.
    minute_calls = greatest(0, minute_calls - (minute <= sent_at)::int),
    day_calls = greatest(0, day_calls - (day <= sent_at)::int),
    month_calls = greatest(0, month_calls - (month <= sent_at)::int),
    ceiling = CASE WHEN slowed_at >= sent_at THEN ceiling WHEN let_in < {MEASURED_BELOW} * rate THEN let_in
        WHEN slowed_at < now - make_interval(secs => {STRAY_AFTER_S}) THEN rate / {UTILIZATION} ELSE rate END,
    rate = CASE WHEN slowed_at >= sent_at THEN rate ELSE greatest({MIN_RATE} * $4::float8, CASE
        WHEN let_in < {MEASURED_BELOW} * rate THEN greatest(rate / 2, {UTILIZATION} * let_in)
        WHEN paused_until > now - make_interval(secs => {SETTLED_S}) THEN {LARGE_DECREASE} * rate
        ELSE {DECREASE} * rate END) END,
    slowed_at = CASE WHEN slowed_at >= sent_at THEN slowed_at ELSE now END
FROM timed, judged j WHERE a.name = j.name
