from __future__ import annotations

import pytest

from art_mcp.painting import Relevance
from art_mcp.search.relevance import PICTURE, TEXT, Bounds, judge


@pytest.mark.parametrize("bounds", [TEXT, PICTURE])
def test_a_hit_is_judged_by_the_score_that_orders_it(bounds: Bounds) -> None:
    scores = [bounds.strong, bounds.strong - 0.01, bounds.fair, bounds.fair - 0.01, -9.0]
    words = [Relevance.STRONG, Relevance.FAIR, Relevance.FAIR, Relevance.WEAK, Relevance.WEAK]
    assert [judge(score, bounds) for score in scores] == words
