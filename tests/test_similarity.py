"""Words that are spelled or sound alike."""

from __future__ import annotations

import pytest

from art_mcp.similarity import ALIKE, likeness, nearest, sound


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("gauguin", "gaugin"),
        ("velazquez", "velaskes"),
        ("caravaggio", "carravagio"),
        ("botticelli", "boticeli"),
        ("toulouse", "tuluse"),
        ("lautrec", "lotrek"),
        ("munch", "munk"),
        ("kokoschka", "kokoshka"),
        ("raphael", "rafael"),
        ("kandinsky", "candinski"),
        ("vermeer", "fermeer"),
        ("eyck", "eik"),
    ],
)
def test_names_that_sound_alike(one: str, other: str) -> None:
    assert sound(one) == sound(other)
    assert likeness(one, other) >= 0.8


@pytest.mark.parametrize(("one", "other"), [("monet", "turner"), ("goya", "klee"), ("", "goya"), ("日本", "goya")])
def test_names_that_are_not_alike(one: str, other: str) -> None:
    assert likeness(one, other) < ALIKE


def test_likeness_is_symmetric_and_bounded() -> None:
    words = ("rembrandt", "rembrant", "rubens", "rubins", "a", "aa", "", "日本")
    for one in words:
        assert likeness(one, one) == 1
        for other in words:
            assert 0 <= likeness(one, other) == likeness(other, one) <= 1


def test_the_nearest_come_first_and_those_without_a_like_word_not_at_all() -> None:
    names = ("claude monet", "edouard manet", "paul gauguin", "rembrandt", "workshop of rembrandt", "hokusai")
    assert nearest(["rembrant"], names, 5) == ["rembrandt", "workshop of rembrandt"]
    assert nearest(["gogain"], names, 1) == ["paul gauguin"]
    assert nearest(["monet"], names, 5)[0] == "claude monet"
    assert nearest(["quimby"], names, 5) == nearest([], names, 5) == nearest(["x"], (), 5) == []
