"""What the cosine of a question and a painting means.

A cosine means nothing by itself. Some questions are near everything, and so are some pictures and titles ("Portrait of
a woman"), which are called hubs. Both are measured with reference vectors.

`vectors.npz`, made by `scripts/train_bridge.py`, has for each space of the built-in model:

- `bank` (2,000, dimensions): vectors of captions as queries, from which the hubness of a stored vector is measured;
- `mean` (dimensions + 1) and `covariance`: those of stored vectors of other pictures or catalogue entries, each
  followed by its `hub`. They give the mean and the deviation of the scores of any query without comparing it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from art_mcp.space import Space, Vector

VECTORS = Path(__file__).parent / "vectors.npz"
NEIGHBOURS = 10
HUB_WEIGHT = 0.5
"""Chosen, as `NEIGHBOURS`, on 1,000 photographs: captions find 75.0 % of them in the first ten, 73.0 % without hubs."""


class Background(NamedTuple):
    """Distribution of a query's scores over pictures or entries that have nothing to do with it."""

    mean: float
    deviation: float
    hub: float = 0.0
    """Mean of `hub`, for stored vectors that have none."""


PICTURES = Background(mean=0.58, deviation=0.07)
"""Of a picture with other pictures: measured on 200 paintings in the look space; Azure's median is 0.50."""


def has_hubs(space: Space) -> bool:
    """Whether `hub` can measure vectors of this space."""
    return space.name in _known()


def hub(space: Space, vectors: Sequence[Vector]) -> list[float | None]:
    """How much to subtract from any query's cosine with each of these stored vectors; None if the space has no bank.

    Half the mean of the ten largest cosines with the bank (cross-modal local scaling).
    """
    import numpy as np

    known = _known().get(space.name)
    if known is None or not vectors:
        return [None] * len(vectors)
    # As they are stored, in half precision, so that a stored vector has the hub that it was written with.
    halves = np.stack(vectors).astype(np.float16).astype(np.float32)
    return [float(each) for each in hubness(halves, known["bank"])]


def hubness(vectors: NDArray[np.float32], bank: NDArray[np.float32]) -> NDArray[np.float32]:
    """`hub` of vectors, shape (n, dimensions), with a given bank."""
    import numpy as np

    nearest = np.partition(vectors @ bank.T, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]
    mean: NDArray[np.float32] = HUB_WEIGHT * nearest.mean(axis=1)
    return mean


def background(space: Space, query: Vector) -> Background | None:
    """The distribution of the query's cosine less `hub` over the reference vectors; None if the space has none."""
    import numpy as np

    known = _known().get(space.name)
    if known is None:
        return None
    direction = np.append(query, -1).astype(np.float32)
    mean, variance = known["mean"], float(direction @ known["covariance"] @ direction)
    return Background(float(direction @ mean), max(variance, 1e-12) ** 0.5, float(mean[-1]))


@cache
def _known() -> dict[str, dict[str, NDArray[np.float32]]]:
    """The arrays by space and name."""
    import numpy as np

    known: dict[str, dict[str, NDArray[np.float32]]] = {}
    with np.load(VECTORS) as file:
        for key in file:
            space, name = key.split("/")
            known.setdefault(space, {})[name] = file[key].astype(np.float32)
    return known
