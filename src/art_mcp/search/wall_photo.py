"""The query vector of a picture: its own embedding, or that of a painting that hangs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anyio.to_thread

from art_mcp import images
from art_mcp.search.relevance import PICTURE
from art_mcp.space import Leg, Space, Vector
from art_mcp.store.database import Database
from art_mcp.store.ranking import nearest
from art_mcp.vision.provider import Provider

if TYPE_CHECKING:
    from art_mcp.images.picture import Picture

MIN_GAIN = 0.05
"""Cosine by which a part must beat the whole picture. 99 % of photos of paintings on walls have such a part, and 3 % of
photographs without a painting (`scripts/eval_wall_photos.py`)."""


class QueryVector(NamedTuple):
    """What a picture is searched by."""

    vector: Vector
    is_part: bool
    """Whether it is the embedding of a part of the picture."""


async def query_vector(database: Database, provider: Provider, space: Space, picture: Picture) -> QueryVector:
    """The embedding of a picture, or of the part of it that is most similar to a painting, if it wins by `MIN_GAIN`.

    Parts are tried only if the whole picture has no strong match, and only in a look space whose provider is free: a
    dozen views would cost a dozen times as much. Filters and steering words do not affect the choice, so every page of
    an answer is ranked by the same vector.

    Raises:
        ArtMcpError: the model or the database failed.
    """
    whole = (await provider.embed_images([picture], urgent=True))[0].vectors[space]
    if space.leg is not Leg.LOOK or provider.limits.billed:
        return QueryVector(whole, False)
    found = await nearest(database, space, [whole])
    if not found or found[0] >= PICTURE.strong:
        return QueryVector(whole, False)

    parts = await anyio.to_thread.run_sync(images.views.views, picture)
    if not parts:
        return QueryVector(whole, False)
    vectors = [part.vectors[space] for part in await provider.embed_images(parts, urgent=True)]
    cosines = await nearest(database, space, vectors)
    best = max(cosines, default=-1.0)
    if best < found[0] + MIN_GAIN:
        return QueryVector(whole, False)
    return QueryVector(vectors[cosines.index(best)], True)
