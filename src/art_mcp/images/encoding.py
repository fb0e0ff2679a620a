"""Encodes pictures within a size limit."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from PIL import Image

SMALLEST_SIDE = 64


class Encoded(NamedTuple):
    """An encoded picture, and its size in pixels."""

    data: bytes
    width: int
    height: int


def encode(image: Image.Image, form: str, qualities: Sequence[int], max_bytes: int) -> Encoded:
    """Encode at the best quality that fits into `max_bytes`; if none fits, shrink the picture at the lowest.

    Args:
        form: JPEG, or another that Pillow encodes with a quality.
        qualities: on Pillow's scale, best first.

    Raises:
        ValueError: the picture does not fit even at 64 pixels.
    """
    while len((encoded := encode_whole(image, form, qualities, max_bytes)).data) > max_bytes:
        if max(image.size) <= SMALLEST_SIDE:
            raise ValueError(f"no picture fits into {max_bytes} bytes")
        qualities = qualities[-1:]
        smaller = (max(1, image.width * 4 // 5), max(1, image.height * 4 // 5))
        image = image.resize(smaller, Image.Resampling.LANCZOS)
    return encoded


def encode_whole(image: Image.Image, form: str, qualities: Sequence[int], max_bytes: int) -> Encoded:
    """Encode at full size, at the best quality that fits into `max_bytes`, or at the lowest if none fits."""
    for quality in qualities:
        buffer = BytesIO()
        last = quality == qualities[-1]  # a progressive JPEG is 5 % smaller, but takes six times as long
        # Emptied explicitly, since Pillow would otherwise copy the source's metadata.
        image.save(buffer, form, quality=quality, progressive=last, icc_profile=b"", exif=b"", xmp=b"", comment=b"")
        if buffer.tell() <= max_bytes:
            break
    return Encoded(buffer.getvalue(), *image.size)
