"""Loading what is stored already: under another collection's name, or after the folder was renamed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from support.command import art_mcp_here
from support.pictures import draw
from support.servers import connected

from art_mcp.ingest.errors import IngestError
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

PICS = "The collection pictures has these paintings already. To update it, give its name as the collection"


@pytest.mark.anyio
async def test_a_source_under_another_name_is_noticed(loaded: Settings, twelve: tuple[str, Path]) -> None:
    source = twelve[1]
    async with Runtime(loaded) as runtime:
        ingest = await runtime.ingest()
        assert await ingest.elsewhere(source) is None
        assert await ingest.elsewhere(source, "pictures") is None
        said = await ingest.elsewhere(source, "Mine")
        assert said and said.startswith(PICS) and said.endswith("they are stored a second time, in Mine.")
        plan = await ingest.plan(source, "Mine")
        assert (plan.elsewhere, plan.new) == (said, 12)
        assert (await ingest.plan(source)).elsewhere is None
        await ingest.run(await ingest.create(source, "Mine"))  # a second copy, if it is wanted
        assert await ingest.elsewhere(source, "Mine") is None


@pytest.mark.anyio
async def test_a_moved_source_is_noticed_by_its_first_rows(loaded: Settings, pictures: Path, tmp_path: Path) -> None:
    renamed = pictures.rename(tmp_path / "renamed")
    parent = tmp_path / "parent" / "art"
    parent.mkdir(parents=True)
    (renamed / "images").rename(parent / "images")
    links = tmp_path / "links.csv"
    links.write_text("image,title\nhttps://museum.example/1.jpg,One\n")
    async with Runtime(loaded) as runtime:
        ingest = await runtime.ingest()
        said = await ingest.elsewhere(parent.parent)  # without the table, so each key is another one
        assert said and said.startswith(PICS)
        assert await ingest.elsewhere(links) is None
        (parent / "images").rename(renamed / "images")
        assert (await ingest.plan(renamed)).elsewhere == said.replace("in parent.", "in renamed.")
        same_name = renamed.rename(tmp_path / "pictures")
        with pytest.raises(IngestError, match=r"pictures has these paintings already.* another place\. To update it"):
            await ingest.create(same_name)
        for number in range(6):  # half of the first rows
            draw(same_name / "images" / f"{number}.jpg", 100 + number, (40, 30))
        assert await ingest.elsewhere(same_name, "Mine") is None
        with pytest.raises(IngestError, match="was loaded from another source"):
            await ingest.create(same_name)


@pytest.mark.anyio
async def test_the_tool_says_so_in_the_plan_and_the_result(loaded: Settings, twelve: tuple[str, Path]) -> None:
    async with connected(loaded) as client:
        load = {"source": str(twelve[1]), "collection": "Mine"}
        for arguments in (load | {"plan": True}, load):
            result = await client.call_tool("ingest_collection", arguments)
            assert result.structured_content and PICS in result.structured_content["next_step"]
        again = await client.call_tool("ingest_collection", load)
        assert again.structured_content and "already" not in again.structured_content["next_step"]


def test_the_command_says_so_and_goes_on_without_a_terminal(loaded: Settings, twelve: tuple[str, Path]) -> None:
    assert loaded.database_url
    url = loaded.database_url.get_secret_value()
    arguments = ("ingest", str(twelve[1]), "--collection", "Mine")
    done = art_mcp_here(*arguments, "--dry-run", ART_MCP_DATABASE_URL=url)
    assert PICS in done.stdout
    done = art_mcp_here(*arguments, "--json", ART_MCP_DATABASE_URL=url)
    assert PICS in done.stderr and json.loads(done.stdout)[0]["stored"] == 12
