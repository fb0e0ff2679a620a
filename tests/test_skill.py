"""What the skill file tells an assistant is what the server has, takes and answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import skills_ref
from inline_snapshot import external_file
from support.servers import connected

from art_mcp.painting import Relevance
from art_mcp.server.app import build_server
from art_mcp.server.results import CollectionResult, PaintingResult, PaintingSummary, SearchResult
from art_mcp.server.tools import ingest
from art_mcp.settings import Settings

SKILL = Path(__file__).resolve().parent.parent / "skills" / "art-mcp" / "SKILL.md"
FOLDER = "/home/me/Pictures/museum"
"""Stands for the sample's folder in the examples."""
JOB = "JOB"
"""Stands for the id of the job that was started last."""


async def offered() -> dict[str, list[str]]:
    """The arguments of each tool that a model may call, by its name."""
    tools = await build_server(Settings()).list_tools()
    shown = [tool for tool in tools if (tool.meta or {}).get("ui", {}).get("visibility") != ["app"]]
    return {tool.name: list(tool.input_schema["properties"]) for tool in shown}


def examples() -> list[tuple[str, str, str]]:
    """The calls in the file: the tool, its arguments as JSON, and the answer; … stands for what is left out of it."""
    return re.findall(r"^```\n> (\w+) (\{[^\n]*\})\n(.*?)\n```$", SKILL.read_text("utf-8"), re.M | re.S)


def test_it_is_a_skill_by_the_specification() -> None:
    assert skills_ref.validate(SKILL.parent) == []
    assert len(SKILL.read_text("utf-8").splitlines()) < 150


@pytest.mark.snapshot
@pytest.mark.anyio
async def test_its_table_of_arguments_is_that_of_the_tools() -> None:
    tools = await offered()
    rows = [f"| `{name}` | {', '.join(f'`{each}`' for each in tools[name])} |" for name in tools]
    table = "\n".join(["| tool | arguments |", "|---|---|", *rows, ""])
    text = SKILL.read_text("utf-8")
    before, _, rest = text.partition("<!-- tools -->\n")
    _, end, after = rest.partition("<!-- /tools -->\n")
    assert end
    assert f"{before}<!-- tools -->\n{table}{end}{after}" == external_file("../skills/art-mcp/SKILL.md", format=".txt")


@pytest.mark.anyio
async def test_every_name_in_it_exists() -> None:
    tools = await offered()
    results = (SearchResult, PaintingSummary, PaintingResult, CollectionResult)
    fields = {name for result in results for name in result.model_fields}
    known = {*tools, *(name for arguments in tools.values() for name in arguments), *fields, *Relevance}
    text = SKILL.read_text("utf-8")
    assert set(re.findall(r"`([a-z_]+)`", text)) <= known
    prose = re.sub(r"<!-- tools -->.*<!-- /tools -->", "", text, flags=re.S)
    assert all(f"`{name}`" in prose for name in tools)
    assert len(examples()) == text.count("```\n> ") > 0


@pytest.mark.slow
@pytest.mark.anyio
async def test_the_server_answers_as_its_examples_say(
    settings: Settings, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ingest, "RETURN_WITHIN_S", 300)
    job = ""
    async with connected(settings.model_copy(update={"image_dirs": (sample.parent,)})) as client:
        for tool, arguments, quoted in examples():
            given = json.loads(arguments.replace(FOLDER, str(sample.parent)).replace(JOB, job))
            result = await client.call_tool(tool, given)
            answer = "\n".join(part.text for part in result.content if part.type == "text")
            assert re.fullmatch(".*".join(map(re.escape, quoted.split("…"))), answer, re.S), answer
            job = (result.structured_content or {}).get("job_id") or job
        without_picture = await client.call_tool("search_paintings_by_image", {})
    assert job
    (told,) = without_picture.content
    assert told.type == "text" and re.search(r"http://\S+/upload/\S+ in a browser .* image=upload:", told.text)
