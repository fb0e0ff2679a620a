"""A picture as an argument of a tool, in every form in which hosts and models give one."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image
from support.loading import load_into
from support.pictures import draw, draw_many
from support.postgres import new_database, new_template
from support.servers import connected, connected_over_stdio, serving

from art_mcp.settings import Settings
from art_mcp.store.embedded import EmbeddedServer

pytestmark = pytest.mark.anyio

NOWHERE = "postgresql://user@127.0.0.1:1/none"
TOOL = "search_paintings_by_image"


@pytest.fixture(scope="module")
def six(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The template of a database with six paintings, and the folder that they were loaded from."""
    folder = draw_many(tmp_path_factory.mktemp("six") / "pictures", 6)

    return new_template(postgres, lambda settings: load_into(settings, folder)), folder


@pytest.fixture
def pictures(six: tuple[str, Path]) -> Path:
    return six[1]


@pytest.fixture
def settings(postgres: EmbeddedServer, six: tuple[str, Path]) -> Iterator[Settings]:
    with new_database(postgres, six[0]) as url:
        yield Settings(database_url=url, image_dirs=(six[1],))


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with connected(settings) as client:
        yield client


async def search(client: Client, **arguments: Any) -> CallToolResult:
    return await client.call_tool(TOOL, {"pictures": False, **arguments})


async def found(client: Client, **arguments: Any) -> list[str]:
    """The titles of what is found, which are the files' names."""
    result = await search(client, **arguments)
    assert not result.is_error, result.content[0].text
    return [hit["id"] for hit in result.structured_content["results"]]


async def said(client: Client, **arguments: Any) -> str:
    result = await search(client, **arguments)
    assert result.is_error
    text = result.content[0].text
    for word in ("Traceback", "secret", "pydantic"):
        assert word not in text
    assert "/tmp" not in text.partition("may be read")[0]  # but that a folder may be read is said
    return text


async def test_every_form_of_the_same_picture_finds_the_same(client: Client, pictures: Path) -> None:
    path = pictures / "03.png"
    data = base64.b64encode(path.read_bytes()).decode()
    best = await found(client, image=str(path))
    assert len(best) == 6
    for image in (
        path.as_uri(),
        f'"{path}"',
        f"data:image/png;base64,{data}",
        f"data:image/jpeg;name=3.png;base64,{data}",
        f"data:,{''.join(f'%{byte:02x}' for byte in path.read_bytes())}",
    ):
        assert await found(client, image=image) == best
    assert await found(client, image=str(path), image_file=None, painting_id=None, text=None) == best
    assert await found(client, image=str(path), image_file={}, painting_id="") == best

    alike = await found(client, painting_id=best[0])
    assert best[0] not in alike and len(alike) == 5
    for image in (best[0], best[0].upper(), f"art://paintings/{best[0]}", f"art://paintings/{best[0]}/image"):
        assert await found(client, image=image) == alike


async def test_forms_that_lead_nowhere_say_what_does(client: Client) -> None:
    attached = {"download_url": "https://10.0.0.1/x?sig=secret", "file_id": "file-1", "mime_type": "image/png"}
    closed = "10.0.0.1 is not a server on the public internet."
    for given, problem in (
        ({"image_file": attached}, closed),
        ({"image_file": json.dumps(attached)}, closed),
        ({"image": attached}, closed),
        ({"image": json.dumps(attached)}, closed),
        ({"image_file": {"file_id": "file-1"}}, "has no download_url"),
        ({"image_file": {**attached, "download_url": "file:///etc/passwd"}}, "is not an https link"),
        ({"image_file": "file-12345678"}, "the chat's own name for an attachment"),
        ({"image_file": 5}, "image_file must be an object; image_file must be text."),
        ({"image": "https://127.0.0.1/x?sig=secret"}, "127.0.0.1 is not a server on the public internet."),
        ({"image": "http://example.org/secret"}, "by https only"),
        ({"image": "sandbox:/mnt/data/x.png"}, "image_file"),
        ({"image": "[image 1]"}, "ask for the picture's absolute path"),
        ({"image": "upload:7KQ2-M5XD-AB3F-Z4QY"}, "no picture is stored under this handle"),
        ({"image": "data:image/png;base64,AAAAA"}, "its base64 was truncated"),
        ({"image": "data:image/png;base64," + "A" * 30 * 2**20}, "larger than 20 MiB"),
        ({"image": 5}, "image must be text"),
        ({"image": ["/a.png"]}, "image must be text"),
        ({"image": "/a.png", "image_file": attached}, "Both image and image_file were given. Give exactly one"),
        ({"image_file": attached, "painting_id": "5"}, "Both image_file and painting_id were given."),
    ):
        assert problem.lower() in (await said(client, **given)).lower(), given


async def test_a_bomb_leaves_the_server_as_it_was(client: Client, pictures: Path) -> None:
    buffer = io.BytesIO()
    Image.new("1", (16_000, 4_000)).save(buffer, "PNG")
    bomb = "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    assert "more than 16,000 pixels per side" in await said(client, image=bomb)
    assert len(await found(client, image=str(pictures / "01.png"))) == 6


async def test_chatgpt_is_told_which_argument_takes_an_attachment(client: Client) -> None:
    tool = next(tool for tool in (await client.list_tools()).tools if tool.name == TOOL)
    assert tool.meta is not None and tool.meta["openai/fileParams"] == ["image_file"]
    schema = tool.input_schema["properties"]["image_file"]
    assert set(schema["properties"]) == {"download_url", "file_id", "mime_type", "file_name"}
    assert (schema["type"], schema["required"]) == ("object", ["download_url", "file_id"])
    assert tool.input_schema["properties"]["image"]["x-mcp-file"] == {"accept": ["image/*"]}
    assert tool.annotations is not None and tool.annotations.open_world_hint


@pytest.mark.slow
async def test_over_http_no_folder_is_read_that_was_not_named(tmp_path: Path) -> None:
    mine = tmp_path / "Pictures" / "mine.png"
    draw(mine, 1)
    given = {"image": str(mine)}
    home = {"HOME": str(tmp_path), "XDG_PICTURES_DIR": str(mine.parent), "ART_MCP_DATABASE_URL": NOWHERE}
    with serving(**home) as served:
        async with Client(served.url) as client:
            assert "mine.png cannot be read, because the server may not read any folder yet." in await said(
                client, **given
            )
            result = await client.call_tool("ingest_collection", {"source": str(mine.parent)})
            assert "Pictures cannot be read, because the server may not read any folder yet." in result.content[0].text
    with serving(**home, ART_MCP_IMAGE_DIRS=str(mine.parent)) as served:
        async with Client(served.url) as client:
            # It was read, and then the database was asked.
            assert "The database cannot be reached" in await said(client, **given)
    async with connected_over_stdio(**home) as client:
        assert "The database cannot be reached" in await said(client, **given)
