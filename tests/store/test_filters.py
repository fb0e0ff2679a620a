from __future__ import annotations

import uuid
from collections.abc import Mapping

import numpy as np
import pytest
from support.postgres import count_paintings

from art_mcp.normalization import fold
from art_mcp.painting import Catalogue, Filters, Painting, filter_key, painting_id
from art_mcp.space import Leg, Space
from art_mcp.store import full_text, paintings, ranking
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.filters import require_values
from art_mcp.store.full_text import ELSEWHERE, Words
from art_mcp.store.paintings import Entry
from art_mcp.store.ranking import LegQuery, rank
from art_mcp.store.spaces import activate

pytestmark = pytest.mark.anyio

SPACE = Space(Leg.WORDS, "test", "random", "1", 8)
ARTISTS = [("BRUEGEL, Pieter the Elder", "Pieter Bruegel the Elder"), ("DÜRER, Albrecht", "Albrecht Dürer")]


def painting(number: int) -> Painting:
    artist, name = ARTISTS[number % 2]
    key = f"{number:05}.jpg"
    words = Catalogue(
        title=f"Störm at sea {number}" if number % 10 == 3 else f"Meadow {number}",
        artist=artist,
        date=str(1500 + number),
        school="Flemish" if number % 2 == 0 else "German",
        type=["landscape", "portrait"][number % 2],
        technique="Oil on canvas, 10 x 20 cm",
        description="A rainbow over the fields." if number == 50 else "It's 100% quiet here; nothing_at_all.",
    )
    collection = "a" if number < 90 else "b"
    return Painting(
        painting_id(collection, key),
        collection,
        key,
        words,
        (name,) if name else (),
        (1500 + number,) * 2,
        key,
        b"",
        1,
        1,
        "JPEG",
    )


async def fill(database: Database) -> None:
    rng = np.random.default_rng(3)
    await activate(database, [SPACE])
    entries = []
    for number in range(100):
        vector = rng.normal(size=8)
        entries.append(Entry.read(painting(number), (), {SPACE: (vector / np.linalg.norm(vector)).astype(np.float32)}))
    async with database.transaction() as connection:
        await paintings.write(connection, entries)


QUERY = LegQuery(SPACE, np.eye(8, dtype=np.float32)[0])


async def found(database: Database, **filters: object) -> set[int]:
    """Numbers of all paintings under the filters; the total has to agree."""
    answer = await rank(database, [QUERY], filters=Filters(**filters), limit=200)
    numbers = {int(hit.painting.source_key.partition(".")[0]) for hit in answer.hits}
    assert answer.total == len(numbers) == len(answer.hits)
    return numbers


async def test_each_filter_lets_through_what_has_its_value(filled: Database) -> None:
    everything = set(range(100))
    even = set(range(0, 100, 2))
    assert await found(filled) == everything
    for artist in ("Pieter Bruegel the Elder", "BRUEGEL, Pieter the Elder", "bruegel the elder pieter"):
        assert await found(filled, artist=artist) == even
    assert await found(filled, artist="albrecht durer") == everything - even
    assert await found(filled, school="FLEMISH", type="Landscape") == even
    assert await found(filled, technique="oil on canvas") == everything
    assert await found(filled, collection="b") == set(range(90, 100))
    assert await found(filled, year_from=1510, year_to=1519) == set(range(10, 20))
    assert await found(filled, year_to=1499) == set()
    assert await found(filled, artist="Albrecht Dürer", year_from=1598) == {99}


@pytest.mark.parametrize("exact_until", [0, 20_000])
async def test_through_the_index_and_without_it_the_answer_is_the_same(
    filled: Database, exact_until: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "EXACT_UNTIL", exact_until)
    assert await found(filled, artist="Albrecht Dürer", year_from=1550) == set(range(51, 100, 2))


