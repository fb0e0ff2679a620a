"""Finds paintings in a photo of a wall, and rectifies their perspective.

A painting and its frame have straight edges that end where they meet, unlike those of bricks and wallpaper. So this
detects straight lines (a Hough transform of the gradient), and of all quadrilaterals between two vertical and two
horizontal ones it selects those whose sides lie on edges and stop at the corners.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from art_mcp.images.picture import Picture

Floats: TypeAlias = NDArray[np.floating]

MAX_VIEWS = 12
"""Per photo. With 4 views 96.0 % of the photos are answered correctly, with 8 96.2 %, with 12 97.0 %, with 16 96.8 %
(scripts/wall_photos.py makes the photos)."""
VIEW_SIDE = 448
"""Pixels per side of a view: twice the input size of the networks."""

SIDE = 256
"""Longer side in pixels of the picture in which lines are detected: shows edges, but neither canvas nor grain."""
SMALLEST = 32
"""Shorter side in pixels of that picture, below which it shows nothing."""
BLUR = 1.25
"""Radius in pixels of the Gaussian blur before edges are detected."""
HALF = 8.0
"""Gradient in grey levels per pixel that scores 0.5: a strong edge counts little more than a clear one."""
TRIED = 48
"""Candidate lines per direction that are scored as sides."""
STEPS = 17
"""Points along a candidate; the segment between any two of them is scored."""
THROUGH = 0.9
"""Fraction of the photo; a longer segment runs through it and is not a side."""
LINES = 14
"""Best lines per direction; any two of them are tried as opposite sides."""
SLOPES = np.linspace(-0.56, 0.56, 57)
"""Pixels across per pixel along: the slopes that a camera turned by 28 degrees and tilted by 8 sees."""
APART = 0.035
"""Fraction of the longer side; lines and corners that are closer are the same."""
BORDER = 0.25
"""Edge score of the photo's own borders, which may cut off a painting."""
SHORTEST = 0.25
"""Minimum side of a painting, as a fraction of the photo's shorter side."""
LARGEST = 0.95
"""Maximum area of a painting, as a fraction of the photo: anything larger is the photo itself."""
MOST_UNEQUAL = 0.5
"""Minimum ratio of a side to the opposite one."""
BEYOND = 0.12
"""How far a side is checked beyond its corners, as a fraction of its length: a side's edge does not continue there."""


def views(picture: Picture) -> list[Picture]:
    """Find possible paintings in a picture, and rectify each to a frontal view.

    Deterministic. Takes 0.1 s: call it in a thread.

    Returns:
        At most `MAX_VIEWS`, likeliest first, each scaled to `VIEW_SIDE` x `VIEW_SIDE`; none without straight edges.
    """
    small = _small(picture.image)
    if min(small.size) < SMALLEST:
        return []
    scale = np.array(picture.image.size) / small.size
    return [
        replace(
            picture,
            image=_straightened(picture.image, corners * scale),
            sha256=hashlib.sha256(picture.sha256 + bytes([number])).digest(),  # unlike the picture's or another view's
            width=VIEW_SIDE,
            height=VIEW_SIDE,
        )
        for number, corners in enumerate(_quadrilaterals(small)[:MAX_VIEWS])
    ]


class _Lines(NamedTuple):
    """Vertical lines from the top to the bottom of a picture, or horizontal ones in the transposed picture."""

    place: Floats
    """Position of each at its midpoint, shape (n,)."""
    slope: Floats
    found: Floats
    """Cumulative edge score along each, shape (n, length + 1)."""

    @classmethod
    def on(cls, edges: Floats, lines: Floats) -> _Lines:
        """Measure the edges along lines, given as positions and slopes of shape (2, n)."""
        place, slope = lines
        height, width = edges.shape
        rows = np.arange(height)
        columns = np.round(place[:, None] + slope[:, None] * (rows - height / 2)).astype(int)
        padded = np.pad(edges, ((0, 0), (1, 1)))
        near = np.max([padded[rows, np.clip(columns, 0, width - 1) + aside] for aside in (0, 1, 2)], axis=0)
        near[(columns < 0) | (columns >= width)] = 0
        return cls(place, slope, np.pad(np.cumsum(near, axis=1), ((0, 0), (1, 0))))

    def sides(self, crossings: Floats) -> tuple[Floats, Floats]:
        """Score the segments of the lines as sides.

        Args:
            crossings: where the lines cross those of the other direction, shape (n, m).

        Returns:
            The edge scores, -1 to 1, and the lengths in pixels of the segments between any two crossings, both of
            shape (n, m, m).
        """
        start = np.minimum(crossings[:, :, None], crossings[:, None, :])
        end = np.maximum(crossings[:, :, None], crossings[:, None, :])
        length = end - start
        beyond = np.maximum(BEYOND * length, 4)
        edge = self._between(start, end) / np.maximum(length, 1)
        # From 2 pixels away, since blur extends an edge beyond its end.
        outside = self._between(start - 2 - beyond, start - 2) + self._between(end + 2, end + 2 + beyond)
        return edge - outside / (2 * beyond), length

    def _between(self, start: Floats, end: Floats) -> Floats:
        rows = np.arange(len(self.place))[:, None, None]
        last = self.found.shape[1] - 1
        upto: list[Floats] = [self.found[rows, np.clip(np.round(point), 0, last).astype(int)] for point in (start, end)]
        return upto[1] - upto[0]


