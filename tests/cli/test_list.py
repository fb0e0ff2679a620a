"""`art-mcp list` as a user runs it."""

from __future__ import annotations

import json
import re
from functools import partial
from pathlib import Path

import anyio
from mcp.types import CallToolResult
from support.command import art_mcp_here, failed
from support.pictures import draw_many
from support.servers import connected

from art_mcp.settings import Settings


def test_collections_are_listed_with_their_sources(database_url: str, tmp_path: Path) -> None:
    environment = {"ART_MCP_DATABASE_URL": database_url}
    assert art_mcp_here("list", **environment).stdout == (
        "There are no paintings yet. Load some with `art-mcp ingest FOLDER`.\n"
    )
    assert art_mcp_here("list", "--json", **environment).stdout == "[]\n"
    first, second = draw_many(tmp_path / "first", 3), draw_many(tmp_path / "second", 2)
    art_mcp_here("ingest", str(first), "--collection", "My museum", **environment)
    art_mcp_here("ingest", str(second), "--collection", "My museum", **environment)
    art_mcp_here("ingest", str(second), "--yes", **environment)
    printed = art_mcp_here("list", **environment).stdout
    assert re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DAY", printed).splitlines() == [
        "My museum: 3 paintings, last loaded DAY",
        f"   from {second}",
        f"   from {first}",
        "second: 2 paintings, last loaded DAY",
        f"   from {second}",
    ]
    listed = json.loads(art_mcp_here("list", "--json", **environment).stdout)
    assert [(each["name"], each["paintings"], each["sources"]) for each in listed] == [
        ("My museum", 3, [str(second), str(first)]),
        ("second", 2, [str(second)]),
    ]


def test_a_collection_is_described_as_by_the_tool(read_only: Settings) -> None:
    assert read_only.database_url
    environment = {"ART_MCP_DATABASE_URL": read_only.database_url.get_secret_value()}

    async def described(**filters: object) -> CallToolResult:
        async with connected(read_only) as client:
            return await client.call_tool("describe_collection", filters)

    all_of_it = anyio.run(described)
    assert art_mcp_here("list", "Pictures", **environment).stdout.splitlines()[0].startswith("12 paintings")
    told = json.loads(art_mcp_here("list", "pictures", "--json", **environment).stdout)
    assert told == all_of_it.structured_content
    of_few = anyio.run(partial(described, year_from=1906))
    assert art_mcp_here("list", "--year-from", "1906", **environment).stdout == f"{of_few.content[0].text}\n"
    nowhere = failed(art_mcp_here("list", "nowhere", **environment))
    assert "No painting has the collection 'nowhere'. Closest values: pictures (12)." in nowhere
