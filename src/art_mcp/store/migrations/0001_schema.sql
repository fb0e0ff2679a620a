-- Catalogue entries, without vectors: hybrid queries read this table, so it has to stay narrow.
CREATE TABLE art_mcp.paintings (
    id            uuid PRIMARY KEY,          -- uuid5 of collection and source key; distribution column on Citus
    collection    text NOT NULL,
    source_key    text NOT NULL,
    title         text,
    artist        text,
    date          text,
    school        text,
    type          text,
    technique     text,
    timeframe     text,
    description   text,
    artist_name   text,                      -- in reading order: "Pieter Bruegel the Elder"
    year_from     integer,                   -- the years of the date, inclusive; BC is negative
    year_to       integer,
    artist_key    text,                      -- *_key: normalised in Python, like filter values
    school_key    text,
    type_key      text,
    technique_key text,
    timeframe_key text,
    search        tsvector NOT NULL,         -- normalised words, weighted by field, both stemmed and plain
    image_name    text NOT NULL,
    image_sha256  bytea,                     -- null, like the next three, if the painting was imported with a vector,
    image_width   integer,                   -- without its picture
    image_height  integer,
    image_format  text,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    source        text,                      -- the source of the last load
    page          text,                      -- web page of the painting at its institution
    rights        text,                      -- licence or rights statement of its picture
    credit        text
);
CREATE INDEX paintings_collection ON art_mcp.paintings (collection);
CREATE INDEX paintings_source ON art_mcp.paintings (collection, source);
CREATE INDEX paintings_artist ON art_mcp.paintings (artist_key);
CREATE INDEX paintings_school ON art_mcp.paintings (school_key);
CREATE INDEX paintings_type ON art_mcp.paintings (type_key);
CREATE INDEX paintings_technique ON art_mcp.paintings (technique_key);
CREATE INDEX paintings_timeframe ON art_mcp.paintings (timeframe_key);
-- Includes the id, so that a filter on years reads only the index.
CREATE INDEX paintings_years ON art_mcp.paintings (year_from, year_to) INCLUDE (id);
CREATE INDEX paintings_search ON art_mcp.paintings USING gin (search);
-- Only the words of title and artist (weight A), which count more than those of the description.
CREATE INDEX paintings_names ON art_mcp.paintings USING gin (ts_filter(search, '{a}'));
CREATE INDEX paintings_image_sha256 ON art_mcp.paintings (image_sha256);

CREATE TABLE art_mcp.renditions (
    painting_id  uuid NOT NULL REFERENCES art_mcp.paintings (id) ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('thumbnail', 'display')),
    width        integer NOT NULL,
    height       integer NOT NULL,
    data         bytea NOT NULL,
    PRIMARY KEY (painting_id, kind)
);
ALTER TABLE art_mcp.renditions ALTER COLUMN data SET STORAGE EXTERNAL;  -- WebP is already compressed

-- The number of paintings in each collection, stored because counting 200,000 takes longer than ranking them.
CREATE TABLE art_mcp.collections (
    name       text PRIMARY KEY,
    paintings  bigint NOT NULL
);

-- Leases on items, jobs and spaces. A row of these tables is free if its lease is null, not in here, or expired.
CREATE TABLE art_mcp.leases (
    id     uuid PRIMARY KEY,
    until  timestamptz NOT NULL
);

-- One row per embedding space. Its vectors are in art_mcp.vectors_<name>, created when the space is registered.
CREATE TABLE art_mcp.spaces (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z0-9_]{1,50}$'),
    leg         text NOT NULL CHECK (leg IN ('pixels', 'words', 'look')),
    provider    text NOT NULL,
    model       text NOT NULL,
    version     text NOT NULL,
    dimensions  integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
    active      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now(),
    lease       uuid                         -- lease of the process that fills it
);
CREATE UNIQUE INDEX spaces_one_active_per_leg ON art_mcp.spaces (leg) WHERE active;

-- Vectors from paid services, stored on arrival and deleted once their painting is stored.
CREATE TABLE art_mcp.paid (
    space       text NOT NULL,
    sha256      bytea NOT NULL,
    vector      halfvec NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sha256, space)
);

-- State that is shared by all processes that use the same key of a paid service: its rate and its usage.
CREATE TABLE art_mcp.accounts (
    name          text PRIMARY KEY,                          -- a digest, from which no key can be read
    rate          double precision NOT NULL,                 -- learned, in calls per second
    grown_at      timestamptz NOT NULL DEFAULT 'epoch',      -- when the rate was last raised
    slowed_at     timestamptz NOT NULL DEFAULT 'epoch',      -- when the service last refused a call for its rate limit
    ceiling       double precision,                          -- the rate that was refused then
    next_at       timestamptz NOT NULL DEFAULT 'epoch',      -- the next call's slot; slots are evenly spaced
    paused_until  timestamptz NOT NULL DEFAULT 'epoch',      -- no calls before then
    urgent_until  timestamptz NOT NULL DEFAULT 'epoch',      -- a search waits until then, before other calls
    minute        timestamptz NOT NULL DEFAULT 'epoch',      -- start of the period counted next, in UTC, as on
    minute_calls  integer NOT NULL DEFAULT 0,                -- the bill
    day           timestamptz NOT NULL DEFAULT 'epoch',
    day_calls     integer NOT NULL DEFAULT 0,
    month         timestamptz NOT NULL DEFAULT 'epoch',
    month_calls   integer NOT NULL DEFAULT 0,
    recent        timestamptz[] NOT NULL DEFAULT '{}',       -- times of the last calls, newest first
    searched_at   timestamptz NOT NULL DEFAULT 'epoch'       -- when a search last asked for a call
);

CREATE TABLE art_mcp.jobs (
    id            uuid PRIMARY KEY,
    source        text NOT NULL,             -- as the user gave it, so that any process can reopen it
    within        text[],                    -- folders that its files must lie in; null: any readable file
    collection    text NOT NULL,
    state         text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'cancelled')),
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now(),
    options       jsonb NOT NULL DEFAULT '{}',  -- how to read the source
    listed        boolean NOT NULL DEFAULT true,  -- whether every row of the source is an item
    list_after    text,                      -- where listing continues, in the source's own terms
    lease         uuid,                      -- lease of the process that lists the rows
    missing       integer,                   -- paintings that had left the source by the end of the job
    removed       integer                    -- how many of those were removed
);

-- One row per row of the source.
CREATE TABLE art_mcp.items (
    job_id       uuid NOT NULL REFERENCES art_mcp.jobs (id) ON DELETE CASCADE,
    position     integer NOT NULL,
    label        text NOT NULL,              -- name of the row in messages: its line or file
    row          jsonb,                      -- the data to store; null once the item is settled
    state        text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stored', 'unchanged', 'refused')),
    reason       text,                       -- why it was refused
    lease        uuid,                       -- lease of the worker that processes it
    painting_id  uuid,                       -- null if the row does not identify a painting
    settled_at   timestamptz,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX items_by_state ON art_mcp.items (job_id, state, position);
CREATE INDEX items_painting ON art_mcp.items (job_id, painting_id);
