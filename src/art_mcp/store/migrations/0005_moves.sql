-- Who fills a space to move the paintings there, and until when nobody else does.
ALTER TABLE art_mcp.spaces ADD COLUMN holder uuid, ADD COLUMN held_until timestamptz;
