"""Arguments as clients, models and strict converters really send them, and what each form gives."""

from __future__ import annotations

import base64
import unicodedata
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image
from support.servers import connected

from art_mcp.painting import painting_id
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

BY_TEXT, BY_IMAGE, GET = "search_paintings_by_text", "search_paintings_by_image", "get_painting"
ID, OTHER = (str(painting_id("pictures", f"{number}.jpg")) for number in (7, 3))
NOTHING = (None, "", " ", [], {}, [""], {"a": None, "b": ""})
OPTIONAL = ("artist", "school", "timeframe", "year_from", "year_to", "collection", "limit", "cursor", "pictures")


@dataclass(frozen=True, slots=True)
class Here:
    """The server's client, and the picture of one of its paintings under a name that is hard to spell."""

    client: Client
    folder: Path
    file: Path

    async def call(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        return await self.client.call_tool(tool, arguments)

    async def found(self, tool: str, arguments: dict[str, Any]) -> CallToolResult:
        result = await self.call(tool, arguments)
        assert not result.is_error, (arguments, result.content[0].text)
        return result.model_copy(update={"meta": None})  # which repeats the arguments


@pytest.fixture
async def here(loaded: Settings, pictures: Path, tmp_path: Path) -> AsyncIterator[Here]:
    folder = tmp_path / "My pictures"
    folder.mkdir()
    file = folder / unicodedata.normalize("NFC", "Größe (7).jpg")
    with Image.open(pictures / "images" / "7.jpg") as picture:
        picture.save(file, quality=95)  # another file than the stored one, since a load of the same would be refused
    async with connected(loaded) as client:
        yield Here(client, folder, file)


def forms_of_a_picture(file: Path) -> list[dict[str, Any]]:
    path, data = str(file), base64.b64encode(file.read_bytes()).decode()
    lines = "\n".join(data[start : start + 76] for start in range(0, len(data), 76))
    images = [
        path,
        f" {path}\n",
        *(f"{left}{path}{right}" for left, right in ('""', "''", "``", "<>")),
        file.as_uri(),
        f"file://{path}",
        f"file:{path}",
        f"file://localhost{quote(path)}",
        f"FILE://{quote(path)}",
        quote(path),
        path.replace(" ", "\\ ").replace("(", "\\(").replace(")", "\\)"),
        unicodedata.normalize("NFD", path),
        quote(unicodedata.normalize("NFD", path)),
        f"data:image/jpeg;base64,{data}",
        f"DATA:image/jpeg;BASE64,{data}",
        f"data:image/png;base64,{data}",
        f"data:;base64,{data}",
        f"data:image/jpeg;charset=utf-8;base64,{data}",
        f"data:image/jpeg;name={quote('wall 1.jpg')};base64,{data}",
        f"data:image/jpeg;base64,{lines}",
        f"data:image/jpeg;base64,{data.rstrip('=')}",
        f"data:image/jpeg;base64,{quote(data, safe='')}",
        f"data:image/jpeg;base64,{data.replace('+', '-').replace('/', '_')}",
        f"data:image/jpeg,{quote(file.read_bytes())}",
    ]
    return [*({"image": image} for image in images), {"image_file": path}, {"image_file": file.as_uri()}]


async def test_forms_of_a_picture_find_its_painting(here: Here) -> None:
    forms = forms_of_a_picture(here.file)
    assert len(forms) == 28
    for form in forms:
        result = await here.found(BY_IMAGE, {**form, "limit": 1, "pictures": False})
        assert result.structured_content["results"][0]["id"] == ID, form


FORMS_OF_AN_ID = (
    ID,
    ID.upper(),
    f"{{{ID}}}",
    ID.replace("-", ""),
    f" {ID}\n",
    f"art://paintings/{ID}",
    f"art://paintings/{ID}/",
    f"ART://paintings/{ID}/image",
)


async def test_forms_of_an_id_mean_the_same_painting_wherever_one_is_taken(here: Here) -> None:
    for form in FORMS_OF_AN_ID:
        shown = await here.found(GET, {"id": form, "size": 0})
        assert shown.structured_content["id"] == ID
        for name, value in (("painting_id", form), ("image", form), ("painting_ids", [form])):
            if name == "image" and form.startswith("{"):
                continue  # an object, as JSON
            result = await here.call(BY_IMAGE, {name: value, "limit": 50, "pictures": False})
            if name == "painting_ids":
                assert "painting_ids names 1 painting only" in result.content[0].text
            else:
                assert ID not in {hit["id"] for hit in result.structured_content["results"]}


async def test_forms_of_several_ids(here: Here) -> None:
    expected = (await here.found(BY_IMAGE, {"painting_ids": [ID, OTHER]})).structured_content["results"]
    for form in (
        f'["{ID}", "{OTHER}"]',
        f"{ID},{OTHER}",
        f"{ID} {OTHER}",
        [f"art://paintings/{ID}", OTHER.upper()],
        [ID, OTHER, ""],
    ):
        assert (await here.found(BY_IMAGE, {"painting_ids": form})).structured_content["results"] == expected, form


@pytest.mark.parametrize("tool", [BY_TEXT, BY_IMAGE])
async def test_nothing_in_any_form_is_as_if_it_were_left_out(here: Here, tool: str) -> None:
    asked = {"query": "green"} if tool == BY_TEXT else {"painting_id": ID}
    expected = await here.found(tool, asked)
    more = () if tool == BY_TEXT else ("image", "image_file", "painting_ids", "text", "negative")
    for nothing in NOTHING:
        arguments = asked | dict.fromkeys((*OPTIONAL, *more), nothing)
        assert await here.found(tool, arguments) == expected, nothing
    for number in (0, "0", 0.0):
        assert await here.found(tool, asked | dict.fromkeys(("year_from", "year_to", "limit"), number)) == expected
    unattached = dict.fromkeys(("download_url", "file_id", "mime_type", "file_name"), "")
    if tool == BY_IMAGE:
        assert await here.found(tool, {**asked, "image_file": unattached}) == expected


def filled(schema: dict[str, Any]) -> Any:
    """What a strict converter makes a model write for an argument that it has no value for."""
    match schema.get("type"):
        case "object":
            return {name: filled(each) for name, each in schema.get("properties", {}).items()}
        case "array":
            return []
        case kind:
            return {"string": "", "integer": 0, "boolean": False}.get(kind)


@pytest.mark.parametrize("fill", [filled, lambda schema: None, lambda schema: ""])
async def test_every_tool_works_when_all_its_arguments_are_filled_in(here: Here, fill: Any) -> None:
    required = {BY_TEXT: {"query": "green"}, BY_IMAGE: {"painting_id": ID}, GET: {"id": ID}}
    required |= {
        "describe_collection": {},
        "ingest_collection": {"source": str(here.folder)},
        "gallery_pictures": {"ids": [ID]},
    }
    for tool in (await here.client.list_tools()).tools:
        given = {name: fill(schema) for name, schema in tool.input_schema["properties"].items()}
        assert len(given) == len(tool.input_schema["properties"])
        result = await here.found(tool.name, given | required[tool.name])
        facts = result.structured_content
        counts = [facts.get("total"), len(facts.get("results", [])), facts.get("stored")]
        assert counts in ([12, 10, None], [11, 10, None], [None, 0, None], [12, 0, None], [1, 0, 1], [1, 0, 0])


async def test_forms_of_numbers(here: Here) -> None:
    for five in (5, "5", 5.0, " 5 "):
        page = await here.found(BY_TEXT, {"query": "green", "limit": five})
        assert len(page.structured_content["results"]) == 5
    for year in (1901, "1901", 1901.0):
        page = await here.found(BY_TEXT, {"query": "green", "year_from": year, "year_to": year})
        assert page.structured_content["total"] == 1
    for size in (100, "100", 100.0):
        shown = await here.found(GET, {"id": ID, "size": size, "similar": "2"})
        assert "100 x 75 pixels" in shown.structured_content["shown"]
        assert len(shown.structured_content["similar"]) == 2
    for zero in (0, "0"):
        assert len((await here.found(GET, {"id": ID, "size": zero})).content) == 1


async def test_forms_of_true_and_false(here: Here) -> None:
    for form in (False, "false", "False", "FALSE", "no", "off", 0, "0"):
        assert len((await here.found(BY_TEXT, {"query": "green", "pictures": form})).content) == 1, form
    for form in (True, "true", "True", "yes", "on", 1, "1"):
        assert len((await here.found(BY_TEXT, {"query": "green", "pictures": form})).content) == 2, form


async def test_false_as_text_neither_plans_nor_cancels(here: Here) -> None:
    done = await here.found("ingest_collection", {"source": str(here.folder), "plan": "false", "cancel": "False"})
    assert (done.structured_content["state"], done.structured_content["stored"]) == ("done", 1)
    again = {"job_id": done.structured_content["job_id"], "cancel": "false", "source": ""}
    assert (await here.found("ingest_collection", again)).structured_content["state"] == "done"
    for form in (True, "true", "yes", 1):
        planned = await here.found("ingest_collection", {"source": str(here.folder), "plan": form})
        assert planned.structured_content["state"] == "planned"


async def test_forms_of_a_region(here: Here) -> None:
    expected = await here.found(GET, {"id": ID, "region": "0.5,0,0.5,1"})
    for form in (
        "0.5, 0, 0.5, 1",
        [0.5, 0, 0.5, 1],
        ["0.5", "0", "0.5", "1"],
        "[0.5, 0, 0.5, 1]",
        {"x": 0.5, "y": 0, "width": 0.5, "height": 1},
        {"height": 1, "width": 0.5, "y": 0, "x": 0.5},
    ):
        assert await here.found(GET, {"id": ID, "region": form}) == expected, form


REFUSED: list[tuple[str, dict[str, Any], str]] = [
    (BY_IMAGE, {"image": r"C:\Users\me\x.jpg"}, "The path of x.jpg is a Windows path, but this server does not run"),
    (BY_IMAGE, {"image": "C:/Users/me/x.jpg"}, "The path of x.jpg is a Windows path"),
    (BY_IMAGE, {"image": "file:///C:/Users/me/x.jpg"}, "The path of x.jpg is a Windows path"),
    (BY_IMAGE, {"image": "~/x.jpg"}, "x.jpg is outside the folders that may be read."),
    (BY_IMAGE, {"image": "pictures/x.jpg"}, "The path of x.jpg is not absolute."),
    (BY_IMAGE, {"image": "x.jpg"}, "it is a file name without a folder."),
    (BY_IMAGE, {"image": "[Image #1]"}, "is the chat's label for a picture, not the picture itself."),
    (BY_IMAGE, {"image": "http://example.org/x.jpg"}, "pictures are downloaded by https only."),
    (BY_IMAGE, {"image": "/etc/passwd"}, "passwd is outside the folders that may be read."),
    (BY_IMAGE, {"image": "/9j/4AAQSkZJRg=="}, "This is base64 without a data: prefix."),
    (
        BY_IMAGE,
        {"image": "data:image/jpeg;base64,/9j/4AAQS"},
        "The inline picture is incomplete: its base64 was truncated",
    ),
    (BY_IMAGE, {"image": {"url": "data:image/jpeg;base64," + "A" * 300_000}}, "Give the picture itself as a data: URI"),
    (BY_IMAGE, {"image": {"url": "/a.jpg"}}, "The picture object has no download_url."),
    (BY_IMAGE, {"image": "{not JSON"}, "The picture object is not valid JSON."),
    (BY_IMAGE, {"image": "/a.jpg", "painting_id": ID}, "Both image and painting_id were given. Give exactly one"),
    (BY_IMAGE, {"painting_id": "art://artists/7"}, "There is no painting with the id 'art://artists/7'."),
    (BY_IMAGE, {}, "Neither image nor painting_id was given."),
    (BY_TEXT, {"query": "x", "limit": 500}, "limit is 500, but must be from 1 to 50."),
    (BY_TEXT, {"query": "x", "limit": -1}, "limit is -1, but must be from 1 to 50."),
    (BY_TEXT, {"query": "x", "limit": 5.5}, "limit must be a whole number. Correct them and call again."),
    (BY_TEXT, {"query": "x", "limit": True}, "limit must be a whole number."),
    (BY_TEXT, {"query": "x", "year_from": "early"}, "year_from must be a whole number."),
    (BY_TEXT, {"query": "x", "pictures": "maybe"}, "pictures must be true or false."),
    (BY_TEXT, {"Query": "x"}, "has no argument 'Query'. Did you mean query?"),
    (BY_TEXT, {"query": "x", "yearFrom": 1}, "has no argument 'yearFrom'. Did you mean year_from?"),
    (BY_TEXT, {"query": "x", "random_string": ""}, "has no argument 'random_string'. Its arguments are query, "),
    (BY_TEXT, {"query": "x", "_meta": {}}, "has no argument '_meta'."),
    ("describe_collection", {"dummy": ""}, "has no argument 'dummy'."),
    ("get_paintings", {"id": ID}, "There is no tool 'get_paintings'. Use one of search_paintings_by_text, "),
    (GET, {"id": ID, "region": {"left": 0}}, "region is '0', which is not four numbers."),
    ("ingest_collection", {"source": r"C:\pics"}, "The path of pics is a Windows path"),
    ("ingest_collection", {"source": "file:///C:/pics"}, "The path of pics is a Windows path"),
    ("ingest_collection", {"source": "", "job_id": None}, "Neither source nor job_id was given."),
]


async def test_forms_that_mean_nothing_are_answered_with_what_to_do(here: Here) -> None:
    folders = [(BY_IMAGE, {"image": str(folder)}, "is a folder.") for folder in (here.folder, here.folder.parent)]
    for tool, arguments, said in [*REFUSED, *folders]:
        result = await here.call(tool, arguments)
        assert result.is_error and said in result.content[0].text, (tool, arguments, result.content[0].text)


async def test_the_schema_allows_null_where_zero_would_be_wrong(here: Here) -> None:
    for tool in (await here.client.list_tools()).tools:
        for name in ("year_from", "year_to"):
            if schema := tool.input_schema["properties"].get(name):
                assert {"type": "null"} in schema["anyOf"]


async def test_no_schema_has_a_list_of_types_which_some_clients_do_not_know(here: Here) -> None:
    def check(schema: Any) -> None:
        for value in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
            check(value)
        assert not (isinstance(schema, dict) and isinstance(schema.get("type"), list)), schema

    for tool in (await here.client.list_tools()).tools:
        check(tool.input_schema)
        check(tool.output_schema)
