"""Filters as SQL, and what to say when a value that is filtered by does not exist."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

from art_mcp.painting import KEYED_FIELDS, Filters, filter_key
from art_mcp.store.errors import StoreError

if TYPE_CHECKING:
    from art_mcp.store.database import Database

SHOWN_VALUES = 5
SHOWN_BY = {"artist": "coalesce(artist_name, artist)", "technique": "split_part(technique, ', ', 1)"}


def condition(filters: Filters, values: list[Any]) -> str:
    """A condition on paintings `p`; what it binds is appended to `values`. "true" when all are wanted."""
    tests = []

    def test(sql: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            tests.append(sql.format(f"${len(values)}"))

    for field in KEYED_FIELDS:
        value = getattr(filters, field)
        # What has no letters has no key, and nothing is found by it.
        test(f"p.{field}_key = {{}}", None if value is None else filter_key(field, value) or "")
    test("p.collection = {}", filters.collection)
    test("p.year_to >= {}", filters.year_from)
    test("p.year_from <= {}", filters.year_to)
    return " AND ".join(tests) or "true"


async def require_values(database: Database, filters: Filters) -> None:
    """Check that each value that is filtered by exists.

    Raises:
        StoreError: one does not; with the nearest that do.
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
            known = f"The nearest are: {', '.join(nearest)}. Use one of them, or leave it out."
        elif values:
            known = f"There are {len(values)} others, none like it: describe_collection names the most frequent."
        else:
            known = f"No painting says anything about {field}. Leave it out."
        raise StoreError(f"No painting has the {field} {value!r:.60}.", known)


def _nearest(key: str, keys: dict[str, str]) -> list[str]:
    """Values that share a word with the key, most first, then those that are spelled like it."""
    wanted = set(key.split())
    sharing = sorted((-len(wanted & set(each.split())), each) for each in keys if wanted & set(each.split()))
    spelled = difflib.get_close_matches(key, keys, n=SHOWN_VALUES, cutoff=0.5)
    return list(dict.fromkeys([each for _, each in sharing] + spelled))[:SHOWN_VALUES]
