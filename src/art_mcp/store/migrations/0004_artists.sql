-- A word and, from five letters on, each form of it with one letter left out: two words that share a form are spelled
-- almost alike. `spellings` in art_mcp/normalization.py is the same.
CREATE FUNCTION art_mcp.spellings(key text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT form), '{}')
    FROM unnest(string_to_array(key, ' ')) AS word, LATERAL (
        SELECT word
        UNION ALL
        SELECT left(word, n - 1) || substr(word, n + 1)
        FROM generate_series(1, length(word)) AS n WHERE length(word) BETWEEN 5 AND 40
    ) AS forms (form)
$$;

-- The artists of all paintings ever stored, so that the names in a question are looked up among artists instead of
-- paintings. An artist without paintings does no harm: a look-up ends at a painting.
CREATE TABLE art_mcp.artists (
    key        text PRIMARY KEY,             -- artist_key of their paintings
    spellings  text[] NOT NULL GENERATED ALWAYS AS (art_mcp.spellings(key)) STORED
);
-- Without a pending list, which each look-up would have to read in full.
CREATE INDEX artists_spellings ON art_mcp.artists USING gin (spellings) WITH (fastupdate = off);
INSERT INTO art_mcp.artists (key) SELECT DISTINCT artist_key FROM art_mcp.paintings WHERE artist_key IS NOT NULL;
