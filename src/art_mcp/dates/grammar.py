"""Finds what belongs together in a date: which numbers are BC or of another calendar, and what modifies them."""

from __future__ import annotations

from art_mcp.dates.calendars import CALENDARS, is_same_year
from art_mcp.dates.counting import count
from art_mcp.dates.tokens import JOINTS, Token, token_at
from art_mcp.dates.words import COMPARATIVES, TURN

MADE, PERIOD, NAMED, SHOWN, LATER, MODEL = range(6)
"""How much the years of a date say about when the work was made; the least one counts."""
RANKS = {"work": MADE, "event": SHOWN, "later event": LATER, "model": MODEL}
HAN = "\u3041"
"""The first letter of Chinese, Japanese and Korean, whose modifiers of a year or century always follow it."""
ANCIENT = 50
"""Years by which catalogues differ on when an ancient period began and ended."""
_MODIFIERS = ("about", "before", "after", "from", "until", "part", "later", "earlier")


def group(tokens: list[Token]) -> list[Token]:
    """Merge and mark tokens, so that every number names years and knows its era."""
    tokens = count(_labels(tokens))
    tokens = _eras(tokens)
    _calendars(tokens)
    tokens = [token for token in tokens if token.kind not in ("century", "millennium", "years", "calendar years")]
    return _behind(tokens)


def _labels(tokens: list[Token]) -> list[Token]:
    """Leave out the numbers that are none of years: patents, lots, days of months, ages."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        before, after = token_at(tokens, at - 1), token_at(tokens, at + 1)
        if token.kind == "number" and before.kind == "label" and not after.split:
            continue
        if (token.text in ("月", "日", "월", "일") or token.kind == "ago") and found and found[-1].kind == "number":
            found.pop()
        found.append(token)
    return found


def _eras(tokens: list[Token]) -> list[Token]:
    """Mark numbers as BC or AD: an era counts for all numbers before it in a clause, or for the one after it."""
    bc: bool | None = None
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind == "stop" or (token.kind == "open" and token_at(tokens, at + 1).kind not in ("bc", "ad")):
            bc = None
        elif token.kind in ("bc", "ad"):
            after = token_at(tokens, at + 1)
            if (
                token_at(tokens, at - 1).kind not in ("number", "century", "millennium", "years")
                and after.kind == "number"
            ):
                _prefix(tokens, at + 1, token.kind == "bc")
                bc = None
            else:
                bc = token.kind == "bc"
        elif token.kind == "number" and token.bc is None:
            token.bc = True if bc is None and _ancient(tokens, token.first) else bc
            if token.bc is None and token.digits == 2 and _to_hundreds(tokens, at):
                token.bc = False
    return [token for token in tokens if token.kind not in ("bc", "ad", "decided")]


def _to_hundreds(tokens: list[Token], at: int) -> bool:
    """Whether a number of two digits is the first year of a range, as in "25-220", in a text without later years."""
    return (
        token_at(tokens, at + 1).text[:1] == "-"
        and token_at(tokens, at + 2).digits == 3
        and all(token.digits < 4 for token in tokens)
    )


def _ancient(tokens: list[Token], year: int) -> bool:
    """Whether a period before Christ is named that a year without an era falls into: "New Kingdom, c. 1250"."""
    periods = [token.years for token in tokens if token.kind == "period name" and token.years[1] < 0]
    return any(first - ANCIENT <= -year <= last + ANCIENT for first, last in periods)


def _prefix(tokens: list[Token], at: int, bc: bool) -> None:
    """Give a number the era before it, and the end of its range if that is an earlier year BC."""
    number, end = tokens[at], token_at(tokens, at + 2)
    number.bc = bc
    if bc and token_at(tokens, at + 1).kind in JOINTS and end.kind == "number" and end.bc is None:
        end.bc = end.first < number.first


def _calendars(tokens: list[Token]) -> None:
    """Convert years of other calendars, and those of an era, as in "AH 1024" and "Meiji 10"."""
    for at, token in enumerate(tokens):
        before, after = token_at(tokens, at - 1), token_at(tokens, at + 1)
        if token.kind in CALENDARS:
            if before.kind == "century":  # 8th century AH
                at, before = at - 1, token_at(tokens, at - 2)
            step = -1 if before.kind == "number" and before.rank is None else 1
            numbers = [at + step] + ([at + 3 * step] if token_at(tokens, at + 2 * step).text[:1] == "-" else [])
            raw = 0
            for place in sorted(numbers):
                year = token_at(tokens, place)
                if year.kind == "number" and (year.digits or year.length == 100) and year.rank is None:
                    if raw and year.digits < 3:
                        year.first += raw - raw % 10**year.digits
                    raw = year.first
                    first, last = CALENDARS[token.kind](raw)[0], CALENDARS[token.kind](raw + year.length - 1)[1]
                    year.first, year.length, year.digits, year.rank = first, last - first + 1, 0, NAMED
        elif token.kind == "era":
            length = token.years[1] - token.years[0] + 2
            token.kind = "period name"
            for year in (after, token_at(tokens, at + 3)) if token_at(tokens, at + 2).kind in JOINTS else (after,):
                if year.kind == "number" and year.digits in (1, 2) and 0 < year.first <= length and year.length == 1:
                    year.first, year.digits, token.kind = token.years[0] + year.first - 1, 0, "other"
        elif (
            token.text[:1] == "/" and before.kind == after.kind == "number" and is_same_year(before.first, after.first)
        ):
            before.rank = NAMED


def _behind(tokens: list[Token]) -> list[Token]:
    """Give numbers what modifies them from behind, as in "1640 (circa)", "17e siècle, 2e moitié", "1831年頃"."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if token.kind in RANKS:
            if len(found) > 1 and found[-1].kind == "or" and found[-2].kind == "work":
                continue  # reworked and exhibited
            bare = token_at(tokens, at - 1).kind != "open" or token_at(tokens, at + 1).kind in ("close", "end")
            if _last(found, "open") is not None and bare and not _leads(tokens, at + 1):
                for number in _run(found, ("open",)):
                    number.rank = RANKS[token.kind]
                continue
        elif token.kind == "part":
            leads = _leads(tokens, at + 1)
            last = _last(found, "open", "stop", "close", "period", *(() if leads else JOINTS))
            if last is not None and (not leads or (not last.parts and _splits(tokens, found, at))):
                last.parts = [*last.parts, *token.parts]  # 19世紀中頃から後半
                if TURN in token.parts and token_at(found, len(found) - 3).first == last.first - 100:
                    del found[-3:-1]
                continue
        elif token.kind in ("later", "earlier") and token_at(tokens, at + 1).kind in RANKS:
            continue  # a later replica
        elif token.kind in ("about", "before", "after", "later", "earlier") and not _leads(tokens, at + 1):
            last = _last(found, "open", "or", "stop", "close", "months")
            if last is not None:
                if token.kind == "about":
                    for number in _run(found, ("open", "or", "close", "months")):
                        number.near = True
                else:
                    last.bound = "before" if token.kind in ("before", "earlier") else "after"
                continue
        elif token.kind in ("later", "earlier"):
            following = token_at(tokens, at + 1)
            if following.kind == "number" and following.length > 1:
                token = Token("part", token.text, parts=[COMPARATIVES[token.kind]])
            else:
                token = Token("after" if token.kind == "later" else "before", token.text)
        found.append(token)
    return found


