"""Justified rows: pictures of one height side by side, in their order, so that all rows fill the same width."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

LEAST, MOST = 0.9, 1.4
"""Limits of a row's height, relative to the mean."""
LOWEST = 40
"""Minimum mean height of rows in pixels: lower pictures show nothing, so the area is exceeded instead."""


class Box(NamedTuple):
    """The place of one picture, as wide as the picture is at the height of its row, within limits."""

    ratio: float
    """Width of the picture by its height."""
    narrowest: int
    """Minimum width of the place in pixels, for what is written in it."""
    widest: int
    """Maximum width in pixels, since nothing is enlarged; a wide picture may be lower than its row."""

    def width(self, height: float) -> float:
        return max(self.narrowest, min(self.widest, self.ratio * height))


class Row(NamedTuple):
    """A row of places, in pixels."""

    height: int
    """Of its pictures."""
    places: list[tuple[int, int]]
    """The left edge and the width of each."""


def justify(boxes: Sequence[Box], *, area: int, shape: float, gap: int, below: int, tallest: int) -> list[Row]:
    """Arrange boxes in rows, as large as an area allows.

    Args:
        boxes: at least 1.
        area: pixels of the whole, about.
        shape: width of the whole by its height, as nearly as full rows allow.
        gap: pixels between places.
        below: pixels below each row of pictures.
        tallest: maximum height of a row of pictures, in pixels.
    """

    def length(some: Sequence[Box], height: float) -> float:
        return sum(box.width(height) + gap for box in some)

    mean = _largest(lambda height: length(boxes, height) * (height + below) <= area, tallest)
    widths = [box.width(mean) + gap for box in boxes]
    count = min(len(boxes), max(1, round((sum(widths) / (mean + below) / shape) ** 0.5)))
    rows = [boxes[first:end] for first, end in _even(widths, count)]
    width = max(sum(widths) / count, *(length(row, mean * LEAST) for row in rows))

    def placed(row: Sequence[Box]) -> Row:
        height = _largest(lambda height: length(row, height) <= width, min(mean * MOST, tallest))
        edges = [round(edge) for edge in accumulate((box.width(height) + gap for box in row), initial=0.0)]
        return Row(round(height), [(left, right - left - gap) for left, right in pairwise(edges)])

    return [placed(row) for row in rows]


def _largest(fits: Callable[[float], bool], most: float) -> float:
    """The largest height up to `most` that fits, to a hundredth of a pixel; `LOWEST` if none does."""
    low, high = float(LOWEST), most + 0.01
    while high - low > 0.01:
        middle = (low + high) / 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    return low


def _even(widths: Sequence[float], count: int) -> list[tuple[int, int]]:
    """Split widths into `count` runs whose sums differ least; each run is its first index and its end."""
    ends = list(accumulate(widths, initial=0.0))
    mean = ends[-1] / count
    best: dict[int, tuple[float, list[tuple[int, int]]]] = {0: (0.0, [])}
    for _ in range(count):
        best = {
            end: min(
                (cost + (ends[end] - ends[first] - mean) ** 2, [*runs, (first, end)])
                for first, (cost, runs) in best.items()
                if first < end
            )
            for end in range(min(best) + 1, len(ends))
        }
    return best[len(widths)][1]
