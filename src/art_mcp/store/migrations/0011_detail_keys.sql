-- Keys by which paintings are filtered by any detail: "location=depot 3". These are nearly what art-mcp writes for the
-- paintings that it loads, and the same for Latin letters.
CREATE FUNCTION art_mcp.detail_text(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT replace(replace(replace(replace(replace(translate(
        regexp_replace(lower(normalize(text, NFKD)), '[\u0300-\u036f]', '', 'g'),
        chr(248) || chr(273) || chr(240) || chr(295) || chr(305) || chr(322) || chr(359), 'oddhilt'),
        chr(223), 'ss'), chr(230), 'ae'), chr(339), 'oe'), chr(254), 'th'), chr(331), 'ng')
$$;
ALTER TABLE art_mcp.paintings ADD COLUMN detail_keys text[] NOT NULL DEFAULT '{}';
-- PostgreSQL can decompose letters in a database in UTF-8 only. A Citus cluster plans the statement only if it is needed.
DO $$
BEGIN
    IF getdatabaseencoding() = 'UTF8' AND EXISTS (SELECT FROM art_mcp.paintings WHERE details::text <> '{}') THEN
        UPDATE art_mcp.paintings SET detail_keys = ARRAY(
            SELECT regexp_replace(art_mcp.detail_text(name), '[^[:alnum:]]+', '', 'g') || '=' || rtrim(left(
                btrim(regexp_replace(art_mcp.detail_text(value), '[^[:alnum:]_]+', ' ', 'g')), 300))
            FROM json_each_text(details) AS d (name, value)
        ) WHERE details::text <> '{}';
    END IF;
END
$$;
DROP FUNCTION art_mcp.detail_text(text);
CREATE INDEX paintings_details ON art_mcp.paintings USING gin (detail_keys) WITH (fastupdate = off);
