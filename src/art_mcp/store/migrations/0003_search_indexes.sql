-- Words of title and artist alone (weight A): what is found there counts more than what the description mentions.
CREATE INDEX paintings_names ON art_mcp.paintings USING gin (ts_filter(search, '{a}'));

-- With the id, so that the index alone answers who was painted in some years.
DROP INDEX art_mcp.paintings_years;
CREATE INDEX paintings_years ON art_mcp.paintings (year_from, year_to) INCLUDE (id);

ANALYZE art_mcp.paintings;
