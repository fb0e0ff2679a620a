-- Pictures that users have uploaded to search with. The table is unlogged, so that they get into no backup of the server's
-- log and no replica; after a crash of PostgreSQL, it is empty.
CREATE UNLOGGED TABLE art_mcp.uploads (
    handle     bytea PRIMARY KEY,     -- digest of the handle, which only its user's chat knows
    owner      bytea NOT NULL,        -- digest of the user or the session
    picture    bytea,                 -- NULL once it was evicted; the row stays, so that its link stays used
    expires_at timestamptz NOT NULL
);
ALTER TABLE art_mcp.uploads ALTER COLUMN picture SET STORAGE EXTERNAL;  -- picture files are compressed
CREATE INDEX uploads_expiry ON art_mcp.uploads (expires_at);
