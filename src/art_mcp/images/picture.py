"""Decodes untrusted bytes into a normalised picture."""

from __future__ import annotations

import hashlib
import re
import struct
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import Any, BinaryIO, NamedTuple

from PIL import (
    AvifImagePlugin,
    BmpImagePlugin,  # noqa: F401  plugins register themselves on import, and only these are used
    GifImagePlugin,  # noqa: F401
    IcoImagePlugin,  # noqa: F401
    Image,
    Jpeg2KImagePlugin,
    JpegImagePlugin,  # noqa: F401
    MpoImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    TiffImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from art_mcp.images import normal, streamed, tiff
from art_mcp.images.local_file import LocalFile
from art_mcp.images.recognised import HEAD, RAW, recognised
from art_mcp.images.undecoded import FORMAT_NAMES, ImageError, check_bytes, printable_name, quiet_pillow

MIN_SIDE = 10


class Limits(NamedTuple):
    """The largest pictures that are decoded: pixels per side, and in total by the way in which they are decoded."""

    side: int
    streamed: int
    """TIFF: only a few rows are in memory."""
    reduced: int
    """JPEG, JPEG 2000: decoded at a fraction of the size."""


# In memory, the worst file stays below 1 GB. A progressive JPEG takes 6 bytes per pixel (its coefficients; the pixels
# are scaled down while decoding), WebP and JPEG 2000 16, the other formats 4 to 12.
MAX_PIXELS_PROGRESSIVE = 100_000_000
MAX_PIXELS = 50_000_000
NETWORK = Limits(16_000, MAX_PIXELS, MAX_PIXELS_PROGRESSIVE)
LOCAL = Limits(100_000, 4_000_000_000, 4_000_000_000)
Image.MAX_IMAGE_PIXELS = None  # these are the limits

# Pixels times scans. A JPEG can have thousands of scans, and each takes time; real ones have 10 to 20.
MAX_JPEG_WORK = 5_000_000_000
# Headers of scans with one to four components. Data that phones append, such as a video, contains none by chance.
_SCANS = re.compile(rb"\xff\xda\x00(?:\x08\x01|\x0a\x02|\x0c\x03|\x0e\x04)")
# Pictures above this many pixels are decoded one at a time, so that memory does not grow with concurrency.
BIG_PIXELS = 16_000_000
one_big_picture: AbstractContextManager[Any] = threading.Lock()

SAVE_AS = "Save it as a JPEG or PNG and try again."
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_JPEG2000_HEAD = 65_536
"""Bytes; the coding style is among the first."""
_BOXED = ("AVIF", "HEIF")
_OTHERS = tuple(each for each in FORMAT_NAMES if each not in ("TIFF", *_BOXED))
_END_OF_JPEG = b"\xff\xd9"
_FILLER = bytes(range(255)) * 8
"""Bytes that a JPEG decoder takes for pixels, if it still waits for some."""

AvifImagePlugin.DEFAULT_MAX_THREADS = 1


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


def read_picture(
    data: bytes | BinaryIO, *, name: str, max_side: int = 1024, local: bool = False, sha256: bytes | None = None
) -> Picture:
    """Check, decode and normalise the first frame of a picture. CPU-bound: call it in a thread.

    Args:
        data: the file, at most 20 MiB, or an open one that is read piece by piece. Its format is detected from the
            content alone.
        name: its name in errors: a file name, never a full path.
        max_side: maximum of the longer side in pixels. Smaller pictures keep their size.
        local: whether the file is on this machine, so that its picture may be larger.
        sha256: of the file, if it is known.

    Raises:
        ImageError: the picture cannot be used. No other exception is raised.
    """
    name = printable_name(name)
    if isinstance(data, bytes):
        check_bytes(len(data), name=name)
    limits = LOCAL if local else NETWORK
    file = BytesIO(data) if isinstance(data, bytes) else data
    with _as_image_error(name), quiet_pillow():
        size, image, format_ = (_read_tiff if _start(file)[:4] in _TIFF else _read)(file, name, max_side, limits)
        file.seek(0)
        return Picture(image, sha256 or hashlib.file_digest(file, "sha256").digest(), *size, format_)  # type: ignore[arg-type]


def glance(data: bytes | LocalFile, *, name: str) -> None:
    """Check a picture by its header alone, as `read_picture` does before it decodes. Blocks only briefly.

    Headers that C code would have to parse are not checked: it runs in worker processes only.

    Raises:
        ImageError: it is not a picture, or is too small or too large.
    """
    name = printable_name(name)
    if isinstance(data, bytes):
        check_bytes(len(data), name=name)
    limits = LOCAL if isinstance(data, LocalFile) else NETWORK
    with _as_image_error(name), nullcontext(BytesIO(data)) if isinstance(data, bytes) else data.opened() as file:
        start = _start(file)
        if start[:4] in _TIFF:
            _picture_in(file, name, limits)
        elif start[4:] != b"ftyp":
            with quiet_pillow(), _checked(file, name, limits):
                pass


@contextmanager
def _as_image_error(name: str) -> Iterator[None]:
    """Convert any exception to an `ImageError`."""
    try:
        yield
    except ImageError:
        raise
    except MemoryError as error:
        raise ImageError(f"{name} needs more memory than is available.", "Make it smaller and try again.") from error
    # Decoders raise anything on hostile bytes (struct.error, zlib.error, RecursionError, ...).
    except Exception as error:
        raise ImageError(
            f"{name} is damaged or incomplete.",
            "Open it in an image editor, save it as JPEG, and try again.",
        ) from error


def _start(file: BinaryIO) -> bytes:
    """The first 8 bytes of a file."""
    file.seek(0)
    start = file.read(8)
    file.seek(0)
    return start


def _unread(file: BinaryIO, name: str) -> ImageError:
    """The error for a file that is in none of the formats that are read."""
    file.seek(0)
    if known := recognised(file.read(HEAD)):
        return ImageError(f"{name} is {known.what}.", known.next_step)
    return ImageError(
        f"{name} is not a picture in a supported format.",
        f"Supported formats are {', '.join(FORMAT_NAMES.values())}. {SAVE_AS}",
    )


# TIFF


def _read_tiff(file: BinaryIO, name: str, max_side: int, limits: Limits) -> tuple[normal.Size, Image.Image, str]:
    found, picture = _picture_in(file, name, limits)
    copy = tiff.enough(found, picture, max_side)
    _check_pixels(copy.tile_size, limits.side, MAX_PIXELS, name)  # tiles are decoded whole, and can be larger
    with _turn_of(picture.size):
        try:
            profile = streamed.profile(file, "TIFF", page=picture.page, subifd=picture.sub)
            if copy.planar and copy.colours:
                files = tiff.channels(file, copy)
                small = streamed.joined(files, copy.colours, picture.size, max_side, alpha=copy.alpha)
            else:
                part = {"page": copy.page, "subifd": copy.sub}
                small = streamed.shrunk(file, "TIFF", picture.size, max_side, alpha=copy.alpha, **part)
        except streamed.StreamError:
            if not copy.rare:
                raise
            # Pillow reads more, but misreads separate channels of 16 bits, and is silent about damage.
            if copy.planar or copy.sub >= 0:
                raise ImageError(
                    f"{name} is stored in a rare form of TIFF, which is not supported.",
                    "Save it as TIFF with LZW compression, or as PNG or JPEG, and try again.",
                ) from None
            file.seek(0)
            with Image.open(file, formats=["TIFF"]) as image:
                image.seek(copy.page)
                _check_pixels(image.size, limits.side, MAX_PIXELS, name)
                size, upright = _normal(image, max_side)
            return size if copy is picture else picture.upright_size, upright, "TIFF"
    size, upright = normal.upright(normal.to_srgb(small, profile), picture.size, picture.orientation)
    return size, upright, "TIFF"


def _picture_in(file: BinaryIO, name: str, limits: Limits) -> tuple[list[tiff.Directory], tiff.Directory]:
    """The directories of a TIFF, and the one of the picture, whose size is checked."""
    found = tiff.directories(file)
    if any(each.raw for each in found):
        raise ImageError(f"{name} is {RAW.what}.", RAW.next_step)
    picture = tiff.whole(found)
    _check_size(picture.size, limits.side, limits.streamed, name)
    return found, picture


# All other formats


def _read(file: BinaryIO, name: str, max_side: int, limits: Limits) -> tuple[normal.Size, Image.Image, str]:
    with _checked(file, name, limits) as image:
        format_, size = image.format or "", image.size
        with _turn_of(size):
            if format_ == "PNG" and size[0] * size[1] > MAX_PIXELS:
                small = streamed.shrunk(file, "PNG", size, max_side, alpha=True)
                small = normal.to_srgb(small, image.info.get("icc_profile"))
                return (*normal.upright(small, size, _orientation(image)), format_)
            size, upright = _normal(image, max_side)
        _check_size(size, limits.side, max(limits), name)  # an icon's part may differ from its directory entry
    return size, upright, format_


@contextmanager
def _checked(file: BinaryIO, name: str, limits: Limits) -> Iterator[Image.Image]:
    """Open a picture and check that it may be decoded."""
    _check_icon(file, name)  # Pillow decodes icons on opening, whatever size their parts declare
    if boxed := _start(file)[4:] == b"ftyp":
        _register_heif()
    try:
        opened = Image.open(file, formats=_BOXED if boxed else _OTHERS)
    except UnidentifiedImageError as error:
        raise _unread(file, name) from error
    with opened as image:
        _check_size(image.size, limits.side, _most_pixels(image, limits), name)
        # A file on this machine may take its time.
        if image.format in ("JPEG", "MPO") and limits is NETWORK:
            file.seek(0)
            if len(_SCANS.findall(file.read())) * image.width * image.height > MAX_JPEG_WORK:
                raise ImageError(f"{name} would take too long to decode.", SAVE_AS)
        yield image


@cache
def _register_heif() -> None:
    import pillow_heif  # noqa: PLC0415 - loads 20 MB

    # A thumbnail could show something else.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)


def _most_pixels(image: Image.Image, limits: Limits) -> int:
    match image.format:
        case "JPEG" | "MPO":
            return MAX_PIXELS_PROGRESSIVE if image.info.get("progressive") else limits.reduced
        case "JPEG2000":
            return MAX_PIXELS if limits is NETWORK else limits.reduced
        case "PNG":
            return MAX_PIXELS if limits is NETWORK else limits.streamed
        case _:
            return MAX_PIXELS


def _normal(image: Image.Image, max_side: int) -> tuple[normal.Size, Image.Image]:
    """Return the source's upright size, and its pixels normalised as `Picture` describes."""
    size = image.size
    file = image.fp  # type: ignore[attr-defined]  # Pillow forgets it when it has loaded
    # JPEG and JPEG 2000 are decoded at 1/2, 1/4, 1/8 ... of their size.
    if isinstance(image, Jpeg2KImagePlugin.Jpeg2KImageFile):
        image.reduce = _halvings(file, size, max_side)
    drafted = image.draft(None, normal.bounded(size, max_side)) or image.format == "JPEG2000"
    try:
        image.load()
    except OSError:
        if image.format not in ("JPEG", "MPO"):
            raise
        image = _without_end(file, normal.bounded(size, max_side))
    if not drafted:
        size = image.size  # loading turns a TIFF upright, and reveals an icon's real size
    profile = image.info.get("icc_profile")
    orientation = _orientation(image)
    small = normal.to_srgb(normal.shrunk(image, normal.bounded(size, max_side)), profile)
    return normal.upright(small, size, orientation)


def _without_end(file: BinaryIO, target: normal.Size) -> Image.Image:
    """Load a JPEG whose end is missing, if all its pixels are there: then more bytes do not change them.

    Raises:
        OSError: some of them are missing.
    """
    file.seek(0)
    data = file.read()
    plain, filled = (Image.open(BytesIO(data + more + _END_OF_JPEG), formats=["JPEG"]) for more in (b"", _FILLER))
    for image in (plain, filled):
        image.draft(None, target)
    if plain.tobytes() != filled.tobytes():
        raise OSError("pixels are missing")
    return plain


def _halvings(file: BinaryIO, size: normal.Size, max_side: int) -> int:
    """How often a JPEG 2000 can be halved so that its longer side is at least `max_side`; the file says how often."""
    file.seek(0)
    head = file.read(_JPEG2000_HEAD)
    at = head.index(b"\xff\x4f\xff\x51") + 2
    levels = 0
    while head[at] == 0xFF and head[at + 1] not in (0x90, 0xD9):  # until the first tile
        if head[at + 1] == 0x52:  # the coding style
            levels = head[at + 9]
            break
        at += 2 + int.from_bytes(head[at + 2 : at + 4])
    return min(levels, max(0, (max(size) // max_side).bit_length() - 1))


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(0x0112, 1))
    except Exception:  # the pixels are usable without the metadata
        return 1


def _turn_of(size: normal.Size) -> AbstractContextManager[Any]:
    return one_big_picture if size[0] * size[1] > BIG_PIXELS else nullcontext()


def _check_size(size: normal.Size, most_side: int, most_pixels: int, name: str) -> None:
    if min(size) < MIN_SIDE:
        raise ImageError(
            f"{name} is {size[0]} x {size[1]} pixels, too small to recognise anything.",
            f"Choose a picture with at least {MIN_SIDE} pixels per side.",
        )
    _check_pixels(size, most_side, most_pixels, name)


def _check_pixels(size: normal.Size, most_side: int, most_pixels: int, name: str) -> None:
    if max(size) > most_side or size[0] * size[1] > most_pixels:
        raise ImageError(
            f"{name} has more than {most_side:,} pixels per side, "
            f"or more than {most_pixels // 10**6:,} million in total.",
            "Make it smaller and try again.",
        )


def _check_icon(file: BinaryIO, name: str) -> None:
    """Check the sizes that an icon's parts declare, since those in its directory can be false."""
    if _start(file)[:4] != b"\0\0\1\0":
        return
    data = file.read()
    for entry in range(struct.unpack_from("<H", data, 4)[0]):
        (start,) = struct.unpack_from("<I", data, 6 + 16 * entry + 12)
        if data[start : start + 8] == b"\x89PNG\r\n\x1a\n":
            width, height = struct.unpack_from(">II", data, start + 16)
        else:
            width, height = struct.unpack_from("<ii", data, start + 4)
            height = abs(height) // 2  # the picture and its mask are stacked
        _check_pixels((width, height), NETWORK.side, MAX_PIXELS, name)
