"""Several paintings as one query: twelve real picture files, the built-in model, a real database."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator

import asyncpg
import pytest

from art_mcp.painting import Hit, painting_id
from art_mcp.runtime import Runtime
from art_mcp.search.cursor import CursorError
from art_mcp.search.finder import Finder, SearchError
from art_mcp.search.relevance import PICTURE, STEERED, judge
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

ONE, OTHER, THIRD = (painting_id("pictures", f"{number}.jpg") for number in (4, 7, 10))


@pytest.fixture
async def finder(loaded: Settings) -> AsyncIterator[Finder]:
    async with Runtime(loaded) as runtime:
        yield await runtime.finder()


def ids(hits: list[tuple[Hit, object]]) -> list[uuid.UUID]:
    return [hit.painting.id for hit, _ in hits]


async def test_a_hit_is_as_relevant_as_to_the_painting_that_it_resembles_least(finder: Finder) -> None:
    alike = {}
    for each in (ONE, OTHER, THIRD):
        found = await finder.like_painting(each, limit=50)
        alike[each] = {hit.painting.id: (hit, rated) for hit, rated in found.hits}
    together = await finder.like_painting(ONE, OTHER, THIRD, limit=50)
    assert len(together.hits) == together.total == 9
    least = []
    for hit, rated in together.hits:
        worst, relevance = min((alike[each][hit.painting.id] for each in alike), key=lambda pair: pair[0].score)
        least.append(worst.score)
        assert rated is relevance is judge(worst, PICTURE)
        assert sorted(hit.legs) == ["look", "look_2", "look_3"] and min(hit.legs.values()) == worst.score
    assert least == sorted(least, reverse=True)


async def test_words_steer_it(finder: Finder) -> None:
    plain = await finder.like_painting(ONE, OTHER, limit=50)
    red = await finder.like_painting(ONE, OTHER, text="a red picture", negative="a blue picture", limit=50)
    assert set(ids(red.hits)) == set(ids(plain.hits)) and ids(red.hits) != ids(plain.hits)
    for hit, rated in red.hits:
        assert set(hit.legs) == {"look", "look_2", "also_pixels", "not_pixels"}
        assert rated is judge(hit, STEERED)


async def test_pages_are_of_one_ranking_whatever_the_order_of_the_ids(finder: Finder) -> None:
    whole = await finder.like_painting(ONE, OTHER, limit=10)
    first = await finder.like_painting(OTHER, ONE, OTHER, limit=6)
    second = await finder.like_painting(ONE, OTHER, limit=6, cursor=first.next_cursor)
    assert ids([*first.hits, *second.hits]) == ids(whole.hits) and second.next_cursor is None
    for others in ((ONE,), (ONE, THIRD), (ONE, OTHER, THIRD)):
        with pytest.raises(CursorError):
            await finder.like_painting(*others, cursor=first.next_cursor)


async def test_every_painting_has_to_exist_and_to_have_a_vector(finder: Finder, loaded: Settings) -> None:
    unknown = uuid.UUID(int=5)
    with pytest.raises(SearchError, match=f"There is no painting with the id '{unknown}'"):
        await finder.like_painting(ONE, unknown)
    connection = await asyncpg.connect(loaded.database_url.get_secret_value())
    (table,) = await connection.fetchrow("SELECT tablename FROM pg_tables WHERE tablename LIKE 'vectors\\_look\\_%'")
    await connection.execute(f"DELETE FROM art_mcp.{table} WHERE painting_id = $1", OTHER)
    await connection.close()
    with pytest.raises(SearchError, match=f"{OTHER} cannot be compared.* `art-mcp reembed --painting {OTHER}`"):
        await finder.like_painting(ONE, OTHER)
