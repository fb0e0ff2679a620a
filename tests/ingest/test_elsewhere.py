"""Loading what is stored already: under another collection's name, or after the folder was renamed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mcp.types import ElicitRequestParams, ElicitResult
from support.command import art_mcp_here
from support.pictures import draw
from support.servers import connected

from art_mcp.ingest.errors import IngestError
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import collection_sizes

PICS = "The collection pictures has these paintings already. To update it, give its name as the collection"


@pytest.mark.anyio
async def test_a_source_under_another_name_is_noticed(loaded: Settings, twelve: tuple[str, Path]) -> None:
    source = twelve[1]
    async with Runtime(loaded) as runtime:
        ingest = await runtime.ingest()
        assert await ingest.elsewhere(source) is None
        assert await ingest.elsewhere(source, "pictures") is None
        said = await ingest.elsewhere(source, "Mine")
        assert str(said).startswith(PICS) and str(said).endswith("they are stored a second time, in Mine.")
        plan = await ingest.plan(source, "Mine")
        assert (plan.elsewhere, plan.new) == (str(said), 12)
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
        assert str(said) == f"{PICS}; to store them a second time, give another name."
        assert await ingest.elsewhere(links) is None
        (parent / "images").rename(renamed / "images")
        assert (await ingest.plan(renamed)).elsewhere == str(said)
        same_name = renamed.rename(tmp_path / "pictures")
        with pytest.raises(IngestError, match=r"pictures has these paintings already.* another place\. To update it"):
            await ingest.create(same_name)
        for number in range(6):  # half of the first rows
            draw(same_name / "images" / f"{number}.jpg", 100 + number, (40, 30))
        assert await ingest.elsewhere(same_name, "Mine") is None
        with pytest.raises(IngestError, match="was loaded from another source"):
            await ingest.create(same_name)


@pytest.mark.anyio
async def test_the_tool_stores_nothing_twice_unless_the_collection_is_named(
    loaded: Settings, twelve: tuple[str, Path], pictures: Path
) -> None:
    renamed = pictures.rename(pictures.with_name("renamed"))
    async with connected(loaded) as client:
        planned = await client.call_tool("ingest_collection", {"source": str(renamed), "plan": True})
        assert planned.structured_content and PICS in planned.structured_content["next_step"]
        refused = await client.call_tool("ingest_collection", {"source": str(renamed)})
        assert refused.is_error and refused.content[0].text.startswith(PICS)
        assert await sizes_of(loaded) == {"pictures": 12}
        named = await client.call_tool("ingest_collection", {"source": str(renamed), "collection": "Mine"})
        assert named.structured_content and PICS in named.structured_content["next_step"]
        assert await sizes_of(loaded) == {"pictures": 12, "Mine": 12}
        again = await client.call_tool("ingest_collection", {"source": str(renamed), "collection": "Mine"})
        assert again.structured_content and "already" not in again.structured_content["next_step"]


@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("agrees", [True, False])
async def test_a_user_who_can_be_asked_decides(loaded: Settings, pictures: Path, agrees: bool, mode: str) -> None:
    renamed = pictures.rename(pictures.with_name("renamed"))
    asked = []

    async def user(context: object, question: ElicitRequestParams) -> ElicitResult:
        asked.append(question.message)
        return ElicitResult(action="accept", content={"go_on": agrees})

    async with connected(loaded, elicitation_callback=user, mode=mode) as client:
        result = await client.call_tool("ingest_collection", {"source": str(renamed)})
    assert asked == ["The collection pictures has these paintings already. Store them a second time?"]
    assert result.structured_content and result.structured_content["state"] == ("done" if agrees else "planned")
    assert await sizes_of(loaded) == {"pictures": 12} | ({"renamed": 12} if agrees else {})


async def sizes_of(settings: Settings) -> dict[str, int]:
    async with Runtime(settings) as runtime:
        return dict(await collection_sizes.sizes(await runtime.database()))


def test_the_command_stores_nothing_twice_without_a_terminal(loaded: Settings, twelve: tuple[str, Path]) -> None:
    assert loaded.database_url
    url = loaded.database_url.get_secret_value()
    arguments = ("ingest", str(twelve[1]), "--collection", "Mine")
    done = art_mcp_here(*arguments, "--dry-run", ART_MCP_DATABASE_URL=url)
    assert PICS in done.stdout
    done = art_mcp_here(*arguments, "--json", ART_MCP_DATABASE_URL=url)
    assert done.returncode == 2 and not done.stdout
    assert "already. Not a terminal; pass that name with --collection to update it, or --yes" in done.stderr
    done = art_mcp_here(*arguments, "--json", "--yes", ART_MCP_DATABASE_URL=url)
    assert PICS in done.stderr and json.loads(done.stdout)[0]["stored"] == 12
