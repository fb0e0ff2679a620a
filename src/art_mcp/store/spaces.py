"""Embedding spaces: which exist, which are searched, and the typed table that holds each one's vectors."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from art_mcp.space import Leg, Space
from art_mcp.store.schema import LOCK_KEY

if TYPE_CHECKING:
    from art_mcp.store.database import Connection, Database


def vector_table(space: Space) -> str:
    """The qualified table of a space's vectors; safe to put into SQL, since a space's name is."""
    return f"art_mcp.vectors_{space.name}"


async def active(database: Database) -> list[Space]:
    """The spaces that are searched; they belong to the database, whatever the settings say."""
    async with database.connection() as connection:
        return await _active(connection)


async def activate(database: Database, spaces: Iterable[Space]) -> list[Space]:
    """Register the spaces that a provider fills, and make those active whose leg has none yet.

    While nothing is stored, they take the place of another provider's. Where pictures are another provider's, nothing
    is added: a space that nobody fills would be searched in vain.

    Returns:
        All active spaces, whoever fills them.
    """
    wanted = list(spaces)
    async with database.connection() as connection:
        found = await _active(connection)
        if not set(wanted) <= set(found):
            async with connection.transaction():
                await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
                if not await connection.fetchval("SELECT EXISTS (SELECT FROM art_mcp.paintings)"):
                    await connection.execute("UPDATE art_mcp.spaces SET active = false")
                there = [space for space in await _active(connection) if space.leg is Leg.PIXELS]
                if set(there) <= set(wanted):
                    for space in wanted:
                        await _register(connection, space)
            found = await _active(connection)
    return found


async def _active(connection: Connection) -> list[Space]:
    rows = await connection.fetch(
        "SELECT leg, provider, model, version, dimensions FROM art_mcp.spaces WHERE active ORDER BY name"
    )
    return [Space(Leg(leg), *rest) for leg, *rest in rows]


async def _register(connection: Connection, space: Space) -> None:
    new = await connection.fetchval(
        """
        INSERT INTO art_mcp.spaces (name, leg, provider, model, version, dimensions, active)
        SELECT $1, $2, $3, $4, $5, $6, NOT EXISTS (SELECT FROM art_mcp.spaces WHERE leg = $2 AND active)
        ON CONFLICT (name) DO UPDATE SET active = spaces.active OR excluded.active
        RETURNING xmax = 0
        """,
        space.name,
        space.leg.value,
        space.provider,
        space.model,
        space.version,
        space.dimensions,
    )
    if not new:
        return
    table = vector_table(space)
    await connection.execute(
        f"""
        CREATE TABLE {table} (
            painting_id uuid PRIMARY KEY REFERENCES art_mcp.paintings (id) ON DELETE CASCADE,
            vector halfvec({space.dimensions}) NOT NULL
        );
        -- In the row and not in TOAST: exact scans are 2.6 times faster.
        ALTER TABLE {table} ALTER COLUMN vector SET STORAGE PLAIN;
        CREATE INDEX ON {table} USING hnsw (vector halfvec_cosine_ops);
        """
    )
