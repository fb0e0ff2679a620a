"""Clustered unit vectors in the spaces of the bench, and the provider that puts questions among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from art_mcp.space import Leg, Space
from art_mcp.vision.local import SPACES, LocalProvider
from art_mcp.vision.provider import Vectors

DIMENSIONS = 1024
WIDE = {leg: Space(leg, "bench", "wide", "1", DIMENSIONS) for leg in (Leg.PIXELS, Leg.WORDS)}
"""As large as the spaces of the big hosted models."""
SHIPPED = {leg: SPACES[leg] for leg in WIDE}
"""Of the built-in model."""
SPREAD = 1.0
"""How far paintings of one topic lie apart; with 1, a painting is as much noise as topic."""
CHUNK = 10_000


class WideProvider(LocalProvider):
    """The built-in model's vectors, turned into 1,024 dimensions by a fixed random projection."""

    spaces = WIDE

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        return {leg: widen(vectors) for leg, vectors in (await super().embed_queries(texts)).items()}


def widen(vectors: Vectors, dimensions: int = DIMENSIONS) -> Vectors:
    return unit(vectors @ _projection(vectors.shape[1], dimensions))


@lru_cache
def _projection(dimensions: int, wanted: int) -> Vectors:
    return np.random.default_rng(dimensions).standard_normal((dimensions, wanted), np.float32)


def unit(vectors: Vectors) -> Vectors:
    scaled: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return scaled


def cloud(centres: Vectors, cluster_of: NDArray[np.int64], seed: int) -> Iterator[NDArray[np.float16]]:
    """A unit vector for each of `cluster_of` in turn, somewhere around the centre of its cluster.

    The noise has a few strong directions and many weak ones, as embeddings of real pictures have.
    """
    rng = np.random.default_rng(seed)
    dimensions = centres.shape[1]
    strength = np.arange(1, dimensions + 1, dtype=np.float32) ** np.float32(-0.4)
    strength /= np.linalg.norm(strength)
    for start in range(0, len(cluster_of), CHUNK):
        clusters = cluster_of[start : start + CHUNK]
        noise = rng.standard_normal((len(clusters), dimensions), np.float32) * strength
        distance = SPREAD * rng.lognormal(0, 0.3, (len(clusters), 1)).astype(np.float32)
        yield from unit(centres[clusters] + distance * noise).astype(np.float16)
