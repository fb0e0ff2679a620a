"""Pictures as the files that are sent to a service."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

PREPROCESSING: Final = "p1"
"""The version of `jpeg`. Increase it with every change there, since a different file has a different vector."""

SHORT_SIDE, LONG_SIDE = 50, 1024
LONGEST_SIDE = 15_999
"""Sides in pixels. Azure has the tightest limits: "less than 16000" and, in one of its messages, at least 50."""


def jpeg(image: Image.Image) -> bytes:
    """Encode an RGB picture for a service. Blocking.

    The longer side is reduced to 1024 pixels, or to as many as leave the shorter side 50. A strip that is too long for
    that is centred on a white background.
    """
    from PIL import Image

    longer, shorter = max(image.size), min(image.size)
    scale = min(max(min(1.0, LONG_SIDE / longer), SHORT_SIDE / shorter), LONGEST_SIDE / longer)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    canvas = max(SHORT_SIDE, size[0]), max(SHORT_SIDE, size[1])
    if canvas != size:
        strip, image = image, Image.new("RGB", canvas, "white")
        image.paste(strip, ((canvas[0] - size[0]) // 2, (canvas[1] - size[1]) // 2))
    file = BytesIO()
    image.save(file, "JPEG", quality=90, comment=b"")  # a JPEG's own comment would be copied
    return file.getvalue()


def harmless() -> bytes:
    """A file that every service accepts as a picture. Blocking."""
    from PIL import Image

    return jpeg(Image.radial_gradient("L").convert("RGB"))
