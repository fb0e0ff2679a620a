-- A painting whose picture was never seen: it came as words and a vector that somebody had made before.
ALTER TABLE art_mcp.paintings
    ALTER COLUMN image_sha256 DROP NOT NULL,
    ALTER COLUMN image_width DROP NOT NULL,
    ALTER COLUMN image_height DROP NOT NULL,
    ALTER COLUMN image_format DROP NOT NULL;
