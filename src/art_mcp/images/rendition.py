"""The small pictures that are kept of a painting."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from art_mcp.images.encoding import encode
from art_mcp.images.picture import Picture
from art_mcp.images.undecoded import ImageError
from art_mcp.painting import Rendition

THUMBNAIL_SIDE = 320
# Paint is full of fine texture: below 78 brushwork turns to wax, above 84 bytes grow faster than looks.
THUMBNAIL_QUALITY = 78
DISPLAY_QUALITY = 82
METHOD = 2
"""Of WebP: takes 34 ms for 1024 pixels where 4, the default, takes 80, for 5 % more bytes."""
# What `lighter` tries, where a large display picture is too heavy for an answer.
LIGHTER_QUALITIES = (74, 66, 58)


def render(picture: Picture, *, display_size: int = 1024) -> list[Rendition]:
    """A thumbnail (320 px) and a display picture, both by their longer side; nothing is enlarged.

    The same picture gives the same bytes. A picture read with a `max_side` below `display_size` stays at
    that. Takes a while: call it in a thread.

    Args:
        picture: from `read_picture`.
        display_size: the longer side of the display picture in pixels, at most.
    """
    display = bounded(picture.image, display_size, display_size)
    thumbnail = bounded(display, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return [
        Rendition("thumbnail", *thumbnail.size, _webp(thumbnail, THUMBNAIL_QUALITY)),
        Rendition("display", *display.size, _webp(display, DISPLAY_QUALITY)),
    ]


def opened(data: bytes) -> Image.Image:
    """The pixels of a rendition, RGB. Takes a while: call it in a thread.

    Raises:
        ImageError: it is not what was kept.
    """
    try:
        with Image.open(BytesIO(data), formats=["WEBP"]) as image:
            return image.convert("RGB")
    except Exception as error:  # decoders fail on broken bytes in every way there is
        raise ImageError("The kept picture is damaged.", "Load its collection again.") from error


def lighter(data: bytes, max_bytes: int) -> bytes:
    """A rendition as it is, or with less in it where it has more bytes. Takes a while: call it in a thread.

    Raises:
        ImageError: it is not what was kept.
    """
    return data if len(data) <= max_bytes else encode(opened(data), "WEBP", LIGHTER_QUALITIES, max_bytes).data


def bounded(image: Image.Image, width: int, height: int) -> Image.Image:
    """The picture in a frame of this many pixels, with its aspect; nothing is enlarged, no side vanishes."""
    scale = min(width / image.width, height / image.height)
    if scale >= 1:
        return image
    size = tuple(max(1, round(length * scale)) for length in image.size)
    return image.resize(size, Image.Resampling.LANCZOS)


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    # Metadata is emptied by name, since Pillow would otherwise copy what an image brings along.
    image.save(buffer, "WEBP", quality=quality, method=METHOD, icc_profile=b"", exif=b"", xmp=b"")
    return buffer.getvalue()
