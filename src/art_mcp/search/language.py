"""Detects whether a query is hardly English, the only language that the built-in model understands.

No language is recognised: frequent words of others are weighed against common English words, so that a foreign name or
title within an English question is not enough.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container

from art_mcp.background.words import weights
from art_mcp.normalization import fold, normalize
from art_mcp.search.phrases import blanked
from art_mcp.search.words import listed

ENGLISH_ONLY = (
    "The built-in model understands English only: ask in English, or get a multilingual model with "
    "`art-mcp models pull`."
)
CHARACTERS = 300
"""How much of a longer text is read."""
FEW = 3
"""Words from which a text in the Latin alphabet is more than a name."""
FOREIGN, BORROWED, UNKNOWN, ENGLISH = 2.0, 1.0, 0.5, -1.0
"""Weights of words. Borrowed ones also occur in names, in titles, or in English."""
ENOUGH = 2.0
"""Sum of the weights from which a text with a foreign or borrowed word is hardly English."""


def is_hardly_english(text: str) -> bool:
    """Whether a text, without its quoted phrases, is in another script or another language."""
    words = re.findall(r"[^\W\d_]+", blanked(normalize(text[:CHARACTERS])))
    letters = fold("".join(words))
    if 2 * sum(map(_is_of_another_script, letters)) > len(letters):
        return True
    common = weights(fold(" ".join(words)))
    # A single letter is an initial or an elision, but these are words: "and" in Spanish and Italian, "in" in Polish.
    found = [_weight(word, common) for word in words if len(word) > 1 or word in "eywz"]
    return len(found) >= FEW and max(found) >= BORROWED and sum(found) >= ENOUGH


def _is_of_another_script(letter: str) -> bool:
    return not letter.isascii() and not unicodedata.name(letter, "").startswith("LATIN ")


def _weight(word: str, common: Container[str]) -> float:
    """How much a word says that a text is not English."""
    folded = fold(word)
    if folded in listed("shared"):
        return 0
    if folded in listed("foreign"):
        return FOREIGN
    if folded in listed("borrowed"):
        return BORROWED
    if folded in common or folded in listed("ordinary"):
        return ENGLISH
    # With a capital, it is rather a name: Étretat.
    return UNKNOWN if word.isascii() or not word.islower() else FOREIGN
