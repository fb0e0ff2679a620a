"""Words that steer a search by a picture: like this, but at night."""

from __future__ import annotations

from collections.abc import Sequence

from art_mcp.search.text_query import words_leg
from art_mcp.space import Leg, Space
from art_mcp.store.ranking import LegQuery, Ranking
from art_mcp.vision.provider import Provider

WANTED = 1.0
UNWANTED = -0.5
"""Weights of the z-scores of wanted and unwanted words, relative to 1 for the picture."""
FOLLOWS = 1.0
"""Z-score from which a painting shows what the steering words say rather than not."""
CHANGED_LITTLE = "The words changed little: hardly any painting here is both like the picture and what they say."


async def steering_legs(provider: Provider, space: Space, text: str, negative: str) -> list[LegQuery]:
    """The legs that wanted and unwanted words add, of which one may be empty.

    Args:
        space: the joint space of pictures and words.
    """
    asked = [(words, weight) for words, weight in ((text, WANTED), (negative, UNWANTED)) if words]
    vectors = await provider.embed_queries([words for words, _ in asked])
    return [
        words_leg(provider, space, vector, weight=weight, steers=True)
        for vector, (_, weight) in zip(vectors[Leg.PIXELS], asked, strict=True)
    ]


def changed_little(legs: Sequence[LegQuery], ranking: Ranking) -> str | None:
    """A note if most hits do not follow the wanted words."""
    for leg in legs:
        if leg.steers and leg.weight > 0 and leg.background and ranking.hits:
            mean, deviation, _ = leg.background
            follow = sum(hit.legs.get(leg.name, -1.0) >= mean + FOLLOWS * deviation for hit in ranking.hits)
            return CHANGED_LITTLE if 2 * follow < len(ranking.hits) else None
    return None
