"""Vectors from paid services, stored on arrival and deleted once their painting is stored."""

from __future__ import annotations

from collections.abc import Collection

from art_mcp.space import PictureEmbedding, Space, Vector
from art_mcp.store.connection import Connection
from art_mcp.store.database import Database


async def keep(database: Database, embedding: PictureEmbedding) -> None:
    """Store the vectors of a picture under its SHA-256, unless they are stored already."""
    async with database.connection() as connection:
        await connection.executemany(
            "INSERT INTO art_mcp.paid (space, sha256, vector) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            [(space.name, embedding.sha256, vector) for space, vector in embedding.vectors.items()],
        )


async def find(database: Database, space: Space, digests: Collection[bytes]) -> dict[bytes, Vector]:
    """Return the stored vectors of these pictures in a space, by SHA-256."""
    rows = await database.fetch(
        "SELECT sha256, vector FROM art_mcp.paid WHERE space = $1 AND sha256 = ANY($2)", space.name, list(digests)
    )
    return {row["sha256"]: row["vector"].to_numpy() for row in rows}


async def drop(connection: Connection, spaces: Collection[Space], digests: Collection[bytes]) -> None:
    """Delete the vectors of these pictures, in the transaction that stores them with their paintings."""
    await connection.execute(
        "DELETE FROM art_mcp.paid WHERE sha256 = ANY($1) AND space = ANY($2)",
        list(digests),
        [space.name for space in spaces],
    )
