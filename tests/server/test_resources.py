"""Paintings as resources, read by the real client."""

from __future__ import annotations

import base64
import io
import json
import uuid
from collections.abc import Iterator

import pytest
from inline_snapshot import external_file
from mcp import Client, MCPError
from PIL import Image
from support.loading import load_into
from support.pictures import draw
from support.postgres import new_database, new_template
from support.servers import connected, serving

from art_mcp.painting import painting_id
from art_mcp.runtime import Runtime
from art_mcp.server.app import build_server
from art_mcp.server.gallery import GALLERY_URI
from art_mcp.settings import Settings
from art_mcp.store.embedded import EmbeddedServer

pytestmark = pytest.mark.anyio

ID = painting_id("pictures", "1.png")
NOBODY = uuid.UUID(int=5)
UNREACHABLE = Settings(database_url="postgresql://user:c4nary@127.0.0.1:1/none", read_only=True)


@pytest.fixture(scope="module")
def one(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template of a database that has one painting."""
    folder = tmp_path_factory.mktemp("one") / "pictures"
    draw(folder / "1.png", 1, (1600, 1200))
    (folder / "table.tsv").write_text("IMAGE_FILE\tTITLE\tAUTHOR\n1.png\tA Töwer \u2028\tMUSTER, Max\n")

    return new_template(postgres, lambda settings: load_into(settings, folder))


@pytest.fixture
def settings(postgres: EmbeddedServer, one: str) -> Iterator[Settings]:
    with new_database(postgres, one) as url:
        yield Settings(database_url=url, read_only=True)


async def refused(client: Client, uri: str, code: int) -> str:
    """What an error says: a sentence without a trace of the machinery."""
    with pytest.raises(MCPError) as caught:
        await client.read_resource(uri)
    assert caught.value.code == code
    for word in ("Traceback", "Error reading", "asyncpg", "pydantic", "c4nary"):
        assert word not in caught.value.message
    return caught.value.message


@pytest.mark.snapshot
async def test_templates_are_the_committed_ones_and_no_database_is_asked() -> None:
    async with connected(UNREACHABLE) as client:
        assert [each.uri for each in (await client.list_resources()).resources] == [GALLERY_URI]
        templates = (await client.list_resource_templates()).resource_templates
    listed = [template.model_dump(mode="json", by_alias=True, exclude_none=True) for template in templates]
    text = json.dumps(listed, indent=2, ensure_ascii=False) + "\n"
    assert text == external_file("resources.json", format=".txt")


async def test_a_painting_is_what_the_tool_says_of_it(settings: Settings) -> None:
    async with connected(settings) as client:
        shown = await client.call_tool("get_painting", {"id": str(ID), "size": 0})
        for spelling in (str(ID), str(ID).upper(), f"%7B{ID}%7D"):
            (entry,) = (await client.read_resource(f"art://paintings/{spelling}")).contents
            assert (entry.uri, entry.mime_type) == (f"art://paintings/{spelling}", "application/json")
            assert json.loads(entry.text) == shown.structured_content
        assert json.loads(entry.text)["title"] == "A Töwer"
        (image,) = (await client.read_resource(f"art://paintings/{ID}/image")).contents
        assert image.mime_type == "image/jpeg"
        picture = Image.open(io.BytesIO(base64.b64decode(image.blob)))
        assert (picture.format, picture.size) == ("JPEG", (1024, 768))


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
async def test_over_http_it_is_the_same(settings: Settings, mode: str) -> None:
    with serving(ART_MCP_DATABASE_URL=settings.database_url.get_secret_value()) as served:
        async with Client(served.url, mode=mode) as client:
            (entry,) = (await client.read_resource(f"art://paintings/{ID}")).contents
            assert json.loads(entry.text)["id"] == str(ID)
            (image,) = (await client.read_resource(f"art://paintings/{ID}/image")).contents
            assert base64.b64decode(image.blob).startswith(b"\xff\xd8")
            said = await refused(client, f"art://paintings/{NOBODY}", -32602)
            assert said.startswith("There is no painting with the id")


async def test_an_id_that_nothing_has_is_told(settings: Settings) -> None:
    async with connected(settings) as client:
        for id in (str(NOBODY), "12", "..", "%2e%2e%2fetc", "%00", "'; DROP TABLE paintings; --", "x" * 5000, "", "%"):
            for uri in (f"art://paintings/{id}", f"art://paintings/{id}/image"):
                said = await refused(client, uri, -32602)
                assert said.startswith("There is no painting with the id"), uri
                assert said.endswith("Take an id from the results of a search.") and len(said) < 200
        for uri in (
            "art://paintings",
            f"art://paintings/{ID}/thumbnail",
            f"art://painters/{ID}",
            "x",
            "art://" + "x" * 99999,
        ):
            said = await refused(client, uri, -32602)
            assert said.startswith("There is no resource ") and len(said) < 200
            assert said.endswith("Use one of the form art://paintings/{id}, art://paintings/{id}/image.")


async def test_a_picture_that_is_gone_is_told(settings: Settings) -> None:
    async with Runtime(settings) as runtime, (await runtime.database()).connection() as connection:
        await connection.execute("DELETE FROM art_mcp.renditions")
    async with connected(settings) as client:
        said = await refused(client, f"art://paintings/{ID}/image", -32602)
    assert said == f"No picture of the painting {ID} is stored. Load its collection again."


async def test_a_database_out_of_reach_is_told() -> None:
    async with connected(UNREACHABLE) as client:
        for uri in (f"art://paintings/{ID}", f"art://paintings/{ID}/image"):
            assert (await refused(client, uri, -32603)).startswith("The database cannot be reached. Start it, or")
        assert "no painting with the id" in await refused(client, "art://paintings/12", -32602)


async def test_a_fault_of_the_program_is_told_without_its_words() -> None:
    server = build_server(Settings())

    @server.resource("broken://{id}")
    async def broken(id: str) -> str:
        raise RuntimeError("c4nary /etc/secret")

    async with Client(server) as client:
        said = await refused(client, "broken://1", -32603)
    assert said == "The resource failed unexpectedly; the server has logged the reason. Try again, or check its log."
