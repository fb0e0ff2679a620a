"""Questions, read against artists as catalogues write them."""

from __future__ import annotations

import time
from importlib import resources

import pytest

from art_mcp.ingest.names import display_name
from art_mcp.normalization import fold
from art_mcp.painting import filter_key
from art_mcp.search import words
from art_mcp.search.person import Person
from art_mcp.search.question import Asked, Question
from art_mcp.search.relevance import TEXT
from art_mcp.search.words import in_other_languages
from art_mcp.store.artists import Artist, Usage
from art_mcp.store.preference import Preference

CATALOGUED = [
    "MONET, Claude",
    "Pierre-Auguste Renoir",
    "GOGH, Vincent van",
    "Rembrandt van Rijn",
    "Vermeer, Johannes",
    "Joseph Mallord William Turner",
    "Frederic Edwin Church",
    "Fritz Winter",
    "Ford Madox Brown",
    "Grant Wood",
    "William Holman Hunt",
    "Rosa Rose",
    "DÜRER, Albrecht",
    "BRUEGHEL, Jan the Elder",
    "BRUEGEL, Pieter the Elder",
    "BRUEGEL, Pieter the Younger",
    "GOYA Y LUCIENTES, Francisco de",
    "follower of Rembrandt",
    "Augustus John OM",
    "TOULOUSE-LAUTREC, Henri de",
    "Georgia O'Keeffe",
    "Edgar Degas",
    "Edouard Manet",
    "EL GRECO",
    "British School 18th century",
    "George Lambert, Francis Hayman",
]


def artist(catalogued: str) -> Artist:
    return Artist(filter_key("artist", catalogued) or "", display_name(catalogued) or catalogued, catalogued)


ARTISTS = [artist(each) for each in CATALOGUED]


def read(text: str, usage: dict[str, Usage] | None = None) -> Asked:
    return Question(text).asked(ARTISTS, usage or {})


def named(asked: Asked) -> list[str]:
    keys = asked.preference.artists if asked.preference else ()
    return [each.name for key in keys for each in ARTISTS if each.key == key]


@pytest.mark.parametrize(
    ("text", "names", "rest"),
    [
        ("Claude Monet", ["Claude Monet"], ""),
        ("Claude Monnet", ["Claude Monet"], ""),
        ("paintings by Monet", ["Claude Monet"], ""),
        ("monet water lilies", ["Claude Monet"], "water lilies"),
        ("Monet, Claude", ["Claude Monet"], ""),
        ("water lilies (Monet)", ["Claude Monet"], "water lilies"),
        ("Show me paintings of water lilies by Monet, please", ["Claude Monet"], "water lilies"),
        ("paintings by Monet with water lilies", ["Claude Monet"], "water lilies"),
        ("Monet's paintings of London", ["Claude Monet"], "London"),
        ("I like Monet", ["Claude Monet"], ""),
        ("van gough", ["Vincent van Gogh"], ""),
        ("sunflowers by Vincent van Gogh", ["Vincent van Gogh"], "sunflowers"),
        ("paintings by Rembrandt", ["Rembrandt van Rijn"], ""),
        ("Rembrant self-portrait", ["Rembrandt van Rijn"], "self-portrait"),
        ("self-portrait of Rembrandt", ["Rembrandt van Rijn"], "self-portrait"),
        ("attributed to Rembrandt", ["Rembrandt van Rijn", "follower of Rembrandt"][:1], ""),
        ("follower of Rembrandt interiors", ["follower of Rembrandt"], "interiors"),
        ("Vermeer's women", ["Vermeer, Johannes"], "women"),
        ("Vermeer’s women", ["Vermeer, Johannes"], "women"),
        ("JMW Turner storm", ["Joseph Mallord William Turner"], "storm"),
        ("J. M. W. Turner", ["Joseph Mallord William Turner"], ""),
        ("J.M.W. Turner's ships", ["Joseph Mallord William Turner"], "ships"),
        ("Is there a Turner with a ship?", ["Joseph Mallord William Turner"], "ship"),
        ("durer hare", ["Albrecht Dürer"], "hare"),
        ("Dürer's hare", ["Albrecht Dürer"], "hare"),
        ("bruegel", ["Pieter Bruegel the Elder", "Pieter Bruegel the Younger"], ""),
        ("Pieter Bruegel the Elder", ["Pieter Bruegel the Elder"], ""),
        ("Brueghel flowers", ["Jan Brueghel the Elder"], "flowers"),
        ("goya", ["Francisco de Goya y Lucientes"], ""),
        ("El Greco saints", ["El Greco"], "saints"),
        ("georgia o'keeffe flowers", ["Georgia O'Keeffe"], "flowers"),
        ("O'Keefe flowers", ["Georgia O'Keeffe"], "flowers"),
        ("Monet and Renoir", ["Claude Monet", "Pierre-Auguste Renoir"], ""),
        ("dancers by Degas or Toulouse-Lautrec", ["Edgar Degas", "Henri de Toulouse-Lautrec"], "dancers"),
        ("hayman", ["George Lambert, Francis Hayman"], ""),
        ("landscapes by Church", ["Frederic Edwin Church"], "landscapes"),
        ("paintings by winter", ["Fritz Winter"], ""),
        ("frederic church icebergs", ["Frederic Edwin Church"], "icebergs"),
        ("Grant Wood farm", ["Grant Wood"], "farm"),
        ("works by Augustus John", ["Augustus John OM"], ""),
        ("a farm by Wood", ["Grant Wood"], "a farm"),
        ("manet", ["Edouard Manet"], ""),
        ("What did Monet paint?", ["Claude Monet"], ""),
        ("Dürero", ["Albrecht Dürer"], ""),
        ("a hare by Duerer", ["Albrecht Dürer"], "a hare"),
        ("моне", ["Claude Monet"], ""),
        ("haystacks by 莫奈", ["Claude Monet"], "haystacks"),
        ("storm by Тёрнер", ["Joseph Mallord William Turner"], "storm"),
        (
            "Breughel flowers",
            ["Jan Brueghel the Elder", "Pieter Bruegel the Elder", "Pieter Bruegel the Younger"],
            "flowers",
        ),
    ],
)
def test_an_artist_that_is_asked_for(text: str, names: list[str], rest: str) -> None:
    asked = read(text)
    assert sorted(named(asked)) == sorted(names)
    assert asked.rest.removeprefix("a ") == rest.removeprefix("a ")
    assert asked.words == asked.rest or not asked.rest


