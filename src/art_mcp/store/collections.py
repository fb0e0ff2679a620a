"""The collections, as their owner asks for them: how large, from which sources, and when they were loaded."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from art_mcp.store.database import Database


@dataclass(frozen=True, slots=True)
class Collection:
    name: str
    paintings: int
    sources: list[str]
    """Of the last load of each painting, the largest first; none for paintings from an archive."""
    loaded_at: datetime
    """The end of the last load so far, or the last change of a painting."""


async def collections(database: Database) -> list[Collection]:
    """Return the collections that are not empty, by name."""
    rows = await database.fetch(
        """
        WITH by_source AS MATERIALIZED (
            SELECT collection, source, count(*) AS n, max(updated_at) AS changed_at
            FROM art_mcp.paintings GROUP BY 1, 2
        )
        SELECT c.name, c.paintings, sources, greatest(changed_at, (
            SELECT max(updated_at) FROM art_mcp.jobs j WHERE j.collection = c.name
        )) AS loaded_at
        FROM art_mcp.collections c JOIN (
            SELECT collection, max(changed_at) AS changed_at, coalesce(
                array_agg(source ORDER BY n DESC, source) FILTER (WHERE source IS NOT NULL), '{}'
            ) AS sources
            FROM by_source GROUP BY collection
        ) AS loaded ON collection = c.name
        WHERE c.paintings > 0 ORDER BY c.name
        """
    )
    return [Collection(**row) for row in rows]
