"""The tools through the real client, from an empty database to an answer."""

from __future__ import annotations

import base64
import io
import json
import os
import re
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from inline_snapshot import external_file
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image
from support.pair import write_pair
from support.pictures import draw
from support.servers import connected, connected_over_stdio

from art_mcp.runtime import Runtime
from art_mcp.server.app import build_server
from art_mcp.server.gallery import FOR_GALLERY_ONLY
from art_mcp.server.results import NOTHING_FITS
from art_mcp.settings import Settings
from art_mcp.vision.pair.pulled import SUGGESTION

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(read_only: Settings) -> AsyncIterator[Client]:
    """Of a server that has the twelve paintings of `pictures` and cannot change them."""
    async with connected(read_only) as client:
        yield client


@pytest.fixture
async def empty_client(settings: Settings) -> AsyncIterator[Client]:
    """Of a server that has no paintings."""
    async with connected(settings) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """What an error says: one line of text without a trace of the machinery."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error and len(result.content) == 1
    said = result.content[0].text
    for word in ("Traceback", "Error executing", "asyncpg", "pydantic", "postgresql://"):
        assert word not in said
    assert "/tmp" not in re.split("may be read|names in", said)[0]  # but that a folder may be read is said
    return said


async def files(client: Client) -> dict[str, str]:
    """Each painting's id by its file."""
    page = (await call(client, "search_paintings_by_text", query="x", limit=50)).structured_content
    ids = {}
    for hit in page["results"]:
        shown = (await call(client, "get_painting", id=hit["id"], size=0)).structured_content
        ids[shown["image_file"]] = hit["id"]
    return ids


@pytest.mark.snapshot
async def test_tools_list_is_the_committed_one(client: Client) -> None:
    tools = [
        tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools
    ]
    text = json.dumps(tools, indent=2, ensure_ascii=False) + "\n"
    assert text == external_file("tools.json", format=".txt")
    for tool in tools:
        assert tool["title"] and tool["annotations"]
        assert tool.get("outputSchema") or tool["_meta"] == FOR_GALLERY_ONLY
        assert len(tool["description"]) <= 2048


async def test_from_nothing_to_an_answer(database_url: str, pictures: Path) -> None:
    environment = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_IMAGE_DIRS": str(pictures)}
    async with connected_over_stdio(**environment) as client:
        await from_nothing_to_an_answer(client, pictures)


async def from_nothing_to_an_answer(client: Client, pictures: Path) -> None:
    said = await refused(client, "search_paintings_by_text", query="the sea")
    assert said == (
        "There are no paintings yet. Load some with `art-mcp ingest FOLDER`, "
        "or with the tool ingest_collection if it is available."
    )
    result = await call(client, "ingest_collection", source=str(pictures / "table.tsv"), collection="tests")
    job = result.structured_content
    assert {key: job[key] for key in ("state", "total", "stored", "unchanged", "refused", "pending")} == {
        "state": "done",
        "total": 12,
        "stored": 12,
        "unchanged": 0,
        "refused": 0,
        "pending": 0,
    }
    result = await call(client, "search_paintings_by_text", query="Composition in green by Muster")
    page = result.structured_content
    assert (len(page["results"]), page["total"]) == (10, 12)
    best = page["results"][0]
    assert (best["title"], best["artist"], best["date"], best["collection"]) == (
        "Composition in green",
        "MUSTER, Max",
        "1901",
        "tests",
    )
    shown = await call(client, "get_painting", id=best["id"])
    assert shown.structured_content["description"] == "All green."
    picture = Image.open(io.BytesIO(base64.b64decode(shown.content[1].data)))
    assert (picture.format, picture.size, shown.content[1].mime_type) == ("JPEG", (400, 300), "image/jpeg")
    assert picture.convert("RGB").resize((1, 1)).getpixel((0, 0))[1] > 140


@pytest.mark.parametrize("quoted", ['"green composition"', "«green composition»", "‘green composition’"])
async def test_words_in_any_quotation_marks_have_to_stand_together(client: Client, quoted: str) -> None:
    def best(result: CallToolResult) -> float:
        return result.structured_content["results"][0]["score"]

    plain = await call(client, "search_paintings_by_text", query="green composition")
    phrase = await call(client, "search_paintings_by_text", query=quoted)
    assert best(phrase) < best(plain) - 0.5  # "Composition in green" has the words, but not the phrase


