"""The contact sheet of a search result."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from art_mcp import images
from art_mcp.search import MAX_SHEET
from art_mcp.store import paintings

if TYPE_CHECKING:
    from art_mcp.search.finder import Answer
    from art_mcp.store.database import Database


async def contact_sheet_of(
    database: Database, found: Answer, *, heading: str = "", max_bytes: int = MAX_SHEET
) -> bytes | None:
    """Draw the hits' thumbnails, numbered across all pages, as JPEG; None if no picture is stored.

    Args:
        heading: one line above them, e.g. from `search.heading`.
        max_bytes: size limit.
    """
    kept = await paintings.thumbnails(database, [hit.painting.id for hit, _ in found.hits])
    if not kept:
        return None
    tiles = [
        images.contact_sheet.Tile(
            number,
            kept.get(hit.painting.id),
            hit.painting.catalogue.title or "",
            ", ".join(part for part in (hit.painting.catalogue.artist, hit.painting.catalogue.date) if part),
            relevance and relevance.value,
        )
        for number, (hit, relevance) in enumerate(found.hits, start=found.offset + 1)
    ]
    draw = partial(images.contact_sheet.contact_sheet, tiles, heading=heading, max_bytes=max_bytes)
    return await anyio.to_thread.run_sync(draw)
