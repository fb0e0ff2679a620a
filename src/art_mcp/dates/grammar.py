"""Finds what belongs together in a date: which numbers count centuries, which are BC, and what modifies them."""

from __future__ import annotations

from fractions import Fraction

from art_mcp.dates.calendars import CALENDARS, is_hijri
from art_mcp.dates.tokens import Token
from art_mcp.dates.words import COMPARATIVES, LAST, TURN

MADE, PERIOD, NAMED, SHOWN, LATER, MODEL = range(6)
"""How much the years of a date say about when the work was made; the least one counts."""
RANKS = {"work": MADE, "event": SHOWN, "later event": LATER, "model": MODEL}
JOINTS = ("to", "or", "until")
HAN = "\u3041"
"""The first letter of Chinese and Japanese, whose modifiers of a year or century always follow it."""
_END = Token("end")
_MODIFIERS = ("about", "before", "after", "from", "until", "part", "later", "earlier")


def group(tokens: list[Token]) -> list[Token]:
    """Merge and mark tokens, so that every number names years and knows its era."""
    tokens = _parts(tokens)
    tokens = _labels(tokens)
    _centuries(tokens)
    _decades(tokens)
    tokens = _turns(tokens)
    tokens = _eras(tokens)
    _calendars(tokens)
    tokens = [token for token in tokens if token.kind not in ("century", "millennium", "years", "calendar years")]
    return _behind(tokens)


def _at(tokens: list[Token], at: int) -> Token:
    return tokens[at] if 0 <= at < len(tokens) else _END


def _parts(tokens: list[Token]) -> list[Token]:
    """Make one token of an ordinal and what it counts: "2nd half", "1/2 XVII w."."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if not (token.split or token.part or token.digits == 1 or token.length == 100 or token.text == "-"):
            found.append(token)
            continue
        before, joint, other = (_at(found, len(found) - back) for back in (1, 2, 3))
        if token.split and _counts(before, 10):
            parts = [_part(before, token.split)]
            found.pop()
            if joint.kind in ("to", "or") and _counts(other, 10):
                parts.append(_part(other, token.split))
                del found[-2:]
            token.kind, token.parts, token.ordinal = "part", parts, 0
        elif _fraction(tokens, at):
            token.kind, token.parts = "part", [_part(token, tokens[at + 2].first)]
            tokens[at + 1].kind = tokens[at + 2].kind = "other"
        elif token.length == 100 and before.kind == "" and before.ordinal in (1, 2):
            found[-1] = Token("part", parts=[_part(before, 3 if before.ordinal == 1 else 2)])  # primo Cinquecento
        elif token.part:
            token.parts = [token.part]
        elif token.text == "-" and before.kind == "part" and joint.kind != "number":
            continue  # mid-16th
        found.append(token)
    return found


def _counts(token: Token, most: int) -> bool:
    if token.kind == "number":
        return token.digits in (1, 2) and 0 < token.first <= most
    return token.ordinal == LAST or 0 < token.ordinal <= most


def _part(ordinal: Token, of: int) -> tuple[Fraction, Fraction]:
    nth = ordinal.first if ordinal.kind == "number" else ordinal.ordinal
    nth = of if nth == LAST else min(nth, of)
    return Fraction(nth - 1, of), Fraction(nth, of)


def _fraction(tokens: list[Token], at: int) -> bool:
    token, slash, of, whole = (_at(tokens, at + ahead) for ahead in range(4))
    return (
        token.digits == of.digits == 1
        and slash.text == "/"
        and of.first in (2, 3, 4)
        and 0 < token.first <= of.first
        and bool(whole.ordinal or whole.kind == "century")
    )


def _labels(tokens: list[Token]) -> list[Token]:
    """Leave out the numbers that are none of years: patents, lots, days of months."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if token.kind == "number" and _at(tokens, at - 1).kind == "label":
            continue
        if token.text in ("月", "日") and found and found[-1].kind == "number":
            found.pop()
        found.append(token)
    return found


