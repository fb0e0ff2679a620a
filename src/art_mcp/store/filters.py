"""SQL conditions for filters, and errors for filter values that no painting has."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from art_mcp.painting import KEYED_FIELDS, Filters, filter_key
from art_mcp.store.errors import StoreError

if TYPE_CHECKING:
    from art_mcp.store.database import Database

SHOWN_VALUES = 5
"""How many existing values an error suggests."""
SHOWN_BY = {"artist": "coalesce(artist_name, artist)", "technique": "split_part(technique, ', ', 1)"}
"""SQL expressions for the displayed value of fields whose column is not displayed unchanged."""


def condition(filters: Filters, values: list[Any]) -> str:
    """Return an SQL condition on paintings `p` ("true" without filters), and append its parameters to `values`."""
    tests = []

    def test(sql: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            tests.append(sql.format(f"${len(values)}"))

    for field in KEYED_FIELDS:
        value = getattr(filters, field)
        # A value without a key becomes the empty string, which no painting has.
        test(f"p.{field}_key = {{}}", None if value is None else filter_key(field, value) or "")
    test("p.collection = {}", filters.collection)
    test("p.year_to >= {}", filters.year_from)
    test("p.year_from <= {}", filters.year_to)
    return " AND ".join(tests) or "true"


async def require_values(database: Database, filters: Filters) -> None:
    """Check that at least one painting has each filter value.

    Raises:
        StoreError: no painting has one of the values; the error names the closest existing ones.
    """
    for field in (*KEYED_FIELDS, "collection"):
        value = getattr(filters, field)
        if value is None:
            continue
        column, key = ("collection", value) if field == "collection" else (f"{field}_key", filter_key(field, value))
        async with database.connection() as connection:
            if await connection.fetchval(f"SELECT true FROM art_mcp.paintings WHERE {column} = $1 LIMIT 1", key):
                continue
            rows = await connection.fetch(
                f"SELECT {column} AS key, min({SHOWN_BY.get(field, field)}) AS value, count(*) AS count "
                f"FROM art_mcp.paintings WHERE {column} IS NOT NULL GROUP BY 1"
            )
        values = {row["key"]: f"{row['value']} ({row['count']})" for row in rows}
        nearest = [values[near] for near in _nearest(key or "", values)]
        if nearest:
            known = f"Closest values: {', '.join(nearest)}. Use one of them, or leave it out."
        elif values:
            known = f"None of the {len(values)} values is similar; describe_collection lists the most frequent."
        else:
            known = f"No painting has any {field}. Leave it out."
        raise StoreError(f"No painting has the {field} {value!r:.60}.", known)


def _nearest(key: str, keys: dict[str, str]) -> list[str]:
    """Return the values that share most words with the key, then those with a similar spelling."""
    wanted = set(key.split())
    sharing = sorted((-len(wanted & set(each.split())), each) for each in keys if wanted & set(each.split()))
    spelled = difflib.get_close_matches(key, keys, n=SHOWN_VALUES, cutoff=0.5)
    return list(dict.fromkeys([each for _, each in sharing] + spelled))[:SHOWN_VALUES]
