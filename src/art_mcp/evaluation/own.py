"""Questions without labels, from the collection itself: titles, and distorted copies of the pictures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from functools import partial

import anyio.to_thread

from art_mcp.evaluation.distortions import distorted
from art_mcp.evaluation.question import PICTURES, Kind, Question
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.embedding import read_kept
from art_mcp.ingest.sources.source import Refusal
from art_mcp.painting import Painting
from art_mcp.search import MAX_QUERY
from art_mcp.store.database import Database


def titles(painting: Painting) -> list[Question]:
    """The title alone and, if the artist is known, "title (artist)"."""
    title, artist = painting.catalogue.title, "; ".join(painting.artists) or painting.catalogue.artist
    asked = [(Kind.TITLE, title)] if title else []
    if title and artist:
        asked.append((Kind.TITLE_AND_ARTIST, f"{title} ({artist})"))
    return [Question(kind, painting, text) for kind, text in asked if len(text) <= MAX_QUERY]


async def pictures(database: Database, painting: Painting) -> AsyncIterator[Question | Refusal]:
    """Distorted copies of the stored picture, one of each kind."""
    name = painting.catalogue.title or painting.source_key
    try:
        stored = await read_kept(database, painting)
        if stored is None:
            yield Refusal(f"picture of {name}", "It is no longer stored.")
            return
        for kind in PICTURES:
            copy = await anyio.to_thread.run_sync(partial(distorted, kind, stored))
            yield Question(kind, painting, copy)
    except ImageError as error:
        yield Refusal(f"picture of {name}", str(error))


async def own_questions(
    database: Database, paintings: Sequence[Painting], *, with_pictures: bool
) -> AsyncIterator[Question | Refusal]:
    """All questions about one painting after the other, so that an interrupted evaluation has some of each kind."""
    for painting in paintings:
        for question in titles(painting):
            yield question
        if with_pictures and painting.image_sha256 is not None:
            async for picture in pictures(database, painting):
                yield picture
