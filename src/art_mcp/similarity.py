"""How similarly words are spelled, and whether they sound alike. Words are normalised by `normalization.fold`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache

ALIKE = 0.3
"""Share of common trigrams from which a word is among the nearest."""
_SOUNDS = (
    ("sch|sh|sz|ss|z|c(?=[eiy])", "s"),
    ("ph|pf|w|v", "f"),
    ("ckh|ck|cch|ch|kh|qu|q|cc|c", "k"),
    ("x", "ks"),
    ("gh(?=$|[^aeiouy])|h", ""),
    ("dt|th", "t"),
    ("[aeiouyj]+", ""),
    (r"(\w)\1+", r"\1"),
)
"""Letters that European languages use for one sound, replaced in this order."""


@lru_cache(50_000)
def sound(word: str) -> str:
    """The consonants of a word as they are heard, with a vowel at its start: "Gauguin" and "Gaugin" are "ggn"."""
    start = re.match("[aeiouy]", word)
    for letters, heard in _SOUNDS:
        word = re.sub(letters, heard, word)
    return ("a" if start else "") + word


@lru_cache(50_000)
def trigrams(word: str) -> frozenset[str]:
    """The sequences of three letters of a word, which begins with two spaces and ends with one."""
    padded = f"  {word} "
    return frozenset(padded[at : at + 3] for at in range(len(padded) - 2))


def likeness(one: str, other: str) -> float:
    """The similarity of two words, from 0 to 1: the share of trigrams in common, 0.8 if they sound alike."""
    mine, its = trigrams(one), trigrams(other)
    shared = len(mine & its)
    score = shared / (len(mine) + len(its) - shared)
    heard = score < 0.8 and shared and len(sound(one)) > 1 and sound(one) == sound(other)
    return 0.8 if heard else score


def nearest(words: Collection[str], texts: Iterable[str], count: int) -> list[str]:
    """Return the texts whose words are most like some words, the best first; none that has no word alike.

    Args:
        count: maximum number of texts.
    """
    known: dict[str, float] = {}
    scores = []
    for text in texts:
        best = 0.0
        for word in text.split():
            if word not in known:
                known[word] = max((likeness(each, word) for each in words), default=0)
            best += known[word] if known[word] >= ALIKE else 0
        if best:
            scores.append((-best, text))
    return [text for _, text in sorted(scores)[:count]]
