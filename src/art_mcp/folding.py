"""Text as it is compared: without case, accents and typographic variants."""

from __future__ import annotations

import re
import unicodedata

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


def fold(text: str) -> str:
    """The form in which two spellings of a name or a word are equal: "Dürer" and "DURER", "Købke" and "kobke".

    It is computed here and not by the database, whose `unaccent` depends on a dictionary that can change and
    is for that reason not allowed in an index.
    """
    plain = _ACCENTS.sub("", unicodedata.normalize("NFKD", text.translate(_ALONE)))
    return unicodedata.normalize("NFC", plain.casefold().translate(_ALONE))
