-- What all processes share that use one key of a paid service: when the next call may go, and what was used.
CREATE TABLE art_mcp.accounts (
    name          text PRIMARY KEY,                          -- a digest, from which no key can be read
    rate          double precision NOT NULL,                 -- calls a second, as learned
    grown_at      timestamptz NOT NULL DEFAULT 'epoch',  -- when it was last raised
    slowed_at     timestamptz NOT NULL DEFAULT 'epoch',  -- when the service last said that it was too much
    ceiling       double precision,                          -- and at what rate
    next_at       timestamptz NOT NULL DEFAULT 'epoch',  -- the next call's place in an even row of calls
    paused_until  timestamptz NOT NULL DEFAULT 'epoch',  -- no call before
    urgent_until  timestamptz NOT NULL DEFAULT 'epoch',  -- a search is waiting until then: others let it pass
    minute        timestamptz NOT NULL DEFAULT 'epoch',  -- the calls below were made in these; UTC, as is the bill
    minute_calls  integer NOT NULL DEFAULT 0,
    day           timestamptz NOT NULL DEFAULT 'epoch',
    day_calls     integer NOT NULL DEFAULT 0,
    month         timestamptz NOT NULL DEFAULT 'epoch',
    month_calls   integer NOT NULL DEFAULT 0
);