@pytest.mark.parametrize(
    "text",
    [
        "a church in winter",
        "woman in brown",
        "a rose garden",
        "A rose garden",
        "hunt in the woods",
        "The Hunt in the Woods",
        "a boat by the church",
        "Winter Palace",
        "in the style of Monet",
        "Monet-style garden",
        "a garden like Monet",
        "inspired by Monet",
        "a portrait of Rembrandt",
        "the wife of Rembrandt",
        "pupil of Rembrandt",
        "after Turner",
        "John in the desert",
        "St John",
        "John Turner",
        "The Turner Museum",
        "a garden in Monet",
        "rennoir dancing girls",  # misspelt, without a capital or "by"
        "monit",
        "British School",
        '"Claude Monet" lilies',
        "«Monet» lilies",
        "claude",
        "",
    ],
)
def test_words_that_ask_for_no_artist(text: str) -> None:
    asked = read(text)
    assert asked.preference is None and asked.note(False) is None
    assert asked.words == text


@pytest.mark.parametrize(
    ("text", "usage", "asked"),
    [
        ("degas", Usage(by=5, titled=2, elsewhere=True), True),
        ("degas", Usage(by=2, titled=5, elsewhere=True), False),
        ("paintings by degas", Usage(by=2, titled=5, elsewhere=True), True),
        ("two dancers of Degas", Usage(by=2, titled=5, elsewhere=True), True),
    ],
)
def test_a_last_name_that_is_frequent_in_titles_needs_evidence(text: str, usage: Usage, asked: bool) -> None:
    assert (read(text, {"degas": usage}).preference is not None) is asked


def test_a_misspelling_that_the_collection_uses_is_a_word() -> None:
    question = Question("Rennoir dancing girls")
    assert question.doubts(ARTISTS) == {"rennoir"}
    assert named(question.asked(ARTISTS)) == ["Pierre-Auguste Renoir"]
    assert named(question.asked(ARTISTS, {"rennoir": Usage(0, 0, elsewhere=True)})) == []


def test_an_excluded_artist_is_not_searched_for() -> None:
    asked = read("landscapes not by Monet")
    assert (asked.preference, asked.words) == (None, "landscapes")
    assert asked.note(False) == '"not by Monet" was left out, because a search cannot exclude an artist.'
    assert read("not by Monet").note(False) is None  # nothing else is left to search for
    asked = read("everything but Monet after 1880")
    assert asked.preference == Preference(year_from=1881) and asked.words == "after 1880"
    asked = read("French landscapes, but not by Monet, after 1880")
    assert asked.preference is not None and asked.preference.artists == ()
    assert (asked.preference.year_from, asked.words) == (1881, "French landscapes")


