"""What a provider made of pictures, as arrays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from art_mcp.space import Leg, PictureEmbedding


def by_leg(made: Sequence[PictureEmbedding]) -> dict[Leg, Any]:
    """For each leg the vectors of all pictures, (n, dimensions)."""
    legs = {space.leg: space for embedding in made for space in embedding.vectors}
    return {leg: np.stack([embedding.vectors[space] for embedding in made]) for leg, space in legs.items()}
