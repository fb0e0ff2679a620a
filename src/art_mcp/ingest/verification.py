"""Verifies stored vectors: embeds a sample of paintings again and compares the vectors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.embedding import read_kept, word_vectors
from art_mcp.painting import Painting
from art_mcp.space import Leg, Space
from art_mcp.store import paintings
from art_mcp.vision.provider import Fault, VisionError

if TYPE_CHECKING:
    from art_mcp.space import Vector
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider

SAME_COSINE = 0.9
"""Minimum cosine similarity of a stored vector and one made again from the display rendition, which is compressed and
may be smaller than the source. Measured with the built-in model on 200 paintings: at least 0.93 for renditions of 1,024
pixels and 0.904 for 320 pixels; two different paintings reach at most 0.914."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A painting with a wrong stored vector."""

    painting: Painting
    space: Space
    cosine: float
    """Cosine similarity of the stored vector and the one made again."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The result of verifying a sample."""

    checked: int
    unreadable: int
    """Number of sampled paintings whose stored picture cannot be read or embedded."""
    mismatches: Sequence[Mismatch]
    """At most one per painting, for its least similar vector."""


async def verify(database: Database, provider: Provider, spaces: Sequence[Space], count: int) -> Verification:
    """Embed up to `count` random paintings again, from their display renditions; a paid provider charges for each.

    Args:
        spaces: the active spaces; only those that `provider` fills are compared.

    Raises:
        ArtMcpError: the database failed, or the provider failed for a reason other than a single picture.
    """
    checked = unreadable = 0
    mismatches = []
    filled = [space for space in spaces if provider.spaces.get(space.leg) == space]
    for painting in await paintings.sample(database, count):
        try:
            picture = await read_kept(database, painting)
            if picture is None:  # removed or replaced since the sample was taken
                continue
            (embedding,) = await provider.embed_images([picture])
        except (ImageError, VisionError) as error:
            if isinstance(error, VisionError) and error.fault is not Fault.INPUT:
                raise
            unreadable += 1
            continue
        right: dict[Space, Vector | None] = {**embedding.vectors}
        for space in filled:
            if space.leg is Leg.WORDS:
                (right[space],) = await word_vectors(provider, [painting.catalogue.sentence()])
        compared = []
        for space in filled:
            stored, made = await paintings.vector(database, space, painting.id), right.get(space)
            if stored is not None and made is not None:
                compared.append(Mismatch(painting, space, float(stored @ made)))
        checked += 1
        mismatches += [each for each in sorted(compared, key=lambda each: each.cosine)[:1] if each.cosine < SAME_COSINE]
    return Verification(checked, unreadable, mismatches)
