"""Decodes untrusted bytes into a normalised picture."""

from __future__ import annotations

import hashlib
import math
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from typing import Any, cast

from PIL import (
    BmpImagePlugin,  # noqa: F401  plugins register themselves on import, and only these are used
    GifImagePlugin,  # noqa: F401
    IcoImagePlugin,  # noqa: F401
    Image,
    ImageCms,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from art_mcp.images.undecoded import READ_FORMATS, ImageError, check_bytes, printable_name, quiet_pillow

MIN_SIDE = 10
MAX_SIDE = 16_000

# Pixel limits, which keep the memory for the worst file below 1 GB. A progressive JPEG takes 6 bytes per pixel (its
# coefficients; the pixels are scaled down while decoding), WebP 16, the other formats 4 to 10.
MAX_PIXELS_JPEG = 100_000_000
MAX_PIXELS = 50_000_000
# Pixels times scans. A JPEG can have thousands of scans, and each takes time; real ones have 10 to 20.
MAX_JPEG_WORK = 5_000_000_000
# Headers of scans with one to four components. Data that phones append, such as a video, contains none by chance.
_SCANS = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
MAX_ICC_BYTES = 4 * 1024 * 1024

# Pictures above this many pixels are decoded one at a time, so that memory does not grow with concurrency.
BIG_PIXELS = 16_000_000
one_big_picture: AbstractContextManager[Any] = threading.Lock()

WHITE = (255, 255, 255)
SAVE_AS = "Save it as a JPEG or PNG and try again."


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture that is safe to show, embed and store."""

    image: Image.Image
    """sRGB, 8 bits per channel, upright, transparency flattened onto white, at most `max_side` pixels per side."""
    sha256: bytes
    """SHA-256 of the source's bytes, 32 bytes."""
    width: int
    """Width of the upright source, in pixels."""
    height: int
    format: str
    """Detected from the content; one of `FORMATS`."""


def read_picture(data: bytes, *, name: str, max_side: int = 1024) -> Picture:
    """Check, decode and normalise the first frame of a picture. CPU-bound: call it in a thread.

    Args:
        data: the file, at most 20 MiB. Its format is detected from the content alone.
        name: its name in errors: a file name, never a full path.
        max_side: maximum of the longer side in pixels. Smaller pictures keep their size.

    Raises:
        ImageError: the picture cannot be used. No other exception is raised.
    """
    name = printable_name(name)
    check_bytes(len(data), name=name)
    with _as_image_error(name), quiet_pillow():
        return _read(data, name, max_side)


def glance(data: bytes, *, name: str) -> None:
    """Check a picture by its header alone, as `read_picture` does before it decodes. Blocks only briefly.

    Raises:
        ImageError: it is not a picture, or is too small or too large.
    """
    name = printable_name(name)
    check_bytes(len(data), name=name)
    with _as_image_error(name), quiet_pillow(), _checked(data, name):
        pass


@contextmanager
def _as_image_error(name: str) -> Iterator[None]:
    """Convert any exception to an `ImageError`."""
    try:
        yield
    except ImageError:
        raise
    except UnidentifiedImageError as error:
        raise ImageError(
            f"{name} is not a picture in a supported format.",
            f"Supported formats are {', '.join(READ_FORMATS)}. {SAVE_AS}",
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(name) from error
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than is available.", "Make it smaller and try again.") from error
    # Decoders raise anything on hostile bytes (struct.error, zlib.error, RecursionError, ...).
    except Exception as error:
        raise ImageError(
            f"{name} is damaged or incomplete.",
            "Open it in an image editor, save it as JPEG, and try again.",
        ) from error


@contextmanager
def _checked(data: bytes, name: str) -> Iterator[Image.Image]:
    """Open a picture and check that it may be decoded."""
    _check_icon(data, name)  # Pillow decodes icons on opening, whatever size their parts declare
    with Image.open(BytesIO(data), formats=READ_FORMATS) as image:
        is_jpeg = image.format in ("JPEG", "MPO")
        _check_size(*image.size, _max_pixels(image), name)
        if is_jpeg and len(_SCANS.findall(data)) * image.width * image.height > MAX_JPEG_WORK:
            raise ImageError(f"{name} would take too long to decode.", SAVE_AS)
        if image.format == "TIFF":
            _check_tiles(image, name)
        yield image


def _max_pixels(image: Image.Image) -> int:
    return MAX_PIXELS_JPEG if image.format in ("JPEG", "MPO") else MAX_PIXELS


def _read(data: bytes, name: str, max_side: int) -> Picture:
    with _checked(data, name) as image:
        format_, max_pixels = image.format or "", _max_pixels(image)
        big = image.width * image.height > BIG_PIXELS
        with one_big_picture if big else nullcontext():
            size, normal = _normal(image, max_side)
        _check_size(*size, max_pixels, name)  # an icon's part may differ from its directory entry
    return Picture(normal, hashlib.sha256(data).digest(), *size, format_)


def _normal(image: Image.Image, max_side: int) -> tuple[tuple[int, int], Image.Image]:
    """Return the source's upright size, and its pixels normalised as `Picture` describes."""
    size = image.size
    drafted = image.draft(None, _bounded(size, max_side))  # JPEG only: decodes at 1/2, 1/4 or 1/8 scale
    image.load()
    if not drafted:
        size = image.size  # loading turns a TIFF upright, and reveals an icon's real size
    profile = image.info.get("icc_profile")
    turn = _turn(image)
    small = _to_srgb(_shrunk(image, _bounded(size, max_side)), profile)
    if turn is not None:
        small = small.transpose(turn)
        if turn in SIDEWAYS:
            size = size[1], size[0]
    return size, small


def _bounded(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    scale = min(1.0, max_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk(image: Image.Image, target: tuple[int, int]) -> Image.Image:
    """Scale to the target size as opaque L, RGB or CMYK, without a second full-size copy.

    Works strip by strip: normalises the pixels, then averages blocks of them down to about twice the target.
    """
    width, height = image.size
    factor = max(1, min(width // (2 * target[0]), height // (2 * target[1])))
    if factor == 1 and image.mode in PLAIN and not image.has_transparency_data:
        return image if image.size == target else image.resize(target, Image.Resampling.LANCZOS)
    rows = factor * max(1, 1_000_000 // (width * factor))
    depth = _depth(image)
    mode = _opaque(image.crop((0, 0, 1, 1)), depth).mode
    reduced = Image.new(mode, (-(-width // factor), -(-height // factor)))
    for top in range(0, height, rows):
        strip = _opaque(image.crop((0, top, width, min(top + rows, height))), depth)
        reduced.paste(strip.reduce(factor), (0, top // factor))
    if reduced.size == target:
        return reduced
    exact = (0, 0, width / factor, height / factor)  # the last block may be partial
    return reduced.resize(target, Image.Resampling.LANCZOS, box=exact)


def _depth(image: Image.Image) -> tuple[float, float] | None:
    """The sample values of black and white, or None if they are 0 and 255."""
    if image.mode.startswith("I;16"):
        return 0, 65535
    if image.mode not in ("I", "F"):
        return None
    low, high = cast(tuple[float, float], image.getextrema())  # of the one band
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError("a sample is not a finite number")
    for white in (1, 255, 65535) if image.mode == "F" else (65535,):
        if low >= 0 and high <= white:
            return 0, white
    return low, high


PLAIN = ("L", "RGB", "CMYK")


def _opaque(pixels: Image.Image, depth: tuple[float, float] | None) -> Image.Image:
    """The pixels in mode L, RGB or CMYK, transparency flattened onto white."""
    if depth:
        import numpy as np  # noqa: PLC0415 - needed for rare pictures only

        low, high = depth
        values = np.asarray(pixels).astype(np.float64)
        scaled = (np.nan_to_num(values, nan=low) - low) * (255 / ((high - low) or 1))
        return Image.fromarray(np.clip(scaled.round(), 0, 255).astype(np.uint8))
    if pixels.has_transparency_data:
        rgba = pixels.convert("RGBA")
        white = Image.new("RGBA", rgba.size, WHITE)
        return Image.alpha_composite(white, rgba).convert("RGB")
    if pixels.mode in PLAIN:
        return pixels
    if pixels.mode == "1":
        return pixels.convert("L")
    return pixels.convert("RGB")


def _to_srgb(image: Image.Image, profile: Any) -> Image.Image:
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


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
SIDEWAYS = {TURNS[n] for n in (5, 6, 7, 8)}


def _turn(image: Image.Image) -> Image.Transpose | None:
    """How to turn the picture upright, from its EXIF orientation."""
    try:
        return TURNS.get(image.getexif().get(0x0112, 1))
    except Exception:  # the pixels are usable without the metadata
        return None


def _check_size(width: int, height: int, max_pixels: int, name: str) -> None:
    if min(width, height) < MIN_SIDE:
        raise ImageError(
            f"{name} is {width} x {height} pixels, too small to recognise anything.",
            f"Choose a picture with at least {MIN_SIDE} pixels per side.",
        )
    if max(width, height) > MAX_SIDE or width * height > max_pixels:
        raise _too_many_pixels(name)


def _too_many_pixels(name: str) -> ImageError:
    return ImageError(
        f"{name} has more than {MAX_SIDE:,} pixels per side, or more than {MAX_PIXELS // 10**6} million in total"
        f" ({MAX_PIXELS_JPEG // 10**6} million for a JPEG).",
        "Make it smaller and try again.",
    )


def _check_icon(data: bytes, name: str) -> None:
    """Check the sizes that an icon's parts declare, since those in its directory can be false."""
    if not data.startswith(b"\0\0\1\0"):
        return
    for entry in range(struct.unpack_from("<H", data, 4)[0]):
        (start,) = struct.unpack_from("<I", data, 6 + 16 * entry + 12)
        if data[start : start + 8] == b"\x89PNG\r\n\x1a\n":
            width, height = struct.unpack_from(">II", data, start + 16)
        else:
            width, height = struct.unpack_from("<ii", data, start + 4)
            height = abs(height) // 2  # the picture and its mask are stacked
        if width * height > MAX_PIXELS:
            raise _too_many_pixels(name)


def _check_tiles(image: Any, name: str) -> None:
    """Check the tile size of a TIFF: tiles can be larger than the picture, and are decoded whole."""
    width, height = (image.tag_v2.get(tag, 0) for tag in (322, 323))
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(name)
