"""Dates as catalogues write them, as the years between which a painting was painted.

The conventions are those of *Cataloging Cultural Objects* (CCO, chapter 4.2.3) where it has one; it says "ca. 1610"
is 1605 to 1615. Where it leaves the choice to the cataloguer the choice is ours, and is made for searching: a
range wide enough that the painting is found, narrow enough that it says something.

| written | read as |
|---|---|
| 1665; May 1889, Arles; 1889-05-12 | that year |
| 1665-67, 1788–9, 1860 or 63, 1885/86 | from the first to the last, the last filled up from the first |
| 1510 or 1516; 1888 (1889?) | from the earliest to the latest that is named |
| c., ca., about, around, circa, um, vers | 5 years more on both sides (CCO), of every year of a range |
| ?, probably, perhaps | as if it were not there: it doubts, but names no other year |
| 1904-06 | 1904 to 1906; 1889-06, which cannot be an end, is a month |
| before, by, ante 1500; 1500 or earlier | the 10 years up to then: 1490 to 1500 |
| after, post 1500; 1596 or after | the 10 years from then: 1500 to 1510 |
| 1890s; 1500s | ten years: in tables of paintings, 1500s stands beside 1510s |
| late 1800s | with early, mid or late a round hundred is the century |
| 17th century, XVII century, 16. Jahrhundert | 1601 to 1700, as in SemArt's time frames |
| early, mid, late | the first, second, last third, rounded outwards: early 17th century is 1601 to 1634 |
| 1st half, third quarter, last third of | exactly that |
| turn of the 17th century | 10 years on both sides of its start: 1591 to 1610 |
| begun 1511, completed 1567; 1503-06; reworked 1510 | all of the work |
| 1829, exhibited 1831; 1822, restored 2011 | 1829, 1822: other people's events count only where nothing else is said |
| exhibited 1812 | 1812, as the Tate itself files it |
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
_ORDINAL = rf"\d{{1,2}}(?:st|nd|rd|th)|{_NTH}"
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

# What a date is made of. At each place in the text the first rule that fits takes it; what no rule takes (months,
# seasons, places, "probably") says nothing about the year. The text is folded: small letters, no accents.
_RULES = {
    "day": r"(?<!\d)(?P<year_of_day>\d{4})[-/.](?:0?[1-9]|1[0-2])[-/.][0-3]?\d(?!\d)",
    "split": rf"(?P<nth_part>{_ORDINAL}|last|final) (?P<of>{'|'.join(_SPLITS)})s?\b",
    "century": rf"(?:\b(?P<nth>{_ORDINAL})"
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
    """The earliest and the latest year that the words allow, both inclusive and years BC negative.

    None when they say nothing about the year. The table in this module's docstring says how they are read.
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
    """What "1902-06" became where a spreadsheet took it for a month: "jún.02", in SemArt's tables.

    A spreadsheet knows no date before 1900, so the century is sure.
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
    """Whether a number is before Christ; None where no era is written."""
    century: bool = False
    """Whether an ordinal counts centuries; otherwise it is a day: 12th June."""


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    painted: bool = True

    def part(self, start: Fraction, end: Fraction) -> _Span:
        length = self.last - self.first + 1
        return _Span(self.first + math.floor(start * length), self.first + math.ceil(end * length) - 1)


def _tokens(folded: str) -> list[_Token]:
    """The text in parts; what stands once behind several numbers is said of each: 2nd-1st century BC."""
    tokens = [_Token(match.lastgroup, match) for match in _TOKEN.finditer(folded)]
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
    """One span for each year, decade or century that is named, with the words about it applied."""
    near, bound, parts, painted = False, "", [], True
    plain: _Span | None = None  # the last one named, in this clause, without the words about it
    reach: _Span | None = None  # the same, with them
    joined = ""  # "to" or "or" between it and the next
    used = False  # whether the words before it have been applied; "to" hands them on, anything else ends them

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
                parts.append(_PARTS[token.match["name"]])
            case "split":
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
                span = _span(token, plain if joined else None, bool(parts))
                if span:
                    if parts:
                        span = span.part(min(start for start, _ in parts), max(end for _, end in parts))
                    plain, before = span, reach
                    reach = applied(span)
                    if joined == "to" and before:  # 1921-c.23 begins in 1921, not five years before 1923
                        reach.first = min(max(reach.first, before.first), reach.last)
                    yield reach
                    parts, used = [], True
                joined = ""


def _split(match: re.Match[str]) -> tuple[Fraction, Fraction]:
    of = _SPLITS[match["of"]]
    nth = min(_ordinal(match["nth_part"]) if match["nth_part"] not in ("last", "final") else of, of)
    return Fraction(max(nth, 1) - 1, of), Fraction(max(nth, 1), of)


def _span(token: _Token, base: _Span | None, in_parts: bool) -> _Span | None:
    """The years of a number; `base` is the one before it, to which it may be an abbreviated end."""
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
            if first <= base.first:  # not an end: the month of 1889-06
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
