"""Errors and checks for pictures that are not decoded yet. Does not import Pillow, so that sources load fast."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from art_mcp.errors import ArtMcpError

if TYPE_CHECKING:
    from art_mcp.images.local_file import LocalFile

FORMAT_NAMES = {
    "JPEG": "JPEG",
    "PNG": "PNG",
    "TIFF": "TIFF",
    "WEBP": "WebP",
    "GIF": "GIF",
    "BMP": "BMP",
    "ICO": "ICO",
    "HEIF": "HEIC",
    "AVIF": "AVIF",
    "JPEG2000": "JPEG 2000",
}
"""The formats that are read, by Pillow's names, with the names that people know."""
FORMATS = (*FORMAT_NAMES, "MPO")
"""What a decoded picture's format can be; Pillow finds MPO when it reads JPEG."""
PICTURE_SUFFIXES = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".tif", ".tiff", ".ptif", ".btf", ".webp", ".gif", ".bmp"),
    *(".dib", ".ico", ".heic", ".heif", ".hif", ".avif", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
)
"""Suffixes of file names, in lower case, that files in these formats have."""
RAW_SUFFIXES = (
    *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".srf", ".sr2", ".orf", ".rw2", ".raf", ".pef", ".srw"),
    *(".3fr", ".fff", ".iiq", ".x3f", ".erf", ".mef", ".mos", ".rwl"),
)
"""Of files with the light that a camera measured, which a program must develop into a picture."""
OTHER_SUFFIXES = (
    *(".jxl", ".jxr", ".svg", ".psd", ".psb", ".xcf", ".ai", ".eps", ".pdf", ".djvu", ".exr", ".hdr", ".tga", ".pcx"),
    *(".indd", *RAW_SUFFIXES),
)
"""Suffixes of pictures in formats that are not read: a folder's are refused by name instead of silently skipped."""
MAX_BYTES = 20 * 1024 * 1024
"""Of a picture from the network, and of any that is held in memory."""
MAX_LOCAL_BYTES = 2 * 1024**3
"""Of a picture file on this machine."""


class ImageError(ArtMcpError):
    """A picture could not be found, was not allowed, or could not be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """A picture's original file, not checked yet."""

    data: LocalFile | bytes = field(repr=False)
    name: str
    """Its name in errors."""
    note: str | None = None
    """Which file was taken, if its name was spelled otherwise."""


def check_bytes(count: int, *, name: str, most: int = MAX_BYTES) -> None:
    """Reject a file by its size in bytes, where possible before it is read.

    Raises:
        ImageError: it is empty, or larger than `most`.
    """
    if count == 0:
        raise ImageError(f"{name} is empty.", "Choose another file.")
    if count > most:
        size = f"{most >> 30} GiB" if most >> 30 else f"{most >> 20} MiB"
        raise ImageError(f"{name} is larger than {size}.", "Make it smaller and try again.")


def printable_name(name: str) -> str:
    """A name made safe for error messages: printable, on one line, at most 80 characters."""
    printable = "".join(c for c in name[:400] if c.isprintable()).strip()
    return (printable if len(printable) <= 80 else printable[:79] + "…") or "The picture"


_quiet_lock = threading.Lock()
_quiet_readers = 0
_quiet_scope: warnings.catch_warnings | None = None


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Suppress Pillow's warnings about odd files, which are either read or rejected.

    `warnings.catch_warnings` is process-wide and must be exited in reverse order of entry, which threads do not
    guarantee. So the first reader enters it, and the last one exits it.
    """
    global _quiet_readers, _quiet_scope
    with _quiet_lock:
        if _quiet_readers == 0:
            _quiet_scope = warnings.catch_warnings()
            _quiet_scope.__enter__()
            warnings.filterwarnings("ignore", module=r"PIL\.")
        _quiet_readers += 1
    try:
        yield
    finally:
        with _quiet_lock:
            _quiet_readers -= 1
            if _quiet_readers == 0 and _quiet_scope is not None:
                _quiet_scope.__exit__(None, None, None)
                _quiet_scope = None
