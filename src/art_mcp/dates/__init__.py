"""Parses catalogue dates into the range of years in which a painting may have been painted.

The conventions follow *Cataloging Cultural Objects* (CCO, chapter 4.2.3) where it defines one, such as 1605 to 1615 for
"ca. 1610". Where CCO leaves the choice to the cataloguer, the range is chosen for searching: wide enough to find the
painting, narrow enough to be useful. A text that is not understood has no years, because a wrong year hides a painting.

| written | read as |
|---|---|
| 1665; May 1889, Arles; 1889-05-12; MDCLXV | that year |
| 1665-67, 1788–9, 1860 or 63, 1885/86 | from the first to the last year, which takes missing digits from the first |
| 1510 or 1516; 1888 (1889?) | from the earliest to the latest year named |
| c., ca., um, vers, hacia, ок., 1831年頃 | 5 years earlier and later (CCO), for every year of a range |
| ?, probably, vermutlich | ignored: it expresses doubt but names no other year |
| 1904-06 | 1904 to 1906; 1889-06, which cannot be an end, is a month |
| before, by, vor, avant, до; 1500 or earlier; <1500, –1500 | the 10 years up to then: 1490 to 1500 |
| after, nach, après, efter; 1596 or after; from 1596 | the 10 years from then: 1596 to 1606 |
| not before 1640, nicht vor, ej före; after 1640, before 1645 | as after 1640; 1640 to 1645 |
| 1890s, 1890er, 1890-е; 1500s | ten years: tables of paintings use 1500s next to 1510s |
| 175-?; 18--; 20er Jahre | 1750 to 1759; 1800 to 1899; the 1920s, unless a century is named with it |
| late 1800s | a century, if early, mid or late precedes a multiple of 100 |
| late 1890s-early 1900s; Ende der 1900er Jahre | decades: a second decade is named, or the form is never a century |
| 17th century, XVIIe s., 17C, C17, XVII w., 17世紀 | 1601 to 1700, as in SemArt's time frames |
| 1600-talet, 1600-luku, Seicento | 1600 to 1699; 1650-talet is a decade; 17-1800-tallet is 1700 to 1899 |
| early, Anfang, fin, mitten, pocz., 初期 | the first, second, last third, rounded outwards: 1601 to 1634 |
| 1st half, 2e quart, 1. poł., 前半 | exactly that part; of "half" without a number, the middle |
| later 18th century | 1750 to 1800 |
| turn of the 17th century; Wende 16./17. Jh. | 10 years on both sides of its start: 1591 to 1610 |
| begun 1511, completed 1567; 1503-06; reworked 1510 | from the start to the end of all work, design and manufacture |
| 1829, exhibited 1831; 1822, restored 2011 | 1829, 1822: later events count only if no other year is given |
| exhibited 1812; published 1819, reprinted 1978 | 1812, 1819, as in the Tate's own data |
| 2nd-1st century BC; 30 v. Chr.; 公元前221年; -0500 | years before Christ are negative: -200 to -1, -30, -221, -500 |
| Edo period (1615-1868), 19th century | the date, cut to the period: 1801 to 1868 |
| Edo period; 江戸時代後期; Qianlong | the period, or its part, if there is no other date |
| 明治10年, Meiji 10; AH 1024; AH 1024/AD 1615; พ.ศ. 2500 | 1877; 1615 to 1616; 1615; 1957 |
| 17th century (1620-30) | the years, where they lie within the century |
| date not known, n.d., -; 150,644; Lot 1765; 150 x 200 | None |

Words of sixteen languages are data in `languages`, names of periods in `periods`. `tokens` splits a text by them,
`counting` and `grammar` find what belongs together, and `reading` turns that into years.
"""

from __future__ import annotations

import re
from functools import lru_cache

from art_mcp.dates.grammar import group
from art_mcp.dates.languages import english
from art_mcp.dates.reading import EARLIEST as EARLIEST
from art_mcp.dates.reading import LATEST as LATEST
from art_mcp.dates.reading import Reader, when
from art_mcp.dates.tokens import tokens
from art_mcp.dates.words import plain

ORDINAL = rf"\d{{1,2}}(?:{english.WORDS['ordinal ending']})|{english.WORDS['ordinals']}"
"""An English ordinal, as a pattern."""
_LONGEST = 1_000
"""Characters; what is longer is no date."""
_SIZE = re.compile(r"\d+(?:[.,]\d+)?(?: ?(?:cm|mm|in))? ?[x×*] ?\d+(?:[.,]\d+)?(?: ?(?:cm|mm|in)\b)?")
_SIGN = re.compile(r"^\s*([<≤>≥–—])\s*(?=\d)(?!.*>)")
_SIGNS = {**dict.fromkeys("<≤–—", "before "), **dict.fromkeys(">≥", "after ")}
"""Signs before a year; a hyphen or minus is that of a year BC."""
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")


@lru_cache(10_000)
def years(text: str | None) -> tuple[int, int] | None:
    """The earliest and latest possible year of a date text, inclusive; years BC are negative.

    Returns None if the text names no year. The table in the module docstring lists the conventions.
    """
    text = _SIGN.sub(lambda sign: _SIGNS[sign[1]], (text or "")[:_LONGEST])
    folded = _SIZE.sub(" ", plain(text))
    if re.fullmatch(r"\d{4}", folded):
        year = int(folded)
        return (year, year) if 0 < year <= LATEST else None
    if exact := _spreadsheet(folded):
        return exact
    return when(Reader(group(tokens(folded))).spans())


def _spreadsheet(folded: str) -> tuple[int, int] | None:
    """Years from a range that a spreadsheet turned into a month: SemArt has "jún.02" for "1902-06".

    Spreadsheets have no dates before 1900, so the century is certain.
    """
    if (match := re.fullmatch(r"([a-z]{3})\.(\d\d)", folded)) and match[1] in _MONTHS:
        start, end = int(match[2]), _MONTHS.index(match[1]) + 1
        if end > start:
            return 1900 + start, 1900 + end
    return None
