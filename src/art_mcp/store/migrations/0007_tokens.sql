-- Tokens of people and programs that call the server over HTTP. The token itself is not stored: with 256 random bits, its
-- SHA-256 can be neither reversed nor guessed.
CREATE TABLE art_mcp.tokens (
    id         text PRIMARY KEY,          -- the public part of the token, by which it is looked up
    name       text NOT NULL UNIQUE,
    sha256     bytea NOT NULL,            -- of the whole token
    scopes     text[] NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL
);
