"""The rules find the kinds of statements that a real cluster refused, or ran at a great cost."""

from __future__ import annotations

from collections.abc import AsyncIterator

import asyncpg
import pytest

from art_mcp.store.schema import migrate
from support.citus_rules import Cluster

pytestmark = pytest.mark.anyio

PAGE = "page AS MATERIALIZED (SELECT $1::uuid AS painting_id)"
COPIES = "art_mcp.copies c JOIN art_mcp.copies o ON o.work = c.work"
REFUSED = [
    (
        "DO UPDATE with a function that is not immutable",
        "INSERT INTO art_mcp.paintings (id, collection, source_key, image_name, search) VALUES ($1, '', '', '', '') "
        "ON CONFLICT (id) DO UPDATE SET updated_at = now()",
    ),
    (
        "LATERAL with a LIMIT or an aggregate",
        "WITH asked AS MATERIALIZED (SELECT $1::text AS title) SELECT m.id FROM asked, LATERAL "
        "(SELECT id FROM art_mcp.paintings p WHERE p.title = asked.title LIMIT 3) AS m",
    ),
    (
        "a correlated subquery by another column than the key",
        "WITH counted AS MATERIALIZED (SELECT type_key AS key FROM art_mcp.paintings GROUP BY 1) "
        "SELECT (SELECT type FROM art_mcp.paintings WHERE type_key = key LIMIT 1) FROM counted",
    ),
    (
        "a correlated subquery by another column than the key",
        "SELECT word FROM unnest($1::text[]) AS word WHERE NOT EXISTS "
        "(SELECT 1 FROM art_mcp.paintings p WHERE p.title = word)",
    ),
    (
        "a correlated subquery by another column than the key",
        f"WITH {PAGE} SELECT ARRAY(SELECT work FROM art_mcp.copies c WHERE c.painting_id = page.painting_id) FROM page",
    ),
    ("a join of distributed tables by another column than their key", f"SELECT c.painting_id FROM {COPIES}"),
    (
        "a join of a distributed table with a local one",
        "SELECT count(*) FROM art_mcp.paintings p JOIN art_mcp.jobs j ON p.source = j.source",
    ),
    (
        "a join of a distributed table with a local one",
        "UPDATE art_mcp.jobs j SET missing = 1 FROM art_mcp.paintings p WHERE p.source = j.source",
    ),
    (
        "a subquery on a local table beside a distributed one",
        "SELECT (SELECT name FROM art_mcp.artists WHERE key = artist_key), count(*) "
        "FROM art_mcp.paintings p CROSS JOIN unnest(p.artist_keys) AS artist_key GROUP BY artist_key",
    ),
    ("SELECT without a column", "SELECT EXISTS (SELECT FROM art_mcp.paintings LIMIT 1)"),
    ("EXISTS without LIMIT, which brings a value of each row", "SELECT EXISTS (SELECT 1 FROM art_mcp.paintings)"),
    (
        "an outer join of a distributed table with something else",
        f"WITH {PAGE} SELECT p.title FROM page LEFT JOIN art_mcp.paintings p ON p.id = painting_id",
    ),
    (
        "an outer join of a distributed table with something else",
        f"WITH {PAGE} SELECT p.title FROM (SELECT 1) AS counted "
        "LEFT JOIN (page JOIN art_mcp.paintings p ON p.id = painting_id) ON true",
    ),
    (
        "the expression found, which is not MATERIALIZED, may be merged into others",
        "WITH found AS (SELECT id FROM art_mcp.paintings) SELECT * FROM found",
    ),
    ("a record as a result", "SELECT (c.painting_id, c.collection) FROM art_mcp.copies c"),
    ("a window over a distributed table", "SELECT row_number() OVER (ORDER BY title) FROM art_mcp.paintings"),
    ("locks on rows of several shards", "SELECT id FROM art_mcp.paintings WHERE collection = $1 FOR UPDATE"),
    ("cannot insert multiple commands into a prepared statement", "SELECT 1; SELECT 2"),
    ("ADD CONSTRAINT with other subcommands", "ALTER TABLE art_mcp.jobs ADD a int, ADD CONSTRAINT b CHECK (a > 0)"),
    ("a generic plan of a query that reads several shards", "BEGIN; SET LOCAL plan_cache_mode = force_generic_plan"),
]
RUN = [
    "SELECT p.id FROM art_mcp.paintings p WHERE id = $1 FOR NO KEY UPDATE",
    "SELECT id, EXISTS (SELECT 1 FROM art_mcp.copies c WHERE c.painting_id = p.id) FROM art_mcp.paintings p",
    "SELECT p.title, f.grey FROM art_mcp.paintings p LEFT JOIN art_mcp.fingerprints f ON f.painting_id = p.id",
    f"WITH {PAGE} SELECT p.title FROM page JOIN art_mcp.paintings p ON p.id = page.painting_id",
    "SELECT key, count(*) FROM art_mcp.paintings p CROSS JOIN unnest(p.artist_keys) AS key GROUP BY key",
    "SELECT j.id, count(*) FROM art_mcp.jobs j LEFT JOIN art_mcp.items i ON i.job_id = j.id GROUP BY j.id",
]


@pytest.fixture
async def connection(cluster_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(cluster_url)
    await migrate(connection, citus_shards=4)
    yield connection
    await connection.close()


async def test_what_a_cluster_refuses_is_found_and_what_it_runs_is_not(connection: asyncpg.Connection) -> None:
    cluster = await Cluster.of(connection)
    for why, statement in REFUSED:
        assert await cluster.refusals(connection, statement) == [why], statement
    for statement in RUN:
        assert await cluster.refusals(connection, statement) == [], statement
