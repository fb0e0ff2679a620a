-- Small grey copies of the pictures, by which copies of one painting are recognised.
CREATE TABLE art_mcp.fingerprints (
    painting_id  uuid PRIMARY KEY REFERENCES art_mcp.paintings (id) ON DELETE CASCADE,
    grey         bytea                       -- null if the picture is too plain to be recognised
);

-- The paintings that have copies, and no others, so that a search reads a small table. No member of a group represents
-- it: a search shows the one that fits best.
CREATE TABLE art_mcp.copies (
    painting_id  uuid PRIMARY KEY REFERENCES art_mcp.paintings (id) ON DELETE CASCADE,
    work         uuid NOT NULL,              -- the same for all copies
    collection   text NOT NULL,              -- that of the painting, which never changes
    likeness     real NOT NULL               -- to the copy that is most like it
);
CREATE INDEX copies_work ON art_mcp.copies (work);
