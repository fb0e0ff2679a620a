"""Renditions: the thumbnail and the display picture that are stored for a painting."""

from __future__ import annotations

from io import BytesIO

from PIL import Image

from art_mcp.images import normal
from art_mcp.images.encoding import encode
from art_mcp.images.picture import Picture
from art_mcp.images.undecoded import ImageError
from art_mcp.painting import Rendition

THUMBNAIL_SIDE = 320
# JPEG quality. WebP takes 30 % fewer bytes, but ten times as long: longer than all else that loading a picture needs.
THUMBNAIL_QUALITY = 80
DISPLAY_QUALITY = 85
STORED_FORMATS = {"JPEG": "jpg", "WEBP": "webp"}
"""Formats of renditions, and their suffixes; older versions stored WebP."""
# Tried by `as_jpeg` when a display picture is too large for a response, or stored as WebP.
LIGHTER_QUALITIES = (85, 78, 70, 60)


def render(picture: Picture, *, display_size: int = 1024) -> list[Rendition]:
    """Encode a thumbnail (longer side 320 px) and a display picture; nothing is enlarged.

    Deterministic. A picture read with a `max_side` below `display_size` keeps that size. CPU-bound: call it in a
    thread.

    Args:
        picture: from `read_picture`.
        display_size: maximum of the display picture's longer side in pixels.
    """
    display = bounded(picture.image, display_size)
    thumbnail = bounded(display, THUMBNAIL_SIDE)
    return [
        Rendition("thumbnail", *thumbnail.size, _jpeg(thumbnail, THUMBNAIL_QUALITY)),
        Rendition("display", *display.size, _jpeg(display, DISPLAY_QUALITY)),
    ]


def opened(data: bytes, *, at_least: int | None = None) -> Image.Image:
    """Decode a rendition to RGB. CPU-bound: call it in a thread.

    Args:
        at_least: pixels of the shorter side that suffice. A JPEG that has 2, 4 or 8 times as many is decoded to half, a
            quarter or an eighth of its sides, which takes as little as a fifth of the time.

    Raises:
        ImageError: it is damaged.
    """
    try:
        with Image.open(BytesIO(data), formats=list(STORED_FORMATS)) as image:
            if at_least:
                image.draft("RGB", (at_least, at_least))
            return image.convert("RGB")
    except Exception as error:  # decoders raise anything on damaged bytes
        raise ImageError("The stored picture is damaged.", "Load its collection again.") from error


def suffix(data: bytes) -> str:
    """The suffix of a file name for a rendition."""
    return STORED_FORMATS["WEBP" if data[:4] == b"RIFF" else "JPEG"]


def as_jpeg(data: bytes, max_bytes: int) -> bytes:
    """Return a rendition unchanged, or re-encoded if it is WebP or exceeds `max_bytes`. CPU-bound: call it in a thread.

    Raises:
        ImageError: it is damaged.
    """
    if suffix(data) == "jpg" and len(data) <= max_bytes:
        return data
    return encode(opened(data), "JPEG", LIGHTER_QUALITIES, max_bytes).data


def mean_colour(data: bytes) -> str | None:
    """The mean colour of a rendition, e.g. `#7a6b52`; None if it is damaged. CPU-bound: call it in a thread."""
    try:
        return "#" + opened(data, at_least=1).resize((1, 1), Image.Resampling.BOX).tobytes().hex()
    except ImageError:
        return None


def bounded(image: Image.Image, max_side: int) -> Image.Image:
    """Scale down until no side is longer than `max_side` pixels, keeping the aspect ratio; never enlarges."""
    size = normal.bounded(image.size, max_side)
    return image if size == image.size else image.resize(size, Image.Resampling.LANCZOS)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    buffer = BytesIO()
    # Emptied explicitly, since Pillow would otherwise copy the source's metadata.
    image.save(buffer, "JPEG", quality=quality, icc_profile=b"", exif=b"", xmp=b"", comment=b"")
    return buffer.getvalue()
