"""SQL conditions for filters, and errors for filter values that no painting has."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any, NamedTuple

from art_mcp.painting import KEYED_FIELDS, LISTED_FIELDS, Filters, filter_key
from art_mcp.store.errors import StoreError

if TYPE_CHECKING:
    from art_mcp.store.database import Database

SHOWN_VALUES = 5
"""How many existing values an error suggests."""


class Values(NamedTuple):
    """SQL for the values of a field, each of which has a key, by which it is compared, and a displayed form."""

    rows: str
    """Each painting `p` with each of its values, for a FROM clause."""
    key: str
    """The key in these rows; null for a painting without a value."""
    has: str
    """Condition that a painting `p` has a key, with {} for its placeholder."""
    shown: str
    """The displayed form, if these rows are grouped by the key."""
    shown_of: str
    """The displayed form of `counted.key`, of any painting that has it."""

    @classmethod
    def of(cls, field: str) -> Values:
        if field == "artist":
            return cls(
                "art_mcp.paintings p CROSS JOIN unnest(p.artist_keys) AS artist_key",
                "artist_key",
                "p.artist_keys @> ARRAY[{}::text]",
                "(SELECT name FROM art_mcp.artists WHERE key = artist_key)",
                "(SELECT name FROM art_mcp.artists a WHERE a.key = counted.key)",
            )
        key = "p.collection" if field == "collection" else f"p.{field}_key"
        shown = "split_part(p.technique, ', ', 1)" if field == "technique" else f"p.{field}"
        return cls(
            "art_mcp.paintings p",
            key,
            f"{key} = {{}}",
            f"min({shown})",
            f"(SELECT {shown} FROM art_mcp.paintings p WHERE {key} = counted.key LIMIT 1)",
        )


VALUES = {field: Values.of(field) for field in LISTED_FIELDS}


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
        test(VALUES[field].has, None if value is None else filter_key(field, value) or "")
    test(VALUES["collection"].has, filters.collection)
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
        values, key = VALUES[field], value if field == "collection" else filter_key(field, value)
        async with database.connection() as connection:
            if await connection.fetchval(
                f"SELECT true FROM art_mcp.paintings p WHERE {values.has.format('$1')} LIMIT 1", key
            ):
                continue
            rows = await connection.fetch(
                f"SELECT key, {values.shown_of} AS value, count FROM (SELECT {values.key} AS key, count(*) AS count "
                f"FROM {values.rows} WHERE {values.key} IS NOT NULL GROUP BY 1) AS counted"
            )
        there = {row["key"]: f"{row['value']} ({row['count']})" for row in rows}
        nearest = [there[near] for near in _nearest(key or "", there)]
        if nearest:
            known = f"Closest values: {', '.join(nearest)}. Use one of them, or leave it out."
        elif there:
            known = f"None of the {len(there)} values is similar; describe_collection lists the most frequent."
        else:
            known = f"No painting has any {field}. Leave it out."
        raise StoreError(f"No painting has the {field} {value!r:.60}.", known)


def _nearest(key: str, keys: dict[str, str]) -> list[str]:
    """Return the values that share most words with the key, then those with a similar spelling."""
    wanted = set(key.split())
    sharing = sorted((-len(wanted & set(each.split())), each) for each in keys if wanted & set(each.split()))
    spelled = difflib.get_close_matches(key, keys, n=SHOWN_VALUES, cutoff=0.5)
    return list(dict.fromkeys([each for _, each in sharing] + spelled))[:SHOWN_VALUES]
