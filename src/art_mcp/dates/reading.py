"""Reads the tokens of a date as spans of years."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from art_mcp.dates.grammar import LATER, MADE, NAMED, PERIOD, RANKS
from art_mcp.dates.tokens import JOINTS, Token, token_at
from art_mcp.dates.words import TURN

CIRCA = 5
OPEN_END = 10
EARLIEST, LATEST = -9999, 2100


@dataclass(slots=True)
class Span:
    first: int
    last: int
    rank: int = MADE
    broad: bool = False
    """Whether it is a century by itself, which an exact year next to it makes more precise."""
    exact: bool = False
    weak: bool = False
    """Whether it is a bare number or range of three digits, which is no year next to one of four."""
    clause: int = -1
    """Of a span that may be a period's own: in which clause it stands."""

    def part(self, parts: list[tuple[Fraction, Fraction]]) -> Span:
        start, end = min(start for start, _ in parts), max(end for _, end in parts)
        length = self.last - self.first + 1
        return Span(self.first + math.floor(start * length), self.first + math.ceil(end * length) - 1)

    def __len__(self) -> int:
        return self.last - self.first + 1


class Reader:
    """Goes through the tokens of a date and keeps what modifies the next number.

    A modifier of the first year of a range counts for its last year, too.
    """

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._decades = any(token.length == 10 and token.first % 100 for token in tokens)
        """Whether "early 1900s" is a decade's, as in "late 1890s-early 1900s"."""
        self._spans: list[Span] = []
        self._near = False
        self._bound = ""
        self._parts: list[tuple[Fraction, Fraction]] = []
        self._rank = MADE
        self._plain: Span | None = None
        """The last span of this clause, without its modifiers."""
        self._reach: Span | None = None
        """The same span with its modifiers."""
        self._after: Span | None = None
        """The last span if it was bounded by "after"."""
        self._joined = ""
        self._used = False
        self._ranged = False
        self._period = False
        """Whether a period was named whose own years may follow."""
        self._outside = MADE
        self._clause = 0

    def spans(self) -> list[Span]:
        for at, token in enumerate(self._tokens):
            self._token(token, token_at(self._tokens, at + 1))
        return self._spans

    def _token(self, token: Token, after: Token) -> None:
        kind = token.kind
        if self._used and kind in ("about", "before", "after", "from", "or", "open", "close", "stop"):
            self._near, self._bound, self._used = False, "", False
        if kind == "until":
            kind = "to" if self._plain or self._parts else "before"
        match kind:
            case "number":
                self._number(token, after)
            case "about":
                self._near = True
            case "before" | "after" | "from":
                self._bound = kind
            case "part":
                self._parts += token.parts
            case "work" | "event" | "later event" | "model":
                self._rank = RANKS[kind]
            case "to" | "or":
                self._joined = "/" if token.text[:1] == "/" else kind
            case "period name":
                self._add(Span(*token.years, NAMED).part(self._parts + token.parts or [(Fraction(0), Fraction(1))]))
                self._spans[-1].rank = NAMED
                self._parts, self._period = [], True
            case "period":
                self._parts, self._period = [], True
            case "open":
                self._joined, self._outside = "", self._rank
            case "close":
                self._joined, self._rank = "", self._outside
                self._end_of_clause()
            case "stop":
                self._near, self._bound, self._joined, self._plain = False, "", "", None
                if self._spans or not self._parts:
                    self._parts = []
                self._end_of_clause()
            case "other" | "months":
                self._plain = None

    def _end_of_clause(self) -> None:
        if self._period and self._spans and self._spans[-1].clause == self._clause:
            self._period = False
        self._clause += 1

    def _add(self, span: Span) -> None:
        self._spans.append(span)

    def _number(self, token: Token, after: Token) -> None:
        span = self._span(token)
        if span is not None:
            parts = self._parts + token.parts
            if TURN in parts and token.length == 1 and token.first % 100 == 0:
                span = Span(span.first, span.first + 99)  # sekelskiftet 1900
            if parts:
                span = _of_hundreds(span, parts) if token.length == 100 and token.first % 100 == 0 else span.part(parts)
            if self._bound == "from":
                self._bound = "" if after.kind in JOINTS else "after"
            elif self._bound == "after" and (after.kind == "until" or (after.kind == "to" and after.text.isalpha())):
                self._bound = ""
            reach = self._applied(span, self._near or token.near, self._bound)
            if token.bound:
                bounded = self._applied(span, self._near or token.near, token.bound)
                reach = Span(min(reach.first, bounded.first), max(reach.last, bounded.last))
            if self._joined in ("to", "/") and self._reach:
                # 1921-c.23 starts in 1921, not 5 years before 1923.
                reach.first = min(max(reach.first, self._reach.first), reach.last)
            bounds = (self._bound, token.bound)
            if (start := self._after) and "before" in bounds and start.first <= reach.last:
                start.last = min(start.last, reach.last)  # after 1640, before 1645
                reach.first = max(reach.first, start.first)
            self._after = reach if "after" in bounds else None
            reach.rank = token.rank if token.rank is not None else self._rank
            if self._joined == "/" and self._ranged and self._plain and span.first > self._plain.last + 25:
                reach.rank = LATER  # 1810-1823/1864
            if self._period and reach.rank == MADE:
                reach.rank, reach.clause = PERIOD, self._clause
            reach.weak = token.digits == 3 and token.bc is None and len(reach) == 1
            if self._joined and self._reach:
                reach.weak = self._reach.weak = reach.weak and self._reach.weak
            reach.exact = not self._bound and not token.bound
            reach.broad = token.length >= 100 and not self._joined and after.kind not in JOINTS
            self._ranged = self._joined == "to"
            self._plain, self._reach = span, reach
            self._add(reach)
            self._parts, self._used = [], True
        self._joined = ""

    def _applied(self, span: Span, near: bool, bound: str) -> Span:
        first, last = span.first, span.last
        if bound == "before":
            first, last = first - OPEN_END, first
        elif bound == "after":
            first, last = last, last + OPEN_END
        margin = CIRCA if near else 0
        return Span(first - margin, last + margin)

    def _span(self, token: Token) -> Span | None:
        """The years that a number names, or None; it may be the abbreviated end of a range."""
        first, length = token.first, token.length
        base = self._plain if self._joined else None
        if token.century and first % 100 == 0 and (self._parts or token.parts) and not self._decades:
            length = 100  # late 1800s
        if 0 < token.digits < 4 and base and base.first > 0 and not token.bc:
            first += base.first - base.first % 10**token.digits
            if first <= base.first:  # a month, as in 1889-06, not an end
                return None
        elif 0 < token.digits < 3 and (token.ordinal or (token.bc is None and not (base and base.last < 0))):
            return None
        if not 1 <= first <= (-EARLIEST if token.bc else LATEST):
            return None
        return Span(1 - first - length, -first) if token.bc else Span(first, first + length - 1)


