-- Who started a job over HTTP with access control; null for the command line, or a server without access control.
ALTER TABLE art_mcp.jobs ADD COLUMN principal text;
