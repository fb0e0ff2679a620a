"""Preferences in rankings: what is asked for by name and year comes first, and nothing is left out."""

from __future__ import annotations

import numpy as np
import pytest

from art_mcp.painting import Catalogue, Filters, Painting, painting_id
from art_mcp.space import Leg, Space
from art_mcp.store import artists, paintings
from art_mcp.store.artists import Artist, Usage
from art_mcp.store.database import Database
from art_mcp.store.full_text import Words
from art_mcp.store.paintings import Entry
from art_mcp.store.preference import Preference
from art_mcp.store.ranking import DEPTH, NEAREST, LegQuery, Ranking, rank
from art_mcp.store.spaces import activate

pytestmark = pytest.mark.anyio

PIXELS = Space(Leg.PIXELS, "test", "random", "1", 16)
COUNT = 1_000
RARE, FREQUENT = "Rare Maker", "Frequent Maker"
QUERY = np.eye(16, dtype=np.float32)[0]


def made(number: int) -> tuple[str, int | None]:
    """Artist and year of a painting: 20 by one artist, 300 by another; one in ten without a year."""
    maker = RARE if number < 20 else FREQUENT if number < 320 else f"Other{number % 50} Maker"
    return maker, None if number % 10 == 9 else 1500 + number % 400


def entry(number: int) -> Entry:
    key = f"{number:05}.jpg"
    maker, year = made(number)
    words = Catalogue(title=f"No {number}", artist=maker)
    painting = Painting(
        painting_id("even" if number % 2 == 0 else "odd", key),
        "even" if number % 2 == 0 else "odd",
        key,
        words,
        (maker,),
        year and (year, year),
        key,
        key.encode(),
        64,
        48,
        "JPEG",
    )
    # The lower the number, the farther from the query: what comes first by a preference is far away.
    vector = np.random.default_rng(number).normal(size=16) + QUERY * number / 20
    vector /= np.linalg.norm(vector)
    return Entry.read(painting, (), {PIXELS: vector.astype(np.float32)})


async def fill(database: Database) -> None:
    await activate(database, [PIXELS])
    async with database.transaction() as connection:
        await paintings.write(connection, [entry(number) for number in range(COUNT)])


async def asked(
    database: Database, preference: Preference, *, limit: int = DEPTH, legs: bool = True, **options: object
) -> Ranking:
    return await rank(
        database,
        [LegQuery(PIXELS, QUERY)] if legs else [],
        words=Words("nothing"),
        limit=limit,
        preference=preference,
        **options,  # type: ignore[arg-type]
    )


def by(name: str) -> Preference:
    return Preference(artists=(" ".join(sorted(name.lower().split())),))


async def test_all_works_of_an_artist_come_first_and_the_others_follow(filled: Database) -> None:
    ranking = await asked(filled, by(RARE))
    makers = [hit.painting.catalogue.artist for hit in ranking.hits]
    assert makers[:20] == [RARE] * 20 and RARE not in makers[20:] and len(makers) == DEPTH
    assert [hit.asked for hit in ranking.hits] == [True] * 20 + [False] * (DEPTH - 20)
    assert ranking.asked and ranking.total == COUNT
    for group in (ranking.hits[:20], ranking.hits[20:]):
        scores = [hit.score for hit in group]
        assert scores == sorted(scores, reverse=True)


async def test_of_too_many_works_the_nearest_come_first(filled: Database) -> None:
    ranking = await asked(filled, by(FREQUENT))
    assert {hit.painting.catalogue.artist for hit in ranking.hits} == {FREQUENT} and len(ranking.hits) == DEPTH
    cosines = [hit.legs["pixels"] for hit in ranking.hits]
    exact = sorted((float(entry(n).vectors[PIXELS] @ QUERY) for n in range(20, 320)), reverse=True)  # type: ignore[operator]
    assert cosines == pytest.approx(exact[:DEPTH], abs=2e-3) and NEAREST < 300


async def test_pages_of_a_preference_neither_repeat_nor_skip(filled: Database) -> None:
    for preference in (by(RARE), Preference(year_to=1510, order="oldest", from_score=0.1)):
        whole = [hit.painting.id for hit in (await asked(filled, preference)).hits]
        paged = []
        for offset in range(0, DEPTH, 7):
            paged += [hit.painting.id for hit in (await asked(filled, preference, limit=7, offset=offset)).hits]
        assert paged == whole and len(set(whole)) == DEPTH


async def test_filters_remain_filters(filled: Database) -> None:
    ranking = await asked(filled, by(RARE), filters=Filters(collection="odd"))
    assert {hit.painting.collection for hit in ranking.hits} == {"odd"} and ranking.total == COUNT / 2
    assert [hit.asked for hit in ranking.hits].count(True) == 10 and all(hit.asked for hit in ranking.hits[:10])


