"""The questions: sentences about topics, vectors near paintings, and words of known frequency."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import cycle, islice
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from bench.corpus import SUBJECTS, make_topics, vocabulary
from bench.vectors import WideProvider, cloud

from art_mcp.space import Leg

if TYPE_CHECKING:
    from bench.collection import Collection

    from art_mcp.space import Vector

    Near: TypeAlias = Mapping[Leg, Vector]
    """A question as vectors in the wide spaces."""

WORDS = 3
"""In a question."""
FREQUENCIES = {"common": (0.3, 1.0), "medium": (0.005, 0.05), "rare": (0.0, 0.001)}
"""The share of the paintings that have such a word: more than the first, at most the second."""
EVERY = 50
"""One word of the vocabulary in this many is counted."""


def sentences(rows: int, count: int, seed: int) -> list[str]:
    """Questions as a person might type them, hardly two the same."""
    rng = np.random.default_rng(seed)
    return [
        "a painting of {} and {} with {}".format(*rng.choice(topic.split(), WORDS, replace=False))
        for topic in _topics(rows, count, seed)
    ]


async def near_topics(rows: int, count: int) -> list[Near]:
    """Questions that are vectors, each near the paintings of another topic."""
    centres = await WideProvider().embed_queries(_topics(rows, count, seed=2))
    places = np.arange(count)
    legs = {leg: list(cloud(vectors, places, seed=3)) for leg, vectors in centres.items()}
    return [{leg: vectors[place].astype(np.float32) for leg, vectors in legs.items()} for place in places]


async def word_questions(collection: Collection, count: int) -> dict[str, list[str]]:
    """Questions of a few words for each class of frequency."""
    rng = np.random.default_rng(4)
    counted = await collection.bare.fetch(
        "SELECT word, (SELECT count(*) FROM art_mcp.paintings WHERE search @@ plainto_tsquery('english', word)) "
        "FROM unnest($1::text[]) AS word",
        [*SUBJECTS, "oil", "canvas", *vocabulary()[::EVERY]],
    )
    found = {}
    for name, (low, high) in FREQUENCIES.items():
        words = [word for word, having in counted if low < having / collection.rows <= high]
        found[name] = [" ".join(rng.choice(words, WORDS, replace=False)) for _ in range(count)]
    return found


def _topics(rows: int, count: int, seed: int) -> list[str]:
    return list(islice(cycle(np.random.default_rng(seed).permutation(make_topics(rows))), count))
