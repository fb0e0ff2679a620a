"""Artists whom a question names and the collection does not have."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from art_mcp.painting import Catalogue, Painting, painting_id
from art_mcp.search.absent_artist import absent_artist
from art_mcp.store import paintings
from art_mcp.store.database import Database
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

ENTRIES = [
    ("Claude Monet", "Water Lilies"),
    ("Vincent van Gogh", "Wheatfield"),
    ("William Blake", "A View of Dieppe"),
    ("Follower of Pieter Bruegel", "A Copy after Dürer"),
]


async def fill(database: Database) -> None:
    entries = []
    for name, title in ENTRIES:
        id, words = painting_id("c", name), Catalogue(title=title, artist=name, school="French")
        made = Painting(id, "c", name, words, (name,), None, name, b"", 1, 1, "JPEG")
        entries.append(Entry.read(made, (), {}))
    async with database.transaction() as connection:
        await paintings.write(connection, entries)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("painting by Turner", "Turner"),
        ("Paintings by Turner", "Turner"),
        ("works by Turner before 1840", "Turner"),
        ("do we have anything by Turner?", "Turner"),
        ("show me a ship at sea painted by J. M. W. Turner", "J. M. W. Turner"),
        ("stormy seas by William Turner", "William Turner"),
        ("a portrait by Georgia O'Keeffe", "Georgia O'Keeffe"),
        ("pictures by Rogier van der Weyden with a donor", "Rogier van der Weyden"),
        ("oils by Zurbarán", "Zurbarán"),
        ("a Madonna by Titian", "Titian"),
        ("by Vermeer", "Vermeer"),
        ("works by Impressionists. A painting by Sisley", "Sisley"),
        ("a drawing by Toulouse-Lautrec of a dancer", "Toulouse-Lautrec"),
    ],
)
async def test_an_artist_without_a_painting_is_named(text: str, name: str, filled: Database) -> None:
    assert await absent_artist(filled, text) == f"No painting here is catalogued as by {name}."


@pytest.mark.parametrize(
    "text",
    [
        "painting by Monet",
        "works by Vincent van Gogh",
        "paintings by the sea",
        "painting by night",
        "Painting by Night",
        "Paintings By Candlelight",
        "a girl painted by Candlelight",
        "works by Women",
        "paintings by Dutch masters",
        "works by Dutch and Italian painters",
        "works by Impressionists",
        "paintings by Anonymous",
        "a painting by an Unknown Artist",
        "a house by Notre Dame",
        "boats by Westminster",
        "a village by Lake Como",
        "a house by St James",
        "a painting by Turner's house",
        "a walk by Dover",
        "paintings by Dover",
        "a picture by Dürer",  # a copy, but the name is in the catalogue
        "a painting of Turner",
        "a portrait of a man by a window",
        'the "painting by Turner"',
        "painting by turner",
        "stormy seas by Turner",  # may be a place
        "Peter by Peter",
        "two by Two",
        "paintings by",
        "ein Gemälde von Turner",
        "un tableau par Turner",
        "日本の絵 by 北斎",
        "",
    ],
)
async def test_what_may_be_something_else_is_left_alone(text: str, filled: Database) -> None:
    assert await absent_artist(filled, text) is None


async def test_no_caption_of_the_sample_names_one(database: Database) -> None:
    captions = Path("src/art_mcp/sample/captions.csv").read_text(encoding="utf-8")
    texts = [row["CAPTION"] for row in csv.DictReader(captions.splitlines())]
    assert len(texts) > 50
    for text in (*texts, *(re.sub(r"\bby (\w)", lambda by: f"by {by[1].upper()}", text) for text in texts)):
        assert await absent_artist(database, text) is None, text


async def test_a_hostile_question_is_read_in_a_moment(database: Database) -> None:
    for text in (
        "by " + "A" * 1990,
        "by " + "Aa " * 600,
        "by A." * 400,
        "painting by van der " * 100,
        "by Aa van " * 180,
    ):
        assert await absent_artist(database, text[:2000]) in (
            None,
            f"No painting here is catalogued as by {'A' * 1990}.",
        )
