"""Distorts pictures as casual photos and small copies do."""

from __future__ import annotations

import hashlib
from io import BytesIO
from typing import TYPE_CHECKING

from art_mcp.evaluation.question import Kind
from art_mcp.images.picture import read_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    from art_mcp.images.picture import Picture

KEPT = 0.6
"""Fraction of each side that a crop keeps, so that 36 % of the picture is left."""
TURNED = 6.0
"""Degrees by which a picture is tilted, to either side; 80 % of each side is kept."""
COLOUR, CONTRAST, BRIGHTNESS = 0.3, 0.7, 1.2
"""Factors of a faded picture."""
SMALL = 96
"""Longer side of a small picture in pixels."""
QUALITY = 50
"""JPEG quality of all distorted pictures."""


def distorted(kind: Kind, picture: Picture) -> Picture:
    """A distorted copy, the same one each time; where it is cropped depends on the picture. CPU-bound.

    Args:
        kind: one of `PICTURES`.
    """
    digest = hashlib.sha256(kind.value.encode() + picture.sha256).digest()
    x, y = digest[0] / 255, digest[1] / 255
    buffer = BytesIO()
    _changed(kind, picture.image, x, y).save(buffer, "JPEG", quality=QUALITY)
    return read_picture(buffer.getvalue(), name=f"The {kind}")


def _changed(kind: Kind, image: Image, x: float, y: float) -> Image:
    from PIL import Image as images
    from PIL import ImageEnhance

    match kind:
        case Kind.CROP:
            return _part(image, KEPT, x, y)
        case Kind.TILT:
            turned = image.rotate(TURNED if x < 0.5 else -TURNED, images.Resampling.BICUBIC)
            return _part(turned, 0.8, 0.5, 0.5)
        case Kind.FADE:
            faded = ImageEnhance.Contrast(ImageEnhance.Color(image).enhance(COLOUR)).enhance(CONTRAST)
            return ImageEnhance.Brightness(faded).enhance(BRIGHTNESS)
        case Kind.SMALL:
            small = image.copy()
            small.thumbnail((SMALL, SMALL))
            return small
        case _:
            raise ValueError(kind)


def _part(image: Image, kept: float, x: float, y: float) -> Image:
    """A part with this fraction of each side, at a place from (0, 0), the upper left, to (1, 1)."""
    width, height = round(kept * image.width), round(kept * image.height)
    left, top = round(x * (image.width - width)), round(y * (image.height - height))
    return image.crop((left, top, left + width, top + height))
