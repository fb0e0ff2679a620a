"""Text on pictures: fonts that this computer has, and plain letters for what none of them can draw."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from itertools import groupby

from PIL import ImageDraw, ImageFont

# Pillow's own font draws ASCII only. What follows it covers Latin, Greek and Cyrillic, then East Asia, on
# Linux, macOS and Windows. Names are looked up in the system's font folders; missing ones are skipped.
SYSTEM_FONTS = (
    "NotoSans-Regular.ttf",
    "HelveticaNeue.ttc",
    "segoeui.ttf",
    "LiberationSans-Regular.ttf",
    "DejaVuSans.ttf",
    "Arial Unicode.ttf",
    "NotoSansCJK-Regular.ttc",
    "YuGothM.ttc",
    "msyh.ttc",
)
# In small letters; accents need no entry, they come off by themselves.
PLAIN = {
    **{
        "ł": "l",
        "ø": "o",
        "đ": "d",
        "ß": "ss",
        "ı": "i",
        "þ": "th",
        "ð": "d",
        "æ": "ae",
        "œ": "oe",
        "№": "No.",
    },
    **{"–": "-", "—": "-", "‐": "-", "‑": "-", "•": "-", "„": '"'},
    **dict(zip("абвгдеёзийклмнопрстуфхъыьэ", "abvgdeeziyklmnoprstufh'y'e", strict=True)),
    **{"ж": "zh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch", "ю": "yu", "я": "ya"},
}

Font = ImageFont.FreeTypeFont


class Typeface:
    """The fonts to write a given set of texts with, the one that draws most of them first."""

    def __init__(self, texts: Iterable[str]) -> None:
        letters = set("".join(texts))
        self._names = sorted(_usable_fonts(), key=lambda name: sum(not _draws(name, c) for c in letters))
        self._fonts: dict[str, str | None] = {}
        self._widths: dict[tuple[str, int], float] = {}

    def width(self, text: str, size: int) -> float:
        """How long the text gets, in pixels."""
        if (text, size) not in self._widths:
            self._widths[text, size] = sum(font.getlength(run) for font, run in self._runs(text, size))
        return self._widths[text, size]

    def draw(self, draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, fill: str) -> None:
        """Write the text with its baseline's left end at a point."""
        x, y = at
        for font, run in self._runs(text, size):
            draw.text((x, y), run, fill=fill, font=font, anchor="ls")
            x += font.getlength(run)

    def lines(self, text: str, size: int, width: float, most: int) -> list[str]:
        """The text broken into lines that fit; an ellipsis ends the last if something is left.

        Broken at spaces, and inside a word where the word alone is longer than a line, as in Chinese.
        """
        words = self.writable(text).split()
        space = self.width(" ", size)
        lines: list[str] = []
        while words and len(lines) < most:
            line = words.pop(0)
            room = width - self.width(line, size)
            while words and (room := room - space - self.width(words[0], size)) >= 0:
                line += " " + words.pop(0)
            if len(lines) < most - 1:
                fits = self._fitting(line, size, width)
                if fits < len(line):
                    words.insert(0, line[fits:])
                    line = line[:fits]
            elif words:
                line += " " + words[0]  # as much of it as fits
            lines.append(self._cut(line, size, width))
        return lines

    def _fitting(self, line: str, size: int, width: float) -> int:
        """How many of the characters fit, at least one."""
        return max(1, bisect_right(range(1, len(line) + 1), width, key=lambda count: self.width(line[:count], size)))

    def _cut(self, line: str, size: int, width: float) -> str:
        if self.width(line, size) <= width:
            return line
        line = line[: self._fitting(line, size, width - self.width("…", size))]
        head, space, tail = line.rpartition(" ")
        if space and len(tail) < 3:
            line = head  # one or two letters of a word say nothing
        return line.rstrip(" ,;:.-") + "…"

    def writable(self, text: str) -> str:
        """The text with what no font here draws put in plain letters, or `?`; emoji are left out."""
        result = ""
        for char in unicodedata.normalize("NFC", text[:400]):
            category = unicodedata.category(char)
            if char.isspace():
                result += " "
            elif category[0] == "C":
                continue
            elif self._font_of(char) is not None:
                result += char
            elif category not in ("So", "Sk", "Mn", "Me"):
                plain = _plain(char)
                result += plain or ("" if result.rstrip().endswith("?") else "?")
        if "?" in result and not any(char.isalnum() for char in result):
            return "[in another script]"
        return result

    def _font_of(self, char: str) -> str | None:
        """The first font that draws it; the one of no name comes with Pillow."""
        if char not in self._fonts:
            self._fonts[char] = next((name for name in self._names if _draws(name, char)), None)
        return self._fonts[char]

    def _runs(self, text: str, size: int) -> Iterator[tuple[Font, str]]:
        for name, chars in groupby(text, self._font_of):
            yield _load(name or "", size), "".join(chars)


def _plain(char: str) -> str:
    """A character in ASCII, or nothing where that is not known."""
    small = char.lower()
    bare = unicodedata.normalize("NFKD", PLAIN.get(small, small))
    plain = "".join(c for c in bare if c.isascii() and c.isprintable())
    return plain.capitalize() if char != small else plain


@cache
def _usable_fonts() -> tuple[str, ...]:
    return ("", *(name for name in SYSTEM_FONTS if _exists(name)))


def _exists(name: str) -> bool:
    try:
        _load(name, 16)
    except OSError:
        return False
    return True


@cache
def _load(name: str, size: int) -> Font:
    """A system font, or with no name the one that comes with Pillow."""
    font = ImageFont.truetype(name, size) if name else ImageFont.load_default(size)
    if not isinstance(font, Font):
        raise OSError("Pillow was built without FreeType")
    return font


@lru_cache(20_000)  # bounded, since titles can hold any character that there is
def _draws(name: str, char: str) -> bool:
    """Whether a font has a glyph of its own: fonts draw all that they lack in the same way."""
    if char == " ":
        return True
    font = _load(name, 16)
    return bytes(font.getmask(char)) != bytes(font.getmask("\uffff"))
