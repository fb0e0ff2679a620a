"""The small pictures that are kept of a painting."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from art_mcp.images.picture import Picture
from art_mcp.painting import Rendition

THUMBNAIL_SIDE = 320
# Paint is full of fine texture: below 78 brushwork turns to wax, above 84 bytes grow faster than looks.
THUMBNAIL_QUALITY = 78
DISPLAY_QUALITY = 82


def render(picture: Picture, *, display_size: int = 1024) -> list[Rendition]:
    """A thumbnail (320 px) and a display picture, both by their longer side; nothing is enlarged.

    The same picture gives the same bytes. A picture read with a `max_side` below `display_size` stays at
    that. Takes a while: call it in a thread.

    Args:
        picture: from `read_picture`.
        display_size: the longer side of the display picture in pixels, at most.
    """
    display = _bounded(picture.image, display_size)
    thumbnail = _bounded(display, THUMBNAIL_SIDE)
    return [
        Rendition("thumbnail", *thumbnail.size, _webp(thumbnail, THUMBNAIL_QUALITY)),
        Rendition("display", *display.size, _webp(display, DISPLAY_QUALITY)),
    ]


def _bounded(image: Image.Image, side: int) -> Image.Image:
    if max(image.size) <= side:
        return image
    scale = side / max(image.size)
    size = tuple(max(1, round(length * scale)) for length in image.size)
    return image.resize(size, Image.Resampling.LANCZOS)


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    # Metadata is emptied by name, since Pillow would otherwise copy what an image brings along.
    image.save(buffer, "WEBP", quality=quality, method=4, icc_profile=b"", exif=b"", xmp=b"")
    return buffer.getvalue()
