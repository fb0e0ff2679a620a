from __future__ import annotations

import uuid

import pytest

from art_mcp.painting import Catalogue, Hit, Painting, Relevance
from art_mcp.search.relevance import PICTURE, TEXT, judge


def hit(**legs: float) -> Hit:
    return Hit(Painting(uuid.uuid4(), "c", "k", Catalogue(), None, None, "i.jpg", b"", 1, 1, "JPEG"), 9.0, legs)


@pytest.mark.parametrize(
    ("legs", "relevance"),
    [
        ({"pixels": TEXT.strong / 2, "words": TEXT.strong / 2}, Relevance.STRONG),
        ({"pixels": TEXT.fair, "words": 0.0}, Relevance.FAIR),
        ({"pixels": TEXT.fair - 0.01, "words": 0.0}, Relevance.WEAK),
        ({"pixels": -0.1}, Relevance.WEAK),
        ({"look": PICTURE.strong}, Relevance.STRONG),
        ({"look": PICTURE.fair}, Relevance.FAIR),
        ({"look": PICTURE.strong, "pixels": -0.2, "not_pixels": 0.3}, Relevance.STRONG),
        ({"look": PICTURE.fair - 0.01}, Relevance.WEAK),
    ],
)
def test_a_hit_is_judged_by_its_legs_and_not_by_its_score(legs: dict[str, float], relevance: Relevance) -> None:
    assert judge(hit(**legs)) is relevance
