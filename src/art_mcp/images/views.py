"""Paintings in a photo of a wall: where they are, and how each looks from straight in front.

A painting and its frame have straight edges that end where they meet, unlike those of bricks and wallpaper. So
straight lines are searched (a Hough transform of the gradient), and of all quadrilaterals between two upright and
two level ones those are taken whose sides lie on edges and stop at the corners.
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
"""More find no more paintings: with 4 of them 96.0 % of the photos are answered right, with 8 96.2 %, with 12 97.0 %,
with 16 96.8 % (scripts/wall_photos.py makes the photos)."""
VIEW_SIDE = 448
"""Twice what networks look at, in pixels."""

SIDE = 256
"""The longer side, in pixels, of what lines are searched in: enough for edges, too little for canvas and grain."""
SMALLEST = 32
"""A shorter side below this shows nothing."""
BLUR = 1.25
HALF = 8.0
"""The gradient, in grey values a pixel, that is half an edge: a strong edge counts little more than a clear one."""
TRIED = 48
"""Lines in each direction of which it is seen whether they may be sides, at parts of them between so many points."""
STEPS = 17
THROUGH = 0.9
"""Of the photo: what is longer than this runs through it, and is no side."""
LINES = 14
"""Lines in each direction of which any two are tried as sides."""
SLOPES = np.linspace(-0.56, 0.56, 57)
"""Pixels aside for each pixel along: a camera turned by 28 degrees and tilted by 8 sees edges as slanting as that."""
APART = 0.035
"""Of the longer side: lines, and corners, that are closer are the same."""
BORDER = 0.25
"""What the photo's own borders count as edges: a painting may be cut off by them."""
SHORTEST = 0.25
"""A side of a painting, of the photo's shorter side."""
LARGEST = 0.95
"""A painting's area, of the photo's: what is larger is the photo."""
MOST_UNEQUAL = 0.5
"""A side, of the one that faces it."""
BEYOND = 0.12
"""How far a side is followed beyond its corners, of its length: an edge that goes on is not a side's."""


def views(picture: Picture) -> list[Picture]:
    """What may be a painting in a picture, seen from straight in front, the likeliest first.

    The same picture gives the same views. Takes 0.1 s: call it in a thread.

    Returns:
        At most `MAX_VIEWS`, each squashed to `VIEW_SIDE` x `VIEW_SIDE`; none where no straight edges are.
    """
    small = _small(picture.image)
    if min(small.size) < SMALLEST:
        return []
    scale = np.array(picture.image.size) / small.size
    return [
        replace(
            picture,
            image=_straightened(picture.image, corners * scale),
            sha256=hashlib.sha256(picture.sha256 + bytes([number])).digest(),  # no view is the picture, nor another
            width=VIEW_SIDE,
            height=VIEW_SIDE,
        )
        for number, corners in enumerate(_quadrilaterals(small)[:MAX_VIEWS])
    ]


class _Lines(NamedTuple):
    """Upright lines in a picture, from its top to its bottom, or level ones in the picture turned over its diagonal."""

    place: Floats
    """Where each is in the middle of its way, shape (n,)."""
    slope: Floats
    found: Floats
    """How much edge lies on each up to a point of its way, shape (n, length + 1)."""

    @classmethod
    def on(cls, edges: Floats, lines: Floats) -> _Lines:
        """Args: lines: places and slopes, shape (2, n)."""
        place, slope = lines
        height, width = edges.shape
        rows = np.arange(height)
        columns = np.round(place[:, None] + slope[:, None] * (rows - height / 2)).astype(int)
        padded = np.pad(edges, ((0, 0), (1, 1)))
        near = np.max([padded[rows, np.clip(columns, 0, width - 1) + aside] for aside in (0, 1, 2)], axis=0)
        near[(columns < 0) | (columns >= width)] = 0
        return cls(place, slope, np.pad(np.cumsum(near, axis=1), ((0, 0), (1, 0))))

    def sides(self, crossings: Floats) -> tuple[Floats, Floats]:
        """How much of an edge each part of a line is, -1 to 1, and its length in pixels.

        Args:
            crossings: where on their way the lines meet those of the other direction, shape (n, m).

        Returns:
            Both of shape (n, m, m), for the part between two of them.
        """
        start = np.minimum(crossings[:, :, None], crossings[:, None, :])
        end = np.maximum(crossings[:, :, None], crossings[:, None, :])
        length = end - start
        beyond = np.maximum(BEYOND * length, 4)
        edge = self._between(start, end) / np.maximum(length, 1)
        # From 2 pixels on, since blur carries an edge across its end.
        outside = self._between(start - 2 - beyond, start - 2) + self._between(end + 2, end + 2 + beyond)
        return edge - outside / (2 * beyond), length

    def _between(self, start: Floats, end: Floats) -> Floats:
        rows = np.arange(len(self.place))[:, None, None]
        last = self.found.shape[1] - 1
        upto = [self.found[rows, np.clip(np.round(point), 0, last).astype(int)] for point in (start, end)]
        return upto[1] - upto[0]


