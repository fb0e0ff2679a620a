-- Asks whether a caller may make a call now, and counts the call if so.
--
-- $1  digest of the caller
-- $2  the lease of this process
-- $3  calls a minute
-- $4  calls at once
-- $5  seconds that a call may be made to wait
--
-- Returns one row, or none if there is no such caller yet: whether the call is granted, and how many seconds it has to wait
-- before that; if it is not granted, for how many more seconds it would be one too many a minute, or 0 if it is one too
-- many at once.

-- The row is locked, so that calls are counted one after another.
WITH state AS (SELECT * FROM art_mcp.callers WHERE name = $1 FOR UPDATE),

-- A bucket to which a minute adds $3 calls (the generic cell rate algorithm, GCRA). It holds a fifth of them, but at least
-- ten if there are so many. The bound is in case the server's clock was set back.
timed AS (
    SELECT name, now, 60.0 / $3::int AS gap,
        least(greatest(next_at, now), now + interval '1 minute') AS slot,
        ARRAY(SELECT lease FROM unnest(running) AS lease
              WHERE lease IN (SELECT id FROM art_mcp.leases WHERE until > now())) AS running
    FROM (SELECT *, clock_timestamp() AS now FROM state) AS clock
),
decided AS (
    SELECT *, greatest(0, extract(epoch FROM slot - now) + gap - least(60, greatest(12, 10 * gap))) AS wait,
        cardinality(running) >= $4::int AS crowded
    FROM timed
),
written AS (
    UPDATE art_mcp.callers c SET next_at = slot + make_interval(secs => gap), running = d.running || $2::uuid
    FROM decided d WHERE c.name = d.name AND wait <= $5::float8 AND NOT crowded
)
SELECT wait <= $5::float8 AND NOT crowded AS granted,
    CASE WHEN wait <= $5::float8 AND crowded THEN 0 ELSE wait END::float8 AS wait,
    -- If the server crashes, the calls of its last half second are not counted.
    set_config('synchronous_commit', 'off', true)
FROM decided
