"""Rates how well a hit matches: strong, fair or weak.

A cosine means nothing to people, and its scale differs between spaces. A hit is rated by its raw cosines, not by its
rank or by the distribution of the other scores, so that the best of many poor matches is still weak. The thresholds
were measured for the built-in model's spaces, with `scripts/eval_relevance.py`.
"""

from __future__ import annotations

from typing import NamedTuple

from art_mcp.painting import Hit, Relevance
from art_mcp.space import Leg
from art_mcp.store.ranking import FULL_TEXT


class Bounds(NamedTuple):
    """Minimum raw scores of fair and of strong hits."""

    fair: float
    strong: float


TEXT = Bounds(fair=0.55, strong=0.85)
"""For the sum of the cosines of pixels and words and the share of the query's words that was found."""
PICTURE = Bounds(fair=0.72, strong=0.82)
"""For the cosine of look."""


def judge(hit: Hit) -> Relevance:
    """Rate a hit by the thresholds for its kind of query."""
    return word(raw_score(hit), PICTURE if Leg.LOOK in hit.legs else TEXT)


def raw_score(hit: Hit) -> float:
    """The cosine of look if the query is a picture, else the sum over the legs; steering words do not count."""
    if Leg.LOOK in hit.legs:
        return hit.legs[Leg.LOOK]
    return sum(hit.legs.get(name, 0.0) for name in (Leg.PIXELS, Leg.WORDS, FULL_TEXT))


def word(score: float, bounds: Bounds) -> Relevance:
    if score >= bounds.strong:
        return Relevance.STRONG
    return Relevance.FAIR if score >= bounds.fair else Relevance.WEAK
