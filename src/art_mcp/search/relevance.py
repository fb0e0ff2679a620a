"""Rates how well a hit matches: strong, fair or weak.

A hit is rated by the score that orders the hits, so none is above another with a better word. Scores count deviations
from what is ordinary (`art_mcp.background`), not from the rest of the collection, so the best of many poor matches is
still weak, and the same fit gets the same word in a small collection and in a large one. The bounds were measured for
the built-in model, with `scripts/eval_relevance.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from art_mcp.background.cosines import PICTURES
from art_mcp.painting import Hit, Relevance

if TYPE_CHECKING:
    from art_mcp.search.question import Asked


class Bounds(NamedTuple):
    """Minimum scores of fair and of strong hits."""

    fair: float
    strong: float


TEXT = Bounds(fair=5.0, strong=9.0)
"""For the sum of the z-scores of a text."""
STEERED = Bounds(fair=3.5, strong=7.0)
"""For the sum of the z-scores of a picture and the words that steer it: a hit that is as like it as `PICTURE` asks, and
shows what the words say. Not measured."""
PICTURE = Bounds(fair=0.72, strong=0.82)
"""For the cosine of two pictures."""
PAINTINGS = Bounds(*((cosine - PICTURES.mean) / PICTURES.deviation for cosine in PICTURE))
"""The same for the least of a picture's z-scores with several paintings."""


def judge(hit: Hit, bounds: Bounds) -> Relevance:
    """Rate a hit by its score and the bounds for its kind of query."""
    if hit.score >= bounds.strong:
        return Relevance.STRONG
    return Relevance.FAIR if hit.score >= bounds.fair else Relevance.WEAK


def judge_named(hit: Hit, asked: Asked) -> Relevance:
    """Rate a hit of a question that names artists or years, which some paintings fulfil; these come first.

    They are strong if the question asks for nothing else; otherwise the score says how well they show the rest. No
    other is what was asked for.
    """
    if not hit.asked:
        return Relevance.WEAK
    return judge(hit, TEXT) if asked.rest else Relevance.STRONG
