"""What a picture is asked with: all of it, or the painting that hangs in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import anyio.to_thread

from art_mcp.search.relevance import PICTURE
from art_mcp.space import Leg
from art_mcp.store.ranking import nearest

if TYPE_CHECKING:
    from art_mcp.images.picture import Picture
    from art_mcp.space import Space, Vector
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider

NEARER = 0.05
"""How much nearer than the whole picture a part has to be to some painting, as a cosine. Of photos of paintings on
walls 99 % have such a part, of photographs without any 3 % (`scripts/eval_wall_photos.py`)."""


class Seen(NamedTuple):
    """A picture as a question."""

    vector: Vector
    part: bool
    """It is that of a part of the picture."""


async def look(database: Database, provider: Provider, space: Space, picture: Picture) -> Seen:
    """The vector of a picture, or that of the part of it that is nearest to a painting, if it is nearer by `NEARER`.

    Parts are looked at where the whole finds nothing strong, and only in a look space whose vectors cost nothing: a
    dozen views would be a dozen times the bill. What steers and what filters plays no role, so every page of an
    answer, and the same picture with other words, is asked with the same vector.

    Raises:
        ArtMcpError: what is wrong with the model or the database.
    """
    whole = (await provider.embed_images([picture], urgent=True))[0].vectors[space]
    if space.leg is not Leg.LOOK or provider.limits.billed:
        return Seen(whole, False)
    found = await nearest(database, space, [whole])
    if not found or found[0] >= PICTURE.strong:
        return Seen(whole, False)

    from art_mcp.images.views import views

    parts = await anyio.to_thread.run_sync(views, picture)
    if not parts:
        return Seen(whole, False)
    vectors = [part.vectors[space] for part in await provider.embed_images(parts, urgent=True)]
    cosines = await nearest(database, space, vectors)
    best = max(cosines, default=-1.0)
    if best < found[0] + NEARER:
        return Seen(whole, False)
    return Seen(vectors[cosines.index(best)], True)
