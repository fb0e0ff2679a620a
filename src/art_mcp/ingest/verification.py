"""Embeds some stored paintings again, and compares the vectors with those that are stored."""

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
"""The least cosine of a stored vector and the right one. The right one is made of the picture that is kept, which is
compressed and perhaps smaller than the source: measured with the built-in model on 200 paintings, at least 0.93 with
1,024 pixels kept and 0.904 with 320; two different paintings have at most 0.914."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A painting with a stored vector that is not its own."""

    painting: Painting
    space: Space
    cosine: float
    """Of the stored vector and the right one."""


@dataclass(frozen=True, slots=True)
class Verification:
    """What comparing a sample showed."""

    checked: int
    unreadable: int
    """Sampled paintings whose kept picture cannot be read or embedded."""
    mismatches: Sequence[Mismatch]
    """At most one for each painting: its least similar vector."""


async def verify(database: Database, provider: Provider, spaces: Sequence[Space], count: int) -> Verification:
    """Embed up to `count` random paintings again, from the pictures that are kept; a paid provider is paid for each.

    Args:
        spaces: the active spaces; those that `provider` fills are compared.

    Raises:
        ArtMcpError: the database failed, or the provider did for another reason than one picture.
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
