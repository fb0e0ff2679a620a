"""What a collection can be filtered by, and how many paintings each value has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from art_mcp.painting import LISTED_FIELDS, Filters, filter_key
from art_mcp.store.filters import SHOWN_BY, condition

if TYPE_CHECKING:
    from art_mcp.store.database import Database


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of a field, most frequent first."""

    values: list[tuple[str, int]]
    distinct: int
    """How many values there are, shown or not."""


@dataclass(frozen=True, slots=True)
class Description:
    """A collection, or a part of it, in numbers."""

    total: int
    years: tuple[int, int] | None
    facets: dict[str, Facet]
    renditions_bytes: int
    """Of the pictures that are kept for showing, for the whole database."""


async def describe(database: Database, filters: Filters, *, limit: int) -> Description:
    """Counts under the filters.

    Args:
        limit: values shown of each facet.
    """
    values: list[Any] = []
    where = condition(filters, values)
    async with database.connection() as connection:
        total, first, last = await connection.fetchrow(
            f"SELECT count(*), min(year_from), max(year_to) FROM art_mcp.paintings p WHERE {where}", *values
        )
        facets = {}
        for field in LISTED_FIELDS:
            key = "collection" if field == "collection" else f"{field}_key"
            rows = await connection.fetch(
                f"SELECT min({SHOWN_BY.get(field, field)}) AS value, count(*) AS count, count(*) OVER () AS distinct "
                f"FROM art_mcp.paintings p WHERE {key} IS NOT NULL AND {where} "
                f"GROUP BY {key} ORDER BY count(*) DESC, 1 LIMIT {limit:d}",
                *values,
            )
            facets[field] = Facet([(row["value"], row["count"]) for row in rows], rows[0]["distinct"] if rows else 0)
        kept = await connection.fetchval("SELECT pg_total_relation_size('art_mcp.renditions')")
    return Description(total, None if first is None else (first, last), facets, kept)


async def complete(database: Database, field: str, typed: str, filters: Filters, *, limit: int) -> Facet:
    """Values of a field that hold each word typed: first those in which they begin words, of these the most frequent.

    It is asked at every key that a person presses, so the counting reads an index alone, and a value is looked up
    only once it is chosen: of values with one key any is as good, since a filter takes them for one.

    Args:
        field: one of `LISTED_FIELDS`.
        typed: the beginning of a value, or of any of its words; empty for all values.
        filters: what the other fields already have to be.
        limit: values shown.
    """
    words = (filter_key(field, typed) or "").split()
    if typed.strip() and not words:  # nothing but signs, which no key holds
        return Facet([], 0)
    values: list[Any] = []
    where = condition(filters, values)
    async with database.connection() as connection:
        if field == "collection":
            rows = await connection.fetch(
                "SELECT collection AS value, count(*) AS count FROM art_mcp.paintings p "
                f"WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1",
                *values,
            )
            return _complete_collection(words, rows, limit)
        literal = [word.replace("_", r"\_") for word in words]  # the only sign of LIKE's that a key can hold
        anywhere, beginning = len(values) + 1, len(values) + 2
        values += [f"%{word}%" for word in literal], [f"% {word}%" for word in literal]
        rows = await connection.fetch(
            f"WITH counted AS (SELECT {field}_key AS key, count(*) AS count FROM art_mcp.paintings p "
            f"WHERE {field}_key LIKE ALL(${anywhere}) AND {field}_key IS NOT NULL AND {where} GROUP BY 1) "
            f"SELECT (SELECT {SHOWN_BY.get(field, field)} FROM art_mcp.paintings WHERE {field}_key = key LIMIT 1) "
            "AS value, count, count(*) OVER () AS distinct FROM counted "
            f"ORDER BY ' ' || key LIKE ALL(${beginning}) DESC, count DESC, key LIMIT {limit:d}",
            *values,
        )
    return Facet([(row["value"], row["count"]) for row in rows], rows[0]["distinct"] if rows else 0)


def _complete_collection(words: Sequence[str], rows: Sequence[Mapping[str, Any]], limit: int) -> Facet:
    """Collections are few and have no key in the database, so theirs are compared here."""
    keys = {row["value"]: f" {filter_key('collection', row['value']) or ''}" for row in rows}
    found = [(row["value"], row["count"]) for row in rows if all(word in keys[row["value"]] for word in words)]
    found.sort(key=lambda each: any(f" {word}" not in keys[each[0]] for word in words))
    return Facet(found[:limit], len(found))
