-- The accession number, all columns of the source that have no field of their own, and each artist of a painting.
ALTER TABLE art_mcp.paintings ADD COLUMN number text;
ALTER TABLE art_mcp.paintings ADD COLUMN details json NOT NULL DEFAULT '{}';  -- not jsonb, which would sort the names
ALTER TABLE art_mcp.paintings ADD COLUMN artists text[] NOT NULL DEFAULT '{}';  -- in reading order
ALTER TABLE art_mcp.paintings ADD COLUMN artist_keys text[] NOT NULL DEFAULT '{}';  -- of the artists, in their order
UPDATE art_mcp.paintings SET artists = ARRAY[coalesce(artist_name, artist)], artist_keys = ARRAY[artist_key]
WHERE artist_key IS NOT NULL;

-- An artist's name and how catalogues write it, which a painting by several no longer tells.
ALTER TABLE art_mcp.artists ADD COLUMN name text;
ALTER TABLE art_mcp.artists ADD COLUMN catalogued text;
UPDATE art_mcp.artists AS a SET name = found.name, catalogued = found.catalogued
FROM (
    SELECT artist_key, min(coalesce(artist_name, artist)) AS name, min(artist) AS catalogued
    FROM art_mcp.paintings GROUP BY artist_key
) AS found WHERE artist_key = key;
DELETE FROM art_mcp.artists WHERE name IS NULL;
ALTER TABLE art_mcp.artists ALTER COLUMN name SET NOT NULL;
ALTER TABLE art_mcp.artists ALTER COLUMN catalogued SET NOT NULL;

ALTER TABLE art_mcp.paintings DROP COLUMN artist_name;
ALTER TABLE art_mcp.paintings DROP COLUMN artist_key;
CREATE INDEX paintings_artists ON art_mcp.paintings USING gin (artist_keys) WITH (fastupdate = off);
-- For counting the paintings of every artist without reading the table.
CREATE INDEX paintings_artist_keys ON art_mcp.paintings (artist_keys);
