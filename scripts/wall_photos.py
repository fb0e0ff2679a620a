"""Synthetic photos of paintings on walls, as a phone takes them, made from pictures of the paintings.

A photo has a wall, a frame and sometimes a mat, a label and a part of a neighbouring painting; the
camera's angle, distance and tilt; uneven light, glare and a colour cast; blur, noise and JPEG. Everything is
drawn from the generator that is passed in, so the same seed gives the same photo.
"""

from __future__ import annotations

import io
from typing import NamedTuple

import numpy as np
from draw_sample import fractal
from PIL import Image, ImageFilter

LONG, SHORT = 960, 720
"""The photo's sides in pixels."""
WALL = 1400
"""The side of the piece of wall that is drawn, mirrored beyond its edges."""
PAINTING = 520
"""The painting's longer side on the wall."""
COVERED = (0.25, 0.7)
"""The painting's share of the photo's area, as far as it fits into it."""
TURN = 28.0
"""Degrees about the upright and the level axis, at most."""
TILT = 8.0
FOCAL = (0.75, 1.1)
"""The focal length in units of the photo's longer side: phones' main cameras."""

WALLS = ("#e9e6df", "#d8d3c8", "#b9b4aa", "#8d9089", "#5e666e", "#7a2b2b", "#2e4a3c", "#27364f", "#c9b48a", "#a7b7bd")
FRAMES = ("#b08a3c", "#8a6a2c", "#3a2414", "#5c3a1e", "#161412", "#e8e4da", "#9a9a96", "#6e5a40")
Array = np.ndarray


class Photo(NamedTuple):
    jpeg: bytes
    corners: Array
    """Of the painting in the photo, shape (4, 2), in pixels, clockwise from its upper left."""


