from __future__ import annotations

import pytest

from art_mcp.painting import EVERYTHING, LISTED_FIELDS, Catalogue, Filters, Painting, painting_id
from art_mcp.store import paintings
from art_mcp.store.database import Database
from art_mcp.store.facets import complete, describe
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

# Artist as the catalogue writes it and as it is read, school, technique, collection, how many.
ROWS = [
    ("MONET, Claude", "Claude Monet", "French", "Oil on canvas, 10 x 20 cm", "Musée d'Orsay", 3),
    ("MANET, Édouard", "Édouard Manet", "French", "oil on canvas", "Musée d'Orsay", 2),
    ("MARTINI, Simone", "Simone Martini", "Italian", "Tempera on panel, 1 x 1 cm", "Orangerie", 4),
    ("GOGH, Vincent van", "Vincent van Gogh", "Dutch", "Oil on canvas, 5 x 5 cm", "Uffizi", 1),
    ("100%_WOOL", "100%_Wool", None, "Wool", "b_z", 1),
    ("葛飾北斎", "葛飾北斎", "日本", "Woodcut", "bxz", 1),
    (None, None, None, None, "bxz", 1),
]


def entry(row: int, number: int) -> Entry:
    artist, name, school, technique, collection, _ = ROWS[row]
    key = f"{row}-{number}.jpg"
    words = Catalogue(title=key, artist=artist, school=school, technique=technique)
    id = painting_id(collection, key)
    return Entry.read(
        Painting(id, collection, key, words, (name,) if name else (), None, key, b"", 1, 1, "JPEG"), (), {}
    )


async def fill(database: Database) -> None:
    async with database.transaction() as connection:
        await paintings.write(
            connection, [entry(row, number) for row in range(len(ROWS)) for number in range(ROWS[row][-1])]
        )


async def values(database: Database, field: str, typed: str, **filters: str) -> list[str]:
    found = await complete(database, field, typed, Filters(**filters), limit=100)
    assert found.distinct == len(found.values)
    return [value for value, _ in found.values]


async def test_nothing_typed_gives_all_the_most_frequent_first(filled: Database) -> None:
    for typed in ("", "  "):
        found = await complete(filled, "artist", typed, Filters(), limit=100)
        assert found.values[:3] == [("Simone Martini", 4), ("Claude Monet", 3), ("Édouard Manet", 2)]
        assert len(found.values) == found.distinct == 6
    assert await values(filled, "collection", "") == ["Musée d'Orsay", "Orangerie", "bxz", "Uffizi", "b_z"]
    assert await values(filled, "technique", "oil") == ["Oil on canvas"]
    assert await values(filled, "timeframe", "") == []


async def test_words_are_compared_without_case_accents_and_order(filled: Database) -> None:
    assert await values(filled, "artist", "edou") == ["Édouard Manet"]
    assert await values(filled, "artist", "ÉDOUARD M") == ["Édouard Manet"]
    assert await values(filled, "artist", "Monet, cl") == ["Claude Monet"]
    assert await values(filled, "artist", "vincent van g") == ["Vincent van Gogh"]
    assert await values(filled, "artist", "monet french") == []
    assert await values(filled, "artist", "北斎") == ["葛飾北斎"]
    assert (
        await values(filled, "collection", "musee") == await values(filled, "collection", "d'or") == ["Musée d'Orsay"]
    )


async def test_words_that_begin_so_come_before_those_that_only_contain_it(filled: Database) -> None:
    assert await values(filled, "artist", "mon") == ["Claude Monet", "Simone Martini"]
    assert await values(filled, "artist", "m") == ["Simone Martini", "Claude Monet", "Édouard Manet"]
    assert await values(filled, "collection", "u") == ["Uffizi", "Musée d'Orsay"]


async def test_other_fields_narrow_it(filled: Database) -> None:
    assert await values(filled, "school", "", artist="claude monet") == ["French"]
    assert await values(filled, "artist", "m", school="french", collection="Musée d'Orsay") == [
        "Claude Monet",
        "Édouard Manet",
    ]
    assert await values(filled, "collection", "", school="Dutch") == ["Uffizi"]
    assert await values(filled, "school", "", artist="nobody") == []


async def test_no_more_than_the_limit_but_all_are_counted(filled: Database) -> None:
    for field, distinct in (("artist", 6), ("collection", 5)):
        found = await complete(filled, field, "", Filters(), limit=2)
        assert (len(found.values), found.distinct) == (2, distinct)


HOSTILE = [
    "%",
    "%%",
    "\\",
    "'",
    "'; COMMIT; DROP TABLE art_mcp.paintings; --",
    "\0",
    "zq\0",
    "\ud800",
    "zq\ud800",
    "__",
]


@pytest.mark.parametrize("field", LISTED_FIELDS)
async def test_what_is_typed_is_text_and_nothing_else(filled: Database, field: str) -> None:
    for typed in HOSTILE:
        assert await values(filled, field, typed) == [], typed
    assert (await describe(filled, EVERYTHING, limit=1)).total == 13


async def test_an_underscore_is_an_underscore(filled: Database) -> None:
    assert await values(filled, "artist", "_") == ["100%_Wool"]
    assert await values(filled, "artist", "100%") == ["100%_Wool"]
    assert await values(filled, "collection", "b_z") == ["b_z"]
