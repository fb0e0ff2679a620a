"""Where the paintings of a source are stored already, from few rows of it: nothing is scanned."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from art_mcp.store.connection import Record
from art_mcp.store.database import Database


async def collections_from(database: Database, source: str) -> list[str]:
    """The collections that a source was loaded into, the last one first; also those that are empty by now."""
    rows = await database.fetch(
        "SELECT collection FROM art_mcp.jobs WHERE source = $1 GROUP BY 1 ORDER BY max(created_at) DESC", source
    )
    return [row["collection"] for row in rows]


async def alike(database: Database, ids: Sequence[uuid.UUID], digests: Sequence[bytes]) -> list[Record]:
    """The paintings that have one of these ids, or whose picture's file has one of these SHA-256."""
    columns = "SELECT id, collection, image_sha256, image_name, title, artist FROM art_mcp.paintings"
    return [
        *await database.fetch(f"{columns} WHERE id = ANY($1)", ids),
        *await database.fetch(f"{columns} WHERE image_sha256 = ANY($1)", digests),
    ]
