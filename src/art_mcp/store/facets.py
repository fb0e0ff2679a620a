"""What a collection can be filtered by, and how many paintings each value has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from art_mcp.painting import KEYED_FIELDS, Filters, filter_key
from art_mcp.store.filters import SHOWN_BY, condition

if TYPE_CHECKING:
    from art_mcp.store.database import Database

FACETS = ("collection", *KEYED_FIELDS)


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
    where = condition(filters, None, values)
    async with database.connection() as connection:
        total, first, last = await connection.fetchrow(
            f"SELECT count(*), min(year_from), max(year_to) FROM art_mcp.paintings p WHERE {where}", *values
        )
        facets = {}
        for field in FACETS:
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
