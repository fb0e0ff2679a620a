"""Parses catalogue dates into the range of years in which a painting may have been painted.

The conventions follow *Cataloging Cultural Objects* (CCO, chapter 4.2.3) where it defines one, such as 1605 to 1615 for
"ca. 1610". Where CCO leaves the choice to the cataloguer, the range is chosen for searching: wide enough to find the
painting, narrow enough to be useful.

| written | read as |
|---|---|
| 1665; May 1889, Arles; 1889-05-12 | that year |
| 1665-67, 1788–9, 1860 or 63, 1885/86 | from the first to the last year, which takes missing digits from the first |
| 1510 or 1516; 1888 (1889?) | from the earliest to the latest year named |
| c., ca., about, around, circa, um, vers | 5 years earlier and later (CCO), for every year of a range |
| ?, probably, perhaps | ignored: it expresses doubt but names no other year |
| 1904-06 | 1904 to 1906; 1889-06, which cannot be an end, is a month |
| before, by, ante 1500; 1500 or earlier | the 10 years up to then: 1490 to 1500 |
| after, post 1500; 1596 or after | the 10 years from then: 1500 to 1510 |
| 1890s; 1500s | ten years: tables of paintings use 1500s next to 1510s |
| late 1800s | a century, if early, mid or late precedes a multiple of 100 |
| 17th century, XVII century, 16. Jahrhundert | 1601 to 1700, as in SemArt's time frames |
| early, mid, late | the first, second, last third, rounded outwards: early 17th century is 1601 to 1634 |
| 1st half, third quarter, last third of | exactly that part |
| turn of the 17th century | 10 years on both sides of its start: 1591 to 1610 |
| begun 1511, completed 1567; 1503-06; reworked 1510 | from the start to the end of all work |
| 1829, exhibited 1831; 1822, restored 2011 | 1829, 1822: later events are used only if no other year is given |
| exhibited 1812 | 1812, as in the Tate's own data |
| 2nd-1st century BC; 30 BC-AD 14 | years before Christ are negative: -200 to -1, -30 to 14 |
| date not known, n.d., - | None |
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from art_mcp.normalization import fold

CIRCA = 5
OPEN_END = 10
EARLIEST, LATEST = -3000, 2100

_NTH = (
    "first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|thirteenth|fourteenth|"
    "fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|twenty-first"
)
ORDINAL = rf"\d{{1,2}}(?:st|nd|rd|th)|{_NTH}"
_CENTURY = r"(?:centur(?:y|ies)|cent|c|jahrhunderts?|jh|secolo|sec|siecle|siglo)(?!\w)"
_SPLITS = {"half": 2, "third": 3, "quarter": 4, "decade": 10}
_PARTS = {
    **dict.fromkeys(("early", "beginning", "start"), (Fraction(0), Fraction(1, 3))),
    **dict.fromkeys(("mid", "middle"), (Fraction(1, 3), Fraction(2, 3))),
    **dict.fromkeys(("late", "end"), (Fraction(2, 3), Fraction(1))),
    "turn": (Fraction(-1, 10), Fraction(1, 10)),
}
_ROMAN = {"i": 1, "v": 5, "x": 10}
_MONTHS = ("jan", "feb", "mar", "apr", "maj", "jun", "jul", "aug", "sep", "okt", "nov", "dec")

# The tokens of a date. At each position in the text the first matching rule wins; text that no rule matches (months,
# seasons, places, "probably") is ignored. The text is folded: lower case, no accents.
_RULES = {
    "day": r"(?<!\d)(?P<year_of_day>\d{4})[-/.](?:0?[1-9]|1[0-2])[-/.][0-3]?\d(?!\d)",
    "split": rf"(?P<nth_part>{ORDINAL}|last|final) (?P<of>{'|'.join(_SPLITS)})s?\b",
    "century": rf"(?:\b(?P<nth>{ORDINAL})"
    rf"|\b(?P<roman>[ivx]+)(?:e|eme)?(?= ?(?:[-/] ?[ivx]+ ?)?{_CENTURY})"
    r"|\b(?P<german>\d\d?)\.(?= ?(?:[-/] ?\d\d?\. ?)?j))"
    rf"(?P<named>[ -]?{_CENTURY}\.?)?",
    "decade": r"(?<!\d)(?P<decade_of>\d{1,3}0)'?s\b",
    "year": r"(?<!\d)(?P<anno>\ba\.? ?d\b\.? ?)?(?P<number>\d{1,4})(?!\d)",
    "bc": r"(?<![^\W\d_])b\.? ?c\b(?:\.? ?e\b)?",
    "ad": r"(?<![^\W\d_])(?:a\.? ?d|c\.? ?e)\b",
    "part": rf"\b(?P<name>{'|'.join(_PARTS)})\b",
    "circa": r"(?<![^\W\d_])(?:c|ca|cca|circa|about|around|approx|approximately|um|vers)(?![^\W\d_])",
    "before": r"\b(?:not? (?:later than|after)|before|earlier|ante|by|prior to)\b",
    "after": r"\b(?:not? (?:earlier than|before)|after|later|post|since|onwards?)\b",
    "work": r"\b(?:(?:re)?(?:worked|painted|touched)|begun|completed|finished|executed|dated)(?: and [a-z]+)?\b",
    "event": r"\b(?:exhibited|published|engraved|restored|acquired|purchased|presented|cast|printed)\b",
    "to": r"[-/]|\b(?:to|until|till|through|bis)\b",
    "or": r"[&+]|\b(?:and|or)\b",
    "aside": r"[()\[\]]",
    "stop": r"[,;]",
}
_TOKEN = re.compile("|".join(f"(?P<{kind}>{rule})" for kind, rule in _RULES.items()))


def years(text: str | None) -> tuple[int, int] | None:
    """The earliest and latest possible year of a date text, inclusive; years BC are negative.

    Returns None if the text names no year. The table in the module docstring lists the conventions.
    """
    folded = " ".join(fold(text or "").split())
    if exact := _spreadsheet(folded):
        return exact
    spans = list(_spans(_tokens(folded)))
    spans = [span for span in spans if span.painted] or spans
    if not spans:
        return None
    earliest, latest = min(span.first for span in spans), max(span.last for span in spans)
    return max(EARLIEST, earliest), min(LATEST, latest)


def _spreadsheet(folded: str) -> tuple[int, int] | None:
    """Years from a range that a spreadsheet turned into a month: SemArt has "jún.02" for "1902-06".

    Spreadsheets have no dates before 1900, so the century is certain.
    """
    if (match := re.fullmatch(r"([a-z]{3})\.(\d\d)", folded)) and match[1] in _MONTHS:
        start, end = int(match[2]), _MONTHS.index(match[1]) + 1
        if end > start:
            return 1900 + start, 1900 + end
    return None


@dataclass(slots=True)
class _Token:
    kind: str
    match: re.Match[str]
    bc: bool | None = None
    """Whether a number is a year BC; None if the text names no era."""
    century: bool = False
    """Whether an ordinal counts centuries; otherwise it is a day, such as 12th June."""


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    painted: bool = True

    def part(self, start: Fraction, end: Fraction) -> _Span:
        length = self.last - self.first + 1
        return _Span(self.first + math.floor(start * length), self.first + math.ceil(end * length) - 1)


def _tokens(folded: str) -> list[_Token]:
    """Split the text into tokens; an era or "century" applies to all numbers before it, as in 2nd-1st century BC."""
    tokens = [_Token(match.lastgroup or "", match) for match in _TOKEN.finditer(folded)]
    bc, century = None, False
    for token in reversed(tokens):
        match token.kind:
            case "stop":
                bc, century = None, False
            case "bc" | "ad":
                bc = token.kind == "bc"
            case "year" | "decade" | "century":
                bc = token.bc = False if token.match["anno"] else bc
                century = token.century = century or token.match["named"] is not None
    return tokens


def _spans(tokens: list[_Token]) -> Iterator[_Span]:
    """Yield a span for each year, decade or century named, with its modifiers applied."""
    near, bound, parts, painted = False, "", [], True
    plain: _Span | None = None  # the last span in this clause, without its modifiers
    reach: _Span | None = None  # the same span, with its modifiers
    joined = ""  # "to" or "or" between it and the next span
    used = False  # whether the modifiers before it were applied; they stay in force after "to" only

    def applied(span: _Span) -> _Span:
        first, last = span.first, span.last
        if bound == "before":
            first, last = first - OPEN_END, first
        elif bound == "after":
            first, last = last, last + OPEN_END
        margin = CIRCA if near else 0
        return _Span(first - margin, last + margin, painted)

    for token in [*tokens, None]:
        kind = token.kind if token else "stop"
        if used and kind in ("circa", "before", "after", "or", "aside", "stop"):
            near, bound, used = False, "", False
        match kind:
            case "circa":
                near = True
            case "before" | "after":
                bound = kind
            case "part":
                assert token
                parts.append(_PARTS[token.match["name"]])
            case "split":
                assert token
                parts.append(_split(token.match))
            case "work" | "event":
                painted = kind == "work"
            case "to" | "or":
                joined = kind
            case "aside":
                joined = ""
            case "stop":
                if plain and (near or bound):  # 1596 or after; 1640 circa
                    yield applied(plain)
                near, bound, parts, joined, plain = False, "", [], "", None
            case "day" | "century" | "decade" | "year":
                assert token
                span = _span(token, plain if joined else None, bool(parts))
                if span:
                    if parts:
                        span = span.part(min(start for start, _ in parts), max(end for _, end in parts))
                    plain, before = span, reach
                    reach = applied(span)
                    if joined == "to" and before:  # 1921-c.23 starts in 1921, not 5 years before 1923
                        reach.first = min(max(reach.first, before.first), reach.last)
                    yield reach
                    parts, used = [], True
                joined = ""


def _split(match: re.Match[str]) -> tuple[Fraction, Fraction]:
    of = _SPLITS[match["of"]]
    nth = min(_ordinal(match["nth_part"]) if match["nth_part"] not in ("last", "final") else of, of)
    return Fraction(max(nth, 1) - 1, of), Fraction(max(nth, 1), of)


def _span(token: _Token, base: _Span | None, in_parts: bool) -> _Span | None:
    """The years that a token names, or None; `base` is the span before it, whose abbreviated end it may be."""
    match = token.match
    if token.kind == "day":
        first, length = int(match["year_of_day"]), 1
    elif token.kind == "century":
        nth = _roman(match["roman"]) if match["roman"] else _ordinal(match["nth"] or match["german"])
        if not token.century:
            return None
        first, length = 100 * nth - 99, 100
    else:
        digits = match["number"] or match["decade_of"]
        length = 1 if match["number"] else 100 if in_parts and re.fullmatch(r"\d\d00", digits) else 10
        first = int(digits)
        if len(digits) < 4 and base and base.first > 0 and not token.bc:
            first += base.first - base.first % 10 ** len(digits)
            if first <= base.first:  # a month, as in 1889-06, not an end
                return None
        elif len(digits) < 3 and token.bc is None:
            return None
    if not 1 <= first <= (-EARLIEST if token.bc else LATEST):
        return None
    return _Span(1 - first - length, -first) if token.bc else _Span(first, first + length - 1)


def _ordinal(text: str) -> int:
    return int(digits[0]) if (digits := re.match(r"\d+", text)) else _NTH.split("|").index(text) + 1


def _roman(text: str) -> int:
    values = [_ROMAN[letter] for letter in text]
    return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True))
