"""Text as it is compared: without case, accents and typographic variants."""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import cache
from typing import Literal

# Accents of the Latin, Greek and Cyrillic alphabets. Marks of other scripts are no accents: a Japanese or
# Hindi word without them is another word.
_ACCENTS = re.compile("[\u0300-\u036f]")

# Letters that Unicode holds for letters of their own and therefore does not take apart, and the several
# apostrophes and dashes of typesetters.
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
"""In a row, as in Unicode's stream-safe format; no language stacks half as many."""
SHORT = 1_000


def normalize(text: str, form: Literal["NFC", "NFKD"] = "NFC") -> str:
    """A text in a normal form of Unicode, without marks beyond `MARKS` in a row.

    Normalising sorts the marks on a letter, in a time that grows with the square of their number: a hostile text of
    80,000 takes seconds, in which nothing else runs.
    """
    if len(text) > SHORT and not text.isascii():
        text = _long_rows().sub(r"\1", text)
    return unicodedata.normalize(form, text)


@cache
def _long_rows() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(sys.maxunicode + 1) if unicodedata.combining(chr(code)))
    return re.compile(f"([{marks}]{{{MARKS}}})[{marks}]+")


def fold(text: str) -> str:
    """The form in which two spellings of a name or a word are equal: "Dürer" and "DURER", "Købke" and "kobke".

    It is computed here and not by the database, whose `unaccent` depends on a dictionary that can change and
    is for that reason not allowed in an index.
    """
    plain = _ACCENTS.sub("", normalize(text.translate(_ALONE), "NFKD"))
    return normalize(plain.casefold().translate(_ALONE))
