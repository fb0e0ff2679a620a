"""The contact sheet of a search result."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from functools import partial

from art_mcp import images
from art_mcp.painting import Rendition
from art_mcp.search import MAX_SHEET
from art_mcp.search.finder import Answer
from art_mcp.turns import Turns


async def contact_sheet_of(
    found: Answer,
    thumbnails: Mapping[uuid.UUID, Rendition],
    *,
    turns: Turns,
    heading: str = "",
    max_bytes: int = MAX_SHEET,
) -> bytes | None:
    """Draw the hits, numbered across all pages, as JPEG; None without a thumbnail.

    Args:
        thumbnails: those of the hits, by the painting's id.
        turns: in decoding stored pictures.
        heading: one line above them, e.g. from `search.heading`.
        max_bytes: size limit.
    """
    if not thumbnails:
        return None
    kept = {id_: thumbnail.data for id_, thumbnail in thumbnails.items()}
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
    return await turns.run(draw)
