-- A job's rows are written down while it is worked on: a museum's list takes hours, a big table much memory.
ALTER TABLE art_mcp.jobs
    ADD COLUMN options jsonb NOT NULL DEFAULT '{}',       -- how the source is read
    ADD COLUMN listed boolean NOT NULL DEFAULT true,      -- every row is an item; of jobs until now all are
    ADD COLUMN list_after text,                           -- where the list goes on, in the source's own words
    ADD COLUMN lister uuid,                               -- who is writing it down, until `lister_until`
    ADD COLUMN lister_until timestamptz,
    ADD COLUMN missing integer,                           -- paintings that had left the source at the job's end
    ADD COLUMN removed integer,                           -- and of them, how many were removed
    DROP CONSTRAINT jobs_state_check,
    ADD CONSTRAINT jobs_state_check CHECK (state IN ('running', 'done', 'cancelled'));

ALTER TABLE art_mcp.items
    ADD COLUMN painting_id uuid,                          -- null where the row does not say which painting it is
    ADD COLUMN settled_at timestamptz;
CREATE INDEX items_painting ON art_mcp.items (job_id, painting_id);

ALTER TABLE art_mcp.paintings
    ADD COLUMN source text,                               -- what it was loaded from last
    ADD COLUMN page text,                                 -- the holder's own page of it
    ADD COLUMN rights text,                               -- licence or rights statement of its picture
    ADD COLUMN credit text;
CREATE INDEX paintings_source ON art_mcp.paintings (collection, source);
