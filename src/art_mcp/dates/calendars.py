"""Years of other calendars as years AD."""

from __future__ import annotations

import math
from collections.abc import Callable


def hijri(year: int) -> tuple[int, int]:
    """The first and last year AD that a year of the Islamic lunar calendar touches."""
    return math.floor(621.5774 + 0.970224 * year), math.floor(621.5774 + 0.970224 * (year + 1))


def is_hijri(year: int, ad: int) -> bool:
    """Whether both are one year, as in "1024/1615"."""
    first, last = hijri(year)
    return year < ad and first <= ad <= last


CALENDARS: dict[str, Callable[[int], tuple[int, int]]] = {
    "hijri": hijri,
    "solar hijri": lambda year: (year + 621, year + 622),
    "samvat": lambda year: (year - 57, year - 56),
    "saka": lambda year: (year + 78, year + 79),
    "buddhist": lambda year: (year - 543, year - 543),
}
"""The years AD of a year, by the kind of the calendar's name."""
