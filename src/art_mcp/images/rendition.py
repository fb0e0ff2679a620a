"""Renditions: the thumbnail and the display picture that are stored for a painting."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from art_mcp.images.encoding import encode
from art_mcp.images.picture import Picture
from art_mcp.images.undecoded import ImageError
from art_mcp.painting import Rendition

THUMBNAIL_SIDE = 320
# WebP quality. Paint has fine texture: below 78 brushwork looks waxy, above 84 size grows faster than quality.
THUMBNAIL_QUALITY = 78
DISPLAY_QUALITY = 82
METHOD = 2
"""WebP effort: 34 ms for 1024 pixels, where the default of 4 takes 80 ms; costs 5 % more bytes."""
# Tried by `lighter` when a display picture is too large for a response.
LIGHTER_QUALITIES = (74, 66, 58)


def render(picture: Picture, *, display_size: int = 1024) -> list[Rendition]:
    """Encode a thumbnail (longer side 320 px) and a display picture; nothing is enlarged.

    Deterministic. A picture read with a `max_side` below `display_size` keeps that size. CPU-bound: call it in a
    thread.

    Args:
        picture: from `read_picture`.
        display_size: maximum of the display picture's longer side in pixels.
    """
    display = bounded(picture.image, display_size, display_size)
    thumbnail = bounded(display, THUMBNAIL_SIDE, THUMBNAIL_SIDE)
    return [
        Rendition("thumbnail", *thumbnail.size, _webp(thumbnail, THUMBNAIL_QUALITY)),
        Rendition("display", *display.size, _webp(display, DISPLAY_QUALITY)),
    ]


def opened(data: bytes) -> Image.Image:
    """Decode a rendition to RGB. CPU-bound: call it in a thread.

    Raises:
        ImageError: it is damaged.
    """
    try:
        with Image.open(BytesIO(data), formats=["WEBP"]) as image:
            return image.convert("RGB")
    except Exception as error:  # decoders raise anything on damaged bytes
        raise ImageError("The stored picture is damaged.", "Load its collection again.") from error


def lighter(data: bytes, max_bytes: int) -> bytes:
    """Return a rendition unchanged, or re-encoded if it exceeds `max_bytes`. CPU-bound: call it in a thread.

    Raises:
        ImageError: it is damaged.
    """
    return data if len(data) <= max_bytes else encode(opened(data), "WEBP", LIGHTER_QUALITIES, max_bytes).data


def bounded(image: Image.Image, width: int, height: int) -> Image.Image:
    """Scale down to fit a frame in pixels, keeping the aspect ratio; never enlarges, and no side becomes 0."""
    scale = min(width / image.width, height / image.height)
    if scale >= 1:
        return image
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    return image.resize(size, Image.Resampling.LANCZOS)


def _webp(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    # Emptied explicitly, since Pillow would otherwise copy the source's metadata.
    image.save(buffer, "WEBP", quality=quality, method=METHOD, icc_profile=b"", exif=b"", xmp=b"")
    return buffer.getvalue()
