-- How much who calls the server over HTTP calls, in all processes.
CREATE TABLE art_mcp.callers (
    name    text PRIMARY KEY,                          -- digest of who calls
    next_at timestamptz NOT NULL DEFAULT '-infinity',  -- when the calls so far would end, had they come evenly spaced
    running uuid[] NOT NULL DEFAULT '{}'               -- for each call in progress, the lease of its process
);