def _centuries(tokens: list[Token]) -> None:
    """Mark the ordinals that a century's name counts: those before it, as in "16th-17th century", or after it."""
    named = False
    for at, token in enumerate(tokens):
        if token.kind in ("century", "millennium"):
            named = True
            length = 100 if token.kind == "century" else 1000
            if _at(tokens, at - 1).text == "-":
                tokens[at - 1].kind = "of"
            start = at - 2 if _at(tokens, at - 1).kind == "of" else at - 1
            if not _count(tokens, start, -1, length):
                _count(tokens, at + 1, 1, length)
    romans = [token for token in tokens if token.kind == "roman" and 1 < token.ordinal < 22]
    bare = all(token.kind in ("roman", "part", "about", "before", "after", "of", *JOINTS) for token in tokens)
    if bare and not named and any(len(token.text) > 1 for token in romans):
        for token in romans:
            _set_century(token, 100)


def _count(tokens: list[Token], at: int, step: int, length: int) -> bool:
    """Mark the ordinals that adjoin a place in one direction; false if there is none."""
    marked = joined = False
    while 0 <= at < len(tokens):
        token = tokens[at]
        short = token.kind == "number" and token.digits in (1, 2) and token.length == 1
        counts = (short and 0 < token.first < 40) or (token.kind != "number" and 0 < token.ordinal < 40)
        if counts and (joined or not marked):
            _set_century(token, length)
            marked, joined = True, False
        elif marked and token.kind in JOINTS:
            joined = True
        elif not (marked and token.kind in ("part", "about", "century", "bc", "ad", "later", "earlier", "of")):
            break
        at += step
    return marked


def _set_century(token: Token, length: int) -> None:
    nth = token.first if token.kind == "number" else token.ordinal
    token.kind, token.first, token.length, token.digits = "number", length * (nth - 1) + 1, length, 0


def _turns(tokens: list[Token]) -> list[Token]:
    """Of a turn between two centuries, keep the second: its turn is meant."""
    if not any(TURN in token.parts for token in tokens):
        return tokens
    found: list[Token] = []
    for at, token in enumerate(tokens):
        turn, number, other = _at(found, len(found) - 2), _at(found, len(found) - 1), _at(tokens, at + 1)
        two = token.kind in ("to", "or") and number.kind == other.kind == "number"
        if two and TURN in turn.parts and other.first - number.first in (1, 100):
            found.pop()
        else:
            found.append(token)
    return found


def _decades(tokens: list[Token]) -> None:
    """Mark the decades of "années 1920", "lata 80. XIX w." and "20世紀20年代"."""
    for at, token in enumerate(tokens):
        if token.kind in ("years", "calendar years"):
            step = -1 if _at(tokens, at - 1).kind == "number" and tokens[at - 1].length < 100 else 1
            place = at + step
            while _at(tokens, place).kind in ("number", "to", "or") and _at(tokens, place).length < 100:
                number = tokens[place]
                digits = (2,) if token.kind == "calendar years" else (2, 3, 4)
                if number.kind == "number" and number.first % 10 == 0 and number.digits in digits:
                    number.length = 10
                place += step
    for at, token in enumerate(tokens):
        if token.kind == "number" and token.length == 10 and token.digits in (1, 2):
            _set_decade(tokens, at)


def _set_decade(tokens: list[Token], at: int) -> None:
    """Give a decade of two digits its century: the one named beside it, or the 20th."""
    token = tokens[at]
    if (era := _at(tokens, at - 1)).kind == "era":  # 昭和10年代
        token.first, token.digits = era.years[0] + token.first - 1, 4
        return
    before = _at(tokens, at - 2)
    if _at(tokens, at - 1).kind in ("to", "or") and before.kind == "number" and before.first >= 100:
        return
    ahead = at + 1
    while _at(tokens, ahead).kind in ("to", "or", "years", "calendar years") or (
        _at(tokens, ahead).kind == "number" and tokens[ahead].length == 10
    ):
        ahead += 1
    century = 1901
    for place in (ahead, at - 1, at - 2):
        near = _at(tokens, place)
        if near.kind == "number" and near.length == 100:
            century, near.kind = near.first, "decided"
            break
        if near.kind == "decided":
            century = near.first
            break
    token.first += century - century % 100
    token.digits = 4


def _eras(tokens: list[Token]) -> list[Token]:
    """Mark numbers as BC or AD: an era counts for all numbers before it in a clause, or for the one after it."""
    bc: bool | None = None
    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind == "stop" or (token.kind == "open" and _at(tokens, at + 1).kind not in ("bc", "ad")):
            bc = None
        elif token.kind in ("bc", "ad"):
            after = _at(tokens, at + 1)
            if _at(tokens, at - 1).kind not in ("number", "century", "millennium", "years") and after.kind == "number":
                _prefix(tokens, at + 1, token.kind == "bc")
                bc = None
            else:
                bc = token.kind == "bc"
        elif token.kind == "number" and token.bc is None:
            token.bc = bc
    return [token for token in tokens if token.kind not in ("bc", "ad", "decided")]


