"""The picture that a chat shows: a stored rendition, or a region of it for detail."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from PIL import Image

from art_mcp.images.encoding import Encoded, encode
from art_mcp.images.rendition import bounded, opened
from art_mcp.images.undecoded import ImageError

QUALITIES = (88, 80, 70, 60)
SMALLEST_REGION = 0.02
"""Fraction of a side; a smaller region has too few pixels to show anything."""
LONGEST = 200
"""Maximum characters of a region's four numbers."""
KEPT_DECODED = 2
"""Pictures of which a region was shown last, since others of the same usually follow: a person who looks closer gets it
in tiles. Each takes 64 MB at the largest display size, 4 MB at the default one."""
FINER = 2
"""Times as many pixels per side as are shown suffice to scale down from."""
BY_EXAMPLE = "Give x,y,width,height as fractions from the upper left corner: 0.5,0,0.5,1 is the right half."


@dataclass(frozen=True, slots=True)
class Region:
    """A part of a picture, in fractions of its width and height from the upper left corner."""

    x: float
    y: float
    width: float
    height: float

    @classmethod
    def parse(cls, text: str) -> Region:
        """Parse `x,y,width,height`, each 0 to 1.

        Raises:
            ImageError: the form is wrong, or the region extends beyond the picture or is too small.
        """
        said = f"region is {text[:60]!r:.60}"
        try:
            if len(text) > LONGEST:
                raise ValueError
            region = cls(*(float(part) for part in text.strip(" []()").split(",")))
        except (TypeError, ValueError):
            raise ImageError(f"{said}, which is not four numbers.", BY_EXAMPLE) from None
        if not all(0 <= part <= 1 for part in (region.x, region.y, region.width, region.height)):
            raise ImageError(f"{said}, but its numbers are not all between 0 and 1.", BY_EXAMPLE)
        if min(region.width, region.height) < SMALLEST_REGION:
            raise ImageError(f"{said}, but its width and height must be at least {SMALLEST_REGION}.", BY_EXAMPLE)
        if max(region.x + region.width, region.y + region.height) > 1.000_001:  # sums of decimals are not exact
            raise ImageError(f"{said}, which extends beyond the picture.", BY_EXAMPLE)
        return region

    def __str__(self) -> str:
        return f"{self.x:g},{self.y:g},{self.width:g},{self.height:g}"


def excerpt(data: bytes, *, size: int, region: Region | None = None, max_bytes: int) -> Encoded:
    """Encode a rendition, or a region of it, as JPEG, which every host and model reads. Nothing is enlarged.

    CPU-bound: call it in a thread.

    Args:
        data: the rendition.
        size: maximum of the longer side in pixels; at least 1.
        max_bytes: size limit of the result.

    Raises:
        ImageError: the rendition is damaged.
    """
    if region is None:
        picture = opened(data, at_least=FINER * size)
    else:
        with _decoding:  # tiles are asked for at once
            picture = _decoded(data)
        left, top = (int(region.x * picture.width), int(region.y * picture.height))
        right = max(left + 1, round((region.x + region.width) * picture.width))
        bottom = max(top + 1, round((region.y + region.height) * picture.height))
        picture = picture.crop((left, top, min(right, picture.width), min(bottom, picture.height)))
    return encode(bounded(picture, size), "JPEG", QUALITIES, max_bytes)


_decoding = Lock()


@lru_cache(KEPT_DECODED)
def _decoded(data: bytes) -> Image.Image:
    return opened(data)
