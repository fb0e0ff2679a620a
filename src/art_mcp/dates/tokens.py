"""Splits the text of a date into tokens: numbers with what they count, and the words that modify them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction

from art_mcp.dates.words import PARTS, PIECE, Word, lexicon

ROMAN = re.compile(r"(m{0,2})(cm|cd|d?c{0,3})(xc|xl|l?x{0,3})(ix|iv|v?i{0,3})(?:e|er|re|de|ste|eme|ieme|th|o|a)?")
_LATIN = str.maketrans("хі", "xi")
"""The Cyrillic letters that Russian and Ukrainian texts have in Roman numerals."""
_ROMAN = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}
_HAN = {digit: value for value, digit in enumerate("〇一二三四五六七八九")} | {"零": 0, "元": 1}
_TENS = {"十": 10, "百": 100, "千": 1000}
_MARKS = {
    **dict.fromkeys("-/~〜", "to"),
    **dict.fromkeys("&+", "or"),
    **dict.fromkeys("([{<（", "open"),
    **dict.fromkeys(")]}>）", "close"),
    **dict.fromkeys(",;|、。・", "stop"),
}
JOINTS = ("to", "or", "until")
_IGNORED = ("of", "doubt", "nothing", "not")
_BOUNDS = ("before", "after", "from", "until")
_OPPOSITE = {"before": "after", "until": "after", "after": "before"}


@dataclass(slots=True)
class Token:
    kind: str
    text: str = ""
    first: int = 0
    """The number; of a century, its ordinal until `grammar` makes it a year."""
    length: int = 1
    """How many years it names."""
    digits: int = 0
    """How many digits the number was written with; 0 if it can be no abbreviation of a year."""
    ordinal: int = 0
    split: int = 0
    years: tuple[int, int] = (0, 0)
    part: tuple[Fraction, Fraction] | None = None
    bc: bool | None = None
    """Whether a number is a year BC; None if the text names no era."""
    near: bool = False
    bound: str = ""
    parts: list[tuple[Fraction, Fraction]] = field(default_factory=list)
    """`near`, `bound` and `parts` are what modifies a number from behind, as in "1640 (circa)"."""
    rank: int | None = None
    century: bool = False
    """Whether a decade may be a century, as "1800s" is in "late 1800s"."""
    owner: bool = False
    """Whether what follows is its part, as in "1600-talets slut"."""


_END = Token("end")


def token_at(found: list[Token], at: int) -> Token:
    """The token at a place, or one of no meaning outside the date."""
    return found[at] if 0 <= at < len(found) else _END


@dataclass(frozen=True, slots=True)
class _Piece:
    kind: str
    text: str
    start: int
    end: int


def tokens(folded: str) -> list[Token]:
    pieces = [_Piece(match.lastgroup or "", match[0], *match.span()) for match in PIECE.finditer(folded)]
    return _Reader(folded, pieces).read()


class _Reader:
    def __init__(self, text: str, pieces: list[_Piece]) -> None:
        self._text = text
        self._pieces = pieces
        self._words = [piece.text for piece in pieces]
        self._found: list[Token] = []

    def read(self) -> list[Token]:
        at = 0
        while at < len(self._pieces):
            at = self._piece(at)
        return self._found

    def _piece(self, at: int) -> int:
        piece = self._pieces[at]
        match piece.kind:
            case "day":
                year = re.search(r"\d{4}", piece.text)
                assert year
                bc = True if piece.text[0] == "-" else None
                self._found.append(Token("number", piece.text, int(year[0]), bc=bc))
            case "amount":
                self._found.append(Token("other", piece.text))
            case "decade":
                self._found.append(Token("number", piece.text, 10 * int(piece.text[:3]), 10))
            case "century":
                self._found.append(Token("number", piece.text, 100 * int(piece.text[:2]), 100))
            case "numeral":
                tens = re.fullmatch("([一二三四五六七八九])(.十)", piece.text)  # 五六十年代
                for numeral in (f"{tens[1]}十", tens[2]) if tens else (piece.text,):
                    self._found.append(_number(str(_han(numeral)), numeral))
            case "number":
                return self._number(at)
            case "word":
                return self._word(at)
            case _:
                self._mark(at)
        return at + 1

    def _number(self, at: int) -> int:
        piece = self._pieces[at]
        token = _number(piece.text, piece.text)
        if len(piece.text) > 4:
            token.kind = "other"
        self._found.append(token)
        short = token.digits < 3
        if short and self._text[piece.end : piece.end + 1] == ".":
            token.ordinal = token.first
        if (ending := self._ending(at)) is None:
            return at + 1
        after, kinds = ending
        token.owner = "owner" in kinds
        tens = token.first % 10 == 0 and (token.first > 0 or token.digits > 1)
        if short and "ordinal" in kinds and not (tens and self._kind(after) in ("years", "calendar years")):
            token.ordinal = token.first
        elif tens and "hundreds" in kinds and not short and token.first % 100 == 0:
            token.length = 100
        elif tens and kinds & {"decade", "decade or century", "hundreds"} and token.first:
            token.length, token.century = 10, "decade or century" in kinds and not short
        elif "ordinal" not in kinds:
            return at + 1
        return after

    def _ending(self, at: int) -> tuple[int, set[str]] | None:
        """What ends the number at a place, as in "1890-talet", and where it ends."""
        for after in (at + 1, at + 2):
            if after < len(self._pieces) and (kinds := lexicon().endings.get(self._words[after])):
                gap = self._text[self._pieces[at].end : self._pieces[after].start]
                if gap in ("", "'", "-", ":", ".", ".-") or (
                    gap in (" ", ". ", " -", "- ") and len(self._words[after]) > 2
                ):
                    return after + 1, kinds
        return None

    def _word(self, at: int) -> int:
        text = self._words[at]
        length, word = lexicon().find(self._words, at) or (1, Word())
        roman = self._roman(at) if length == 1 else 0
        if 0 < roman <= 30 and (self._kind(at + 1) in ("century", "millennium") or self._split(at + 1)):
            self._found.append(Token("roman", text, ordinal=roman))  # Ve siècle, II poł.
            return at + 1
        if length == 1 and self._counts_centuries(at):
            word = Word("century")
        elif word.kind == "century" and len(text) < 3 and text.isascii() and not self._last.ordinal:
            word = Word("of")  # "w" counts centuries only after a number
        kind = self._kind_here(at, length, word)
        if at and self._kind(at - 1) == "not":
            kind = _OPPOSITE.get(kind, kind)
        if roman >= 1400 and len(text) > 2:
            self._found.append(Token("number", text, roman))
        elif kind == "tens":
            self._found.append(Token("number", text, word.years[0], 10, 2))
        elif kind == "centuries":
            self._found.append(Token("number", text, 100 * word.years[0], 100))
        elif kind not in _IGNORED or word.ordinal or word.split:
            kind = kind or ("" if word.ordinal or word.split else "roman" if roman else "other")
            token = Token("part" if kind in PARTS else kind, text, ordinal=word.ordinal, split=word.split)
            token.years, token.part = word.years, PARTS.get(kind)
            if 0 < roman <= 30 and not word.ordinal and kind in ("", "roman"):
                token.ordinal = roman
            self._found.append(token)
        return at + length

    def _counts_centuries(self, at: int) -> bool:
        """Whether "c" or "s" stands for a century: "18th c.", "17C", "C19", "XVIIe s.", "s. XVII"."""
        text, before = self._words[at], self._last
        if text not in ("c", "s"):
            return False
        if before.kind == "roman" or (before.ordinal and before.kind in ("number", "")):
            return True
        if text == "s":
            return self._roman(at + 1) > 0
        after = self._words[at + 1] if at + 1 < len(self._words) else ""
        if re.fullmatch(r"\d\d?", after) and self._gap(at) == "":
            return True
        return before.digits in (1, 2) and self._gap(at - 1) == ""

    def _kind_here(self, at: int, length: int, word: Word) -> str:
        """What a word is in this place: short ones say when only right before a date, or between two."""
        text, before = self._words[at], self._last
        if word.between and (before.kind in ("number", "roman", "bc", "ad") or before.ordinal):
            return word.between
        if word.between and before.kind == "century" and (self._dated(at + 1) or 0 < self._roman(at + 1) <= 30):
            return word.between  # but siglo I d. C.
        if self._words[at : at + length] == ["i", "e"]:  # Hungarian for BC, English for "that is"
            after = self._words[at + 2] if at + 2 < len(self._words) else ""
            return word.kind if re.fullmatch(r"\d{0,3}", after) or 0 < self._roman(at + 2) <= 30 else ""
        if length > 1:
            return word.kind
        if word.kind in _BOUNDS and len(text) < 3 and not (self._dated(at + 1) or self._split(at + 1)):
            return "of"
        if word.kind == "about" and len(text) == 1 and text.isascii() and text != "c":
            if text == "h" and before.kind == "number" and before.digits > 2:
                return "hijri"
            month = before.kind == "number" and before.digits < 3 and self._roman(at)  # 12 V 1889
            return "about" if self._dated(at + 1) and not month else ""
        return word.kind

    def _mark(self, at: int) -> None:
        piece = self._pieces[at]
        if piece.text == "-" and self._negative(at):
            self._found.append(Token("bc", "-"))
        elif piece.text == "~" and (self._last.kind in ("start", "open", "stop") or not self._followed(at)):
            self._found.append(Token("about", "~"))
        elif kind := _MARKS.get(piece.text, "to" if piece.text.startswith("..") else ""):
            glued = self._text[piece.end : piece.end + 1] != " "
            self._found.append(Token(kind, piece.text if glued else f"{piece.text} "))

    @property
    def _last(self) -> Token:
        return self._found[-1] if self._found else Token("start")

    def _gap(self, at: int) -> str:
        """The text between two pieces."""
        return self._text[self._pieces[at].end : self._pieces[at + 1].start]

    def _negative(self, at: int) -> bool:
        """Whether a dash is a minus before a year: "-500", "-480/-256", but not "1926 -1940"."""
        if at + 1 == len(self._pieces) or self._pieces[at + 1].kind != "number":
            return False
        if self._gap(at) or (at and not self._gap(at - 1) and self._pieces[at - 1].kind == "word"):
            return False  # 1926 - 1940, post-1640
        if not self._found or self._found[-1].kind in ("open", "about", *_BOUNDS):
            return True
        return self._found[-1].kind in ("to", "or") and len(self._found) > 2 and self._found[-3].text == "-"

    def _followed(self, at: int) -> bool:
        """Whether a number or word follows a piece."""
        return at + 1 < len(self._pieces) and self._pieces[at + 1].kind != "mark"

    def _dated(self, at: int) -> bool:
        """Whether a date starts at a piece."""
        if at >= len(self._pieces):
            return False
        return self._pieces[at].kind not in ("word", "mark", "amount") or self._kind(at) == "about"

    def _kind(self, at: int) -> str:
        found = lexicon().find(self._words, at) if at < len(self._pieces) else None
        return found[1].kind if found else ""

    def _split(self, at: int) -> int:
        found = lexicon().find(self._words, at) if at < len(self._pieces) else None
        return found[1].split if found else 0

    def _roman(self, at: int) -> int:
        word = self._words[at] if at < len(self._words) else ""
        if not (match := ROMAN.fullmatch(word.translate(_LATIN) if len(word) > 1 else word)):
            return 0
        values = [_ROMAN[letter] for letter in "".join(match.groups())]
        return sum(-a if a < b else a for a, b in zip(values, [*values[1:], 0], strict=True)) if values else 0


def _number(digits: str, text: str) -> Token:
    return Token("number", text, int(digits) if len(digits) < 9 else 0, digits=len(digits))


def _han(text: str) -> int:
    """The value of a Chinese number, such as 十九 or 一八三一."""
    if not set(text) & _TENS.keys():
        return int("".join(str(_HAN[digit]) for digit in text)) if len(text) < 9 else 0
    total, digit = 0, 1
    for letter in text[:9]:
        if letter in _TENS:
            total, digit = total + digit * _TENS[letter], 0
        else:
            digit = _HAN[letter]
    return total + digit * (text[-1] not in _TENS)
