"""Finds what numbers count: parts ("2nd half"), centuries and decades."""

from __future__ import annotations

from fractions import Fraction

from art_mcp.dates.tokens import JOINTS, Token, token_at
from art_mcp.dates.words import LAST, TURN


def count(tokens: list[Token]) -> list[Token]:
    """Merge ordinals with the parts that they count, and make years of centuries and decades."""
    tokens = _parts(tokens)
    _centuries(tokens)
    _decades(tokens)
    return _turns(tokens)


def _parts(tokens: list[Token]) -> list[Token]:
    """Make one token of an ordinal and what it counts: "2nd half", "1/2 XVII w."."""
    found: list[Token] = []
    for at, token in enumerate(tokens):
        if not (token.split or token.part or token.digits == 1 or token.length == 100 or token.text == "-"):
            found.append(token)
            continue
        before, joint, other = (token_at(found, len(found) - back) for back in (1, 2, 3))
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
    token, slash, of, whole = (token_at(tokens, at + ahead) for ahead in range(4))
    return (
        token.digits == of.digits == 1
        and slash.text == "/"
        and of.first in (2, 3, 4)
        and 0 < token.first <= of.first
        and bool(whole.ordinal or whole.kind == "century")
    )


def _centuries(tokens: list[Token]) -> None:
    """Mark the ordinals that a century's name counts: those before it, as in "16th-17th century", or after it."""
    named = False
    for at, token in enumerate(tokens):
        if token.kind in ("century", "millennium"):
            named = True
            length = 100 if token.kind == "century" else 1000
            if token_at(tokens, at - 1).text == "-":
                tokens[at - 1].kind = "of"
            start = at - 2 if token_at(tokens, at - 1).kind == "of" else at - 1
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
        turn, number, other = token_at(found, len(found) - 2), token_at(found, len(found) - 1), token_at(tokens, at + 1)
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
            step = -1 if token_at(tokens, at - 1).kind == "number" and tokens[at - 1].length < 100 else 1
            place = at + step
            while token_at(tokens, place).kind in ("number", "to", "or") and token_at(tokens, place).length < 100:
                number = tokens[place]
                digits = (2,) if token.kind == "calendar years" else (2, 3, 4)
                if number.kind == "number" and number.first % 10 == 0 and number.digits in digits:
                    number.length = 10
                place += step
    for at, token in enumerate(tokens):
        if token.kind == "number" and token.length == 10 and token.digits in (1, 2):
            _set_decade(tokens, at)
        elif token.kind == "number" and token.length == 100 and token.digits == 4:
            _set_hundreds(tokens, at)


def _set_hundreds(tokens: list[Token], at: int) -> None:
    """Complete the century before "1800-talet" in "17-1800-talet" and "17- eller 1800-talet"."""
    place = at - 1
    while token_at(tokens, place).kind in JOINTS:
        place -= 1
    before = token_at(tokens, place)
    if place < at - 1 and before.kind == "number" and before.digits == 2 and 100 * before.first < tokens[at].first:
        before.first, before.length, before.digits = 100 * before.first, 100, 4


def _set_decade(tokens: list[Token], at: int) -> None:
    """Give a decade of two digits its century: the one named with it, or the 20th."""
    token = tokens[at]
    if (era := token_at(tokens, at - 1)).kind == "era":  # 昭和10年代
        token.first, token.digits = era.years[0] + token.first - 1, 4
        return
    before = token_at(tokens, at - 2 - (token_at(tokens, at - 2).kind in ("years", "calendar years")))
    if token_at(tokens, at - 1).kind in ("to", "or") and before.kind == "number" and before.first >= 100:
        return  # 1860年代至70年代
    ahead = at + 1
    while token_at(tokens, ahead).kind in ("to", "or", "years", "calendar years", "century") or (
        token_at(tokens, ahead).kind == "number" and tokens[ahead].length == 10
    ):
        ahead += 1
    century = 1901
    for place in (ahead, at - 1, at - 2):
        near = token_at(tokens, place)
        if near.kind == "number" and near.length == 100:
            century, near.kind = near.first, "decided"
            break
        if near.kind == "decided":
            century = near.first
            break
    token.first += century - century % 100
    token.digits = 4
