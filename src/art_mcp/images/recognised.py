"""Names the format of a file that is not read, by its first bytes."""

from __future__ import annotations

import re
from typing import NamedTuple

HEAD = 4096
"""Bytes that are looked at."""


class Recognised(NamedTuple):
    """What a file is, to follow "is"; and what to do with it."""

    what: str
    next_step: str


def _a(what: str, next_step: str, *signs: bytes) -> list[tuple[re.Pattern[bytes], Recognised]]:
    return [(re.compile(sign, re.DOTALL | re.IGNORECASE), Recognised(what, next_step)) for sign in signs]


CONVERT = "Convert it to JPEG, PNG or TIFF."
DEVELOP = "Develop it with the camera's program or a photo editor, and export it as JPEG or TIFF."
SAVE_AGAIN = "Open it in an image editor, save it as JPEG, and try again."
RAW = Recognised("a camera's raw file, which is not supported", DEVELOP)

# The first that matches counts; expressions match at the start of the file.
_KNOWN = [
    *_a("a damaged or incomplete HEIC or AVIF picture", SAVE_AGAIN, rb"....ftyp(mif1|msf1|he[iv].|avi[fs])"),
    *_a("a JPEG XL picture, which is not supported", CONVERT, rb"\xff\x0a", rb"\0\0\0\x0cJXL \r\n\x87\n"),
    *_a("a JPEG XR picture, which is not supported", CONVERT, rb"II\xbc"),
    *_a("a JPEG-LS picture, which is not supported", CONVERT, rb"\xff\xd8\xff\xf7"),
    *_a("a Photoshop document, which is not supported", "Export it as JPEG, PNG or TIFF.", rb"8BPS"),
    *_a("a GIMP document, which is not supported", "Export it as JPEG, PNG or TIFF.", rb"gimp xcf"),
    *_a(
        "a PDF document, which is not supported",
        "Save its pages or its pictures as JPEG, PNG or TIFF.",
        rb".{,1000}%PDF-",
    ),
    *_a("a PostScript document, which is not supported", CONVERT, rb"%!PS", rb"\xc5\xd0\xd3\xc6"),
    *_a(
        "a web page",
        "Give the address of the picture itself, or save the picture as a file.",
        rb".{,1000}<(!doctype )?html",
    ),
    *_a("an SVG drawing, which is not supported", "Export it as PNG.", rb".{,2000}<(!DOCTYPE )?svg[ >\n\r\t]"),
    *_a(
        RAW.what,
        RAW.next_step,
        *(rb"FUJIFILMCCD-RAW", rb"....ftypcrx ", rb"IIU\0", rb"IIR[OS]", rb"MMOR", rb"FOVb", rb"\0MRM"),
    ),
    *_a("an OpenEXR picture, which is not supported", CONVERT, rb"v/1\x01"),
    *_a("a Radiance HDR picture, which is not supported", CONVERT, rb"#\?RADIANCE", rb"#\?RGBE"),
    *_a("a DjVu document, which is not supported", CONVERT, rb"AT&TFORM"),
    *_a("a DirectDraw texture, which is not supported", CONVERT, rb"DDS "),
    *_a("a PNM picture, which is not supported", CONVERT, rb"P[1-7][ \n\r\t#]"),
    *_a("a FITS file, which is not supported", CONVERT, rb"SIMPLE  ="),
    *_a("a DICOM file, which is not supported", CONVERT, rb".{128}DICM"),
    *_a("a video", "Save one of its frames as JPEG or PNG.", rb"....ftyp", rb"\x1aE\xdf\xa3", rb"RIFF....AVI "),
    *_a("an archive", "Unpack it first.", rb"PK\x03\x04", rb"\x1f\x8b", rb"Rar!", rb"7z\xbc\xaf"),
    *_a("an Office document", "Save its pictures as JPEG or PNG.", rb"\xd0\xcf\x11\xe0"),
    *_a("a pointer of Git LFS, not the picture itself", "Run git lfs pull.", rb"version https://git-lfs"),
]


def recognised(head: bytes) -> Recognised | None:
    """What a file that cannot be read is, by its first `HEAD` bytes, or None if that is unknown."""
    return next((known for sign, known in _KNOWN if sign.match(head[:HEAD])), None)