def _small(image: Image.Image) -> Image.Image:
    scale = SIDE / max(image.size)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    small = image.resize(size, Image.Resampling.BICUBIC, reducing_gap=2.0)
    return small.filter(ImageFilter.GaussianBlur(BLUR))


def _quadrilaterals(small: Image.Image) -> list[Floats]:
    """Corners of what may be paintings, each of shape (4, 2), clockwise from the upper left, the likeliest first."""
    across, down = _gradients(small)
    uprights, levels = _lines(_edges(across, down)), _lines(_edges(down.T, across.T))
    x, y = _crossings(uprights, levels, small.size)
    upright_edge, upright_length = uprights.sides(y)
    level_edge, level_length = levels.sides(x.T)
    upright_edge[-2:] = level_edge[-2:] = BORDER
    # Every two upright lines with every two level ones, those in rows and these in columns.
    left, right = (pair[:, None] for pair in _pairs(uprights))
    top, bottom = (pair[None, :] for pair in _pairs(levels))
    corners = np.stack(
        [
            np.stack([along[a, b] for a, b in ((left, top), (right, top), (right, bottom), (left, bottom))], -1)
            for along in (x, y)
        ],
        -1,
    )
    sides = ((left, top, bottom), (right, top, bottom)), ((top, left, right), (bottom, left, right))
    lengths = np.stack(
        [table[at] for table, two in zip((upright_length, level_length), sides, strict=True) for at in two], -1
    )
    edges = np.stack(
        [table[at] for table, two in zip((upright_edge, level_edge), sides, strict=True) for at in two], -1
    )
    likely = _possible(corners, lengths, small.size)
    corners, edges = corners[likely], edges[likely]
    return _distinct(corners[np.argsort(-(edges.mean(-1) + edges.min(-1)), kind="stable")], APART * max(small.size))


def _gradients(image: Image.Image) -> tuple[Floats, Floats]:
    """How much the colour changes at each pixel, to the right and downwards, both of shape (height, width)."""
    pixels = 16 * np.sqrt(np.asarray(image, np.float32))  # light changes dark colours and bright ones alike
    across, down = np.zeros_like(pixels), np.zeros_like(pixels)
    across[:, 1:-1] = pixels[:, 2:] - pixels[:, :-2]
    down[1:-1] = pixels[2:] - pixels[:-2]
    return np.linalg.norm(across, axis=-1), np.linalg.norm(down, axis=-1)


def _edges(across: Floats, along: Floats) -> Floats:
    """How much of an upright edge each pixel is, 0 to 1: where the colour changes most, and more across than along."""
    crest = across > along
    crest[:, 1:] &= across[:, 1:] >= across[:, :-1]
    crest[:, :-1] &= across[:, :-1] >= across[:, 1:]
    return np.where(crest, across / (across + HALF), 0)


