"""What only the gallery reads: its page, its tool for pictures, and the hints that results have for it."""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image
from support.loading import load_into
from support.postgres import new_database, new_template
from support.servers import connected

from art_mcp.painting import painting_id
from art_mcp.runtime import Runtime
from art_mcp.server.gallery import GALLERY_URI
from art_mcp.server.tools.gallery import MAX_CHARACTERS
from art_mcp.settings import Settings
from art_mcp.store.embedded import EmbeddedServer

pytestmark = pytest.mark.anyio

NOWHERE = Settings(database_url="postgresql://user@127.0.0.1:1/none")
SHAPES = {"red": (1600, 1200), "grain": (3000, 2400), "small": (200, 100), "tall": (100, 1500)}


def draw(path: Path, name: str) -> None:
    """A red picture, or one as hard to compress as a picture can be."""
    width, height = SHAPES[name]
    if name == "red":
        picture = Image.new("RGB", (width, height), "red")
    else:
        picture = Image.fromarray(np.random.default_rng(width).integers(0, 256, (height, width, 3), np.uint8))
    picture.save(path / f"{name}.png")


@pytest.fixture(scope="module")
def shapes(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("shapes") / "pictures"
    folder.mkdir()
    for name in SHAPES:
        draw(folder, name)
    return new_template(
        postgres, lambda settings: load_into(settings.model_copy(update={"display_size": 2048}), folder)
    )


@pytest.fixture
def settings(postgres: EmbeddedServer, shapes: str) -> Iterator[Settings]:
    with new_database(postgres, shapes) as url:
        yield Settings(database_url=url, read_only=True)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with connected(settings) as client:
        yield client


def id_of(name: str) -> str:
    return str(painting_id("pictures", f"{name}.png"))


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result


async def pictures(client: Client, *names: str, **arguments: Any) -> list[Image.Image]:
    """The pictures of paintings, each of the size that the result says."""
    result = await call(client, "gallery_pictures", ids=[id_of(name) for name in names], **arguments)
    assert len(result.model_dump_json(by_alias=True)) < MAX_CHARACTERS + 1_000
    shown = []
    for name, entry in zip(names, result.structured_content["pictures"], strict=False):
        picture = Image.open(io.BytesIO(base64.b64decode(entry["data"])))
        assert (entry["id"], entry["width"], entry["height"]) == (id_of(name), *picture.size)
        shown.append(picture)
    return shown


# The page


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_the_page_is_there_for_hosts_that_show_apps(mode: str, read_only: bool) -> None:
    async with connected(NOWHERE.model_copy(update={"read_only": read_only}), mode=mode) as client:
        (listed,) = (await client.list_resources()).resources
        (content,) = (await client.read_resource(GALLERY_URI)).contents
        assert listed.uri == content.uri == GALLERY_URI
        assert listed.mime_type == content.mime_type == "text/html;profile=mcp-app"
        assert listed.meta == content.meta == {"ui": {"permissions": {"clipboardWrite": {}}, "prefersBorder": True}}
        assert content.text.startswith("<!DOCTYPE html>")
        tools = {tool.name: tool.meta for tool in (await client.list_tools()).tools}
        with_page = {name for name, meta in tools.items() if meta and meta["ui"].get("resourceUri") == GALLERY_URI}
        assert with_page == {"search_paintings_by_text", "search_paintings_by_image", "get_painting"}
        assert tools["gallery_pictures"] == {"ui": {"visibility": ["app"]}}


# Hints


async def test_results_say_what_was_asked_and_how_the_pictures_look(client: Client) -> None:
    arguments = {"query": "a picture", "pictures": False}
    found = await call(client, "search_paintings_by_text", **arguments)
    hints = found.meta["art-mcp/gallery"]
    assert hints["asked"] == {"tool": "search_paintings_by_text", "arguments": arguments}
    assert hints["tiles"].keys() == {hit["id"] for hit in found.structured_content["results"]}
    assert hints["tiles"][id_of("red")] == [320, 240, "#fe0000"]
    assert hints["tiles"][id_of("tall")][:2] == [21, 320]
    assert "asked" not in json.dumps(found.structured_content) + found.content[0].text

    shown = await call(client, "get_painting", id=id_of("red"), size=0, similar=2)
    hints = shown.meta["art-mcp/gallery"]
    assert hints["tiles"].pop(id_of("red")) == [320, 240, "#fe0000", 1600, 1200]
    assert hints["tiles"].keys() == {hit["id"] for hit in shown.structured_content["similar"]}
    assert all(len(tile) == 3 for tile in hints["tiles"].values())


async def test_pictures_are_not_repeated_in_what_was_asked(client: Client) -> None:
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "PNG")
    image = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    assert len(image) > 2_000
    found = await call(client, "search_paintings_by_image", image=image, text="at night", limit=2)
    asked = found.meta["art-mcp/gallery"]["asked"]
    assert asked == {"tool": "search_paintings_by_image", "arguments": {"text": "at night", "limit": 2}}