def _of_hundreds(span: Span, parts: list[tuple[Fraction, Fraction]]) -> Span:
    """A part of "1600-talet", 1600 to 1699, whose thirds are those of the 17th century."""
    if any(end.denominator == 3 or start.denominator == 3 for start, end in parts):
        part = Span(span.first + 1, span.last + 1).part(parts)
        return Span(part.first if part.first > span.first + 1 else span.first, min(part.last, span.last))
    return span.part(parts)


def when(spans: list[Span]) -> tuple[int, int] | None:
    """The earliest and latest year of the spans that say most about when the work was made."""
    if not spans:
        return None
    _rank_periods(spans)
    rank = min(span.rank for span in spans)
    best = [span for span in spans if span.rank == rank]
    best = [span for span in best if not span.weak] or best
    exact = [span for span in best if span.exact]
    first, last = _hull([span for span in best if not (span.broad and any(_holds(span, other) for other in exact))])
    for name in (PERIOD, NAMED):
        periods = [span for span in spans if span.rank == name]
        if rank < name and periods:
            start, end = _hull(periods)
            within = rank == PERIOD and first <= start and end <= last
            if within or (start <= last and first <= end and any(len(span) > 30 for span in best)):
                # Qing dynasty (1644-1911), Kangxi period; Edo period (1603-1867), 19th century
                first, last = max(first, start), min(last, end)
            break
    return max(EARLIEST, first), min(LATEST, last)


def _rank_periods(spans: list[Span]) -> None:
    """Rank the clauses that may state a period's own years: a few years are none, and a period may hold another."""
    clauses: dict[int, list[Span]] = {}
    for span in spans:
        if span.clause >= 0:
            clauses.setdefault(span.clause, []).append(span)
    wholes = {clause: Span(*_hull(of_period)) for clause, of_period in clauses.items()}
    for clause, whole in wholes.items():
        for span in clauses[clause]:
            if len(whole) <= 20:
                span.rank = MADE
            elif any(_holds(whole, other) for other in wholes.values()):
                span.rank = NAMED  # New Kingdom (1550-1069 BCE), Dynasty 18, 1390-1352 BCE


def _hull(spans: list[Span]) -> tuple[int, int]:
    if spans[0].rank == NAMED:
        spans = list({(span.first, span.last): span for span in spans}.values())
        spans = [span for span in spans if not any(_holds(span, other) for other in spans)]
    return min(span.first for span in spans), max(span.last for span in spans)


def _holds(span: Span, other: Span) -> bool:
    """Whether a period has another one within it, as Qing has Qianlong."""
    return span.first <= other.first and other.last <= span.last and len(other) < len(span)
