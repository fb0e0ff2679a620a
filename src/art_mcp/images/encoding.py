"""Pictures as files that keep to a number of bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import NamedTuple

from PIL import Image

SMALLEST_SIDE = 64


class Encoded(NamedTuple):
    """A picture as a file, and its pixels a side."""

    data: bytes
    width: int
    height: int


def encode(image: Image.Image, form: str, qualities: Sequence[int], max_bytes: int) -> Encoded:
    """The picture at the first of these qualities that fits; if none does, with fewer pixels at the last.

    Args:
        form: JPEG or WEBP.
        qualities: as Pillow counts them, best first.

    Raises:
        ValueError: even a picture of 64 pixels is larger than `max_bytes`.
    """
    while True:
        for quality in qualities:
            buffer = BytesIO()
            # Metadata is emptied by name, since Pillow would otherwise copy what an image brings along.
            image.save(buffer, form, quality=quality, icc_profile=b"", exif=b"", xmp=b"", comment=b"")
            if buffer.tell() <= max_bytes:
                return Encoded(buffer.getvalue(), *image.size)
        if max(image.size) <= SMALLEST_SIDE:
            raise ValueError(f"no picture fits into {max_bytes} bytes")
        qualities = qualities[-1:]
        smaller = (max(1, image.width * 4 // 5), max(1, image.height * 4 // 5))
        image = image.resize(smaller, Image.Resampling.LANCZOS)
