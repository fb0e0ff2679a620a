from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from art_mcp.evaluation.statistics import NOT_FOUND, summarize
from art_mcp.evaluation.tables import RESULT_HEADER, result_row


def test_recall_and_median_are_those_of_the_ranks() -> None:
    result = summarize("caption", "words", Counter({1: 4, 5: 2, 6: 1, NOT_FOUND: 3}))
    assert result.questions == 10
    assert {k: interval.value for k, interval in result.recall.items()} == {1: 0.4, 5: 0.6, 10: 0.7}
    assert result.median_rank.value == 5
    assert summarize("caption", "words", Counter({1: 4, 5: 2, 6: 1, NOT_FOUND: 3})) == result, "the seed is not fixed"


def test_intervals_are_those_of_resampled_questions() -> None:
    ranks = Counter({1: 30, 2: 20, 3: 10, 8: 15, 40: 5, NOT_FOUND: 20})
    every = np.repeat(list(ranks), list(ranks.values()))
    drawn = np.random.default_rng(1).choice(every, (10_000, len(every)))
    result = summarize("caption", "words", ranks)
    for k, interval in result.recall.items():
        low, high = np.percentile((drawn <= k).mean(axis=1), [2.5, 97.5])
        assert interval.low == pytest.approx(low, abs=0.011) and interval.high == pytest.approx(high, abs=0.011)
    low, high = np.percentile(np.percentile(drawn, 50, axis=1, method="inverted_cdf"), [2.5, 97.5])
    assert (result.median_rank.low, result.median_rank.high) == (low, high)


@pytest.mark.parametrize(
    ("ranks", "recall", "median"),
    [
        ({NOT_FOUND: 3}, "0.0 (0 to 0)", "> 200 (> 200 to > 200)"),
        ({11: 1}, "0.0 (0 to 0)", "11 (11 to 11)"),
        ({1: 7}, "100.0 (100 to 100)", "1 (1 to 1)"),
    ],
)
def test_extremes(ranks: dict[int, int], recall: str, median: str) -> None:
    row = dict(zip(RESULT_HEADER, result_row(summarize("title", "pixels", Counter(ranks))), strict=True))
    assert row["R@1, %"] == row["R@5, %"] == row["R@10, %"] == recall
    assert row["median rank"] == median