async def test_text_and_data_are_each_complete(client: Client) -> None:
    result = await call(client, "search_paintings_by_text", query="red", limit=3)
    text = result.content[0].text
    for hit in result.structured_content["results"]:
        for key in ("id", "title", "artist", "date", "relevance", "collection"):
            assert hit[key] in text
    assert result.structured_content["next_cursor"] in text
    shown = await call(client, "get_painting", id=hit["id"])
    assert shown.structured_content.pop("similar") == shown.structured_content.pop("copies") == []
    for value in shown.structured_content.values():
        assert value in (None, {}) or str(value) in shown.content[0].text
    assert "base64" not in json.dumps(shown.structured_content)


async def test_a_painting_with_others_that_look_like_it(client: Client) -> None:
    id_ = next(iter((await files(client)).values()))
    shown = await call(client, "get_painting", id=id_, size=0, similar=3)
    similar = shown.structured_content["similar"]
    assert len(similar) == 3 and id_ not in {hit["id"] for hit in similar}
    alike = await call(client, "search_paintings_by_image", painting_id=id_, limit=3)
    assert similar == alike.structured_content["results"]
    for hit in similar:
        assert hit["id"] in shown.content[0].text and hit["title"] in shown.content[0].text


async def test_pages_by_cursor(client: Client) -> None:
    seen, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page = (
            await call(client, "search_paintings_by_text", query="noise", limit=5, cursor=cursor)
        ).structured_content
        seen += [hit["id"] for hit in page["results"]]
        cursor, pages = page["next_cursor"], pages + 1
    assert (pages, len(seen), len(set(seen))) == (3, 12, 12)
    first = await call(client, "search_paintings_by_text", query="noise", limit=5)
    foreign = first.structured_content["next_cursor"]
    for cursor in (foreign[:-2], "x", "é", foreign + "AAAA"):
        said = await refused(client, "search_paintings_by_text", query="noise", cursor=cursor)
        assert "does not belong to this query" in said
    said = await refused(client, "search_paintings_by_text", query="other", cursor=foreign)
    assert "does not belong to this query" in said


async def test_a_picture_finds_its_painting_and_a_painting_its_like(client: Client, pictures: Path) -> None:
    ids = await files(client)
    path = pictures / "images" / "7.jpg"
    for reference in (str(path), path.as_uri()):
        page = (await call(client, "search_paintings_by_image", image=reference)).structured_content
        assert page["results"][0]["id"] == ids["7.jpg"]
        assert page["results"][0]["relevance"] == "strong"
        assert page["total"] == 12
    page = (await call(client, "search_paintings_by_image", painting_id=ids["7.jpg"], limit=50)).structured_content
    assert ids["7.jpg"] not in {hit["id"] for hit in page["results"]}
    assert len(page["results"]) == page["total"] == 11


async def test_several_paintings_find_what_looks_like_all_of_them(client: Client) -> None:
    ids = await files(client)
    given = [ids["7.jpg"], ids["3.jpg"]]
    result = await call(client, "search_paintings_by_image", painting_ids=given, painting_id=None, limit=4)
    page = result.structured_content
    assert (page["total"], len(page["results"]), len(result.content)) == (10, 4, 2)
    as_text = await call(client, "search_paintings_by_image", painting_ids=", ".join(given), limit=4)
    assert as_text.structured_content == page
    as_json = await call(client, "search_paintings_by_image", painting_ids=json.dumps(given), limit=4)
    assert as_json.structured_content == page
    other = {"painting_ids": [*reversed(given), given[0]], "limit": 50, "cursor": page["next_cursor"]}
    rest = (await call(client, "search_paintings_by_image", **other)).structured_content
    found = [hit["id"] for hit in page["results"] + rest["results"]]
    assert sorted([*found, *given]) == sorted(ids.values()) and rest["next_cursor"] is None
    steered = await call(client, "search_paintings_by_image", painting_ids=given, text="red", negative="blue")
    assert len(steered.structured_content["results"]) == 10
    same = await refused(client, "search_paintings_by_image", painting_ids=[given[0], given[0]])
    assert same == "painting_ids names 1 painting only. Give 2 to 5 different ids, or one as painting_id."
    unknown = str(uuid.UUID(int=5))
    said = await refused(client, "search_paintings_by_image", painting_ids=[given[0], unknown])
    assert said.startswith(f"There is no painting with the id '{unknown}'.")
    said = await refused(client, "search_paintings_by_image", painting_ids=list(ids.values())[:6])
    assert said == "6 paintings were given, but the limit is 5. Choose the most important."


