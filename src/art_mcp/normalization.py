"""Normalises text for comparison, without case, accents and typographic variants."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache, lru_cache
from typing import Literal

# Accents of the Latin, Greek and Cyrillic alphabets. Marks of other scripts are kept: a Japanese or Hindi word
# without them is a different word.
_ACCENTS = re.compile("[\u0300-\u036f]")

# Letters that Unicode does not decompose, and typographic apostrophes, quotation marks and dashes.
_ALONE = str.maketrans(
    {
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "ħ": "h",
        "ı": "i",
        "ł": "l",
        "ŋ": "ng",
        "ŧ": "t",
        **dict.fromkeys("‘’ʼ`´", "'"),
        **dict.fromkeys("“”„", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)


MARKS = 30
"""Maximum consecutive combining marks, as in Unicode's stream-safe format; no language uses half as many."""
LONG = 7
"""Letters from which a word is still the same if one letter is another: Kandinski, but Manet is not Monet."""
SHORT = 1_000
"""Characters up to which any text is normalised fast enough."""


def normalize(text: str, form: Literal["NFC", "NFKD"] = "NFC") -> str:
    """Convert text to a Unicode normalisation form, dropping consecutive marks beyond `MARKS`.

    Normalisation sorts the marks on a letter in quadratic time: a hostile text with 80,000 would block the process for
    seconds.
    """
    if len(text) > SHORT and not text.isascii():
        text = _long_rows().sub(r"\1", text)
    return unicodedata.normalize(form, text)


@cache
def _long_rows() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{MARKS}}})[{marks}]+")


def fold(text: str) -> str:
    """Map spellings of a name or word to one form: "Dürer" and "DURER", "Købke" and "kobke".

    Not done in the database: PostgreSQL's `unaccent` depends on a dictionary that can change, and is therefore not
    allowed in an index.
    """
    plain = _ACCENTS.sub("", normalize(text.translate(_ALONE), "NFKD"))
    return normalize(plain.casefold().translate(_ALONE))


@lru_cache(10_000)
def spellings(word: str) -> frozenset[str]:
    """Return a word and, from five letters on, each form of it with one letter left out.

    Two words that share a form are spelled almost alike: they differ by one letter, or by the place of one. The
    database's function `art_mcp.spellings` is the same for the words of a key.
    """
    if not 5 <= len(word) <= 40:
        return frozenset((word,))
    return frozenset((word, *(word[:at] + word[at + 1 :] for at in range(len(word)))))


def is_misspelt(word: str, other: str) -> bool:
    """Whether two words are the same, but for a letter more or less, two exchanged, or another one in long words."""
    if not spellings(word) & spellings(other):
        return False
    return len(word) != len(other) or len(word) >= LONG or sorted(word) == sorted(other)