async def test_years_come_first(filled: Database) -> None:
    ranking = await asked(filled, Preference(year_from=1650, year_to=1652))
    years = [hit.painting.years for hit in ranking.hits]
    expected = sum(made(n)[1] in (1650, 1651, 1652) for n in range(COUNT))
    assert {year and year[0] for year in years[:expected]} == {1650, 1651, 1652}
    assert [hit.asked for hit in ranking.hits] == [True] * expected + [False] * (DEPTH - expected)


async def test_artist_and_years_then_the_artist_then_the_years(filled: Database) -> None:
    ranking = await asked(filled, Preference(by(RARE).artists, year_from=1510, year_to=1512))
    # Two kinds of works: those of the artist, and of the others those from the years, as far as they are candidates.
    groups = [
        (hit.painting.catalogue.artist == RARE, hit.painting.years in [(1510, 1510), (1511, 1511), (1512, 1512)])
        for hit in ranking.hits
    ]
    assert groups == sorted(groups, reverse=True)
    assert groups[:3] == [(True, True)] * 3 and groups[3:20] == [(True, False)] * 17
    assert [hit.asked for hit in ranking.hits].count(True) == 3


async def test_what_nothing_fulfils_changes_nothing_else(filled: Database) -> None:
    ranking = await asked(filled, Preference(year_from=2001))
    plain = await rank(filled, [LegQuery(PIXELS, QUERY)], words=Words("nothing"), limit=DEPTH)
    assert not ranking.asked and not any(hit.asked for hit in ranking.hits)
    assert [hit.painting.id for hit in ranking.hits] == [hit.painting.id for hit in plain.hits]


@pytest.mark.parametrize("order", ["newest", "oldest"])
async def test_an_order_sorts_by_year(filled: Database, order: str) -> None:
    ranking = await asked(filled, Preference(by(RARE).artists, order=order))  # type: ignore[arg-type]
    years = [hit.painting.years[0] for hit in ranking.hits[:18] if hit.painting.years]
    assert years == sorted(years, reverse=order == "newest") and len(years) == 18
    assert [hit.painting.years for hit in ranking.hits[18:20]] == [None, None]  # by the artist, but without a year
    everything = await asked(filled, Preference(order=order))  # type: ignore[arg-type]
    first = everything.hits[0].painting.years
    assert first is not None and first[0] == (1898 if order == "newest" else 1500)


async def test_only_hits_that_fit_are_sorted_if_the_question_says_more(filled: Database) -> None:
    plain = await asked(filled, Preference(order=None, year_from=-3000))
    bound = plain.hits[49].score
    ranking = await asked(filled, Preference(order="oldest", from_score=bound))
    assert {hit.painting.id for hit in ranking.hits[:50]} == {hit.painting.id for hit in plain.hits[:50]}
    years = [hit.painting.years[0] for hit in ranking.hits[:50] if hit.painting.years]
    assert years == sorted(years) and len(years) == 50
    assert [hit.painting.id for hit in ranking.hits[50:60]] == [hit.painting.id for hit in plain.hits[50:60]]


async def test_without_vectors_the_works_of_an_artist_come_first_as_well(filled: Database) -> None:
    ranking = await asked(filled, by(RARE), legs=False)
    assert [hit.painting.catalogue.artist for hit in ranking.hits] == [RARE] * 20


async def test_artists_are_looked_up_by_similar_spelling_and_under_the_filters(filled: Database) -> None:
    frequent = Artist("frequent maker", FREQUENT, FREQUENT)
    assert await artists.named(filled, ["frequnt"], [], Filters()) == [frequent]
    assert await artists.named(filled, [], [("frequent", "maker")], Filters()) == [frequent]
    assert await artists.named(filled, [], [("frequent", "rare")], Filters()) == []
    assert await artists.named(filled, ["frequent"], [], Filters(collection="none")) == []
    assert await artists.named(filled, ["%", "'", ""], [], Filters()) == []
    assert await artists.named(filled, [], [], Filters()) == []
    assert len(await artists.named(filled, ["maker"], [], Filters())) == 52


async def test_how_a_word_is_used(database: Database) -> None:
    await fill(database)
    async with database.transaction() as connection:
        by_other = Catalogue(title="Homage to Frequent", artist="Rare Maker", description="A bouquet.")
        key = "homage.jpg"
        painting = Painting(painting_id("c", key), "c", key, by_other, (RARE,), None, key, None, None, None, None)
        await paintings.write(connection, [Entry.read(painting, (), {})])
    assert await artists.usage(database, ["rare", "frequent", "bouquet", "unheard", "o'x"]) == {
        "rare": Usage(21, 0, False),
        "frequent": Usage(artists.COUNTED, 1, True),
        "bouquet": Usage(0, 0, True),
        "unheard": Usage(0, 0, False),
        "o'x": Usage(0, 0, False),
    }
    assert await artists.usage(database, []) == {}