def _lines(edges: Floats) -> _Lines:
    """The upright lines that may be sides, and at the end the picture's left and right border."""
    height, width = edges.shape
    tried = _Lines.on(edges, _voted(edges))
    # Stripes and boards are the longest lines of all, but they run through the whole photo.
    points = np.broadcast_to(np.linspace(0, height, STEPS), (len(tried.place), STEPS))
    edge, length = tried.sides(points)
    side = np.where(length < THROUGH * height, edge * length, 0).max((1, 2))
    best = np.argsort(-side, kind="stable")[:LINES]
    return _Lines.on(edges, np.stack([[*tried.place[best], 0, width - 1], [*tried.slope[best], 0, 0]]))


def _voted(edges: Floats) -> Floats:
    """Places and slopes of the upright lines that most edges lie on, shape (2, n)."""
    height, width = edges.shape
    rows, columns = np.nonzero(edges > 0.15)
    # Each pixel votes for every line through it: one row of votes for each slope, from -width / 2 to 1.5 width.
    places = np.round(columns - SLOPES[:, None] * (rows - height / 2)).astype(int) + width // 2
    numbers = places + 2 * width * np.arange(len(SLOPES))[:, None]
    inside = (places >= 0) & (places < 2 * width)
    weights = np.broadcast_to(edges[rows, columns], places.shape)
    single = np.bincount(numbers[inside], weights[inside], 2 * width * len(SLOPES)).reshape(len(SLOPES), -1)
    votes = single.astype(float)  # of no pixels at all they are counts
    votes[:, 1:-1] += 0.5 * (single[:, :-2] + single[:, 2:])  # a line seldom runs through the middle of its pixels
    found = []
    while len(found) < TRIED and votes.any():
        slope, place = np.unravel_index(votes.argmax(), votes.shape)
        found.append((place - width // 2, SLOPES[slope]))
        shift, turn = np.arange(2 * width) - place, (SLOPES[:, None] - SLOPES[slope]) * height / 2
        votes[np.abs(shift + turn) + np.abs(shift - turn) < APART * max(edges.shape)] = 0
    return np.array(found, float).reshape(-1, 2).T


def _crossings(uprights: _Lines, levels: _Lines, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Where upright lines meet level ones: x and y, both of shape (uprights, levels)."""
    width, height = size
    place, slope = uprights.place[:, None], uprights.slope[:, None]
    y = (levels.place + levels.slope * (place - slope * height / 2 - width / 2)) / (1 - levels.slope * slope)
    return place + slope * (y - height / 2), y


def _pairs(lines: _Lines) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Any two of the lines, the first of them nearer to the left."""
    order = np.argsort(lines.place, kind="stable")
    first, second = np.triu_indices(len(order), 1)
    return order[first], order[second]


def _possible(corners: Floats, lengths: Floats, size: tuple[int, int]) -> NDArray[np.bool_]:
    """Which quadrilaterals a painting on a wall can be.

    Args:
        corners: shape (..., 4, 2).
        lengths: of the left, right, upper and lower side, shape (..., 4).
    """
    x, y = corners[..., 0], corners[..., 1]
    turned = (x[..., 0] < x[..., 1]) & (x[..., 3] < x[..., 2]) & (y[..., 0] < y[..., 3]) & (y[..., 1] < y[..., 2])
    room = APART * np.array(size)
    inside = ((corners >= -room) & (corners <= size + room)).all((-1, -2))
    area = np.abs((x * np.roll(y, 1, -1) - y * np.roll(x, 1, -1)).sum(-1)) / 2
    facing = np.sort(lengths.reshape(*lengths.shape[:-1], 2, 2), axis=-1)
    return (
        turned
        & inside
        & (area < LARGEST * size[0] * size[1])
        & (lengths.min(-1) > SHORTEST * min(size))
        & (facing[..., 0] > MOST_UNEQUAL * facing[..., 1]).all(-1)
    )


def _distinct(corners: Floats, apart: float) -> list[Floats]:
    """The first of all quadrilaterals that are nearly the same."""
    kept: list[Floats] = []
    while len(corners) and len(kept) < MAX_VIEWS:
        kept.append(corners[0])
        corners = corners[np.abs(corners - corners[0]).max((-1, -2)) > apart]
    return kept


def _straightened(image: Image.Image, corners: Floats) -> Image.Image:
    """The quadrilateral with these corners, shape (4, 2), as a square."""
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
