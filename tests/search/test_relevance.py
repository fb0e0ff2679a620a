from __future__ import annotations

import uuid
from dataclasses import replace

import pytest

from art_mcp.background.cosines import PICTURES
from art_mcp.painting import Catalogue, Hit, Painting, Relevance
from art_mcp.search.question import Asked
from art_mcp.search.relevance import PAINTINGS, PICTURE, TEXT, Bounds, judge, judge_named
from art_mcp.store.preference import Preference

MONET = Preference(artists=("claude monet",))


def hit(score: float, *, asked: bool = False) -> Hit:
    painting = Painting(uuid.uuid4(), "c", "k", Catalogue(), (), None, "i.jpg", b"", 1, 1, "JPEG")
    return Hit(painting, score, {}, asked=asked)


@pytest.mark.parametrize("bounds", [TEXT, PICTURE, PAINTINGS])
def test_a_hit_is_judged_by_the_score_that_orders_it(bounds: Bounds) -> None:
    scores = [bounds.strong, bounds.strong - 0.01, bounds.fair, bounds.fair - 0.01, -9.0]
    words = [Relevance.STRONG, Relevance.FAIR, Relevance.FAIR, Relevance.WEAK, Relevance.WEAK]
    assert [judge(hit(score), bounds) for score in scores] == words


@pytest.mark.parametrize("cosine", [0.9, PICTURE.strong, 0.8, PICTURE.fair, 0.7, 0.0])
def test_a_cosine_means_the_same_with_one_painting_as_with_several(cosine: float) -> None:
    z_score = (cosine - PICTURES.mean) / PICTURES.deviation
    assert judge(hit(z_score), PAINTINGS) is judge(hit(cosine), PICTURE)


def test_works_of_a_named_artist_are_what_was_asked_for_and_no_others() -> None:
    asked = Asked(MONET, "Claude Monet", (), "Works by Claude Monet")
    assert asked.names_all
    assert judge_named(hit(-1.0, asked=True), asked) is Relevance.STRONG
    assert judge_named(hit(20.0), asked) is Relevance.WEAK
    snow = replace(asked, words="snow", rest="snow")
    assert judge_named(hit(TEXT.fair - 0.01, asked=True), snow) is Relevance.WEAK
    assert judge_named(hit(TEXT.fair, asked=True), snow) is Relevance.FAIR
    assert judge_named(hit(TEXT.strong, asked=True), snow) is Relevance.STRONG
    assert judge_named(hit(TEXT.strong), snow) is Relevance.WEAK


def test_an_order_of_years_does_not_say_what_is_asked_for() -> None:
    newest = Preference(order="newest", from_score=TEXT.fair)
    assert not Asked(newest, "ships", (), "Paintings", "ships").names_all
    assert Asked(replace(newest, from_score=None), "newest paintings", (), "Paintings").names_all
    assert not Asked(None, "ships", ()).names_all
