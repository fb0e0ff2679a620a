"""Compares the vector index with an exact search."""

from __future__ import annotations

from art_mcp.space import Space, Vector
from art_mcp.store.database import Database
from art_mcp.store.ranking import NEAREST, search_settings
from art_mcp.store.spaces import vector_table


async def index_recall(database: Database, space: Space, vector: Vector) -> float | None:
    """Return the share, 0 to 1, of the nearest paintings that a search takes as candidates; None without paintings.

    The depth is that of a search: the `NEAREST` candidates of a leg. Of paintings at the same distance any counts.

    Args:
        vector: of the query, unit length, shape (dimensions,).
    """
    table = vector_table(space)
    async with database.transaction(search_settings(database)) as connection:
        near = await connection.fetch(
            f"SELECT v.vector <=> $1 AS distance FROM {table} v ORDER BY v.vector <=> $1 LIMIT {NEAREST}", vector
        )
        # "+ 0" prevents the planner from using the index.
        exact = await connection.fetch(
            f"SELECT v.vector <=> $1 AS distance FROM {table} v ORDER BY (v.vector <=> $1) + 0 LIMIT {NEAREST}", vector
        )
    if not exact:
        return None
    furthest: float = exact[-1]["distance"]
    found: int = sum(row["distance"] <= furthest for row in near)
    return found / len(exact)
