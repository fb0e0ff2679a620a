"""How well a hit fits, in a word.

A cosine means nothing to people, and it means something else in every space. A hit is judged by its raw
cosines and not by its rank or by the spread of the others, so that the best of a poor lot is still weak. The
bounds are measured for the built-in model's spaces, with `scripts/eval_relevance.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from art_mcp.painting import Hit, Relevance
from art_mcp.space import Leg
from art_mcp.store.ranking import FULL_TEXT


class Bounds(NamedTuple):
    """Raw scores from which a hit is called fair and strong."""

    fair: float
    strong: float


TEXT = Bounds(fair=0.55, strong=0.85)
"""Of the cosines of pixels and words and the share of the question's words that was found, added."""
PICTURE = Bounds(fair=0.72, strong=0.82)
"""Of the cosine of look."""


def judge(hit: Hit) -> Relevance:
    """The relevance of a hit, by the bounds for its kind of question."""
    return word(raw_score(hit), PICTURE if Leg.LOOK in hit.legs else TEXT)


def raw_score(hit: Hit) -> float:
    """The cosine of look where a picture was asked with, else the sum over the legs; without what steered it."""
    if Leg.LOOK in hit.legs:
        return hit.legs[Leg.LOOK]
    return sum(hit.legs.get(name, 0.0) for name in (Leg.PIXELS, Leg.WORDS, FULL_TEXT))


def word(score: float, bounds: Bounds) -> Relevance:
    if score >= bounds.strong:
        return Relevance.STRONG
    return Relevance.FAIR if score >= bounds.fair else Relevance.WEAK
