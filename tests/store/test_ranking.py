from __future__ import annotations

import uuid
from dataclasses import replace

import numpy as np
import pytest

from art_mcp.background.cosines import Background
from art_mcp.painting import EVERYTHING, Catalogue, Filters, Painting, painting_id
from art_mcp.space import Leg, Space
from art_mcp.store import paintings
from art_mcp.store.database import Database
from art_mcp.store.full_text import Words
from art_mcp.store.paintings import Entry
from art_mcp.store.ranking import DEPTH, NEAREST, LegQuery, nearest, rank
from art_mcp.store.spaces import activate

pytestmark = pytest.mark.anyio

PIXELS = Space(Leg.PIXELS, "test", "random", "1", 16)
WORDS = Space(Leg.WORDS, "test", "random", "1", 8)


def unit(vectors: np.ndarray) -> np.ndarray:
    return (vectors / np.linalg.norm(vectors, axis=-1, keepdims=True)).astype(np.float32)


def painting(number: int) -> Painting:
    key = f"{number:05}.jpg"
    return Painting(
        painting_id("c", key), "c", key, Catalogue(title=f"No {number}"), (), None, key, key.encode(), 64, 48, "JPEG"
    )


class Filled:
    """A database with random vectors, and the same vectors in memory."""

    def __init__(self, database: Database, count: int) -> None:
        rng = np.random.default_rng(7)
        self.database = database
        self.ids = [painting(number).id for number in range(count)]
        self.pixels = unit(rng.normal(size=(count, PIXELS.dimensions)))
        self.words = unit(rng.normal(size=(count, WORDS.dimensions)))
        self.query = unit(rng.normal(size=PIXELS.dimensions)), unit(rng.normal(size=WORDS.dimensions))
        self.legs = [LegQuery(PIXELS, self.query[0]), LegQuery(WORDS, self.query[1])]

    async def fill(self, *, without_words: frozenset[int] = frozenset()) -> None:
        await activate(self.database, [PIXELS, WORDS])
        entries = [
            Entry.read(
                painting(n), (), {PIXELS: self.pixels[n]} | ({} if n in without_words else {WORDS: self.words[n]})
            )
            for n in range(len(self.ids))
        ]
        async with self.database.transaction() as connection:
            await paintings.write(connection, entries)


async def fill(database: Database) -> None:
    await Filled(database, 500).fill()


@pytest.fixture(name="filled")
def with_vectors(filled: Database) -> Filled:
    return Filled(filled, 500)


def z(scores: np.ndarray) -> np.ndarray:
    return (scores - scores.mean()) / scores.std()


async def test_legs_are_fused_by_their_z_scores_over_the_collection(filled: Filled) -> None:
    expected = z(filled.pixels @ filled.query[0]) + z(filled.words @ filled.query[1])
    candidates = set(np.argsort(-(filled.pixels @ filled.query[0]))[:NEAREST])
    candidates |= set(np.argsort(-(filled.words @ filled.query[1]))[:NEAREST])
    order = [n for n in np.argsort(-expected) if n in candidates][:50]
    ranking = await rank(filled.database, filled.legs, limit=50)
    assert ranking.total == 500 and ranking.more
    assert [hit.score for hit in ranking.hits] == pytest.approx(expected[order], abs=0.02)
    assert sum(h.painting.id == filled.ids[n] for h, n in zip(ranking.hits, order, strict=True)) >= 46
    best = ranking.hits[0]
    assert best.legs["pixels"] == pytest.approx(
        float(filled.pixels[filled.ids.index(best.painting.id)] @ filled.query[0]), abs=2e-3
    )


async def test_one_leg_ranks_by_cosine_alone(filled: Filled) -> None:
    ranking = await rank(filled.database, filled.legs[:1], limit=10)
    cosines = [hit.legs["pixels"] for hit in ranking.hits]
    assert cosines == sorted(cosines, reverse=True)
    assert cosines == pytest.approx(np.sort(filled.pixels @ filled.query[0])[::-1][:10], abs=2e-3)


@pytest.mark.parametrize("legs", [1, 2])
@pytest.mark.parametrize("size", [1, 7, 50])
async def test_pages_neither_repeat_nor_skip_and_end(filled: Filled, size: int, legs: int) -> None:
    whole, offset, more = [], 0, True
    while more:
        page = await rank(filled.database, filled.legs[:legs], limit=size, offset=offset)
        whole += [hit.painting.id for hit in page.hits]
        offset, more = offset + len(page.hits), page.more
    assert len(whole) == len(set(whole)) == DEPTH
    first = await rank(filled.database, filled.legs[:legs], limit=DEPTH)
    assert whole == [hit.painting.id for hit in first.hits]


async def test_a_painting_is_not_its_own_answer(filled: Filled) -> None:
    own = filled.ids[3]
    ranking = await rank(filled.database, [LegQuery(PIXELS, filled.pixels[3])], limit=10, exclude=[own])
    assert own not in {hit.painting.id for hit in ranking.hits}
    assert len(ranking.hits) == 10 and ranking.total == 499


