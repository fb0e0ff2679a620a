-- Keys by which paintings are filtered by any detail: "location=depot 3". These are nearly what art-mcp writes for the
-- paintings that it loads, and the same for Latin letters.
CREATE FUNCTION art_mcp.detail_text(text text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT replace(replace(replace(replace(replace(
        translate(regexp_replace(lower(normalize(text, NFKD)), '[\u0300-\u036f]', '', 'g'), 'øđðħıłŧ', 'oddhilt'),
        'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'), 'ŋ', 'ng')
$$;
ALTER TABLE art_mcp.paintings ADD COLUMN detail_keys text[] NOT NULL DEFAULT '{}';
UPDATE art_mcp.paintings SET detail_keys = ARRAY(
    SELECT regexp_replace(art_mcp.detail_text(name), '[^[:alnum:]]+', '', 'g') || '=' || rtrim(left(
        btrim(regexp_replace(art_mcp.detail_text(value), '[^[:alnum:]_]+', ' ', 'g')), 300))
    FROM json_each_text(details) AS d (name, value)
) WHERE details::text <> '{}';
DROP FUNCTION art_mcp.detail_text(text);
CREATE INDEX paintings_details ON art_mcp.paintings USING gin (detail_keys) WITH (fastupdate = off);
