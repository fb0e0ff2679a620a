"""Distinguishes what people write about a picture from what cameras, scanners, databases and programs write."""

from __future__ import annotations

import re

_GIVEN = frozenset(
    (
        *("img", "image", "images", "dsc", "dscn", "dscf", "dcim", "pict", "pic", "picture", "photo", "foto", "bild"),
        *("scan", "page", "file", "mvi", "pxl", "wp", "screenshot", "untitled", "copy", "kopie", "thumb", "thumbnail"),
        *("small", "medium", "large", "big", "orig", "original", "full", "web", "edited", "jpg", "jpeg", "png", "tif"),
    )
)
"""What cameras and programs call a picture, and what they add."""
_DESCRIBED = _GIVEN | {
    *("olympus", "minolta", "konica", "kodak", "samsung", "sony", "nikon", "canon", "casio", "fujifilm", "pentax"),
    *("panasonic", "digimax", "digital", "still", "camera", "dcf", "exif", "default"),
}
"""What they describe it by, beyond that."""
_WRITTEN = re.compile(
    r"created with (the )?gimp|my beautiful picture|processed with .*|imagej=.*"
    r"|\s*(<.*>|\{.*\}|\[\s*[\[{\"].*\])\s*",
    re.IGNORECASE | re.DOTALL,
)
"""Sentences of programs, XML (OME-TIFF) and JSON (tifffile)."""


def is_numbered(stem: str) -> bool:
    """Whether a file name without its ending says nothing but a number: IMG_0001, 000012, scan-3 (copy), 5f3a0c9e."""
    if re.fullmatch(r"(?=\D*\d)[0-9a-fA-F]{6,}([-_]?[0-9a-fA-F]+)*", stem):
        return True
    return bool(re.search(r"\d", stem)) and all(len(word) == 1 or word in _GIVEN for word in _words(stem))


def is_written_by_program(description: str) -> bool:
    """Whether a description is one that cameras and programs write by default, or data in XML or JSON."""
    return _WRITTEN.fullmatch(description) is not None or all(word in _DESCRIBED for word in _words(description))


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())