async def test_ids_stay_and_a_second_ingest_changes_nothing(loaded: Settings, twelve: tuple[str, Path]) -> None:
    async with connected(loaded) as client:
        before = await files(client)
        again = (await call(client, "ingest_collection", source=str(twelve[1]))).structured_content
        assert (again["unchanged"], again["stored"]) == (12, 0)
        page = (await call(client, "search_paintings_by_text", query="x", limit=50)).structured_content
        assert {hit["id"] for hit in page["results"]} == set(before.values())
        report = (await call(client, "ingest_collection", job_id=again["job_id"])).structured_content
        assert report == again


async def test_filters_narrow_every_search_and_name_the_nearest_value(client: Client) -> None:
    ids = await files(client)
    page = await call(client, "search_paintings_by_text", query="x", artist="max muster", year_from=1901, year_to=1902)
    assert {hit["id"] for hit in page.structured_content["results"]} == {ids["1.jpg"], ids["2.jpg"]}
    assert page.structured_content["total"] == 2
    page = await call(client, "search_paintings_by_image", painting_id=ids["1.jpg"], year_to=1903)
    assert page.structured_content["total"] == 3
    said = await refused(client, "search_paintings_by_text", query="x", artist="Maks Muster")
    assert said == (
        "No painting has the artist 'Maks Muster'. Closest values: Max Muster (12). Use one of them, or leave it out."
    )
    page = await call(client, "search_paintings_by_text", query="x", limit=2)
    other = {"query": "x", "cursor": page.structured_content["next_cursor"], "year_to": 1905}
    assert "does not belong to this query" in await refused(client, "search_paintings_by_text", **other)


async def test_the_collection_is_described_under_the_same_filters(client: Client) -> None:
    result = await call(client, "describe_collection")
    found = result.structured_content
    assert (found["total"], found["year_from"], found["year_to"]) == (12, 1900, 1911)
    assert found["facets"]["artist"] == {"values": [{"value": "Max Muster", "paintings": 12}], "distinct": 1}
    assert found["facets"]["collection"]["values"] == [{"value": "pictures", "paintings": 12}]
    assert found["facets"]["school"] == {"values": [], "distinct": 0}
    assert len(found["spaces"]) == 3 and "ready" in found["model"]
    assert "artist: Max Muster (12)" in result.content[0].text
    found = (await call(client, "describe_collection", year_to=1902)).structured_content
    assert (found["total"], found["facets"]["type"]["values"][0]["paintings"]) == (3, 3)
    assert "Closest values: Max Muster (12)" in await refused(client, "describe_collection", artist="Mustermann")
    result = await call(client, "describe_collection", artist="Muster")
    assert result.structured_content["note"] == "artist: Max Muster, for 'Muster'."
    assert result.structured_content["note"] in result.content[0].text
    result = await call(client, "search_paintings_by_text", query="red", artist="Muster", limit=1)
    assert result.structured_content["note"] == "artist: Max Muster, for 'Muster'."
    id = result.structured_content["results"][0]["id"]
    result = await call(client, "search_paintings_by_image", painting_id=id, artist="muster", limit=1)
    assert result.structured_content["note"] == "artist: Max Muster, for 'muster'."
    said = await refused(client, "search_paintings_by_image", painting_id=id, year_from=1905, year_to=1900)
    assert said == "year_from 1905 is after year_to 1900. Swap them; years BC are negative."


async def test_a_painter_is_found_by_name_before_everything_else(empty_client: Client, pictures: Path) -> None:
    with (pictures / "table.tsv").open("a") as table:
        table.write("0.jpg\tUntitled\tDÜRER, Albrecht\t1500\tother\t\n".replace("0.jpg", "extra.jpg"))
    draw(pictures / "images" / "extra.jpg", 77, (400, 300))
    await call(empty_client, "ingest_collection", source=str(pictures))
    page = await call(empty_client, "search_paintings_by_text", query="durer")
    best = page.structured_content["results"][0]
    assert (best["artist"], best["relevance"]) == ("DÜRER, Albrecht", "strong")


