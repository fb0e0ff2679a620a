-- How near a vector is to every query: subtracted from the cosine with a query. Null in spaces without a measure, and in
-- rows from before this migration, which count as average.
DO $$
DECLARE
    space text;
BEGIN
    FOR space IN SELECT name FROM art_mcp.spaces LOOP
        EXECUTE format('ALTER TABLE art_mcp.vectors_%s ADD COLUMN hub real', space);
    END LOOP;
END
$$;
