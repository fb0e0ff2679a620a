"""Measures, wraps and draws text on pictures."""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter

from PIL import ImageDraw, ImageFont

from art_mcp.images.fonts import by_font, load, right_to_left


@lru_cache(10_000)
def width(text: str, size: int) -> float:
    """The width of the text in pixels."""
    return sum(font.getlength(run) for font, run in _runs(text, size))


def write(draw: ImageDraw.ImageDraw, at: tuple[float, float], text: str, size: int, fill: str) -> None:
    """Draw a line of text, with the left end of its baseline at a point."""
    x, y = at
    direction = "rtl" if _is_right_to_left(text) else None
    for font, run in _runs(text, size):
        draw.text((x, y), run, fill=fill, font=font, anchor="ls", direction=direction)
        x += font.getlength(run)


def lines(text: str, size: int, room: float, most: int) -> list[str]:
    """Wrap text into lines; the last one ends with an ellipsis if any text is left.

    Breaks at spaces, or inside a word that is longer than a line, as in Chinese.

    Args:
        room: width of a line in pixels.
        most: maximum number of lines.
    """
    words = writable(text).split()
    broken: list[str] = []
    while words and len(broken) < most:
        line = words.pop(0)
        left = room - width(line, size)
        while words and (left := left - width(" ", size) - width(words[0], size)) >= 0:
            line += " " + words.pop(0)
        if len(broken) < most - 1:
            fits = _fitting(line, size, room)
            if fits < len(line):
                words.insert(0, line[fits:])
                line = line[:fits]
        elif words:
            line += " " + words[0]  # as much of it as fits
        broken.append(_cut(line, size, room))
    return broken


def writable(text: str) -> str:
    """Replace characters that no font here can draw with `?`; emoji and other symbols among them are dropped."""
    text = unicodedata.normalize("NFC", " ".join(text[:400].split()))
    result = ""
    for char, font in by_font("".join(char for char in text if unicodedata.category(char)[0] != "C")):
        if font:
            result += char
        elif unicodedata.category(char) not in ("So", "Sk", "Mn", "Me") and not result.rstrip().endswith("?"):
            result += "?"
    if "?" in result and not any(char.isalnum() for char in result):
        return "[in another script]"
    return result


def _fitting(line: str, size: int, room: float) -> int:
    """The number of characters that fit, at least 1."""
    return max(1, bisect_right(range(1, len(line) + 1), room, key=lambda count: width(line[:count], size)))


def _cut(line: str, size: int, room: float) -> str:
    if width(line, size) <= room:
        return line
    line = line[: _fitting(line, size, room - width("…", size))]
    head, space, tail = line.rpartition(" ")
    if space and len(tail) < 3:
        line = head  # drop a word that is cut to one or two letters
    return line.rstrip(" ,;:.-") + "…"


def _runs(text: str, size: int) -> Iterator[tuple[ImageFont.FreeTypeFont, str]]:
    """Split a line into runs of one font each, from left to right."""
    runs = [(font, "".join(char for char, _ in run)) for font, run in groupby(by_font(text), itemgetter(1))]
    if _is_right_to_left(text):
        runs.reverse()
    for font, run in runs:
        if font:
            yield load(font, size), run


def _is_right_to_left(text: str) -> bool:
    return right_to_left(next(filter(str.isalpha, text), "a"))
