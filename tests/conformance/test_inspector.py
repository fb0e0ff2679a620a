"""The official Inspector lists and calls the tools, over both transports, in both eras of the protocol."""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from support.node import run
from support.pictures import draw
from support.servers import serving

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


@pytest.fixture
async def collection(settings: Settings, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The settings, as variables, of a server that has three paintings."""
    for number in range(3):
        draw(tmp_path / "pictures" / f"{number}.png", number)
    async with Runtime(settings) as runtime:
        ingest = await runtime.ingest()
        await ingest.run(await ingest.create(tmp_path / "pictures"))
    yield {"ART_MCP_DATABASE_URL": settings.database_url.get_secret_value()}


@pytest.mark.parametrize("era", ["legacy", "modern"])
@pytest.mark.parametrize("transport", ["stdio", "streamable-http"])
async def test_tools_are_listed_and_called(
    collection: dict[str, str], era: str, transport: str, tmp_path: Path
) -> None:
    if transport == "stdio":
        variables = [part for name, value in collection.items() for part in ("-e", f"{name}={value}")]
        _look([sys.executable, "-m", "art_mcp", *variables], era, tmp_path)
    else:
        with serving(**collection) as served:
            _look([served.url], era, tmp_path)


def _look(target: list[str], era: str, home: Path) -> None:
    def inspect(*arguments: str) -> tuple[int, dict[str, Any]]:
        options = ("--protocol-era", era, "--format", "json")
        done = run("mcp-inspector", "--cli", *target, *options, *arguments, home=home)
        assert done.stdout, done.stderr
        return done.returncode, json.loads(done.stdout)["result"]

    def call(tool: str, **arguments: Any) -> tuple[int, dict[str, Any]]:
        return inspect("--method", "tools/call", "--tool-name", tool, "--tool-args-json", json.dumps(arguments))

    # --strict fails on a schema that some client cannot read.
    status, listed = inspect("--method", "tools/list", "--strict")
    assert status == 0
    assert "search_paintings_by_text" in [tool["name"] for tool in listed["tools"]]

    status, found = call("search_paintings_by_text", query="blue and green", limit=2)
    assert status == 0
    assert found["structuredContent"]["total"] == 3
    assert len(found["structuredContent"]["results"]) == 2

    status, refused = call("get_painting", id="none")
    assert status == 5  # the tool says that it failed
    assert refused["content"][0]["text"].startswith("There is no painting with the id 'none'.")
