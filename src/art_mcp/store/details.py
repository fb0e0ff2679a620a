"""The details of paintings, which are all that a source says beyond the catalogue's fields: their names and values."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from art_mcp.painting import Filters, detail_keys
from art_mcp.store.database import Database
from art_mcp.store.filters import DETAILS, Value, condition
from art_mcp.store.paintings import painting_of

SAMPLE = 2_000
"""Number of paintings from which the details are listed, since a table may have hundreds of columns."""
LISTED = 40
"""Maximum number of details that are listed."""
EXAMPLES = 5
"""Maximum number of values that are listed of each."""
COMPARED = 20_000
"""Maximum number of values of a detail that are compared with a misspelt one."""


class Detail(NamedTuple):
    name: str
    values: list[str]
    """The most frequent ones in the sample, cut to 60 characters, most frequent first."""


async def listed(database: Database, filters: Filters) -> list[Detail]:
    """Return the details of the paintings that match some filters; those whose values recur most come first."""
    values: list[Any] = []
    where = condition(filters, values)
    rows = await database.fetch(
        f"""
        WITH sampled AS MATERIALIZED (
            SELECT details, credit, rights FROM art_mcp.paintings p WHERE {where} ORDER BY id LIMIT {SAMPLE}
        ), counted AS (
            SELECT name, left(value, 60) AS value, count(*) AS paintings FROM sampled, LATERAL (
                SELECT * FROM json_each_text(details) UNION ALL VALUES ('credit', credit), ('rights', rights)
            ) AS d (name, value) WHERE value IS NOT NULL GROUP BY 1, 2
        )
        SELECT name, (array_agg(value ORDER BY paintings DESC, value))[:{EXAMPLES}] AS values FROM counted
        GROUP BY name ORDER BY sum(paintings) - count(*) DESC, name LIMIT {LISTED}
        """,
        *values,
    )
    return [Detail(**row) for row in rows]


async def values_of(database: Database, name: str, words: str | None = None) -> list[Value]:
    """Return the values of a detail, at most `COMPARED`.

    Args:
        name: in the form of `detail_name`.
        words: of paintings that have these words only, normalised by `fold`, which an index finds.
    """
    having = "" if not words else "AND p.search @@ plainto_tsquery('english', $2)"
    rows = await database.fetch(
        f"WITH found AS MATERIALIZED (SELECT DISTINCT {DETAILS.key} AS key FROM {DETAILS.rows} "
        f"WHERE starts_with({DETAILS.key}, $1) {having} LIMIT {COMPARED}) SELECT key FROM found",
        *filter(None, [f"{name}=", words]),
    )
    return [Value(key, key.partition("=")[2]) for (key,) in rows]


async def shown(database: Database, values: Sequence[Value]) -> list[Value]:
    """Return values as the source of a painting that has them spells them."""
    statement = f"SELECT p.* FROM art_mcp.paintings p WHERE {DETAILS.has.format('$1')} LIMIT 1"
    async with database.connection() as connection:
        rows = await connection.fetchmany(statement, [(value.key,) for value in values])
    known = {key: spelt for row in rows for key, spelt in detail_keys(painting_of(row)).items()}
    return [Value(key, known.get(key, spelt)) for key, spelt in values]