def _last(tokens: list[Token], *skipped: str) -> Token | None:
    """The number or name at the end."""
    at = len(tokens) - 1
    while at >= 0 and tokens[at].kind in skipped:
        at -= 1
    return tokens[at] if at >= 0 and tokens[at].kind in ("number", "period name") else None


def _run(tokens: list[Token], skipped: tuple[str, ...]) -> list[Token]:
    """The numbers at the end that are joined to a range."""
    at = len(tokens) - 1
    while at >= 0 and tokens[at].kind in skipped:
        at -= 1
    found = []
    while at >= 0 and tokens[at].kind in ("number", "period name"):
        found.append(tokens[at])
        if token_at(tokens, at - 1).kind not in ("to", "until") or tokens[at - 1].text[:1] == "/":
            break
        at -= 2
    return found


def _leads(tokens: list[Token], at: int) -> bool:
    """Whether modifiers before a place belong to a number that follows."""
    while True:
        token = token_at(tokens, at)
        if token.kind in JOINTS and token_at(tokens, at + 1).kind == "part":
            at += 2
        elif token.kind in _MODIFIERS:
            at += 1
        else:
            return token.kind in ("number", "period name")


def _splits(tokens: list[Token], found: list[Token], at: int) -> bool:
    """Whether a part ends one date of two, as in "1600-talets slut - 1700-talets början"."""
    if not found or found[-1].kind not in ("number", "period name"):
        return False
    return tokens[at].text > HAN or found[-1].owner or token_at(tokens, at + 1).kind in ("to", "or", "stop")
