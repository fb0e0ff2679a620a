"""The values of each field that can be filtered by, with the number of paintings of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from art_mcp.painting import EVERYTHING, LISTED_FIELDS, Filters, filter_key
from art_mcp.store import cluster
from art_mcp.store.connection import Record
from art_mcp.store.database import Database
from art_mcp.store.details import Detail, listed
from art_mcp.store.filters import VALUES, condition


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of a field, most frequent first."""

    values: list[tuple[str, int]]
    distinct: int
    """Number of distinct values, shown or not."""


@dataclass(frozen=True, slots=True)
class Description:
    """Statistics of the paintings that match some filters."""

    total: int
    years: tuple[int, int] | None
    facets: dict[str, Facet]
    details: list[Detail]
    renditions_bytes: int
    """Disk usage of all renditions in the database, in bytes."""


async def describe(database: Database, filters: Filters, *, limit: int) -> Description:
    """Count the paintings that match the filters, in total and by the values of each field.

    Args:
        limit: maximum number of values per facet.
    """
    values: list[Any] = []
    where = condition(filters, values)
    found = await database.fetchrow(
        f"SELECT count(*), min(year_from), max(year_to) FROM art_mcp.paintings p WHERE {where}", *values
    )
    assert found is not None
    total, first, last = found
    # Without filters, counting reads only an index; any value with the same key will do.
    facets = {
        field: await _facet(database, field, where, "count DESC, key", limit, values, look_up=filters == EVERYTHING)
        for field in LISTED_FIELDS
    }
    size = cluster.size_of("'art_mcp.renditions'::regclass", database.on_citus)
    kept = await database.fetchval(f"SELECT {size}")
    years = None if first is None else (first, last)
    return Description(total, years, facets, await listed(database, filters), kept)


async def complete(database: Database, field: str, typed: str, filters: Filters, *, limit: int) -> Facet:
    """Return the values of a field that contain all typed words, those at the start of words first, then by count.

    It is called on each keystroke, so counting reads only an index, and the displayed value is looked up only for the
    results. Any value with the same key will do, because filters treat these as equal.

    Args:
        field: one of `LISTED_FIELDS`.
        typed: the text typed so far; empty for all values.
        filters: filters on the other fields.
        limit: maximum number of values.
    """
    words = (filter_key(field, typed) or "").split()
    if typed.strip() and not words:  # only punctuation, which no key contains
        return Facet([], 0)
    values: list[Any] = []
    where = condition(filters, values)
    if field == "collection":
        rows = await database.fetch(
            "SELECT collection AS value, count(*) AS count FROM art_mcp.paintings p "
            f"WHERE {where} GROUP BY 1 ORDER BY 2 DESC, 1",
            *values,
        )
        return _complete_collection(words, rows, limit)
    literal = [word.replace("_", r"\_") for word in words]  # the only LIKE wildcard that a key can contain
    anywhere, beginning = len(values) + 1, len(values) + 2
    values += [f"%{word}%" for word in literal], [f"% {word}%" for word in literal]
    where = f"{VALUES[field].key} LIKE ALL(${anywhere}) AND {where}"
    order = f"' ' || key LIKE ALL(${beginning}) DESC, count DESC, key"
    return await _facet(database, field, where, order, limit, values, look_up=True)


async def _facet(
    database: Database, field: str, where: str, order: str, limit: int, values: Sequence[Any], *, look_up: bool
) -> Facet:
    """The first values in an order of `counted`; for the others see `Values.counted`."""
    counted, shown = VALUES[field].counted(where, database.on_citus, look_up=look_up)
    rows = await database.fetch(
        f"{counted} SELECT {shown} AS value, count, count(*) OVER () AS distinct FROM counted "
        f"ORDER BY {order} LIMIT {limit:d}",
        *values,
    )
    return Facet([(row["value"], row["count"]) for row in rows], rows[0]["distinct"] if rows else 0)


def _complete_collection(words: Sequence[str], rows: Sequence[Record], limit: int) -> Facet:
    """Match collections, which are few and have no key column, in Python."""
    keys = {row["value"]: f" {filter_key('collection', row['value']) or ''}" for row in rows}
    found = [(row["value"], row["count"]) for row in rows if all(word in keys[row["value"]] for word in words)]
    found.sort(key=lambda each: any(f" {word}" not in keys[each[0]] for word in words))
    return Facet(found[:limit], len(found))
