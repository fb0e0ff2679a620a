from __future__ import annotations

import pytest

from art_mcp.background.words import stems, weights


def test_names_and_rare_words_are_not_in_it() -> None:
    assert not {"vermeer", "pointillism", "1665", "hokusai"} & weights("vermeer hokusai pointillism 1665").keys()


@pytest.mark.parametrize("word", ["portrait", "paintings", "landscapes", "picture", "artist"])
def test_words_about_pictures_identify_nothing(word: str) -> None:
    assert set(weights(word).values()) == {0.0}


def test_the_rarer_a_word_the_more_it_identifies() -> None:
    found = [weights(word)[word] for word in ("man", "river", "storm", "moonlight")]
    assert found == sorted(found) and 0 < found[0] < 0.3 and found[-1] < 1


def test_every_form_of_a_word_and_its_stem_have_the_weight() -> None:
    assert weights("rivers")["river"] == weights("rivers")["rivers"] == weights("river")["river"]


def test_stems_are_those_of_postgresql() -> None:
    assert stems("Stormy seas and lilies, skating") == ["stormi", "sea", "and", "lili", "skate"]