@pytest.mark.parametrize("exact_until", [0, 20_000])
async def test_an_artist_far_from_the_question_is_found_whole_and_in_order(
    database: Database, exact_until: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The nearest 4,000 are by somebody else: a walk through the index alone would give up before."""
    monkeypatch.setattr(ranking, "EXACT_UNTIL", exact_until)
    await activate(database, [SPACE])
    rng = np.random.default_rng(5)
    vectors = rng.normal(size=(4030, 8)) * 0.1
    vectors[:, 0] += np.where(np.arange(4030) < 4000, 1, -1)
    vectors = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    entries = []
    for number, vector in enumerate(vectors):
        key, artist = f"{number:05}.jpg", "Near" if number < 4000 else "Far"
        words = Catalogue(title=f"No {number}", artist=artist)
        entries.append(
            Entry.read(
                Painting(
                    painting_id("c", key), "c", key, words, (artist,) if artist else (), None, key, b"", 1, 1, "JPEG"
                ),
                (),
                {SPACE: vector},
            )
        )
    async with database.transaction() as connection:
        await paintings.write(connection, entries)
    async with database.connection() as connection:
        await connection.execute("VACUUM ANALYZE")
    answer = await rank(database, [QUERY], filters=Filters(artist="far"), limit=20)
    exact = 4000 + np.argsort(-vectors[4000:, 0])[:20]
    assert [hit.painting.source_key for hit in answer.hits] == [f"{number:05}.jpg" for number in exact]
    assert answer.total == 30 and answer.more


@pytest.mark.parametrize("value", ["'; COMMIT; DROP TABLE art_mcp.paintings; --", "%", "_", "a' OR '1'='1", "\\"])
async def test_values_are_values_and_nothing_else(filled: Database, value: str) -> None:
    for field in ("artist", "school", "type", "technique", "timeframe", "collection"):
        with pytest.raises(StoreError, match=f"No painting has the {field}"):
            await require_values(filled, Filters(**{field: value}))
        assert (await rank(filled, [QUERY], filters=Filters(**{field: value}), limit=5)).total == 0
    assert await count_paintings(filled) == 100


async def test_a_value_that_does_not_exist_is_answered_with_the_nearest(filled: Database) -> None:
    for artist in ("Bruegel", "Pieter Breugel", "bruegel pieter"):
        with pytest.raises(StoreError, match=r"Closest values: Pieter Bruegel the Elder \(50\)"):
            await require_values(filled, Filters(artist=artist))
    with pytest.raises(StoreError, match=r"Closest values: portrait \(50\)"):
        await require_values(filled, Filters(type="portait"))
    with pytest.raises(StoreError, match=r"No painting has any timeframe\. Leave it out"):
        await require_values(filled, Filters(timeframe="1501-1550"))
    with pytest.raises(StoreError, match=r"Closest values: Albrecht Dürer \(50\), Pieter Bruegel"):
        await require_values(filled, Filters(artist="Xu"))
    await require_values(filled, Filters(artist="Pieter Bruegel the Elder", year_from=1, school="german"))


async def text(
    database: Database, words: str, *phrases: str, weights: Mapping[str, float] | None = None
) -> list[tuple[str, float]]:
    query = Words(fold(words), tuple(fold(phrase) for phrase in phrases), weights or {})
    hits = (await rank(database, [QUERY], words=query, limit=100)).hits
    ranked = sorted(hits, key=lambda hit: -hit.legs["text"])
    return [(hit.painting.catalogue.title, round(hit.legs["text"], 2)) for hit in ranked]


async def test_words_are_found_stemmed_unaccented_and_by_how_rare_they_are(filled: Database) -> None:
    assert (await text(filled, "storms"))[0][1] == 1.0
    assert sum(score > 0 for _, score in await text(filled, "STORM")) == 10
    assert (await text(filled, "rainbow"))[0] == ("Meadow 50", 0.7)
    ranked = await text(filled, "a rainbow over some meadow")
    assert ranked[0][0] == "Meadow 50" and ranked[0][1] > 0.7 > ranked[1][1]
    assert (await text(filled, "1542"))[0][0] == "Meadow 42"
    assert (await text(filled, '"storm"', "storm"))[0][1] == 1.0  # one word in quotes is no phrase
    assert (await text(filled, '"rainbow" "rainbow"', "rainbow", "rainbow"))[0] == ("Meadow 50", 0.7)
    assert sum(score > 0 for _, score in await text(filled, "the")) == 50  # a stop word alone is a word
    assert all(score == 0 for _, score in await text(filled, "' & | ! <-> :* \\"))


async def test_words_that_do_not_identify_count_little(filled: Database) -> None:
    weights = {"storm": 0.2, "sea": 0.1}
    ((_, storm), *_) = await text(filled, "storm", weights=weights)
    ((_, both), *_) = await text(filled, "a storm at sea", weights=weights)
    assert storm == pytest.approx(0.2 / ELSEWHERE, abs=0.01) and both == pytest.approx(0.3 / ELSEWHERE, abs=0.01)
    ranked = await text(filled, "storm 13", weights=weights)
    assert ranked[0] == ("Störm at sea 13", 1.0) and ranked[1][1] < 0.1
    assert all(score == 0 for _, score in await text(filled, "storm", weights={"storm": 0.0}))


async def test_common_words_are_weighed_by_a_sample_and_count_the_same(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a large collection only rare words are looked up; here all but the number are taken for common."""
    questions = [("storm at sea 13",), ("quiet meadow 42",), ("meadow",), ("at sea 13", "sea 13"), ("a rainbow here",)]
    exactly = [await text(filled, *question) for question in questions]
    monkeypatch.setattr(full_text, "MATCHES", 5)
    monkeypatch.setattr(full_text, "SAMPLED_FROM", 50)
    for question, expected in zip(questions, exactly, strict=True):
        sampled = dict(await text(filled, *question))
        assert sampled == pytest.approx(dict(expected), abs=0.02)
        assert max(sampled, key=sampled.get) == expected[0][0] or expected[0][1] == expected[1][1]


async def test_a_long_question_is_answered(filled: Database) -> None:
    words = " ".join(["rainbow", "fields", *(f"word{number}" for number in range(200))])
    assert (await text(filled, words))[0][1] > 0
    assert (await text(filled, "Storm " * 300))[0][1] == 1.0


async def test_a_search_that_takes_too_long_is_ended(filled: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "STATEMENT_TIMEOUT_MS", 1)
    with pytest.raises(StoreError, match="took too long"):
        await rank(filled, [QUERY], words=Words(" ".join(f"w{number}" for number in range(3000))), limit=1)


async def test_a_phrase_has_to_stand_together(filled: Database) -> None:
    together = await text(filled, "at sea 13", "sea 13")
    apart = await text(filled, "at 13 sea", "13 sea")
    assert together[0] == ("Störm at sea 13", 1.0)
    assert apart[0][1] < 1.0


def test_filter_keys() -> None:
    assert filter_key("artist", "VELDE, Willem van de, the Elder") == filter_key(
        "artist", "Willem van de Velde the Elder"
    )
    assert filter_key("technique", "Oil on canvas, 105 x 184 cm") == filter_key("technique", "oil on Canvas")
    assert filter_key("school", None) is filter_key("school", " - ") is None
    assert uuid.UUID(int=0) != painting_id("a", "b")
