"""Photos of paintings on walls, drawn plainly: enough to be found only by their parts."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageOps

SIZE = (800, 600)
STRAIGHT = ((250, 130), (590, 130), (590, 430), (250, 430))
ASKEW = ((230, 150), (560, 100), (590, 470), (200, 430))
CUT_OFF = ((430, 120), (860, 160), (870, 500), (420, 470))

Corners = tuple[tuple[float, float], ...]


def on_wall(painting: Image.Image, corners: Corners = ASKEW, *, stripes: bool = False) -> Image.Image:
    """A framed painting, the corners of whose frame are seen at these places, on a grainy or a striped wall."""
    rng = np.random.default_rng(3)
    _, x = np.mgrid[0 : SIZE[1], 0 : SIZE[0]]
    wall = np.array([150, 60, 50]) + rng.normal(0, 8, (SIZE[1], SIZE[0], 1)) + 0.05 * x[..., None]
    if stripes:
        wall += 40 * np.sign(np.sin(x / 9))[..., None]
    photo = Image.fromarray(np.clip(wall, 0, 255).astype(np.uint8))
    hung = ImageOps.expand(ImageOps.expand(painting, painting.width // 14, "#332211"), 6, "#c8a050")
    photo.paste(warped(hung, corners), (0, 0), warped(Image.new("L", hung.size, 255), corners))
    return photo


def warped(image: Image.Image, corners: Corners) -> Image.Image:
    """A picture of `SIZE` in which the corners of `image` are at these places."""
    ends = [(0, 0), (image.width, 0), (image.width, image.height), (0, image.height)]
    rows = []
    for (x, y), (u, v) in zip(corners, ends, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
    terms = np.linalg.solve(np.array(rows, float), np.array(ends, float).ravel())
    return image.transform(SIZE, Image.Transform.PERSPECTIVE, terms.tolist(), Image.Resampling.BICUBIC)


def jpeg(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
