"""Brings decoded pixels into one form: sRGB, 8 bits per channel, upright, opaque, of a bounded size."""

from __future__ import annotations

import math
from io import BytesIO
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from PIL import Image, ImageCms

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Size: TypeAlias = tuple[int, int]

MAX_ICC_BYTES = 4 * 1024 * 1024
WHITE = (255, 255, 255)
_ROWS = 64
PLAIN = ("L", "RGB", "CMYK")
"""Modes without transparency and with 8 bits per channel."""


def bounded(size: Size, width: int, height: int | None = None) -> Size:
    """A size with the same aspect ratio that fits a frame, which is a square without a height; it is never larger."""
    scale = min(1.0, width / size[0], (height or width) / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def block(size: Size, target: Size) -> int:
    """Pixels per side of the blocks that are averaged before the exact scaling: they leave about twice the target."""
    return max(1, min(size[0] // (2 * target[0]), size[1] // (2 * target[1])))


def shrunk(image: Image.Image, target: Size) -> Image.Image:
    """Scale to the target size as opaque L, RGB or CMYK, without a second full-size copy.

    Works strip by strip: normalises the pixels, then averages blocks of them down to about twice the target.
    """
    width, height = image.size
    factor = block(image.size, target)
    if factor == 1 and image.mode in PLAIN and not image.has_transparency_data:
        return image if image.size == target else image.resize(target, Image.Resampling.LANCZOS)
    rows = factor * max(1, 1_000_000 // (width * factor))
    depth = _depth(image)
    mode = _opaque(image.crop((0, 0, 1, 1)), depth).mode
    reduced = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = _opaque(image.crop((0, top, width, min(top + rows, height))), depth)
        reduced.paste(strip.reduce(factor), (0, top // factor))
    return exact(reduced, image.size, factor, target)


def exact(reduced: Image.Image, size: Size, factor: int, target: Size) -> Image.Image:
    """Scale a picture of this size, of which blocks of `factor` x `factor` pixels were averaged, to the target."""
    if reduced.size == target:
        return reduced
    # The last block may be partial.
    return reduced.resize(target, Image.Resampling.LANCZOS, box=(0, 0, size[0] / factor, size[1] / factor))


def _depth(image: Image.Image) -> tuple[float, float] | None:
    """The sample values of black and white, or None if they are 0 and 255."""
    if image.mode.startswith("I;16"):
        return 0, 65535
    if image.mode not in ("I", "F"):
        return None
    low, high = cast(tuple[float, float], image.getextrema())  # of the one band
    return depth(low, high, fractions=image.mode == "F")


def depth(low: float, high: float, *, fractions: bool) -> tuple[float, float]:
    """The sample values of black and white of a picture with more than 16 bits, from its extreme values.

    Raises:
        ValueError: one of them is not a finite number.
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("a sample is not a finite number")
    for white in (1, 255, 65535) if fractions else (65535,):
        if low >= 0 and high <= white:
            return 0, white
    return low, high


def eight_bits(values: NDArray[Any], black_and_white: tuple[float, float]) -> NDArray[np.uint8]:
    """Scale samples to 0 to 255; what is not a number becomes black."""
    import numpy as np  # noqa: PLC0415 - needed for rare pictures only

    low, high = black_and_white
    result = np.empty(values.shape, np.uint8)
    for top in range(0, len(values), _ROWS):  # floating-point copies of all of it would take too much memory
        scaled = np.nan_to_num(values[top : top + _ROWS].astype(np.float32), nan=low)
        scaled -= low
        scaled *= 255 / ((high - low) or 1)
        result[top : top + _ROWS] = np.clip(scaled.round(), 0, 255)
    return result


def _opaque(pixels: Image.Image, depth: tuple[float, float] | None) -> Image.Image:
    """The pixels in mode L, RGB or CMYK, transparency flattened onto white."""
    if depth:
        import numpy as np  # noqa: PLC0415 - needed for rare pictures only

        return Image.fromarray(eight_bits(np.asarray(pixels), depth))
    if pixels.has_transparency_data:
        rgba = pixels.convert("RGBA")
        white = Image.new("RGBA", rgba.size, WHITE)
        return Image.alpha_composite(white, rgba).convert("RGB")
    if pixels.mode in PLAIN:
        return pixels
    if pixels.mode == "1":
        return pixels.convert("L")
    return pixels.convert("RGB")


def to_srgb(image: Image.Image, profile: Any) -> Image.Image:
    """Convert L, RGB or CMYK by its ICC profile, if it has one that fits."""
    if isinstance(profile, bytes) and 0 < len(profile) <= MAX_ICC_BYTES:
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            # A greyscale or palette picture may have a colour profile; any other mismatch means a wrong profile.
            space = source.profile.xcolor_space.strip()
            if image.mode == "L" and space == "RGB":
                image = image.convert("RGB")
            if space == {"L": "GRAY"}.get(image.mode, image.mode):
                converted = ImageCms.profileToProfile(
                    image,
                    source,
                    ImageCms.createProfile("sRGB"),
                    renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
                    outputMode="RGB",
                    flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
                )
                if converted is not None:
                    converted.info = {}
                    return converted
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            pass  # the pixels are usable without the profile
    plain = image.convert("RGB")
    plain.info = {}
    return plain


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(image: Image.Image, size: Size, orientation: int) -> tuple[Size, Image.Image]:
    """Turn a picture by its EXIF orientation; returns the turned size, too."""
    turn = _TURNS.get(orientation)
    if turn is None:
        return size, image
    return size[::-1] if orientation >= 5 else size, image.transpose(turn)