async def test_a_painting_without_words_counts_as_average_there(database: Database) -> None:
    filled = Filled(database, 60)
    await filled.fill(without_words=frozenset(range(30)))
    ranking = await rank(database, filled.legs, limit=60)
    assert len(ranking.hits) == 60 and not ranking.more
    silent = [hit for hit in ranking.hits if "words" not in hit.legs]
    assert {hit.painting.id for hit in silent} == set(filled.ids[:30])
    pixels = z(filled.pixels @ filled.query[0])
    for hit in silent:
        assert hit.score == pytest.approx(pixels[filled.ids.index(hit.painting.id)], abs=0.02)


@pytest.mark.parametrize("count", [0, 1, 2])
async def test_next_to_nothing_can_be_searched(database: Database, count: int) -> None:
    filled = Filled(database, count)
    await filled.fill()
    ranking = await rank(database, filled.legs, limit=10)
    assert (ranking.total, len(ranking.hits), ranking.more) == (count, count, False)
    assert all(np.isfinite(hit.score) for hit in ranking.hits)


async def test_a_leg_may_steer_itself(filled: Filled) -> None:
    """As with a provider whose pixels are all there is: a picture, and words beside it, in one space."""
    legs = [LegQuery(PIXELS, filled.pixels[0]), LegQuery(PIXELS, filled.pixels[1], 0.5, steers=True)]
    ranking = await rank(filled.database, legs, limit=10)
    expected = z(filled.pixels @ filled.pixels[0]) + 0.5 * z(filled.pixels @ filled.pixels[1])
    best = ranking.hits[0]
    assert best.score == pytest.approx(expected[filled.ids.index(best.painting.id)], abs=0.1)
    assert set(best.legs) == {"pixels", "also_pixels"}


def both(filled: Filled, *numbers: int) -> list[LegQuery]:
    """Legs of several paintings that stand for one part of a query."""
    known = Background(mean=0.1, deviation=0.2)
    return [LegQuery(PIXELS, filled.pixels[n], background=known, number=i) for i, n in enumerate(numbers, 1)]


async def test_what_resembles_several_paintings_is_as_similar_as_to_the_least_similar(filled: Filled) -> None:
    given = [filled.ids[n] for n in (3, 5)]
    ranking = await rank(filled.database, both(filled, 3, 5), limit=50, exclude=given)
    cosines = filled.pixels @ filled.pixels[[3, 5]].T
    least = (cosines.min(axis=1) - 0.1) / 0.2
    order = [n for n in np.argsort(-least) if n not in (3, 5)][:50]
    assert ranking.total == 498 and not {hit.painting.id for hit in ranking.hits} & set(given)
    assert [hit.score for hit in ranking.hits] == pytest.approx(least[order], abs=0.02)
    best = ranking.hits[0]
    assert [best.legs["pixels"], best.legs["pixels_2"]] == pytest.approx(cosines[order[0]], abs=2e-3)


async def test_several_paintings_are_one_part_beside_the_words_that_steer_them(filled: Filled) -> None:
    wanted, unwanted = filled.words[1], filled.words[2]
    steering = [LegQuery(WORDS, wanted, steers=True), LegQuery(WORDS, unwanted, -0.5)]
    ranking = await rank(filled.database, [*both(filled, 3, 5, 8), *steering], limit=DEPTH)
    least = ((filled.pixels @ filled.pixels[[3, 5, 8]].T).min(axis=1) - 0.1) / 0.2
    expected = least + z(filled.words @ wanted) - 0.5 * z(filled.words @ unwanted)
    for hit in ranking.hits:
        assert hit.score == pytest.approx(expected[filled.ids.index(hit.painting.id)], abs=0.03)
        assert set(hit.legs) == {"pixels", "pixels_2", "pixels_3", "also_words", "not_words"}


@pytest.mark.parametrize("filters", [EVERYTHING, Filters(collection="c")])
async def test_what_is_between_two_paintings_is_found_though_many_are_nearer_to_each(
    database: Database, filters: Filters
) -> None:
    filled = Filled(database, 2 * NEAREST + 40)
    noise = np.random.default_rng(9).normal(scale=0.05, size=filled.pixels.shape)
    one, other = np.eye(2, PIXELS.dimensions)
    filled.pixels = unit(noise + one)
    filled.pixels[1::2] = unit(noise[1::2] + other)
    filled.pixels[-20:] = unit(noise[-20:] + one + other)
    await filled.fill()
    ranking = await rank(database, both(filled, 0, 1), limit=20, filters=filters, exclude=filled.ids[:2])
    assert {hit.painting.id for hit in ranking.hits} == set(filled.ids[-20:])


async def test_opposite_pictures_have_nothing_between_them(filled: Filled) -> None:
    legs = both(filled, 3, 5)
    ranking = await rank(filled.database, [legs[0], replace(legs[1], vector=-legs[0].vector)], limit=10)
    assert len(ranking.hits) == 10 and all(np.isfinite(hit.score) for hit in ranking.hits)


