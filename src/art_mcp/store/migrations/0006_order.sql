-- A title without case, accents and the quotation mark or bracket at its start. It is cut, since an index row has at most
-- 2,700 bytes. PostgreSQL can decompose letters in a database in UTF-8 only.
CREATE FUNCTION art_mcp.title_order(title text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT left(regexp_replace(
        lower(CASE WHEN getdatabaseencoding() = 'UTF8' THEN normalize(left(title, 200), NFKD) ELSE left(title, 200) END),
        '^[^[:alnum:]]+|[\u0300-\u036f]', '', 'g'
    ), 200) COLLATE "C"
$$;

CREATE INDEX paintings_titles ON art_mcp.paintings (art_mcp.title_order(title), id);
CREATE INDEX paintings_newest ON art_mcp.paintings ((-year_from), id);
CREATE INDEX paintings_oldest ON art_mcp.paintings (year_from, id);
