"""Made-up pictures to load."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

SIZE = 200, 150


def draw(folder: Path, count: int) -> Path:
    """A folder of small JPEGs, all different, always the same."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    for number in range(count):
        coarse = Image.fromarray(rng.integers(0, 256, (6, 8, 3), np.uint8))
        coarse.resize(SIZE, Image.Resampling.BICUBIC).save(folder / f"{number:05}.jpg", quality=85)
    return folder
