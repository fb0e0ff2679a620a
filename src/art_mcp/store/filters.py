"""SQL conditions for filters, and errors for filter values that no painting has."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import anyio.to_thread

from art_mcp.errors import Advice, Argument
from art_mcp.normalization import fold
from art_mcp.painting import LISTED_FIELDS, Filters, detail_key, filter_key
from art_mcp.similarity import nearest
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError

SHOWN_VALUES = 5
"""How many existing values an error suggests."""
DESCRIPTION = Argument("describe_collection", "`art-mcp list COLLECTION`")


class Values(NamedTuple):
    """SQL for the values of a field, each of which has a key, by which it is compared, and a displayed form."""

    rows: str
    """Each painting `p` with each of its values, for a FROM clause."""
    key: str
    """The key in these rows; null for a painting without a value."""
    has: str
    """Condition that a painting `p` has a key, with {} for its placeholder."""
    has_any: str
    """Condition that it has one of several."""
    shown: str | None
    """The displayed form, if these rows are grouped by the key; None if another table or column has it."""
    shown_of: str
    """The displayed form of `counted.key`, of any painting that has it."""

    def counted(self, where: str, on_citus: bool, *, look_up: bool = False) -> tuple[str, str]:
        """Return SQL of a WITH clause for `counted (key, count)`, the number of paintings of each key, and of a form.

        Args:
            where: SQL condition on these rows.
            look_up: look the displayed form of a key up, which is faster if few are shown. A Citus cluster cannot.
        """
        shown, value = self.shown_of, ""
        if self.shown and (on_citus or not look_up):
            shown, value = "value", f", {self.shown} AS value"
        return (
            f"WITH counted AS {'MATERIALIZED ' if on_citus else ''}(SELECT {self.key} AS key, count(*) AS count{value} "
            f"FROM {self.rows} WHERE {self.key} IS NOT NULL AND {where} GROUP BY 1)"
        ), shown

    @classmethod
    def of(cls, field: str) -> Values:
        if field == "artist":
            return cls(
                "art_mcp.paintings p CROSS JOIN unnest(p.artist_keys) AS artist_key",
                "artist_key",
                "p.artist_keys @> ARRAY[{}::text]",
                "p.artist_keys && {}::text[]",
                None,
                "(SELECT name FROM art_mcp.artists a WHERE a.key = counted.key)",
            )
        key = "p.collection" if field == "collection" else f"p.{field}_key"
        shown = "split_part(p.technique, ', ', 1)" if field == "technique" else f"p.{field}"
        return cls(
            "art_mcp.paintings p",
            key,
            f"{key} = {{}}",
            f"{key} = ANY({{}}::text[])",
            f"min({shown})",
            f"(SELECT {shown} FROM art_mcp.paintings p WHERE {key} = counted.key LIMIT 1)",
        )


DETAILS = Values(
    "art_mcp.paintings p CROSS JOIN unnest(p.detail_keys) AS detail_key",
    "detail_key",
    "p.detail_keys @> ARRAY[{}::text]",
    "p.detail_keys && {}::text[]",
    None,
    "counted.key",
)
VALUES = {field: Values.of(field) for field in LISTED_FIELDS} | {"where": DETAILS}


def condition(filters: Filters, values: list[Any]) -> str:
    """Return an SQL condition on paintings `p` ("true" without filters), and append its parameters to `values`."""
    tests = []

    def test(sql: str, value: Any) -> None:
        if value is not None:
            values.append(value)
            tests.append(sql.format(f"${len(values)}"))

    for field in LISTED_FIELDS:
        value = getattr(filters, field)
        if isinstance(value, tuple):
            test(VALUES[field].has_any, [_key(field, each) for each in value])
        elif value is not None:
            test(VALUES[field].has, _key(field, value))
    for name, value in filters.where or ():
        if isinstance(value, tuple):
            test(DETAILS.has_any, list(value))
        else:
            test(DETAILS.has, detail_key(name, value) or "")
    test("p.year_to >= {}", filters.year_from)
    test("p.year_from <= {}", filters.year_to)
    return " AND ".join(tests) or "true"


def _key(field: str, value: str) -> str:
    """What the values of a field are compared by. A value without a key becomes the empty string, which none has."""
    return value if field in ("collection", "where") else filter_key(field, value) or ""


class Value(NamedTuple):
    """A value of a field that can be filtered by."""

    key: str
    shown: str


async def has_value(database: Database, field: str, value: str) -> bool:
    """Whether any painting has a value."""
    has = VALUES[field].has.format("$1")
    found = await database.fetchval(f"SELECT true FROM art_mcp.paintings p WHERE {has} LIMIT 1", _key(field, value))
    return found is not None


async def stored_values(database: Database, field: str) -> list[Value]:
    """Return all values of a field, of artists also those whose paintings have been removed."""
    counted, shown = VALUES[field].counted("true", database.on_citus, look_up=True)
    values = f"{counted} SELECT key, {shown} AS shown FROM counted"
    rows = await database.fetch("SELECT key, name FROM art_mcp.artists" if field == "artist" else values)
    return [Value(*row) for row in rows]


async def count_paintings(database: Database, field: str, keys: Sequence[str]) -> dict[str, int]:
    """Return the number of paintings that have each of some keys, without those that none has."""
    has = VALUES[field].has.format("$1")
    async with database.connection() as connection:
        rows = await connection.fetchmany(
            f"SELECT count(*) AS paintings FROM art_mcp.paintings p WHERE {has}", [(key,) for key in keys]
        )
    return {key: row["paintings"] for key, row in zip(keys, rows, strict=True) if row["paintings"]}


async def require_values(database: Database, filters: Filters) -> None:
    """Check that at least one painting has each filter value.

    Raises:
        StoreError: no painting has one of the values; the error names the closest existing ones.
    """
    for field in LISTED_FIELDS:
        value = getattr(filters, field)
        if value is not None and not await has_value(database, field, value):
            raise await missing(database, field, value, re.findall(r"\w+", fold(value)))


async def missing(database: Database, field: str, value: str, words: Sequence[str]) -> StoreError:
    """Return the error for a value that no painting has; it names the closest existing ones.

    Args:
        words: those of the value by which others are compared, normalised by `fold`.
    """
    there = await stored_values(database, field)
    return not_there(field, value, await closest(database, field, words, there), len(there))


async def closest(
    database: Database, field: str, words: Sequence[str], values: Sequence[Value]
) -> list[tuple[Value, int]]:
    """Return the values closest to some words, or a few that are all there are, with their numbers of paintings."""
    texts = {value: fold(value.key.rpartition("=")[2]) for value in values}  # that of a detail without its name
    near = await anyio.to_thread.run_sync(nearest, words, {*texts.values()}, 4 * SHOWN_VALUES)
    if not near and len(texts) <= SHOWN_VALUES:
        near = sorted(texts.values())
    ranked = sorted((value for value in values if texts[value] in near), key=lambda value: near.index(texts[value]))
    counts = await count_paintings(database, field, [value.key for value in ranked])
    return [(value, counts[value.key]) for value in ranked if value.key in counts][:SHOWN_VALUES]


def not_there(name: str, value: str, closest: Sequence[tuple[Value, int]], values: int) -> StoreError:
    """The error for a value that no painting has.

    Args:
        name: that of the field.
        values: the number of existing values.
    """
    known: str
    if closest:
        shown = ", ".join(f"{each.shown:.60} ({count})" for each, count in closest)
        known = f"Closest values: {shown}. Use one of them, or leave it out."
    elif values:
        known = Advice(f"None of the {values} values is similar; {{}} lists the most frequent.", DESCRIPTION)
    else:
        known = f"No painting has any {name}. Leave it out."
    return StoreError(f"No painting has the {name} {value!r:.60}.", known)
