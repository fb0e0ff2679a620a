"""Collections, and how many paintings each has: kept, since counting is slower than ranking."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database


async def add(connection: Connection, added: Mapping[str, int]) -> None:
    """Count paintings that this transaction has added, or taken away where below zero."""
    # In one order, so that two writers wait for each other and never lock each other out.
    await connection.executemany(
        "INSERT INTO art_mcp.collections AS c (name, paintings) VALUES ($1, $2) "
        "ON CONFLICT (name) DO UPDATE SET paintings = c.paintings + excluded.paintings",
        sorted(added.items()),
    )


async def recount(connection: Connection, name: str) -> None:
    """Count a collection anew, in case a program that keeps no count has written to it."""
    # The row's lock first: who has added paintings and not yet counted them waits for it, or is seen below.
    await connection.execute("SELECT FROM art_mcp.collections WHERE name = $1 FOR UPDATE", name)
    await connection.execute(
        "UPDATE art_mcp.collections SET paintings = (SELECT count(*) FROM art_mcp.paintings WHERE collection = $1) "
        "WHERE name = $1",
        name,
    )
    await connection.execute("DELETE FROM art_mcp.collections WHERE name = $1 AND paintings = 0", name)


async def sizes(database: Database) -> dict[str, int]:
    """Paintings of each collection that has any, by its name."""
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT name, paintings FROM art_mcp.collections WHERE paintings > 0 ORDER BY 1")
    return {row["name"]: row["paintings"] for row in rows}
