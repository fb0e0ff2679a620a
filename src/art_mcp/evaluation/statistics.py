"""Recall at k and median rank, with 95 % bootstrap intervals over the questions."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from art_mcp.store.ranking import DEPTH

AT = (1, 5, 10)
NOT_FOUND = DEPTH + 1
"""The rank of a painting that is not among the hits."""
RESAMPLES = 10_000
SEED = 0


class Interval(NamedTuple):
    """A measured value, and the 2.5 % and 97.5 % percentiles of its bootstrap distribution."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Result:
    """How well one leg answers one kind of question."""

    kind: str
    leg: str
    questions: int
    recall: dict[int, Interval]
    """The share of the questions, 0 to 1, whose painting is among the first k, by k."""
    median_rank: Interval
    """`NOT_FOUND` where the median painting is not among the hits."""


def summarize(kind: str, leg: str, ranks: Counter[int]) -> Result:
    """Summarise the ranks of the right painting.

    A resample of the questions is drawn as the number of questions at each rank, a multinomial distribution, so memory
    does not grow with the number of questions.

    Args:
        ranks: the number of questions by rank, from 1 to `NOT_FOUND`; at least one.
    """
    import numpy as np

    places = np.array(sorted(ranks))
    counts = np.array([ranks[place] for place in places.tolist()])
    total = int(counts.sum())
    drawn = np.random.default_rng(SEED).multinomial(total, counts / total, RESAMPLES)
    # The first row is what was measured.
    until = np.cumsum(np.concatenate([counts[None], drawn]), axis=1)

    def interval(values: np.ndarray) -> Interval:
        return Interval(float(values[0]), *(float(each) for each in np.percentile(values[1:], [2.5, 97.5])))

    recall = {}
    for k in AT:
        within = int(np.searchsorted(places, k, "right"))
        recall[k] = interval(until[:, within - 1] / total if within else np.zeros(RESAMPLES + 1))
    medians = places[(until < total / 2).sum(axis=1)]
    return Result(kind, leg, total, recall, interval(medians))
