-- Keys by which paintings are filtered by any detail: "location=depot 3". A later load writes them as art-mcp normalises
-- them; until then, those of a database from before this migration are nearly the same.
CREATE FUNCTION art_mcp.detail_word(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT left(btrim(regexp_replace(regexp_replace(lower(normalize(text, NFKD)), '[\u0300-\u036f]', '', 'g'),
        '[^[:alnum:]_]+', ' ', 'g')), 300)
$$;
ALTER TABLE art_mcp.paintings ADD COLUMN detail_keys text[] NOT NULL DEFAULT '{}';
UPDATE art_mcp.paintings SET detail_keys = ARRAY(
    SELECT art_mcp.detail_word(name) || '=' || art_mcp.detail_word(value) FROM json_each_text(details) AS d (name, value)
) WHERE details::text <> '{}';
DROP FUNCTION art_mcp.detail_word(text);
CREATE INDEX paintings_details ON art_mcp.paintings USING gin (detail_keys) WITH (fastupdate = off);
