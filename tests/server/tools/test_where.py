"""Paintings filtered by the details that a museum's table has: where they hang, who lent them, their size."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from support.loading import load_into
from support.servers import connected

from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

HEADER = "Title,Artist,current_Location,Abteilung,Size,Exhibitions,Credit line,Licence,Inventory number\n"
ROWS = (
    'Harbour,Ann Lee,"Depot 3, shelf 1",Gemälde,20 x 30 cm,harbour;boats,Gift of A. Smith,CC0,1950.1\n'
    'Meadow,Ann Lee,"Depot 3, shelf 2",Gemälde,40 x 30 cm,cows,Gift of A. Smith,CC0,1950.2\n'
    "River,Bo Ek,Gallery 12,GEMÄLDE,20 x 30 cm,boats | river,Purchased 1999,In copyright,1999.7\n"
    "Night,Bo Ek,Depot 1,Graphik,,,Purchased 1999,In copyright,1999.8\n"
)


@pytest.fixture
async def client(settings: Settings, tmp_path: Path) -> AsyncIterator[Client]:
    path = tmp_path / "museum.csv"
    path.write_text(HEADER + ROWS, "utf-8")
    await load_into(settings, path)
    async with connected(settings) as client:
        yield client


async def found(client: Client, **arguments: Any) -> tuple[list[str], str]:
    result = await client.call_tool("search_paintings_by_text", arguments)
    assert not result.is_error, result.content[0].text
    titles = sorted(hit["title"] for hit in result.structured_content["results"])
    assert result.structured_content["total"] == len(titles)
    return titles, result.structured_content["note"] or ""


@pytest.mark.parametrize(
    ("where", "titles", "taken"),
    [
        ({"Current Location": "Depot 1"}, ["Night"], ""),
        ({"current location": "DEPOT 3 - Shelf 2"}, ["Meadow"], ""),
        (
            {"current location": "depot 3"},
            ["Harbour", "Meadow"],
            "current location: Depot 3, shelf 1 and Depot 3, shelf 2, for 'depot 3'.",
        ),
        (
            {"location": "Depot 3"},
            ["Harbour", "Meadow"],
            "current_Location: Depot 3, shelf 1 and Depot 3, shelf 2, for 'Depot 3'.",
        ),
        ({"curent location": "galery 12"}, ["River"], "current_Location: Gallery 12, for 'galery 12'."),
        ({"abteilung": "gemalde"}, ["Harbour", "Meadow", "River"], ""),
        ({"exhibitions": "boats"}, ["Harbour", "River"], ""),
        ({"exhibitions": "harbour;boats"}, ["Harbour"], ""),
        ({"exhibitions": "boat"}, ["Harbour", "River"], "exhibitions: boats, for 'boat'."),
        ({"size": "20 × 30 cm", "abteilung": "gemälde"}, ["Harbour", "River"], "size: 20 x 30 cm, for '20 × 30 cm'."),
        ({"credit": "gift of a. smith"}, ["Harbour", "Meadow"], ""),
        ({"credit": "Smith"}, ["Harbour", "Meadow"], "credit: Gift of A. Smith, for 'Smith'."),
        ({"rights": "cc0"}, ["Harbour", "Meadow"], ""),
        ({"accession number": "1950.2"}, ["Meadow"], ""),
        ("location=Depot 1", ["Night"], "current_Location: Depot 1, for 'Depot 1'."),
        ('{"exhibitions": "cows"}', ["Meadow"], ""),
        ({"exhibitions": "", "": "x"}, ["Harbour", "Meadow", "Night", "River"], ""),
    ],
)
async def test_paintings_are_found_by_any_detail(client: Client, where: Any, titles: list[str], taken: str) -> None:
    names, note = await found(client, where=where)
    assert names == titles and note.startswith(taken) and taken.startswith(note.split("Without")[0].strip())


async def test_a_detail_is_one_of_several_filters(client: Client) -> None:
    assert (await found(client, query="boats", where={"exhibitions": "boats"}, artist="Ann Lee"))[0] == ["Harbour"]
    assert (await found(client, query="a river", where={"rights": "In copyright"}, sort="title"))[0] == [
        "Night",
        "River",
    ]
    page = await client.call_tool("search_paintings_by_text", {"where": {"rights": "CC0"}, "limit": 1})
    cursor = page.structured_content["next_cursor"]
    other = {"where": {"rights": "In copyright"}, "limit": 1, "cursor": cursor}
    assert (await client.call_tool("search_paintings_by_text", other)).is_error
    page = await client.call_tool("search_paintings_by_text", other | {"where": {"rights": "CC0"}})
    assert not page.is_error and page.structured_content["offset"] == 1


async def test_the_description_of_a_collection_lists_details_and_their_values(client: Client) -> None:
    result = await client.call_tool("describe_collection", {})
    details = result.structured_content["details"]
    assert details["Exhibitions"] == ["boats | river", "cows", "harbour;boats"] and details["Size"] == [
        "20 x 30 cm",
        "40 x 30 cm",
    ]
    assert list(details)[:2] == ["credit", "rights"] and "current_Location" in details
    assert (
        "details, with frequent values: credit (Gift of A. Smith, Purchased 1999); rights (" in result.content[0].text
    )
    result = await client.call_tool("describe_collection", {"where": {"location": "depot 3"}})
    assert result.structured_content["total"] == 2 and "for 'depot 3'" in result.structured_content["note"]
    assert result.structured_content["details"]["Exhibitions"] == ["cows", "harbour;boats"]


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            {"Current Location": "Depot 9"},
            "No painting has the Current Location 'Depot 9'. Closest values: Depot 1 (1), ",
        ),
        (
            {"location": "Attic"},
            "No painting has the current_Location 'Attic'. Closest values: Depot",
        ),
        ({"insurance": "high"}, "No painting has the detail 'insurance'. There are: credit, rights, Abteilung, Size, "),
        ({"artist": "Ann Lee"}, "No painting has the detail 'artist'. Use the argument artist instead."),
        ({f"field {n}": "x" for n in range(11)}, "where has 11 details. Give at most 5."),
        (
            {"x'; DROP TABLE art_mcp.paintings; --": "%"},
            "No painting has the detail \"x'; DROP TABLE art_mcp.paintings",
        ),
        ({"size": "%'); --"}, 'No painting has the size "%\'); --". Closest values: 20 x 30 cm'),
        ({"size": "_"}, "No painting has the size '_'. Closest values: 20 x 30 cm"),
        ({"size=20 x 30 cm": "x"}, "No painting has the detail 'size=20 x 30 cm'. There are: "),
        ({"size": ["a"]}, "where"),
    ],
)
async def test_what_no_painting_has_is_answered_with_what_there_is(client: Client, where: Any, said: str) -> None:
    result = await client.call_tool("search_paintings_by_text", {"where": where})
    assert result.is_error and said in result.content[0].text
