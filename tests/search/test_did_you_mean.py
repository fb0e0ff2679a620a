"""Words of a question that are in no catalogue, but close to an artist's name."""

from __future__ import annotations

import pytest

from art_mcp.painting import Catalogue, Painting, painting_id
from art_mcp.search.did_you_mean import did_you_mean
from art_mcp.store import paintings
from art_mcp.store.database import Database
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

ARTISTS = (
    "Michelangelo Merisi da Caravaggio",
    "Sandro Botticelli",
    "Claude Monet",
    "Diego Velázquez",
    "Oskar Kokoschka",
)


async def fill(database: Database) -> None:
    entries = []
    for name in ARTISTS:
        id, words = painting_id("c", name), Catalogue(title="The skating rink", artist=name)
        made = Painting(id, "c", name, words, (name,), None, name, b"", 1, 1, "JPEG")
        entries.append(Entry.read(made, (), {}))
    async with database.transaction() as connection:
        await paintings.write(connection, entries)


@pytest.mark.parametrize(
    ("text", "artist"),
    [
        ("moody light as of Carravagio", ARTISTS[0]),
        ("boticeli angels", ARTISTS[1]),
        ("portrait in the manner of Velaskes", ARTISTS[3]),
        ("Kokoshka", ARTISTS[4]),
        ("a garden like Monnet's", ARTISTS[2]),
    ],
)
async def test_a_misspelt_artist_is_suggested(text: str, artist: str, filled: Database) -> None:
    said = await did_you_mean(filled, text)
    assert said is not None and said.startswith('No catalogue entry has "') and said.endswith(f"Did you mean {artist}?")


@pytest.mark.parametrize(
    "text",
    [
        "ships in a storm",
        "Manet",  # rather a painter whom the collection lacks
        "a skateboard and a computer",
        "skating",
        '"Carravagio"',
        "Renoir",
        "xylophone azulejos",
        "caravan",
        "",
        "日本の絵",
    ],
)
async def test_other_words_are_left_alone(text: str, filled: Database) -> None:
    assert await did_you_mean(filled, text) is None


async def test_an_artist_without_paintings_is_not_suggested(database: Database) -> None:
    await fill(database)
    async with database.connection() as connection:
        await connection.execute("DELETE FROM art_mcp.paintings WHERE artist = $1", ARTISTS[1])
    assert await did_you_mean(database, "boticeli angels") is None