def _prefix(tokens: list[Token], at: int, bc: bool) -> None:
    """Give a number the era before it, and the end of its range if that is an earlier year BC."""
    number, end = tokens[at], _at(tokens, at + 2)
    number.bc = bc
    if bc and _at(tokens, at + 1).kind in JOINTS and end.kind == "number" and end.bc is None:
        end.bc = end.first < number.first


def _calendars(tokens: list[Token]) -> None:
    """Convert years of other calendars, and those of an era, as in "AH 1024" and "Meiji 10"."""
    for at, token in enumerate(tokens):
        before, after = _at(tokens, at - 1), _at(tokens, at + 1)
        if token.kind in CALENDARS:
            step = -1 if before.kind == "number" and before.rank is None else 1
            numbers = [at + step] + ([at + 3 * step] if _at(tokens, at + 2 * step).text[:1] == "-" else [])
            raw = 0
            for place in sorted(numbers):
                year = _at(tokens, place)
                if year.kind == "number" and year.digits and year.rank is None:
                    if raw and year.digits < 3:
                        year.first += raw - raw % 10**year.digits
                    raw = year.first
                    first, last = CALENDARS[token.kind](raw)
                    year.first, year.length, year.digits, year.rank = first, last - first + 1, 0, NAMED
        elif token.kind == "era":
            length = token.years[1] - token.years[0] + 2
            if after.kind == "number" and after.digits in (1, 2) and 0 < after.first <= length and after.length == 1:
                after.first, after.digits = token.years[0] + after.first - 1, 0
                token.kind = "other"
            else:
                token.kind = "period name"
        elif token.text[:1] == "/" and before.kind == after.kind == "number" and is_hijri(before.first, after.first):
            before.rank = NAMED


def _behind(tokens: list[Token]) -> list[Token]:
    """Give numbers what modifies them from behind, as in "1640 (circa)", "17e siècle, 2e moitié", "1831年頃"."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if token.kind in RANKS:
            if len(found) > 1 and found[-1].kind == "or" and found[-2].kind == "work":
                continue  # reworked and exhibited
            bare = _at(tokens, at - 1).kind != "open" or _at(tokens, at + 1).kind in ("close", "end")
            if _last(found, "open") is not None and bare and not _leads(tokens, at + 1):
                for number in _run(found, ("open",)):
                    number.rank = RANKS[token.kind]
                continue
        elif token.kind == "part":
            last = _last(found, "open", "stop", "close", "period")
            if last is not None and not last.parts and (not _leads(tokens, at + 1) or _splits(tokens, found, at)):
                last.parts = token.parts
                if TURN in token.parts and _at(found, len(found) - 3).first == last.first - 100:
                    del found[-3:-1]
                continue
        elif token.kind in ("about", "before", "after", "later", "earlier") and not _leads(tokens, at + 1):
            last = _last(found, "open", "or", "stop")
            if last is not None:
                if token.kind == "about":
                    for number in _run(found, ("open", "or")):
                        number.near = True
                else:
                    last.bound = "before" if token.kind in ("before", "earlier") else "after"
                continue
        elif token.kind in ("later", "earlier"):
            following = _at(tokens, at + 1)
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
        if _at(tokens, at - 1).kind not in ("to", "until") or tokens[at - 1].text[:1] == "/":
            break
        at -= 2
    return found


def _leads(tokens: list[Token], at: int) -> bool:
    """Whether modifiers before a place belong to a number that follows."""
    while True:
        token = _at(tokens, at)
        if token.kind in ("to", "or") and _at(tokens, at + 1).kind == "part":
            at += 2
        elif token.kind in _MODIFIERS:
            at += 1
        else:
            return token.kind in ("number", "period name")


def _splits(tokens: list[Token], found: list[Token], at: int) -> bool:
    """Whether a part ends one date of two, as in "1600-talets slut - 1700-talets början"."""
    if not found or found[-1].kind not in ("number", "period name"):
        return False
    return tokens[at].text > HAN or found[-1].owner or _at(tokens, at + 1).kind in ("to", "or", "stop")
