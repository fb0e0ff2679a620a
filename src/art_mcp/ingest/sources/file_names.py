"""Tells names that people give to a picture file from those that cameras, scanners and databases give."""

from __future__ import annotations

import re

_WORDS = frozenset(
    [
        "img",
        "image",
        "images",
        "dsc",
        "dscn",
        "dscf",
        "dcim",
        "pict",
        "pic",
        "picture",
        "photo",
        "foto",
        "bild",
        "scan",
        "page",
        "file",
        "mvi",
        "pxl",
        "wp",
        "screenshot",
        "untitled",
        "copy",
        "kopie",
        "thumb",
        "thumbnail",
        "small",
        "medium",
        "large",
        "big",
        "orig",
        "original",
        "full",
        "web",
        "edited",
        "jpg",
        "jpeg",
        "png",
        "tif",
    ]
)
"""What cameras and programs call a picture, and what they add."""


def is_numbered(stem: str) -> bool:
    """Whether a file name without its ending says nothing but a number: IMG_0001, 000012, scan-3 (copy), 5f3a0c9e."""
    if re.fullmatch(r"(?=\D*\d)[0-9a-fA-F]{6,}([-_]?[0-9a-fA-F]+)*", stem):
        return True
    words = re.findall(r"[^\W\d_]+", stem.casefold())
    return bool(re.search(r"\d", stem)) and all(len(word) == 1 or word in _WORDS for word in words)