async def test_what_the_question_names_comes_first_and_the_answer_says_so(empty_client: Client, pictures: Path) -> None:
    with (pictures / "table.tsv").open("a") as table:
        for number, year in enumerate((1870, 1900)):
            draw(pictures / "images" / f"extra{number}.jpg", 77 + number, (400, 300))
            table.write(f"extra{number}.jpg\tUntitled\tMONET, Claude\t{year}\tother\tWater lilies.\n")
    await call(empty_client, "ingest_collection", source=str(pictures))

    async def asked(query: str, **arguments: Any) -> tuple[list[tuple[str, str]], str]:
        result = await call(empty_client, "search_paintings_by_text", query=query, **arguments)
        page = result.structured_content
        assert page["note"] and page["note"] in result.content[0].text
        return [(hit["artist"], hit["date"]) for hit in page["results"]], page["note"]

    monets = {("MONET, Claude", "1870"), ("MONET, Claude", "1900")}
    hits, note = await asked("noise by Claude Monnet")
    assert set(hits[:2]) == monets and len(hits) == 10
    assert note == (
        'Works by Claude Monet come first; the rest of the question, "noise", was searched for what they show.'
    )
    hits, note = await asked("the newest paintings by Monet")
    assert hits[:2] == sorted(monets, reverse=True)
    assert note == "Works by Claude Monet come first; all are sorted by year, newest first."
    hits, note = await asked("red before 1900")
    assert hits[0] == ("MONET, Claude", "1870") and "Paintings from 1899 or earlier come first" in note
    hits, note = await asked("red by Monet in 1911")
    assert set(hits[:2]) == monets and hits[2] == ("MUSTER, Max", "1911")
    assert note.startswith("No painting here is what was asked for: works by Claude Monet from 1911;")

    first = await call(empty_client, "search_paintings_by_text", query="red by Monet", limit=1)
    cursor = first.structured_content["next_cursor"]
    second = await call(empty_client, "search_paintings_by_text", query="red by Monet", limit=1, cursor=cursor)
    pages = [page.structured_content["results"][0] for page in (first, second)]
    assert {(hit["artist"], hit["date"]) for hit in pages} == monets


async def test_refused_rows_are_reported(empty_client: Client, pictures: Path) -> None:
    with (pictures / "table.tsv").open("a") as table:
        table.write("gone.jpg\tGone\t\t\t\t\nonly\n")
    result = await call(empty_client, "ingest_collection", source=str(pictures))
    job = result.structured_content
    assert (job["stored"], job["without_picture"], job["refused"], job["total"]) == (13, 1, 1, 14)
    assert job["refusals"] == [
        {
            "row": "table.tsv line 14 (gone.jpg)",
            "reason": "Stored without its picture: The picture is missing. Folders searched: images, Images, pictures.",
            "rows": 1,
        },
        {"row": "table.tsv line 15", "reason": "It has 1 columns, the header has 6.", "rows": 1},
    ]
    for refusal in job["refusals"]:
        assert refusal["reason"] in result.content[0].text


async def test_hosts_may_send_null_and_numbers_as_text(client: Client) -> None:
    arguments = {"query": "red", "limit": "2", "cursor": None, "pictures": None, "year_to": None}
    result = await call(client, "search_paintings_by_text", **arguments)
    assert len(result.structured_content["results"]) == len(result.content) == 2
    id_ = result.structured_content["results"][0]["id"]
    result = await call(client, "get_painting", id=id_, size=None, region=None, similar=None)
    assert len(result.content) == 2


