-- Asks whether a caller may make a call now, and counts the call if so.
--
-- $1  digest of the caller
-- $2  the lease of this process
-- $3  calls a minute
-- $4  calls at once
--
-- Returns one row, or none if there is no such caller yet: whether the call is granted; and for how many more seconds it
-- would be one too many a minute, negative if it is not.

-- The row is locked, so that calls are counted one after another.
WITH state AS (SELECT * FROM art_mcp.callers WHERE name = $1 FOR UPDATE),

-- A bucket of $3 calls, to which a minute adds as many (the generic cell rate algorithm, GCRA). The bound is in case the
-- server's clock was set back.
timed AS (
    SELECT name, now, 60.0 / $3::int AS gap,
        least(greatest(next_at, now), now + interval '1 minute') AS slot,
        ARRAY(SELECT lease FROM unnest(running) AS lease
              WHERE lease IN (SELECT id FROM art_mcp.leases WHERE until > now())) AS running
    FROM (SELECT *, clock_timestamp() AS now FROM state) AS clock
),
decided AS (
    SELECT *, extract(epoch FROM slot - now) + gap - 60 AS wait, cardinality(running) >= $4::int AS crowded FROM timed
),
written AS (
    UPDATE art_mcp.callers c SET next_at = slot + make_interval(secs => gap), running = d.running || $2::uuid
    FROM decided d WHERE c.name = d.name AND wait <= 0 AND NOT crowded
)
SELECT wait <= 0 AND NOT crowded AS granted, wait::float8 AS wait,
    -- If the server crashes, the calls of its last half second are not counted.
    set_config('synchronous_commit', 'off', true)
FROM decided
