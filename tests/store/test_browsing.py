"""Pages without a query: every painting once, in the order asked for."""

from __future__ import annotations

import pytest

from art_mcp.painting import EVERYTHING, Catalogue, Filters, Painting, painting_id
from art_mcp.store import copies, paintings
from art_mcp.store.browsing import browse
from art_mcp.store.copies import Pair
from art_mcp.store.database import Database
from art_mcp.store.order import Order
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

TITLES = {
    "Zebra": 1700,
    "apple tree": -450,
    "Étretat": 1885,
    "“Evening”": 1885,
    "[Fragment]": None,
    "Öland": 1500,
    "Ukiyo-e": 1999,
    "日本": 1600,
    "Москва": 1601,
    None: 1602,
}
BY_TITLE = ["apple tree", "Étretat", "“Evening”", "[Fragment]", "Öland", "Ukiyo-e", "Zebra", "Москва", "日本", None]


def entry(title: str | None, year: int | None, number: int = 0) -> Entry:
    key = f"{title} {number}.jpg"
    years = None if year is None else (year, year)
    words = Catalogue(title=title, school="Dutch" if year and year > 1600 else None)
    return Entry.read(Painting(painting_id("c", key), "c", key, words, (), years, key, b"", 1, 1, "JPEG"), (), {})


async def fill(database: Database) -> None:
    async with database.transaction() as connection:
        await paintings.write(connection, [entry(title, year) for title, year in TITLES.items()])


async def titles(database: Database, order: Order, filters: Filters = EVERYTHING, **options: int) -> list[str | None]:
    found = await browse(database, filters, order, **{"limit": 50, **options})
    return [hit.painting.catalogue.title for hit in found.hits]


async def test_each_order(filled: Database) -> None:
    dated = sorted((title for title in TITLES if TITLES[title]), key=lambda title: TITLES[title] or 0)
    oldest = await titles(filled, "oldest")
    assert [TITLES[title] for title in oldest] == [TITLES[title] for title in dated] + [None]
    newest = await titles(filled, "newest")
    assert [TITLES[title] for title in newest] == [TITLES[title] for title in reversed(dated)] + [None]
    assert await titles(filled, "title") == BY_TITLE


async def test_random_orders_are_kept_by_their_seed(filled: Database) -> None:
    orders = [await titles(filled, "random", seed=seed) for seed in (1, 2, 2**32 - 1, 1)]
    assert orders[0] == orders[3] and len({tuple(order) for order in orders}) == 3
    assert all(set(order) == set(TITLES) for order in orders)


@pytest.mark.parametrize("order", ["oldest", "newest", "title", "random"])
async def test_pages_repeat_and_skip_nothing(order: Order, filled: Database) -> None:
    whole = await titles(filled, order, seed=5)
    pages = [await browse(filled, EVERYTHING, order, seed=5, limit=3, offset=offset) for offset in range(0, 12, 3)]
    assert [hit.painting.catalogue.title for page in pages for hit in page.hits] == whole
    assert [page.more for page in pages] == [True, True, True, False]
    beyond = await browse(filled, EVERYTHING, order, limit=3, offset=2**32 - 1)
    assert (beyond.hits, beyond.total, beyond.more) == ([], len(TITLES), False)


async def test_filters_apply(filled: Database) -> None:
    assert await titles(filled, "newest", Filters(school="dutch", year_to=1700)) == ["Zebra", None, "Москва"]
    nothing = await browse(filled, Filters(school="none"), "title", limit=3)
    assert (nothing.hits, nothing.total, nothing.folded) == ([], 0, 0)


async def test_of_copies_one_is_shown(database: Database) -> None:
    await fill(database)
    twins = [entry("Twin", 1650, number) for number in range(3)]
    ids = [twin.painting.id for twin in twins]
    async with database.transaction() as connection:
        await paintings.write(connection, twins)
        pairs = [Pair(ids[0], ids[1], 0.9), Pair(ids[1], ids[2], 0.9)]
        await copies.store(connection, [], pairs, await copies.compared(connection, ids))
    found = await browse(database, Filters(school="Dutch"), "title", limit=50)
    (shown,) = [hit for hit in found.hits if hit.painting.catalogue.title == "Twin"]
    assert {copy.id for copy in shown.copies} | {shown.painting.id} == set(ids)
    assert (found.total, found.folded) == (len(found.hits) + 2, 2)


async def test_a_long_title_is_sorted_by_its_start(database: Database) -> None:
    await fill(database)
    async with database.transaction() as connection:
        await paintings.write(connection, [entry("ﷺ" * 5_000, 1), entry("A" + "\u0301" * 5_000, 2)])
    assert (await titles(database, "title"))[0] == "A" + "\u0301" * 5_000


async def test_every_order_has_an_index(filled: Database) -> None:
    async with filled.transaction({"enable_seqscan": "off", "enable_sort": "off"}) as connection:
        for key in ("p.year_from", "-p.year_from", "art_mcp.title_order(p.title)"):
            plan = await connection.fetch(f"EXPLAIN SELECT p.id FROM art_mcp.paintings p ORDER BY {key}, p.id LIMIT 10")
            assert "using paintings_" in plan[1][0], plan
