"""Shrinks TIFFs and PNGs while they are decoded, strip by strip: a picture of 400 MB takes 120 MB of memory.

libvips decodes what Pillow does not (planar and floating-point samples, BigTIFF, any page), and never holds the whole
picture. It is called by the name of one loader, so its other loaders never see a file. It is only imported in the
worker processes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, BinaryIO

from PIL import Image

from art_mcp.images.normal import Size, block, bounded, depth, eight_bits, exact

_LOADERS = {"TIFF": "tiffload_source", "PNG": "pngload_source"}
_COLOURS = {"b-w": 1, "grey16": 1, "cmyk": 4}
"""Number of colour channels by libvips's name of the colour space; 3 in all others."""
_WHITE = {"uchar": 255, "ushort": 65535}
_OTHER_SPACES = ("lab", "labs", "labq", "xyz", "yxy", "lch", "hsv")


class StreamError(Exception):
    """libvips cannot decode the file."""


def profile(file: BinaryIO, format_: str, **part: int) -> bytes | None:
    """The ICC profile of a picture, if it has one; the arguments are those of `shrunk`."""
    import pyvips  # noqa: PLC0415 - needed in worker processes only

    try:
        image, _source = _opened(file, format_, part)
        found = image.get("icc-profile-data") if "icc-profile-data" in image.get_fields() else None
        return bytes(found) if found else None
    except pyvips.Error:
        return None


def shrunk(file: BinaryIO, format_: str, whole: Size, max_side: int, *, alpha: bool, **part: int) -> Image.Image:
    """Decode a picture and scale it as L, RGB or CMYK to at most `max_side` pixels per side.

    Args:
        file: seekable, at any position.
        format_: TIFF or PNG.
        whole: the size of the picture; that of the part that is decoded may be smaller.
        alpha: whether the channel that follows the colours is the opacity; otherwise it is ignored.
        part: `page` and `subifd` of a TIFF.

    Raises:
        StreamError: it is damaged, incomplete, or compressed in a way that libvips does not know.
        ValueError: a sample is not a finite number.
    """
    import pyvips  # noqa: PLC0415

    try:
        image, source = _opened(file, format_, part)
        return _shrunk(image, whole, max_side, alpha, [source])
    except pyvips.Error as error:
        raise StreamError(str(error)) from error


def joined(files: Sequence[BinaryIO], colours: str, whole: Size, max_side: int, *, alpha: bool) -> Image.Image:
    """Like `shrunk`, for TIFFs with one channel each; `colours` is libvips's name of their colour space."""
    import pyvips  # noqa: PLC0415

    try:
        images, sources = zip(*(_opened(file, "TIFF", {}) for file in files), strict=True)
        image = images[0].bandjoin(list(images[1:])).copy(interpretation=colours)
        del images
        return _shrunk(image, whole, max_side, alpha, sources)
    except pyvips.Error as error:
        raise StreamError(str(error)) from error


def _shrunk(image: Any, whole: Size, max_side: int, alpha: bool, _sources: Sequence[Any]) -> Image.Image:
    """Shrink an opened picture; its sources must outlive it."""
    import numpy as np  # noqa: PLC0415
    import pyvips  # noqa: PLC0415

    size = image.width, image.height
    if image.interpretation in _OTHER_SPACES:
        image = image.colourspace("srgb")
    colours = min(_COLOURS.get(image.interpretation, 3), image.bands)
    if alpha and image.bands > colours and image.format in _WHITE:
        white = _WHITE[image.format]
        image = image[: colours + 1].flatten(background=0 if colours == 4 else white, max_alpha=white)
    elif image.bands > colours:
        image = image[:colours] if colours > 1 else image[0]
    if image.bands == 2:
        raise StreamError("two colour channels")
    target = bounded(whole, max_side)
    factor = block(size, target)
    reduced = image.shrink(factor, factor, ceil=True) if factor > 1 else image
    pixels, sample = reduced.numpy(), reduced.format
    if complaints := pyvips.Error("").detail:  # it continues after a damaged tile
        raise StreamError(complaints)
    if sample != "uchar":
        fractions = sample in ("float", "double")
        low_and_high = (0, 65535) if sample == "ushort" else depth(*_extremes(pixels), fractions=fractions)
        pixels = eight_bits(pixels, low_and_high)
    pixels = np.atleast_3d(pixels)
    mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2]]
    picture = Image.frombuffer(mode, pixels.shape[1::-1], np.ascontiguousarray(pixels), "raw", mode, 0, 1)
    return exact(picture, size, factor, target)


def _extremes(pixels: Any) -> tuple[float, float]:
    import numpy as np  # noqa: PLC0415

    return float(np.nanmin(pixels)), float(np.nanmax(pixels))


def _opened(file: BinaryIO, format_: str, part: dict[str, int]) -> tuple[Any, Any]:
    """A picture, and its source, which must outlive it, since it is called back."""
    import pyvips  # noqa: PLC0415

    pyvips.cache_set_max(0)  # else it keeps the last pictures
    pyvips.Error("")  # takes the complaints about earlier files away
    file.seek(0)
    source = pyvips.SourceCustom()
    source.on_read(file.read)
    source.on_seek(file.seek)
    options = {"access": "sequential", "fail_on": "error", "unlimited": True, **part}
    return pyvips.Operation.call(_LOADERS[format_], source, **options), source