async def test_paintings_without_a_picture_have_no_tile(settings: Settings, client: Client) -> None:
    async with Runtime(settings) as runtime, (await runtime.database()).connection() as connection:
        await connection.execute("DELETE FROM art_mcp.renditions WHERE painting_id = $1", uuid.UUID(id_of("red")))
        broken = uuid.UUID(id_of("tall"))
        await connection.execute("UPDATE art_mcp.renditions SET data = 'x' WHERE painting_id = $1", broken)
    found = await call(client, "search_paintings_by_text", query="a picture")
    assert found.meta["art-mcp/gallery"]["tiles"].keys() == {id_of("grain"), id_of("small")}
    alone = await call(client, "get_painting", id=id_of("red"))
    assert alone.meta["art-mcp/gallery"]["tiles"] == {}
    # Nor do they keep the others from being shown.
    ids = ["x" * 100_000, "", "not-an-id", str(uuid.uuid4()), id_of("red"), id_of("tall"), id_of("small")]
    got = await call(client, "gallery_pictures", ids=ids, size=100)
    assert [each["id"] for each in got.structured_content["pictures"]] == [id_of("small")]
    assert got.structured_content["missing"] == ["x" * 64, *ids[1:-1]]


# Pictures


async def test_pictures_come_in_the_order_in_which_they_are_asked_for(client: Client) -> None:
    shown = await pictures(client, "tall", "small", "red")
    assert [picture.size for picture in shown] == [(21, 320), (200, 100), (320, 240)]
    assert [picture.size for picture in await pictures(client, "red", "small", size=64)] == [(64, 48), (64, 32)]


async def test_as_many_pictures_come_as_fit_and_the_rest_when_asked_again(client: Client) -> None:
    first, *others = await pictures(client, "grain", "grain", "grain", "grain", size=1024)
    assert first.width > 300 and len(others) < 3
    names = ["grain", "small", "tall", "red"] * 10
    result = await call(client, "gallery_pictures", ids=[id_of(name) for name in names], size=320)
    assert [each["id"] for each in result.structured_content["pictures"]] == [id_of(name) for name in names[:4]]


async def test_a_region_is_shown_down_to_the_pixels_that_are_kept(client: Client) -> None:
    (part,) = await pictures(client, "grain", size=512, region="0.5,0.5,0.125,0.125")
    assert part.size == (256, 205)  # of 2048 x 1638, and nothing is enlarged
    (whole,) = await pictures(client, "red", size=4096)
    assert whole.size == (1024, 768)  # a result has no room for more, so more is not even tried


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"ids": ["a"] * 51}, "ids has 51 ids. Give at most 50."),
        ({"ids": ["a"], "size": -1}, "size is -1. Give the longer side in pixels."),
        ({"ids": ["a"], "size": -(10**400)}, "size is -1e+12. Give the longer side in pixels."),
        ({"ids": ["a"], "size": True}, "size must be a whole number"),
        ({"ids": ["a"], "region": "1,2"}, "region is '1,2', which is not four numbers."),
        ({"ids": ["a"], "region": "0,0,9e99,1"}, "its numbers are not all between 0 and 1."),
        ({"ids": "abc"}, "ids must be a list"),
        ({"ids": [1]}, "ids must be text"),
        ({}, "ids is missing"),
    ],
)
async def test_what_is_wrong_is_said(arguments: dict[str, Any], said: str) -> None:
    async with connected(NOWHERE) as client:
        result = await client.call_tool("gallery_pictures", arguments)
    assert result.is_error and said in result.content[0].text
