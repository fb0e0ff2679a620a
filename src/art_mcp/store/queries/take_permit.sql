-- Asks for a permit to make one call to a paid service, and counts the call if the permit is granted.
--
-- $1        name of the account
-- $2        whether the call is urgent: a user waits for a search
-- $3        the highest rate to use, in calls per second
-- $4 $5 $6  maximum calls per minute, day and month; null for no limit
-- $7        the time, set by tests only; null for the database's clock
-- $8 $9     a call of this process that was sent later than its permit says: the time of that permit, and how many
--           seconds ago the call was really sent; null and 0 if there is none
--
-- Returns one row, or none if there is no such account: whether the permit is granted; which budget is exhausted, and
-- until when; the time; and after how many seconds to ask again.
--
-- Names in braces are constants of accounts.py.

-- The row is locked, so that permits are decided one after another.
WITH state AS (SELECT * FROM art_mcp.accounts WHERE name = $1 FOR UPDATE),
timed AS (SELECT *, coalesce($7::timestamptz, clock_timestamp()) AS now FROM state),

-- The additive increase of AIMD: for each second in which calls were permitted, the rate rises by a share of $3. It
-- rises fast up to `ceiling`, the rate at which the service last refused a call; hardly at all near it for a while,
-- then slowly, and faster again above it.
grown AS (
    SELECT *, array_replace(recent, $8::timestamptz, now - make_interval(secs => $9)) AS sent,
        least($3::float8, CASE
            WHEN ceiling IS NULL THEN rate + 0.05 * step
            WHEN rate < {UTILIZATION} * ceiling THEN least({UTILIZATION} * ceiling, rate + 0.05 * step)
            WHEN rate > 1.02 * ceiling THEN rate + 0.01 * step
            WHEN now < slowed_at + make_interval(secs => {PLATEAU_S}) THEN rate + 0.0003 * step
            ELSE rate + 0.003 * step END) AS new_rate
    FROM (SELECT *, $3 * greatest(0, least(1, extract(epoch FROM
        now - greatest(grown_at, slowed_at, paused_until))))::float8 AS step FROM timed) AS passed
),

-- The limits that apply now: `most` calls in any window of `most / new_rate` seconds, of which one is reserved for
-- searches after a recent search; and the start of each budget's period.
current AS (
    SELECT *, least(ceil(new_rate), {RECENT_CALLS})::int AS most,
        NOT $2 AND new_rate > {RESERVE_ABOVE} AND searched_at > now - make_interval(secs => {SEARCHING_S}) AS reserved,
        -- Bounded, as are the pauses below, in case the server's clock was set back.
        least(next_at, now + make_interval(secs => 2 / new_rate)) AS slot,
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
        make_interval(secs => most / new_rate - {WINDOW_SLACK_S}) AS span,
        make_interval(secs => {MIN_GAP} / new_rate) AS gap
    FROM current
),

-- When a call may be sent: not during a pause, and not while the window is full. A search has no other condition. Any
-- other call also waits for its slot (the theoretical arrival time of GCRA), for a minimum gap after the last call,
-- and for a search that is waiting.
placed AS (
    SELECT *,
        greatest(least(paused_until, now + interval '1 hour'),
            CASE WHEN sent[own] > now THEN now ELSE sent[own] END + span,
            CASE WHEN NOT $2 THEN greatest(slot, CASE WHEN sent[1] > now THEN now ELSE sent[1] END + gap,
                least(urgent_until, now + interval '1 minute')) END) AS free_at
    FROM counted
),
budgeted AS (
    SELECT *,
        CASE WHEN in_month >= $6::int THEN 'month' WHEN in_day >= $5::int THEN 'day'
             WHEN in_minute >= $4::int THEN 'minute' END AS exhausted
    FROM placed
),

-- The next slot is one interval after this one. A schedule that fell behind keeps its backlog up to CATCH_UP_S.
decided AS (
    SELECT *, exhausted IS NULL AND free_at <= now AS granted,
        greatest(slot, now - make_interval(secs => {CATCH_UP_S})) + make_interval(secs => 1 / new_rate) AS next_slot,
        CASE exhausted WHEN 'month' THEN this_month + interval '1 month' WHEN 'day' THEN this_day + interval '1 day'
            WHEN 'minute' THEN this_minute + interval '1 minute' END AS until
    FROM budgeted
),
written AS (
    UPDATE art_mcp.accounts a SET
        rate = CASE WHEN granted THEN new_rate ELSE a.rate END,
        grown_at = CASE WHEN granted THEN now ELSE a.grown_at END,
        next_at = CASE WHEN granted THEN next_slot ELSE a.next_at END,
        recent = CASE WHEN granted THEN (now || sent)[:{RECENT_CALLS}] ELSE a.recent END,
        urgent_until = CASE WHEN NOT $2 OR exhausted IS NOT NULL THEN a.urgent_until WHEN granted THEN 'epoch'
            ELSE free_at + make_interval(secs => {HOLD_BACK_S}) END,
        searched_at = CASE WHEN $2 THEN now ELSE a.searched_at END,
        minute = this_minute, minute_calls = in_minute + granted::int,
        day = this_day, day_calls = in_day + granted::int,
        month = this_month, month_calls = in_month + granted::int
    FROM decided d WHERE a.name = d.name AND (granted OR $2)
)
SELECT granted, exhausted, until, now,
    -- A call that waits for a search asks again after one interval at the latest, since the search may have ended.
    extract(epoch FROM CASE
        WHEN granted THEN greatest(next_slot, now + gap, CASE own WHEN 1 THEN now ELSE sent[own - 1] END + span)
        ELSE coalesce(until, least(free_at, greatest(paused_until, now + make_interval(secs => 1 / new_rate))))
        END - now)::float8 AS wait,
    -- The answer does not wait for the disk, so that the call is sent at the time that is written here, not up to 0.1 s
    -- later. If the server crashes, the calls of its last half second are not counted.
    set_config('synchronous_commit', 'off', true)
FROM decided
