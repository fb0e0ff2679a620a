"""The number of paintings in each collection, stored because counting takes longer than ranking."""

from __future__ import annotations

from collections.abc import Mapping

from art_mcp.store.connection import Connection
from art_mcp.store.database import Database


async def add(connection: Connection, added: Mapping[str, int]) -> None:
    """Add to the sizes of collections, in the transaction that inserts paintings; negative numbers subtract."""
    # Sorted, so that two writers cannot deadlock.
    await connection.executemany(
        "INSERT INTO art_mcp.collections AS c (name, paintings) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET paintings = c.paintings + excluded.paintings",
        sorted(added.items()),
    )


async def recount(connection: Connection, name: str) -> None:
    """Count the paintings of a collection again, in case a program that keeps no count has changed them."""
    # Lock the row first: a writer that has inserted paintings without adding them yet waits, or is counted below.
    await connection.execute("SELECT 1 FROM art_mcp.collections WHERE name = $1 FOR UPDATE", name)
    await connection.execute(
        "UPDATE art_mcp.collections SET paintings = (SELECT count(*) FROM art_mcp.paintings WHERE collection = $1) "
        "WHERE name = $1",
        name,
    )
    await connection.execute("DELETE FROM art_mcp.collections WHERE name = $1 AND paintings = 0", name)


async def sizes(database: Database) -> dict[str, int]:
    """Return the number of paintings in each collection that is not empty."""
    rows = await database.fetch("SELECT name, paintings FROM art_mcp.collections WHERE paintings > 0 ORDER BY 1")
    return {row["name"]: row["paintings"] for row in rows}
