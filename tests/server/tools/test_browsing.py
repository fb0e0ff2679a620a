"""Paintings without a question, and questions whose hits are sorted: through the real client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest
from mcp import Client
from support.servers import connected

from art_mcp.server.results import NOTHING_FITS
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

TOOL = "search_paintings_by_text"


@pytest.fixture
async def client(read_only: Settings) -> AsyncIterator[Client]:
    """Of a server that has the twelve paintings of `pictures`, from 1900 to 1911."""
    async with connected(read_only) as client:
        yield client


async def page(client: Client, **arguments: Any) -> tuple[dict[str, Any], str]:
    result = await client.call_tool(TOOL, arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content, result.content[0].text


def dates(found: dict[str, Any]) -> list[int]:
    return [int(hit["date"]) for hit in found["results"]]


@pytest.mark.parametrize("query", [{}, {"query": ""}, {"query": " "}, {"query": "*"}, {"query": None}])
async def test_an_empty_query_lists_everything_by_year(client: Client, query: dict[str, Any]) -> None:
    found, text = await page(client, **query, limit=5)
    assert dates(found) == [1900, 1901, 1902, 1903, 1904] and found["total"] == 12
    assert found["note"] == "Without a query, the paintings are sorted by year, oldest first."
    assert [hit["relevance"] for hit in found["results"]] == [hit["score"] for hit in found["results"]] == [None] * 5
    lines = text.splitlines()
    assert lines[:2] == ["1 to 5 of 12 paintings.", found["note"]]
    assert lines[3] == f"   id {found['results'][0]['id']}"


async def test_filters_and_an_order(client: Client) -> None:
    found, _ = await page(client, sort="-year", year_from=1905, limit=3)
    assert dates(found) == [1911, 1910, 1909] and found["total"] == 7
    found, _ = await page(client, sort="-year", year_from=1905, limit=4, cursor=found["next_cursor"])
    assert dates(found) == [1908, 1907, 1906, 1905] and found["next_cursor"] is None
    found, _ = await page(client, sort="title", limit=50)
    titles = [hit["title"] for hit in found["results"]]
    assert titles == sorted(titles) and len(titles) == 12


async def test_a_random_order_has_consistent_pages(client: Client) -> None:
    orders = []
    for _ in range(3):
        found, _ = await page(client, sort="random", limit=5)
        order = dates(found)
        while found["next_cursor"]:
            found, _ = await page(client, sort="random", limit=5, cursor=found["next_cursor"])
            order += dates(found)
        assert sorted(order) == list(range(1900, 1912))
        orders.append(order)
    assert len({tuple(order) for order in orders}) > 1


async def test_a_cursor_is_of_its_own_order(client: Client) -> None:
    found, _ = await page(client, sort="year", limit=5)
    result = await client.call_tool(TOOL, {"sort": "-year", "limit": 5, "cursor": found["next_cursor"]})
    assert result.is_error and "does not belong to this query" in result.content[0].text


async def test_hits_that_fit_a_query_are_sorted(client: Client) -> None:
    found, _ = await page(client, query="noise", sort="-year", limit=12)
    fitting = [hit for hit in found["results"] if hit["relevance"] != "weak"]
    assert len(fitting) >= 8 and dates({"results": fitting}) == sorted(dates({"results": fitting}), reverse=True)
    assert found["note"] == "Those that fit are sorted by year, newest first."
    found, _ = await page(client, query="works by Max Muster", sort="title", limit=12)
    titles = [hit["title"] for hit in found["results"]]
    assert titles == sorted(titles)
    assert found["note"] == "Works by Max Muster come first; all are sorted by title."
    found, _ = await page(client, query="noise by Muster, oldest first", sort="-year", limit=12)
    assert "newest first" in found["note"] and "oldest" not in found["note"]
    found, _ = await page(client, query="noise", sort="random", limit=6)
    again, _ = await page(client, query="noise", sort="random", limit=6, cursor=found["next_cursor"])
    assert sorted(dates(found) + dates(again)) == list(range(1900, 1912))
    assert found["note"] == "Those that fit are in random order."


async def test_what_is_no_order_is_refused(client: Client) -> None:
    result = await client.call_tool(TOOL, {"sort": "price"})
    assert result.is_error
    assert result.content[0].text == "sort is 'price'. Choose relevance, year, -year, title or random."


async def test_a_misspelt_artist_in_a_question_is_pointed_out(client: Client) -> None:
    found, text = await page(client, query="green squares as painted near Mustter")
    assert found["note"] == 'No catalogue entry has "Mustter". Did you mean Max Muster?' and found["note"] in text


async def test_an_artist_of_whom_there_is_no_painting_is_named(client: Client) -> None:
    found, text = await page(client, query="green squares, a painting by Turner")
    note = "No painting here is catalogued as by Turner."
    assert found["results"] and found["note"].startswith(note) and note in text
    found, _ = await page(client, query="green squares, a painting by Muster")
    assert "catalogued" not in found["note"]


async def test_what_was_taken_hides_no_other_note(client: Client) -> None:
    found, _ = await page(client, query="an elephant in the jungle", artist="muster", limit=3)
    assert {hit["relevance"] for hit in found["results"]} == {"weak"}
    assert found["note"].startswith(f"artist: Max Muster, for 'muster'. {NOTHING_FITS}")
