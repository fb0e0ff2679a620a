"""Years of other calendars as years AD."""

from __future__ import annotations

import math
from collections.abc import Callable


def hijri(year: int) -> tuple[int, int]:
    """The first and last year AD that a year of the Islamic lunar calendar touches."""
    return math.floor(621.5774 + 0.970224 * year), math.floor(621.5774 + 0.970224 * (year + 1))


CALENDARS: dict[str, Callable[[int], tuple[int, int]]] = {
    "hijri": hijri,
    "solar hijri": lambda year: (year + 621, year + 622),
    "samvat": lambda year: (year - 57, year - 56),
    "saka": lambda year: (year + 78, year + 79),
    "buddhist": lambda year: (year - 543, year - 543),
    "dangun": lambda year: (year - 2333, year - 2333),
}
"""The years AD of a year, by the kind of the calendar's name."""


def is_same_year(year: int, ad: int) -> bool:
    """Whether both are one year, as in "1024/1615" (AH) and "1870/1813" (Vikram Samvat).

    The Saka era is left out, since "1700/1778" can be a range.
    """
    spans = (CALENDARS[name](year) for name in ("hijri", "solar hijri", "samvat", "buddhist"))
    return year != ad and any(first <= ad <= last for first, last in spans)
