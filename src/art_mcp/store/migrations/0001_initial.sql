-- Catalogue words, apart from vectors: hybrid queries read this table, and it has to stay narrow.
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
    artist_name   text,                      -- as it is read: "Pieter Bruegel the Elder"
    year_from     integer,                   -- what the date says, inclusive; BC is negative
    year_to       integer,
    artist_key    text,                      -- *_key: folded in Python, where filters are folded the same way
    school_key    text,
    type_key      text,
    technique_key text,
    timeframe_key text,
    search        tsvector NOT NULL,         -- folded words, by field and both stemmed and plain
    image_name    text NOT NULL,
    image_sha256  bytea NOT NULL,
    image_width   integer NOT NULL,
    image_height  integer NOT NULL,
    image_format  text NOT NULL,
    created_at    timestamptz NOT NULL DEFAULT now(),
    updated_at    timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX paintings_collection ON art_mcp.paintings (collection);
CREATE INDEX paintings_artist ON art_mcp.paintings (artist_key);
CREATE INDEX paintings_school ON art_mcp.paintings (school_key);
CREATE INDEX paintings_type ON art_mcp.paintings (type_key);
CREATE INDEX paintings_technique ON art_mcp.paintings (technique_key);
CREATE INDEX paintings_timeframe ON art_mcp.paintings (timeframe_key);
CREATE INDEX paintings_years ON art_mcp.paintings (year_from, year_to);
CREATE INDEX paintings_search ON art_mcp.paintings USING gin (search);
CREATE INDEX paintings_image_sha256 ON art_mcp.paintings (image_sha256);

-- One row per embedding space. Its vectors are in art_mcp.vectors_<name>, made when the space is registered.
CREATE TABLE art_mcp.spaces (
    name        text PRIMARY KEY CHECK (name ~ '^[a-z0-9_]{1,50}$'),
    leg         text NOT NULL CHECK (leg IN ('pixels', 'words', 'look')),
    provider    text NOT NULL,
    model       text NOT NULL,
    version     text NOT NULL,
    dimensions  integer NOT NULL CHECK (dimensions BETWEEN 1 AND 4000),
    active      boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX spaces_one_active_per_leg ON art_mcp.spaces (leg) WHERE active;

-- Vectors that cost money, kept from the moment they arrive until their painting is stored.
CREATE TABLE art_mcp.paid (
    space       text NOT NULL,
    sha256      bytea NOT NULL,
    vector      halfvec NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (sha256, space)
);

CREATE TABLE art_mcp.renditions (
    painting_id  uuid NOT NULL REFERENCES art_mcp.paintings (id) ON DELETE CASCADE,
    kind         text NOT NULL CHECK (kind IN ('thumbnail', 'display')),
    width        integer NOT NULL,
    height       integer NOT NULL,
    data         bytea NOT NULL,
    PRIMARY KEY (painting_id, kind)
);
ALTER TABLE art_mcp.renditions ALTER COLUMN data SET STORAGE EXTERNAL;  -- WebP does not compress again

CREATE TABLE art_mcp.jobs (
    id          uuid PRIMARY KEY,
    source      text NOT NULL,               -- the source as it was given, to be opened again by any process
    within      text[],                      -- folders that its files must lie in; null: whatever the user reads
    collection  text NOT NULL,
    state       text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done')),
    created_at  timestamptz NOT NULL DEFAULT now(),
    updated_at  timestamptz NOT NULL DEFAULT now()
);

-- One row per row of the source. A worker holds a pending item until `held_until`, then anyone may take it.
CREATE TABLE art_mcp.items (
    job_id      uuid NOT NULL REFERENCES art_mcp.jobs (id) ON DELETE CASCADE,
    position    integer NOT NULL,
    label       text NOT NULL,               -- what a person calls the row: its line or its file
    row         jsonb,                       -- what is to be stored; dropped once the item is finished
    state       text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'stored', 'unchanged', 'refused')),
    reason      text,
    held_until  timestamptz,
    PRIMARY KEY (job_id, position)
);
CREATE INDEX items_by_state ON art_mcp.items (job_id, state, position);