async def test_full_text_alone_answers_when_nothing_can_be_embedded(filled: Filled) -> None:
    ranking = await rank(filled.database, [], words=Words("no 7"), limit=3)
    assert ranking.hits[0].painting.catalogue.title == "No 7" and ranking.hits[0].legs == {"text": 1.0}


async def test_the_index_answers_and_finds_what_an_exact_scan_finds(database: Database) -> None:
    filled = Filled(database, 3000)
    await filled.fill()
    async with database.connection() as connection:
        await connection.execute("VACUUM ANALYZE art_mcp.vectors_pixels_test_random_1")
        plan = await connection.fetch(
            "EXPLAIN SELECT painting_id FROM art_mcp.vectors_pixels_test_random_1 ORDER BY vector <=> $1 LIMIT 10",
            filled.query[0],
        )
    assert "hnsw" in str(plan) or "vector_idx" in str(plan)
    ranking = await rank(database, filled.legs[:1], limit=50)
    exact = {filled.ids[n] for n in np.argsort(-(filled.pixels @ filled.query[0]))[:50]}
    assert len(exact & {hit.painting.id for hit in ranking.hits}) >= 49


async def test_the_active_spaces_belong_to_what_is_stored(database: Database) -> None:
    newer, look = Space(Leg.PIXELS, "test", "random", "2", 16), Space(Leg.LOOK, "test", "random", "2", 4)
    assert await activate(database, [newer, WORDS, look]) == [look, newer, WORDS]
    assert await activate(database, [PIXELS, WORDS]) == [PIXELS, WORDS]  # nothing is stored yet
    await Filled(database, 1).fill()
    assert await activate(database, [newer, WORDS, look]) == [PIXELS, WORDS]  # look would have no vectors
    assert await activate(database, [PIXELS]) == [PIXELS, WORDS]
    async with database.connection() as connection:
        names = await connection.fetch("SELECT name FROM art_mcp.spaces WHERE active ORDER BY name")
    assert [row["name"] for row in names] == [PIXELS.name, WORDS.name]


async def test_painting_is_stored_and_read_whole(database: Database) -> None:
    await activate(database, [PIXELS, WORDS])
    words = Catalogue("T", "A", "c. 1650", "Dutch", "landscape", "Oil", "1601-1650", "D 'quoted'; --", "N 1.2")
    stored = Painting(uuid.uuid4(), "c", "k", words, ("A", "B"), (1645, 1655), "i.jpg", b"s" * 32, 800, 600, "PNG")
    stored = replace(stored, details={"Room": "12", "Acquired": "1901"})
    vector = unit(np.ones(16))
    async with database.transaction() as connection:
        await paintings.write(connection, [Entry.read(stored, (), {PIXELS: vector, WORDS: None})])
    assert await paintings.get(database, stored.id) == stored
    assert await paintings.get(database, uuid.uuid4()) is None
    assert await paintings.vector(database, PIXELS, stored.id) == pytest.approx(vector, abs=1e-3)
    assert await paintings.vector(database, WORDS, stored.id) is None
    assert list(await paintings.vectors_of_pictures(database, PIXELS, [b"s" * 32, b"x"])) == [b"s" * 32]
    there = (await paintings.stored(database, [stored.id], [PIXELS, WORDS]))[stored.id]
    assert there.filled == {PIXELS.name} and there.renditions == set()


async def test_weights_steer_and_a_negative_leg_pushes_away(filled: Filled) -> None:
    picture, wanted, unwanted = filled.words[0], filled.pixels[1], filled.pixels[2]
    legs = [LegQuery(WORDS, picture), LegQuery(PIXELS, wanted, 2.0), LegQuery(PIXELS, unwanted, -0.5)]
    ranking = await rank(filled.database, legs, limit=200)
    expected = z(filled.words @ picture) + 2 * z(filled.pixels @ wanted) - 0.5 * z(filled.pixels @ unwanted)
    for hit in ranking.hits:
        assert hit.score == pytest.approx(expected[filled.ids.index(hit.painting.id)], abs=0.03)
        assert set(hit.legs) == {"words", "pixels", "not_pixels"}
    nearest = (np.argsort(-vectors)[:NEAREST] for vectors in (filled.words @ picture, filled.pixels @ wanted))
    proposed = set().union(*nearest)
    assert {filled.ids.index(hit.painting.id) for hit in ranking.hits} <= {int(n) for n in proposed}


async def test_how_near_the_nearest_painting_is_to_each_of_several_vectors(filled: Filled) -> None:
    asked = unit(np.random.default_rng(8).normal(size=(5, PIXELS.dimensions)))
    exact = (asked @ filled.pixels.T).max(axis=1)
    assert await nearest(filled.database, PIXELS, list(asked)) == pytest.approx(exact, abs=1e-3)


async def test_without_paintings_nothing_is_near(database: Database) -> None:
    await activate(database, [PIXELS])
    assert await nearest(database, PIXELS, list(np.eye(2, PIXELS.dimensions, dtype=np.float32))) == []
