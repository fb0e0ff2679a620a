"""Decides whether two pictures show the same painting, from small grey copies of them: no model is involved.

Embeddings cannot decide it. A recompressed copy of a painting can be less similar to it, in an embedding space, than
another painting. The copies are aligned instead, and compared without their coarse tones, which photographers change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats: TypeAlias = NDArray[np.float32]

SIDE = 32
"""Pixels per side of a fingerprint, whatever the picture's aspect ratio."""
FINGERPRINT_BYTES = SIDE * SIDE
SAME = 0.95
"""Minimum likeness of two pictures of one painting. Of 79,799 pairs of different things, the most alike have 0.80, and
two photographs of one painting among them have 0.99 (`scripts/eval_copies.py`)."""
PLAIN = 4.0
"""Minimum standard deviation of the fine grey tones of a fingerprint, of 255: less is noise, which any two plain
pictures could share."""
WORTH_ALIGNING = 0.4
"""Minimum correlation before the alignment; it saves the time for pictures that obviously differ."""

_STEPS = 10
_MAX_STEP = 0.1
_DAMPING = 0.01
_MIN_OVERLAP = 0.6
_MIN_GAIN = 0.001
_EARLY, _HOPELESS = 3, 0.5
_RADIUS = 5
"""Pixels; tones that vary over more than about twice this are coarse."""

_Y, _X = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
_U, _V = ((place - (SIDE - 1) / 2) / (SIDE / 2) for place in (_X, _Y))
_ONE = np.ones_like(_U)


def _box() -> Floats:
    """The matrix that takes the mean of up to `_RADIUS` neighbours on each side in a row; its edges continue."""
    near = np.arange(SIDE)[:, None] + np.arange(-_RADIUS, _RADIUS + 1)
    mean: Floats = np.eye(SIDE, dtype=np.float32)[near.clip(0, SIDE - 1)].mean(1)
    return mean


_AROUND = _box()


def fingerprint(image: Image.Image) -> bytes | None:
    """A grey copy of `SIDE` x `SIDE` pixels, one byte each; None for a picture that is too plain to be recognised."""
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    return small.tobytes() if float(_fine(_read(small.tobytes())).std()) >= PLAIN else None


def likeness(one: bytes, other: bytes) -> float:
    """The correlation of the fine tones of two fingerprints where they overlap once they are aligned, up to 1.

    Below `WORTH_ALIGNING` it is the correlation without alignment. Takes about 1 ms, or 0.05 ms if it stays below.
    """
    first, second = _read(one), _read(other)
    rough = _correlation(first, second)
    if rough < WORTH_ALIGNING:
        return rough
    # The smaller cut-out lies within the larger one, but not the other way round.
    found = _aligned(first, second)
    return found if found >= SAME or found < _HOPELESS else max(found, _aligned(second, first))


def _read(fingerprint: bytes) -> Floats:
    return np.frombuffer(fingerprint, np.uint8).reshape(SIDE, SIDE).astype(np.float32)


def _aligned(fixed: Floats, moving: Floats) -> float:
    """Shift, scale, shear and turn `moving` by Gauss-Newton steps until it matches `fixed`, and compare them.

    Every step also fits a gain and a sloped offset of the tones, since photographs differ in exposure and light.
    """
    down, right = np.gradient(moving)
    layers = np.stack([moving, right * SIDE / 2, down * SIDE / 2])
    fine, place = _fine(fixed), np.zeros(6, np.float32)
    best = -1.0
    for step in range(_STEPS):
        x = _X + (place[0] + place[1] * _U + place[2] * _V) * SIDE / 2
        y = _Y + (place[3] + place[4] * _U + place[5] * _V) * SIDE / 2
        inside = (x >= 0) & (x <= SIDE - 1) & (y >= 0) & (y <= SIDE - 1)
        if inside.mean() < _MIN_OVERLAP:
            break
        moved, dx, dy = _sampled(layers, x, y)
        columns = [dx, dx * _U, dx * _V, dy, dy * _U, dy * _V, moved, _ONE, _U, _V]
        slopes = np.stack([column[inside] for column in columns], axis=1)
        found = _correlation(fine[inside], _fine(moved)[inside])
        if step and (found < best + _MIN_GAIN or (step == _EARLY and found < _HOPELESS)):
            return max(found, best)
        best = max(found, best)
        normal = slopes.T @ slopes
        normal[np.diag_indices(len(normal))] *= 1 + _DAMPING
        normal[np.diag_indices(len(normal))] += 1e-6
        fit = np.linalg.solve(normal, slopes.T @ fixed[inside])
        if fit[6] <= 0:
            break
        place += np.clip(fit[:6] / fit[6], -_MAX_STEP, _MAX_STEP)
    return best


def _sampled(layers: Floats, x: Floats, y: Floats) -> Floats:
    """Interpolate layers, shape (n, SIDE, SIDE), at these places; outside, their edges continue."""
    x, y = x.clip(0, SIDE - 1), y.clip(0, SIDE - 1)
    left, top = np.minimum(x.astype(np.intp), SIDE - 2), np.minimum(y.astype(np.intp), SIDE - 2)
    fx, fy = (x - left).astype(np.float32), (y - top).astype(np.float32)
    # From flat layers, `take` needs a quarter of the time that indexing by row and column does.
    flat, at = layers.reshape(len(layers), -1), top * SIDE + left
    upper = flat.take(at, 1) * (1 - fx) + flat.take(at + 1, 1) * fx
    lower = flat.take(at + SIDE, 1) * (1 - fx) + flat.take(at + SIDE + 1, 1) * fx
    return (upper * (1 - fy) + lower * fy).astype(np.float32, copy=False)


def _fine(grey: Floats) -> Floats:
    """Remove the coarse tones: the mean of the neighbourhood of each pixel."""
    return grey - (_AROUND @ grey @ _AROUND.T).astype(np.float32, copy=False)


def _correlation(one: Floats, other: Floats) -> float:
    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / (np.sqrt((one * one).sum() * (other * other).sum()) + 1e-6))
