"""What the words of dates mean, in all languages together."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import NamedTuple

from art_mcp.dates.languages import (
    chinese,
    czech,
    dutch,
    english,
    finnish,
    french,
    german,
    hungarian,
    italian,
    japanese,
    korean,
    nordic,
    polish,
    portuguese,
    russian,
    spanish,
)
from art_mcp.dates.periods import ERAS, PERIODS, rows
from art_mcp.normalization import fold

LANGUAGES: tuple[Mapping[str, str], ...] = tuple(
    module.WORDS
    for module in (
        english,
        german,
        french,
        spanish,
        portuguese,
        italian,
        dutch,
        nordic,
        finnish,
        polish,
        czech,
        hungarian,
        russian,
        japanese,
        chinese,
        korean,
    )
)
PARTS = {
    "early": (Fraction(0), Fraction(1, 3)),
    "mid": (Fraction(1, 3), Fraction(2, 3)),
    "late": (Fraction(2, 3), Fraction(1)),
    "earlier half": (Fraction(0), Fraction(1, 2)),
    "later half": (Fraction(1, 2), Fraction(1)),
    "turn": (Fraction(-1, 10), Fraction(1, 10)),
}
TURN = PARTS["turn"]
COMPARATIVES = {"earlier": (Fraction(0), Fraction(1, 2)), "later": (Fraction(49, 100), Fraction(1))}
"""Of a century; the later 18th century is 1750 to 1800."""
SPLITS = {"half": 2, "third": 3, "quarter": 4, "tenth": 10}
LAST = -1
"""The ordinal of "last"."""

_HAN = r"\u3041-\u30fb\u30fd-\u30ff\u3005\u3007\u3400-\u9fff\uac00-\ud7a3"
PIECE = re.compile(
    r"(?P<day>(?:(?<![\w)])[-+])?(?<!\d)\d{4}([-/.])(?:0?\d|1[0-2])\2[0-3]?\d(?!\d)(?:t\d[\d:.+-]*z?)?)"
    r"|(?P<amount>(?<!\d)\d{1,3}(?:[,.]\d{3})+(?!\d))"
    r"|(?P<decade>(?<!\d)\d{3}(?:-\?|[-?x_u*](?!\w| ?\d|-\d{3}(?!\d)))\??)"
    r"|(?P<century>(?<!\d)\d\d(?:--|-\?|\?\?|__|xx|uu|\*\*|\.\.)(?!\w| ?\d)\??)"
    r"|(?P<number>\d+)"
    rf"|(?P<numeral>(?<!\d)(?:[〇零一二三四五六七八九十百千]+|元)(?=[世年月日]))"
    rf"|(?P<word>[{_HAN}]|(?<=\d)(?:st|nd|rd|th)(?=c\b)|[^\W\d_{_HAN}]+)"
    r"|(?P<mark>\.\.+|[^\s.'\"])"
)
"""A piece of a folded date: a number, a word (a character of Chinese, Japanese or Korean) or a mark."""


class Word(NamedTuple):
    """What a word or phrase means."""

    kind: str = ""
    years: tuple[int, int] = (0, 0)
    ordinal: int = 0
    """Its number if a part or a century follows: "prima" is first, or before."""
    split: int = 0
    """How many of these parts make a whole, if an ordinal precedes: "cuarto" is a quarter, or fourth."""
    between: str = ""
    """Its kind between two numbers: "of" is "or" in Dutch."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    phrases: dict[str, list[tuple[tuple[str, ...], Word]]] = field(default_factory=dict)
    """By the first word, the rest of each phrase and its meaning; longer ones first."""
    endings: dict[str, set[str]] = field(default_factory=dict)
    """What may end a number: "ordinal", "decade", "decade or century" or "hundreds"."""

    def find(self, words: list[str], at: int) -> tuple[int, Word] | None:
        """The longest phrase that starts at a word: how many words it has, and its meaning."""
        for rest, word in self.phrases.get(words[at], ()):
            if tuple(words[at + 1 : at + 1 + len(rest)]) == rest:
                return 1 + len(rest), word
        return None


def plain(text: str) -> str:
    """Fold a text, but keep "før" (before) apart from "for"."""
    return " ".join(fold(text.replace("ø", "oe").replace("Ø", "oe")).split())


def phrase(text: str) -> tuple[str, ...]:
    return tuple(match[0] for match in PIECE.finditer(plain(text)))


@cache
def lexicon() -> Lexicon:
    found = Lexicon()
    words: dict[tuple[str, ...], Word] = {}
    for language in LANGUAGES:
        for key, texts in language.items():
            if key.endswith(" ending"):
                for ending in texts.split("|"):
                    found.endings.setdefault(plain(ending), set()).add(key.removesuffix(" ending"))
                continue
            for text, meaning in _meanings(key, texts):
                pieces = phrase(text)
                words[pieces] = _merged(words.get(pieces, Word()), meaning)
    for kind, table in (("period name", PERIODS), ("era", ERAS)):
        for years, names in rows(table):
            words |= {phrase(name): Word(kind, years) for name in names}
    for pieces, word in sorted(words.items(), key=lambda item: -len(item[0])):
        found.phrases.setdefault(pieces[0], []).append((pieces[1:], word))
    return found


def _meanings(key: str, texts: str) -> Iterator[tuple[str, Word]]:
    for place, text in enumerate(texts.split("|"), 1):
        name, _, number = text.partition(":")
        if key == "ordinals":
            yield from ((form, Word(ordinal=place)) for form in text.split("/"))
        elif key == "last":
            yield text, Word(ordinal=LAST)
        elif key in SPLITS:
            yield text, Word("mid" if key == "half" and len(text) > 1 else "", split=SPLITS[key])
        elif key.endswith(" between"):
            yield text, Word(between=key.removesuffix(" between"))
        else:
            yield name, Word(key, (int(number or 0), 0))


def _merged(one: Word, other: Word) -> Word:
    """Both meanings of a word; the first language wins."""
    kind, years = (one.kind, one.years) if one.kind else (other.kind, other.years)
    return Word(kind, years, one.ordinal or other.ordinal, one.split or other.split, one.between or other.between)
