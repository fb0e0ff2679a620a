"""Chooses the font for each character: the bundled Noto Sans, or a system font."""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

from PIL import ImageFont, features

NOTO_SANS = str(Path(__file__).with_name("NotoSans-Regular.ttf"))
"""Covers Latin, Greek and Cyrillic, which therefore look the same on every computer."""
SCRIPTS = {
    "ARABIC": "ب",
    "ARMENIAN": "Ա",
    "BENGALI": "ক",
    "CJK": "永",
    "DEVANAGARI": "क",
    "ETHIOPIC": "አ",
    "GEORGIAN": "ა",
    "HANGUL": "한",
    "HEBREW": "א",
    "HIRAGANA": "の",
    "KATAKANA": "ア",
    "KHMER": "ក",
    "SINHALA": "අ",
    "TAMIL": "க",
    "THAI": "ก",
    "TIBETAN": "ཀ",
}
"""A sample letter of each script for which system fonts are searched; the key starts its letters' Unicode names."""
_STYLED = re.compile("bold|italic|oblique|slanted|light|thin|black|medium|condensed|lastresort", re.IGNORECASE)


def by_font(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield each character with the file of the font that draws it, or None.

    Noto Sans draws all that it can, e.g. the digits and brackets in a Hebrew title, so that a sheet has one typeface.
    A space or an accent stays in the font of the character before it.
    """
    font = NOTO_SANS
    for char in text:
        if not (unicodedata.category(char) in ("Mn", "Mc", "Me", "Zs") and _draws(font, char)):
            font = _font_of(char) or font
        yield char, font if _draws(font, char) else None


@lru_cache(64)  # each entry holds a file open
def load(font: str, size: int, layout: ImageFont.Layout | None = None) -> ImageFont.FreeTypeFont:
    """Load a font file. Raises `OSError` if it is unreadable or not an outline font."""
    return ImageFont.truetype(font, size, layout_engine=layout)


def right_to_left(char: str) -> bool:
    return unicodedata.bidirectional(char) in ("R", "AL")


def _font_of(char: str) -> str | None:
    if _draws(NOTO_SANS, char):
        return NOTO_SANS
    script = unicodedata.name(char, "").partition(" ")[0]
    fonts = system_fonts()
    # CJK fonts cover many other characters, too.
    return next((font for font in fonts.get(script, fonts["CJK"]) if _draws(font, char)), None)


@cache
def system_fonts() -> dict[str, list[str]]:
    """The system's font files by script, those most like Noto Sans first. Opens every font, which takes about 1 s."""
    fonts: dict[str, list[str]] = {script: [] for script in SCRIPTS}
    files = [file for folder in _folders() for file in folder.rglob("*.[ot]t[cf]") if not _STYLED.search(file.name)]
    for file in sorted(files, key=lambda file: ("NotoSans" not in file.name, "Sans" not in file.name, file.name)):
        try:
            for script, letter in SCRIPTS.items():
                if _draws(str(file), letter):
                    fonts[script].append(str(file))
        except OSError:
            continue
    return fonts


def _folders() -> list[Path]:
    if sys.platform == "win32":
        windows, own = os.environ.get("WINDIR", "C:/Windows"), os.environ.get("LOCALAPPDATA", "C:/")
        return [Path(windows, "Fonts"), Path(own, "Microsoft/Windows/Fonts")]
    if sys.platform == "darwin":
        return [Path(root, "Library/Fonts") for root in ("/System", "/", Path.home())]
    own = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local/share"
    shared = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [Path(folder, "fonts") for folder in (*shared.split(":"), own)]


@lru_cache(20_000)  # bounded, since titles can contain any character
def _draws(font: str, char: str) -> bool:
    """Whether a font has a glyph for the character: a font draws all that it lacks in the same way."""
    if char == " ":
        return True
    if right_to_left(char) and not features.check("raqm"):
        return False  # without raqm, letters are not joined, and in the wrong order
    face = load(font, 16, ImageFont.Layout.BASIC)
    return bytes(face.getmask(char)) != bytes(face.getmask("\uffff"))