def photograph(
    painting: Image.Image, neighbour: Image.Image, rng: np.random.Generator, *, cut_off: bool = False
) -> Photo:
    """One photo of a painting.

    Args:
        neighbour: another painting, part of which may be in the photo.
        cut_off: one or two sides of the painting are not in the photo, 5 to 20 % of it each.
    """
    scale = PAINTING / max(painting.size)
    wide, high = (round(side * scale) for side in painting.size)
    wall = _wall(rng)
    if rng.random() < 0.4:
        _hang_neighbour(wall, neighbour, (wide, high), rng)
    _hang(wall, painting.resize((wide, high), Image.Resampling.BICUBIC), (WALL // 2, WALL // 2), rng)
    if rng.random() < 0.35:
        _label(wall, (wide, high), rng)
    upright = high > wide if rng.random() < 0.85 else high <= wide
    size = (SHORT, LONG) if upright else (LONG, SHORT)
    homography, corners = _camera((wide, high), size, cut_off, rng)
    seen = _lit(_seen(wall, homography, size), corners, rng)
    return Photo(_developed(seen, rng), corners)


def _wall(rng: np.random.Generator) -> Array:
    """Plaster, wallpaper, bricks or boards, shape (WALL, WALL, 3), 0 to 255."""
    colour = _rgb(rng.choice(WALLS)) * rng.uniform(0.85, 1.1)
    y, x = np.mgrid[0:WALL, 0:WALL].astype(np.float32)
    grain = Image.fromarray(fractal(rng, (WALL // 2, WALL // 2), *rng.uniform(10, 100, 2)))
    tone = rng.uniform(0.01, 0.05) * np.asarray(grain.resize((WALL, WALL), Image.Resampling.BICUBIC))
    kind = rng.choice(["plaster", "plaster", "stripes", "damask", "bricks", "boards"])
    period = rng.uniform(30, 90)
    if kind == "stripes":
        tone += rng.uniform(0.04, 0.15) * np.sign(np.sin(2 * np.pi * x / period))
    elif kind == "damask":
        waves = np.sin(2 * np.pi * x / period) * np.sin(np.pi * y / period) + 0.5 * np.cos(4 * np.pi * x / period)
        tone += rng.uniform(0.05, 0.15) * np.tanh(3 * (waves + 0.3 * np.cos(4 * np.pi * y / period)))
    elif kind == "bricks":
        row = np.floor(y / period)
        across = (x + (row % 2) * period) / (2 * period)
        joint = (np.abs(y / period - row - 0.5) > 0.44) | (np.abs(across - np.floor(across) - 0.5) > 0.47)
        shade = rng.normal(0, 0.08, 9973)[((row * 131 + np.floor(across) * 17).astype(int)) % 9973]
        tone += np.where(joint, rng.choice([-0.25, 0.25]), shade)
    elif kind == "boards":
        board = np.floor(x / period / 2)
        tone += rng.normal(0, 0.07, 97)[board.astype(int) % 97] - 0.3 * (x / period / 2 - board < 0.03)
    wall: Array = np.clip(colour * (1 + tone[..., None]), 0, 255)
    return wall


def _hang(wall: Array, painting: Image.Image, centre: tuple[float, float], rng: np.random.Generator) -> None:
    """Put a painting with its mat, frame and shadow on the wall; its own middle stands at `centre`."""
    picture = np.asarray(painting.convert("RGB"), np.float32)
    unit = min(painting.size)
    if rng.random() < 0.2:  # a mat
        picture = _bordered(picture, int(unit * rng.uniform(0.05, 0.16)), rng.uniform(215, 245) * np.ones(3), 0, rng)
    if rng.random() < 0.92:
        width = int(unit * rng.uniform(0.03, 0.16))
        inner = int(width * rng.uniform(0, 0.35))
        picture = _bordered(picture, inner, _rgb(rng.choice(FRAMES)), 0.1, rng)
        picture = _bordered(picture, width - inner, _rgb(rng.choice(FRAMES)), 0.3, rng)
    high, wide = picture.shape[:2]
    left, top = int(centre[0] - wide / 2), int(centre[1] - high / 2)
    mask = Image.new("L", (WALL, WALL))
    drop, soft = rng.uniform(4, 22), rng.uniform(3, 14)
    mask.paste(255, (int(left + rng.uniform(-0.6, 0.6) * drop), int(top + drop), left + wide, int(top + high + drop)))
    shadow = np.asarray(mask.filter(ImageFilter.GaussianBlur(soft)), np.float32)[..., None] / 255
    wall *= 1 - rng.uniform(0.2, 0.6) * shadow
    y0, x0, y1, x1 = max(0, top), max(0, left), min(WALL, top + high), min(WALL, left + wide)
    wall[y0:y1, x0:x1] = picture[y0 - top : y1 - top, x0 - left : x1 - left]


def _bordered(picture: Array, width: int, colour: Array, relief: float, rng: np.random.Generator) -> Array:
    """A border of four mitred sides, the upper ones lit and the lower ones dark as `relief` says."""
    if width < 1:
        return picture
    high, wide = (side + 2 * width for side in picture.shape[:2])
    y, x = np.mgrid[0:high, 0:wide].astype(np.float32)
    edges = np.stack([y, wide - 1 - x, high - 1 - y, x])
    across = edges.min(0) / width  # 0 outside, 1 at the picture
    side = np.array([0.8, -0.3, -1.0, 0.5])[edges.argmin(0)]
    waves = np.sin(across * np.pi * rng.integers(1, 5) + rng.uniform(0, 3))
    tone = relief * (0.6 * side * waves + 0.4 * waves) + 0.2 * relief * fractal(rng, (high, wide), 9, 9, 3)
    framed: Array = np.clip(colour * (1 + tone[..., None]), 0, 255)
    framed[width:-width, width:-width] = picture
    return framed


def _hang_neighbour(wall: Array, painting: Image.Image, size: tuple[int, int], rng: np.random.Generator) -> None:
    scale = PAINTING / max(painting.size) * rng.uniform(0.6, 1)
    size_there = round(painting.width * scale), round(painting.height * scale)
    shown = painting.resize(size_there, Image.Resampling.BICUBIC)
    away = (size[0] + shown.width) / 2 + rng.uniform(130, 230)
    _hang(wall, shown, (WALL / 2 + rng.choice([-1, 1]) * away, WALL / 2 + rng.uniform(-80, 80)), rng)


def _label(wall: Array, size: tuple[int, int], rng: np.random.Generator) -> None:
    wide, high = int(rng.uniform(60, 110)), int(rng.uniform(35, 60))
    left = int(WALL / 2 + rng.choice([-1, 1]) * (size[0] / 2 + rng.uniform(150, 190)) - wide / 2)
    top = int(WALL / 2 + size[1] * rng.uniform(0.1, 0.45))
    wall[top : top + high, left : left + wide] = rng.uniform(220, 250)
    for line in range(top + 7, top + high - 6, 7):
        wall[line : line + 2, left + 6 : left + int(wide * rng.uniform(0.5, 0.92))] = 90


def _camera(
    painting: tuple[int, int], size: tuple[int, int], cut_off: bool, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Where on the wall each pixel looks, as a homography, and the painting's corners in the photo."""
    pitch, yaw = np.radians(rng.uniform(-TURN, TURN, 2))
    roll = np.radians(rng.uniform(-TILT, TILT))
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    about_z = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    turned = about_z @ about_x @ about_y
    focal = LONG * rng.uniform(*FOCAL)
    outline = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.array(painting) / 2
    wanted = rng.uniform(*COVERED) * size[0] * size[1]
    near, far = PAINTING * 0.7, PAINTING * 12.0
    for _ in range(40):  # the painting shrinks with the distance: first its area, then its extent
        distance = (near + far) / 2
        homography = np.diag([focal, focal, 1]) @ np.column_stack([turned[:, :2], [0, 0, distance]])
        corners = _mapped(homography, outline)
        extent = np.ptp(corners, axis=0)
        if _area(corners) > wanted or (extent > 0.97 * np.array(size)).any():
            near = distance
        else:
            far = distance
    room = np.array(size) - extent
    middle = room / 2 * (1 + np.clip(rng.normal(0, 0.6, 2), -0.97, 0.97))  # off centre, but all of it in the photo
    if cut_off:
        outside = rng.uniform(0.05, 0.2, 2) * extent
        at_edge = np.where(rng.random(2) < 0.5, -outside, room + outside)
        sides = rng.random(2) < 0.7
        sides[rng.integers(2)] = True
        middle = np.where(sides, at_edge, middle)
    shift = middle - corners.min(0)
    homography = np.array([[1, 0, shift[0]], [0, 1, shift[1]], [0, 0, 1]]) @ homography
    return np.linalg.inv(homography), corners + shift


def _mapped(homography: Array, points: Array) -> Array:
    projected = np.column_stack([points, np.ones(len(points))]) @ homography.T
    mapped: Array = projected[:, :2] / projected[:, 2:]
    return mapped


def _area(corners: Array) -> float:
    x, y = corners.T
    return float(abs(np.dot(x, np.roll(y, 1)) - np.dot(y, np.roll(x, 1)))) / 2


def _seen(wall: Array, homography: Array, size: tuple[int, int]) -> Array:
    """What the camera sees of the wall, which is mirrored at its edges."""
    wide = Image.fromarray(
        np.pad(np.clip(wall, 0, 255).astype(np.uint8), ((WALL, WALL), (WALL, WALL), (0, 0)), "reflect")
    )
    middle = np.array([[1, 0, 1.5 * WALL], [0, 1, 1.5 * WALL], [0, 0, 1]])
    terms = middle @ homography
    terms = (terms / terms[2, 2]).ravel()[:8].tolist()
    return np.asarray(wide.transform(size, Image.Transform.PERSPECTIVE, terms, Image.Resampling.BILINEAR), np.float32)


def _lit(seen: Array, corners: Array, rng: np.random.Generator) -> Array:
    """Uneven light, a spot of glare on the painting, a colour cast and an exposure."""
    high, wide = seen.shape[:2]
    y, x = np.mgrid[0:high, 0:wide] / LONG
    angle = rng.uniform(0, 2 * np.pi)
    falloff = rng.uniform(0, 0.7) * (np.cos(angle) * (x - x.mean()) + np.sin(angle) * (y - y.mean()))
    lamp = rng.uniform(-0.2, 1.2, 2) * (wide / LONG, high / LONG)
    pool = rng.uniform(0, 0.5) * np.exp(-((x - lamp[0]) ** 2 + (y - lamp[1]) ** 2) / rng.uniform(0.1, 0.5))
    lit = seen * (1 + falloff + pool - 0.15)[..., None]
    if rng.random() < 0.5:
        spot = (rng.dirichlet(np.ones(4)) @ corners) / LONG
        along, across = rng.uniform(0.02, 0.12, 2)
        turn = rng.uniform(0, np.pi)
        u, v = x - spot[0], y - spot[1]
        u, v = u * np.cos(turn) + v * np.sin(turn), v * np.cos(turn) - u * np.sin(turn)
        glare = np.exp(-((u / along) ** 2) - (v / across) ** 2)
        lit += rng.uniform(60, 220) * glare[..., None]
    warm = rng.normal(0, 0.1)
    cast = np.array([1 + warm, 1 + rng.normal(0, 0.03), 1 - warm])
    exposed = np.clip(lit * cast * rng.uniform(0.7, 1.2) / 255, 0, 1)
    developed: Array = np.clip(255 * exposed ** rng.uniform(0.8, 1.25), 0, 255)
    return developed


def _developed(light: Array, rng: np.random.Generator) -> bytes:
    """Blur of focus and of the hand, noise, JPEG."""
    image = Image.fromarray(light.astype(np.uint8))
    image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.3, 2.6)))
    if rng.random() < 0.4:
        pixels = np.asarray(image, np.float32)
        length, turn = rng.integers(4, 15), rng.uniform(0, np.pi)
        steps = [(round(np.sin(turn) * k), round(np.cos(turn) * k)) for k in range(length)]
        image = Image.fromarray((sum(np.roll(pixels, step, (0, 1)) for step in steps) / length).astype(np.uint8))
    pixels = np.asarray(image, np.float32)
    noise = rng.normal(0, rng.uniform(1, 10), pixels.shape) * np.sqrt(0.3 + pixels / 255)
    buffer = io.BytesIO()
    Image.fromarray(np.clip(pixels + noise, 0, 255).astype(np.uint8)).save(
        buffer, "JPEG", quality=int(rng.integers(40, 91))
    )
    return buffer.getvalue()


def _rgb(colour: str) -> Array:
    return np.array([int(colour[k : k + 2], 16) for k in (1, 3, 5)], np.float32)
