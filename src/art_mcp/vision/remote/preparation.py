"""The files that are sent for pictures."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from PIL import Image

PREPROCESSING: Final = "p1"
"""Of `jpeg`: another file makes another vector, so a change there needs another number here."""

SHORT_SIDE, LONG_SIDE = 50, 1024
LONGEST_SIDE = 15_999
"""The narrowest limits are Azure's: "less than 16000" pixels, and in one of its messages at least 50."""


def jpeg(image: Image.Image) -> bytes:
    """The file that is sent for an RGB picture: at most 1024 pixels a side, unless the shorter one had less than
    50 then; a strip that is too long for that stands on white. Blocking.
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
    image.save(file, "JPEG", quality=90, comment=b"")  # the comment of a JPEG would be handed on
    return file.getvalue()


def harmless() -> bytes:
    """The file of a picture that nobody can refuse. Blocking."""
    from PIL import Image

    return jpeg(Image.radial_gradient("L").convert("RGB"))