def _small(image: Image.Image) -> Image.Image:
    scale = SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return small.filter(ImageFilter.GaussianBlur(BLUR))


def _quadrilaterals(small: Image.Image) -> list[Floats]:
    """Corners of possible paintings, each of shape (4, 2), clockwise from the top left, likeliest first."""
    across, down = _gradients(small)
    verticals, horizontals = _lines(_edges(across, down)), _lines(_edges(down.T, across.T))
    x, y = _crossings(verticals, horizontals, small.size)
    vertical_edge, vertical_length = verticals.sides(y)
    horizontal_edge, horizontal_length = horizontals.sides(x.T)
    vertical_edge[-2:] = horizontal_edge[-2:] = BORDER
    # Every pair of vertical lines (rows) with every pair of horizontal ones (columns).
    left, right = (pair[:, None] for pair in _pairs(verticals))
    top, bottom = (pair[None, :] for pair in _pairs(horizontals))
    corners = np.stack(
        [
            np.stack([along[a, b] for a, b in ((left, top), (right, top), (right, bottom), (left, bottom))], -1)
            for along in (x, y)
        ],
        -1,
    )
    sides = ((left, top, bottom), (right, top, bottom)), ((top, left, right), (bottom, left, right))
    lengths = np.stack(
        [table[at] for table, two in zip((vertical_length, horizontal_length), sides, strict=True) for at in two], -1
    )
    edges = np.stack(
        [table[at] for table, two in zip((vertical_edge, horizontal_edge), sides, strict=True) for at in two], -1
    )
    likely = _possible(corners, lengths, small.size)
    corners, edges = corners[likely], edges[likely]
    return _distinct(corners[np.argsort(-(edges.mean(-1) + edges.min(-1)), kind="stable")], APART * max(small.size))


