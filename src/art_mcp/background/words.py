"""How much a word of a question identifies: names and rare words do, "portrait" or "river" hardly.

`common_words.tsv`, made by `scripts/count_words.py`, has the share of catalogue entries or captions with each stem.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path

import snowballstemmer

COMMON_WORDS = Path(__file__).parent / "common_words.tsv"
RARE = 0.001
"""Share of texts up to which a word identifies as well as a name."""


def weights(text: str) -> dict[str, float]:
    """The weight of each stem and each word of a text that is not rare: below 1, and 0 for a word that all texts have.

    Args:
        text: normalised by `fold`.
    """
    known = _common_words()
    return {form: known[stem] for word, stem in _words_and_stems(text) if stem in known for form in (stem, word)}


def stems(text: str) -> list[str]:
    """The words of a text, stemmed as PostgreSQL's text search configuration `english` does."""
    return [stem for _, stem in _words_and_stems(text.lower())]


def _words_and_stems(text: str) -> Iterator[tuple[str, str]]:
    return ((word, _stem(word)) for word in re.findall(r"\w+", text))


@lru_cache(10_000)
def _stem(word: str) -> str:
    stem: str = _stemmer().stemWord(word)  # takes 40 µs
    return stem


@cache
def _stemmer() -> snowballstemmer.english_stemmer.EnglishStemmer:
    return snowballstemmer.stemmer("english")


@cache
def _common_words() -> dict[str, float]:
    """The weight by stem."""
    lines = (line.split("\t") for line in COMMON_WORDS.read_text("utf-8").splitlines())
    return {stem: math.log(float(share)) / math.log(RARE) for stem, share in lines}
