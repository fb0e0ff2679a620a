"""Pictures that tests draw."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image


def draw(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> Path:
    """A small picture unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse.resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def draw_many(folder: Path, count: int) -> Path:
    """A folder with so many of them, named 00.png, 01.png, ..."""
    for number in range(count):
        draw(folder / f"{number:02}.png", number)
    return folder


def endless() -> bytes:
    """A JPEG that is just within the caps and takes seconds to decode."""
    buffer = BytesIO()
    Image.new("L", (10_000, 9_900)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    scan = data.rindex(b"\xff\xda")
    return data[:-2] + data[scan:-2] * 40 + data[-2:]
