from __future__ import annotations

import uuid

import numpy as np
import pytest

from art_mcp.background.cosines import Background
from art_mcp.painting import Catalogue, Hit, Painting
from art_mcp.search.steering import CHANGED_LITTLE, changed_little
from art_mcp.space import Leg, Space
from art_mcp.store.ranking import LegQuery, Ranking

VECTOR = np.array([1.0], np.float32)
PICTURE = LegQuery(Space(Leg.LOOK, "a", "b", "1", 1), VECTOR)
WORDS = LegQuery(Space(Leg.PIXELS, "a", "b", "1", 1), VECTOR, 1.0, True, Background(0.1, 0.1))


def ranking(*cosines: float | None) -> Ranking:
    painting = Painting(uuid.uuid4(), "c", "k", Catalogue(), (), None, "i.jpg", b"", 1, 1, "JPEG")
    legs = [{} if cosine is None else {WORDS.name: cosine} for cosine in cosines]
    return Ranking([Hit(painting, 1.0, each) for each in legs], len(cosines), 0, False)


@pytest.mark.parametrize(
    ("cosines", "note"),
    [((0.3, 0.25, 0.1, 0.1), None), ((0.3, 0.1, 0.1, 0.1), CHANGED_LITTLE), ((None, None), CHANGED_LITTLE), ((), None)],
)
def test_a_note_says_when_few_hits_follow_the_words(cosines: tuple[float | None, ...], note: str | None) -> None:
    assert changed_little([PICTURE, WORDS], ranking(*cosines)) == note


def test_without_wanted_words_or_what_is_ordinary_there_is_no_note() -> None:
    unwanted = LegQuery(WORDS.space, VECTOR, -0.5, True, WORDS.background)
    unknown = LegQuery(WORDS.space, VECTOR, 1.0, True)
    assert changed_little([PICTURE], ranking(0.1)) is changed_little([PICTURE, unwanted], ranking(0.1)) is None
    assert changed_little([PICTURE, unknown], ranking(0.1)) is None