def _gradients(image: Image.Image) -> tuple[Floats, Floats]:
    """The magnitude of the colour gradient, rightwards and downwards, both of shape (height, width)."""
    pixels = 16 * np.sqrt(np.asarray(image, np.float32))  # so that lighting changes dark and bright colours alike
    across, down = np.zeros_like(pixels), np.zeros_like(pixels)
    across[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    down[1:-1] = pixels[2:] - pixels[:-2]
    return np.linalg.norm(across, axis=-1), np.linalg.norm(down, axis=-1)


def _edges(across: Floats, along: Floats) -> Floats:
    """Score each pixel as a vertical edge, 0 to 1: at maxima of a gradient that is stronger across than along."""
    crest = across > along
    crest[:, 1:] &= across[:, 1:] >= across[:, :-1]
    crest[:, :-1] &= across[:, :-1] >= across[:, 1:]
    return np.where(crest, across / (across + HALF), 0)


def _lines(edges: Floats) -> _Lines:
    """The best candidates for vertical sides, followed by the picture's left and right border."""
    height, width = edges.shape
    tried = _Lines.on(edges, _voted(edges))
    # Stripes and boards make the longest lines of all, but run through the whole photo.
    points = np.broadcast_to(np.linspace(0, height, STEPS), (len(tried.place), STEPS))
    edge, length = tried.sides(points)
    side = np.where(length < THROUGH * height, edge * length, 0).max((1, 2))
    best = np.argsort(-side, kind="stable")[:LINES]
    return _Lines.on(edges, np.stack([[*tried.place[best], 0, width - 1], [*tried.slope[best], 0, 0]]))


def _voted(edges: Floats) -> Floats:
    """Positions and slopes of the vertical lines with the most votes, shape (2, n)."""
    height, width = edges.shape
    rows, columns = np.nonzero(edges > 0.15)
    # Each pixel votes for every line through it: one row of votes for each slope, from -width / 2 to 1.5 width.
    places = np.round(columns - SLOPES[:, None] * (rows - height / 2)).astype(int) + width // 2
    numbers = places + 2 * width * np.arange(len(SLOPES))[:, None]
    inside = (places >= 0) & (places < 2 * width)
    weights = np.broadcast_to(edges[rows, columns], places.shape)
    single = np.bincount(numbers[inside], weights[inside], 2 * width * len(SLOPES)).reshape(len(SLOPES), -1)
    votes = single.astype(float)  # without any pixels, bincount returns integers
    votes[:, 1:-1] += 0.5 * (single[:, :-2] + single[:, 2:])  # a line rarely runs through the centres of its pixels
    found: list[tuple[int, float]] = []
    while len(found) < TRIED and votes.any():
        slope, place = np.unravel_index(votes.argmax(), votes.shape)
        found.append((place - width // 2, SLOPES[slope]))
        shift, turn = np.arange(2 * width) - place, (SLOPES[:, None] - SLOPES[slope]) * height / 2
        votes[np.abs(shift + turn) + np.abs(shift - turn) < APART * max(edges.shape)] = 0
    return np.array(found, float).reshape(-1, 2).T


def _crossings(verticals: _Lines, horizontals: _Lines, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Where vertical lines cross horizontal ones: x and y, both of shape (verticals, horizontals)."""
    width, height = size
    place, slope = verticals.place[:, None], verticals.slope[:, None]
    y = (horizontals.place + horizontals.slope * (place - slope * height / 2 - width / 2)) / (
        1 - horizontals.slope * slope
    )
    return place + slope * (y - height / 2), y


def _pairs(lines: _Lines) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The indices of every pair of lines, the left one first."""
    order = np.argsort(lines.place, kind="stable")
    first, second = np.triu_indices(len(order), 1)
    return order[first], order[second]


def _possible(corners: Floats, lengths: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which quadrilaterals can be a painting on a wall.

    Args:
        corners: shape (..., 4, 2).
        lengths: of the left, right, top and bottom sides, shape (..., 4).
    """
    x, y = corners[..., 0], corners[..., 1]
    turned = (x[..., 0] < x[..., 1]) & (x[..., 3] < x[..., 2]) & (y[..., 0] < y[..., 3]) & (y[..., 1] < y[..., 2])
    room = APART * np.array(size)
    inside = ((corners >= -room) & (corners <= size + room)).all((-1, -2))
    area = np.abs((x * np.roll(y, 1, -1) - y * np.roll(x, 1, -1)).sum(-1)) / 2
    facing = np.sort(lengths.reshape(*lengths.shape[:-1], 2, 2), axis=-1)
    possible: NDArray[np.bool_] = (
        turned
        & inside
        & (area < LARGEST * size[0] * size[1])
        & (lengths.min(-1) > SHORTEST * min(size))
        & (facing[..., 0] > MOST_UNEQUAL * facing[..., 1]).all(-1)
    )
    return possible


def _distinct(corners: Floats, apart: float) -> list[Floats]:
    """The first of each group of nearly identical quadrilaterals."""
    kept: list[Floats] = []
    while len(corners) and len(kept) < MAX_VIEWS:
        kept.append(corners[0])
        corners = corners[np.abs(corners - corners[0]).max((-1, -2)) > apart]
    return kept


def _straightened(image: Image.Image, corners: Floats) -> Image.Image:
    """Rectify the quadrilateral with these corners, shape (4, 2), to a square."""
    ends = np.array([(0, 0), (1, 0), (1, 1), (0, 1)]) * VIEW_SIDE
    equations = [
        row
        for (x, y), (u, v) in zip(ends, corners, strict=True)
        for row in ((x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y))
    ]
    perspective = np.linalg.solve(np.array(equations), corners.ravel())
    return image.transform(
        (VIEW_SIDE, VIEW_SIDE), Image.Transform.PERSPECTIVE, perspective.tolist(), Image.Resampling.BILINEAR
    )
