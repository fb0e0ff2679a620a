ALTER TABLE art_mcp.accounts
    ADD COLUMN recent timestamptz[] NOT NULL DEFAULT '{}',          -- when the last calls went, newest first
    ADD COLUMN searched_at timestamptz NOT NULL DEFAULT 'epoch';    -- when a search asked last