BAD_CALLS: list[tuple[str, dict[str, Any], str]] = [
    ("search_paintings_by_text", {"sort": "price"}, "sort is 'price'. Choose relevance, year, -year, title or random."),
    ("search_paintings_by_text", {"query": "x" * 10_000}, "has 10,000 characters, but the limit is 2,000."),
    ("search_paintings_by_text", {"query": "a\0b"}, "characters that are not text"),
    ("search_paintings_by_text", {"query": "x", "limit": -1}, "limit is -1, but must be from 1 to 50."),
    (
        "search_paintings_by_text",
        {"query": "x", "limit": 1000},
        "limit is 1000, but must be from 1 to 50. Choose a limit",
    ),
    ("search_paintings_by_text", {"query": "x", "limit": True}, "limit must be a whole number"),
    ("search_paintings_by_text", {"query": "x", "limit": "many"}, "limit must be a whole number"),
    ("search_paintings_by_text", {"query": ["x"]}, "query must be text"),
    ("search_paintings_by_text", {"query": "x", "artst": "y"}, "has no argument 'artst'"),
    ("search_paintings_by_text", {"query": "x", "limt": 3}, "Did you mean limit?"),
    ("search_paintings_by_image", {}, "Neither image nor painting_id was given. Give exactly one"),
    ("search_paintings_by_image", {"image": "/a.jpg", "painting_id": "b"}, "Both image and painting_id"),
    ("search_paintings_by_image", {"painting_id": "a", "painting_ids": ["b"]}, "Both painting_id and painting_ids"),
    ("search_paintings_by_image", {"painting_ids": []}, "Neither image nor painting_id was given."),
    ("search_paintings_by_image", {"painting_ids": ["12", "34"]}, "There is no painting with the id '12'."),
    ("search_paintings_by_image", {"painting_ids": ["x" * 99] * 9999}, "There is no painting with the id 'xxx"),
    ("search_paintings_by_image", {"painting_ids": [5, None]}, "painting_ids must be text"),
    ("search_paintings_by_image", {"painting_ids": {"a": 1}}, "painting_ids must be a list"),
    ("search_paintings_by_image", {"image": "a.jpg"}, "is not absolute"),
    ("search_paintings_by_image", {"image": "/etc/passwd"}, "passwd is outside the folders that may be read"),
    ("search_paintings_by_image", {"painting_id": "12"}, "There is no painting with the id '12'. Take an id"),
    ("search_paintings_by_image", {"painting_id": str(uuid.UUID(int=5))}, "There is no painting with the id"),
    ("get_painting", {"id": str(uuid.UUID(int=5))}, "There is no painting with the id"),
    ("get_painting", {"id": "'; DROP TABLE paintings; --"}, "There is no painting with the id"),
    ("get_painting", {"id": "x" * 5000}, "There is no painting with the id"),
    ("get_painting", {"id": "x", "similar": 51}, "similar is 51, but must be from 0 to 50."),
    ("get_painting", {"id": "x", "similar": 10**400}, "similar is 1e+12, but must be from 0 to 50."),
    ("get_painting", {"id": "x", "size": -(10**400)}, "size is -1e+12, but must be from 0 to 4096 pixels."),
    ("search_paintings_by_text", {"query": "x", "limit": 10**400}, "limit is 1e+12, but must be from 1 to 50."),
    ("get_painting", {"id": "x", "similar": True}, "similar must be a whole number"),
    ("get_painting", {"id": "x", "size": "huge"}, "size must be a whole number"),
    ("get_painting", {"id": "x", "size": -1}, "size is -1, but must be from 0 to 4096 pixels. Pass 512"),
    ("get_painting", {"id": "x", "size": 4097}, "size is 4097, but must be from 0 to 4096 pixels."),
    ("get_painting", {"id": "x", "region": "left"}, "region is 'left', which is not four numbers. Give x,y,"),
    ("get_painting", {"id": "x", "region": "0,0,1"}, "which is not four numbers. Give x,y,width,height as fractions"),
    ("get_painting", {"id": "x", "region": {"x": 1}}, "region is '1', which is not four numbers"),
    ("get_painting", {"id": "x", "region": "0.5,0,1,1"}, "region is '0.5,0,1,1', which extends beyond the picture."),
    ("search_paintings_by_text", {"query": "x", "pictures": "some"}, "pictures must be true or false"),
    ("ingest_collection", {}, "Neither source nor job_id was given"),
    ("ingest_collection", {}, "There are no unfinished jobs that you may see."),
    (
        "ingest_collection",
        {},
        "cleveland:WORDS or smk:WORDS for a museum's paintings, or the https link of a IIIF manifest",
    ),
    ("ingest_collection", {"source": "/etc"}, "etc is outside the folders that may be read"),
    ("ingest_collection", {"source": "pictures"}, "is not absolute"),
    ("ingest_collection", {"source": "{}"}, "is not absolute"),
    ("ingest_collection", {"job_id": "[7]"}, "There is no ingest job '[7]'"),
    ("ingest_collection", {"job_id": "7"}, "There is no ingest job '7'"),
    ("ingest_collection", {"job_id": str(uuid.UUID(int=5))}, "There is no ingest job"),
]


