"""`art-mcp list` as a user runs it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from support.command import art_mcp_here
from support.pictures import draw_many


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