def test_an_artist_years_and_the_rest() -> None:
    asked = read("stormy seas by Turner before 1840")
    assert asked.preference is not None and asked.words == "stormy seas"
    assert (named(asked), asked.preference.year_from, asked.preference.year_to) == (
        ["Joseph Mallord William Turner"],
        None,
        1839,
    )
    assert asked.note(True) == (
        "Works by Joseph Mallord William Turner from 1839 or earlier come first; the rest of the question, "
        '"stormy seas", was searched for what they show.'
    )
    assert asked.note(False) == (
        "No painting here is what was asked for: works by Joseph Mallord William Turner from 1839 or earlier; the rest "
        'of the question, "stormy seas", was searched for what they show.'
    )


def test_years_alone_are_searched_as_they_are() -> None:
    asked = read("before 500 BC")
    assert (asked.words, asked.rest) == ("before 500 BC", "")
    assert asked.note(True) == "Paintings from 501 BC or earlier come first."


@pytest.mark.parametrize(
    ("text", "order", "from_score"),
    [
        ("the newest works by Monet", "newest", None),
        ("latest Monet", "newest", None),
        ("oldest paintings", "oldest", None),
        ("oldest paintings of ships", "oldest", TEXT.fair),
    ],
)
def test_an_order_puts_what_fits_by_year(text: str, order: str, from_score: float | None) -> None:
    preference = read(text).preference
    assert preference is not None and (preference.order, preference.from_score) == (order, from_score)


def test_quoted_words_stay_phrases() -> None:
    asked = read('"red hat" by Monet')
    assert (named(asked), asked.words, asked.phrases) == (["Claude Monet"], '"red hat"', ("red hat",))
    assert read('"before 1650" by Monet').preference == read("Monet").preference


def test_many_artists_of_one_name_are_counted() -> None:
    many = [artist(f"{given} Smithson") for given in ("Ada", "Bo", "Cy", "Di")]
    asked = Question("boats by Smithson").asked(many)
    assert (asked.about, asked.words) == ("Works by Smithson (4 artists)", "boats")
    assert Question("Smithson").asked(many).words == "Smithson"


def test_ordinary_words_are_not_looked_up() -> None:
    assert Question("a woman in a church").look_up == ([], [])
    assert Question("a woman by Church").look_up == (["church"], [])
    assert Question("mary john").look_up.pairs == [("mary", "john")]


@pytest.mark.parametrize(
    ("catalogued", "known_as"),
    [
        ("MONET, Claude", {"monet"}),
        ("Rubens, Peter Paul", {"rubens"}),
        ("Sir John Everett Millais, Bt", {"millais"}),
        ("REMBRANDT Harmenszoon van Rijn", {"rembrandt"}),
        ("LEONARDO da Vinci", {"leonardo"}),
        ("Leonardo da Vinci", {"leonardo", "vinci"}),
        ("William Turner of Oxford", {"turner"}),
        ("Jan Brueghel the Elder and Peter Paul Rubens", {"brueghel", "rubens"}),
        ("attributed to John Crome", {"crome"}),
        ("John Ferneley I", {"ferneley"}),
        ("Unknown artist", set()),
        ("?", set()),
    ],
)
def test_the_words_that_name_an_artist_alone(catalogued: str, known_as: set[str]) -> None:
    assert Person.of(artist(catalogued)).known_as == known_as


@pytest.mark.parametrize(
    "text", ["by " * 600, "Monet " * 300, "the " * 500, ",;. " * 500, "'" * 2000, "1600 to " * 250, "a" * 2000]
)
def test_a_hostile_question_is_read_in_a_moment(text: str) -> None:
    started = time.process_time()
    read(text)
    assert time.process_time() - started < 5  # a quadratic reading of the longest question would still end


def test_a_painter_has_each_name_once_and_as_it_is_compared() -> None:
    lines = [line.split() for line in resources.files(words).joinpath("painters.txt").read_text("utf-8").splitlines()]
    names = [name for line in lines for name in line]
    assert len(names) == len(set(names)) and all(len(line) > 1 for line in lines)
    assert [name for name in names if fold(name) != name] == []
    assert in_other_languages("titian") >= {"tiziano", "тициан"} and "titian" not in in_other_languages("titian")