async def test_bad_input_is_answered_with_what_to_do(empty_client: Client, pictures: Path) -> None:
    client = empty_client
    for tool, arguments, said in BAD_CALLS:
        assert said in await refused(client, tool, **arguments), (tool, arguments)
    (pictures / "page.jpg").write_text("<html>not a picture</html>")
    said = await refused(client, "search_paintings_by_image", image=str(pictures / "page.jpg"))
    assert said.startswith("page.jpg is a web page. Give the address of the picture itself")
    said = await refused(client, "search_paintings_by_image", image=str(pictures / "none.jpg"))
    assert said.startswith("none.jpg does not exist. Check the spelling of its path. If only the user has the picture")
    said = await refused(client, "ingest_collection", source=str(pictures / "none"))
    assert said == "none does not exist. Check the spelling of its path."


async def test_a_database_out_of_reach_is_told_at_the_first_call_and_not_before() -> None:
    url = "postgresql://user:c4nary@127.0.0.1:1/none"
    async with connected(Settings(database_url=url)) as client:
        assert len((await client.list_tools()).tools) == 6
        said = await refused(client, "search_paintings_by_text", query="the sea")
    assert said.startswith("The database cannot be reached. Start it, or")
    assert "c4nary" not in said


async def test_a_database_without_pgvector_is_told(bare_url: str) -> None:
    connection = await asyncpg.connect(bare_url)
    name = await connection.fetchval("SELECT current_database()")
    await connection.execute(f"ALTER DATABASE {name} SET extension_control_path = '/nowhere'")
    await connection.close()
    async with connected(Settings(database_url=bare_url)) as client:
        said = await refused(client, "search_paintings_by_text", query="the sea")
    assert said.startswith("The database server has no pgvector. Install it there")


async def test_a_fault_of_the_program_is_told_without_its_words() -> None:
    server = build_server(Settings())

    async def broken() -> str:
        raise RuntimeError("c4nary /etc/secret")

    server.add_tool(broken)
    async with Client(server) as client:
        assert await refused(client, "broken") == (
            "broken failed unexpectedly; the server has logged the reason. Try again, or check its log."
        )


async def test_a_job_of_a_server_that_ended_goes_on_in_the_next(settings: Settings, pictures: Path) -> None:
    async with Runtime(settings) as runtime:
        job_id = await (await runtime.ingest()).create(pictures)
    async with connected(settings) as client:
        job = (await call(client, "ingest_collection", job_id=str(job_id))).structured_content
    assert (job["state"], job["stored"]) == ("done", 12)


@pytest.mark.slow
async def test_stdout_carries_json_rpc_and_nothing_else(database_url: str) -> None:
    initialize = {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    }
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": initialize},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 2, "method": "tools/list"},
        *(
            {"jsonrpc": "2.0", "id": 3 + n, "method": "tools/call", "params": {"name": name, "arguments": arguments}}
            for n, (name, arguments, _) in enumerate(BAD_CALLS)
        ),
    ]
    environment = {
        **os.environ,
        "ART_MCP_DATABASE_URL": database_url,
        "ART_MCP_LOG_LEVEL": "DEBUG",
        "ART_MCP_TYPO": "1",
    }
    server = subprocess.Popen(
        [sys.executable, "-m", "art_mcp"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )
    for message in messages:
        server.stdin.write(json.dumps(message) + "\n")
    server.stdin.flush()
    answers: dict[int, Any] = {}
    while len(answers) < len(messages) - 1:
        answer = json.loads(server.stdout.readline())
        assert answer["jsonrpc"] == "2.0"
        answers[answer["id"]] = answer
    rest, logged = server.communicate(timeout=60)
    assert rest == ""
    assert server.returncode == 0
    assert "ART_MCP_TYPO is not a setting" in logged
    assert answers[2]["result"]["tools"][0]["name"] == "search_paintings_by_text"
    for n, (_, _, said) in enumerate(BAD_CALLS):
        assert said in answers[3 + n]["result"]["content"][0]["text"]


async def test_the_first_search_that_finds_nothing_tells_of_the_larger_model(
    read_only: Settings, tmp_path: Path
) -> None:
    settings = read_only.model_copy(update={"data_dir": tmp_path / "data"})
    async with connected(settings) as client:
        for expected in (f"{NOTHING_FITS} {SUGGESTION}", NOTHING_FITS):
            found = await call(client, "search_paintings_by_text", query="quantum chromodynamics")
            assert found.structured_content["note"] == expected and expected in found.content[0].text
    write_pair(tmp_path / "data" / "models" / "tiny-pair")
    async with connected(settings) as client:
        found = await call(client, "search_paintings_by_text", query="quantum chromodynamics")
        assert found.structured_content["note"] == NOTHING_FITS
