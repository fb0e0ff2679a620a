"""What is logged of each call over HTTP: real clients, a real database, and a server that runs as a process."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
import pytest
from support.access import connected_with, guarded_here
from support.issuer import issuing
from support.pictures import draw
from support.servers import connected, served_here, serving

from art_mcp.server.access.scopes import READ
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

ERAS = ["legacy", "2026-07-28"]
SECRET = "a woman reading a letter"


@pytest.fixture
async def reader(settings: Settings) -> AsyncIterator[str]:
    database = await Database.open(settings)
    yield (await tokens.create(database, "ada", [READ], timedelta(days=1)))[0]
    await database.aclose()


@pytest.fixture(autouse=True)
def listening(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "art_mcp.audit")


def lines(caplog: pytest.LogCaptureFixture) -> list[dict[str, Any]]:
    """The lines of the calls so far, without what differs from run to run once that is checked."""
    found = [json.loads(record.getMessage()) for record in caplog.records if record.name == "art_mcp.audit"]
    for line in found:
        assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
        assert line.pop("ms") >= 0
    return found


@pytest.mark.parametrize("era", ERAS)
async def test_a_line_says_who_called_what_and_what_came_of_it(
    settings: Settings, reader: str, caplog: pytest.LogCaptureFixture, tmp_path: Path, era: str
) -> None:
    picture = draw(tmp_path / "1.png", 1).read_bytes().hex()
    async with guarded_here(settings) as origin, connected_with(origin, reader, era) as client:
        await client.list_tools()
        await client.call_tool("search_paintings_by_text", {"query": SECRET, "limit": 10})
        await client.call_tool("search_paintings_by_image", {"image": picture})
        await client.call_tool("get_painting", {"id": "none"})
        await client.call_tool("get_painting", {SECRET: SECRET})
        await client.call_tool(SECRET, {"query": SECRET})
    calls = lines(caplog)
    assert {(line.pop("principal"), line.pop("client")) for line in calls} == {("token:ada", "mcp")}
    assert calls == [
        {"tool": "search_paintings_by_text", "arguments": {"query": len(SECRET), "limit": 2}, "outcome": "error"},
        {"tool": "search_paintings_by_image", "arguments": {"image": len(picture)}, "outcome": "error"},
        {"tool": "get_painting", "arguments": {"id": 4}, "outcome": "error"},
        {"tool": "get_painting", "arguments": {}, "unknown_arguments": 1, "outcome": "error"},
        {"tool": None, "arguments": {}, "unknown_arguments": 1, "outcome": "error"},
    ]
    for hidden in (SECRET, picture, reader, reader.split("_", 2)[2]):
        assert hidden not in "".join(record.getMessage() for record in caplog.records if "audit" in record.name)


async def test_the_words_of_questions_are_logged_if_a_setting_says_so(
    settings: Settings, reader: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with (
        guarded_here(settings, audit="texts") as origin,
        connected_with(origin, reader, ERAS[1]) as client,
    ):
        await client.call_tool("search_paintings_by_text", {"query": "blue\n{" + "x" * 999, "artist": "Ada"})
        await client.call_tool("search_paintings_by_image", {"image": "data:,secret", "text": "at night"})
    texts = [line["texts"] for line in lines(caplog)]
    assert texts == [{"query": "blue\n{" + "x" * 494}, {"text": "at night"}]
    assert "\n" not in caplog.text.rstrip().splitlines()[-1] and "secret" not in caplog.text


async def test_users_of_the_issuer_and_of_no_token_are_named(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    with issuing() as issuer:
        async with guarded_here(settings, oidc_issuer=issuer.name, anonymous_reading=True) as origin:
            for token in (issuer.token(aud=f"{origin}/mcp", sub="ada\n{", scope="art:read"), None):
                async with connected_with(origin, token, ERAS[1]) as client:
                    await client.call_tool("describe_collection", {})
    assert [(line["principal"], line["outcome"]) for line in lines(caplog)] == [
        ("oidc:ada\n{", "ok"),
        ("anonymous", "ok"),
    ]
    assert not any("\n" in record.getMessage() for record in caplog.records if record.name == "art_mcp.audit")


async def test_calls_without_access_control_are_logged_only_if_a_setting_says_so(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    asked = settings.model_copy(update={"audit": "sizes"})
    async with connected(asked) as client:
        await client.call_tool("describe_collection", {})
    for each in (settings, asked):
        assert lines(caplog) == []
        async with served_here(each) as origin, connected_with(origin, None, ERAS[1]) as client:
            await client.call_tool("describe_collection", {})
    assert [line["principal"] for line in lines(caplog)] == ["anonymous"]


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_that_its_client_gives_up_is_logged(
    settings: Settings, reader: str, caplog: pytest.LogCaptureFixture, era: str
) -> None:
    async with guarded_here(settings) as origin, connected_with(origin, reader, era) as client:
        await client.call_tool("describe_collection", {})
        database = await Database.open(settings)
        async with database.transaction() as connection:
            await connection.execute("LOCK TABLE art_mcp.paintings")  # so that the call waits
            with anyio.move_on_after(0.5):
                await client.call_tool("describe_collection", {})
            with anyio.fail_after(30):
                while len(lines(caplog)) < 2:
                    await anyio.sleep(0.02)
        await database.aclose()
    assert [line["outcome"] for line in lines(caplog)] == ["ok", "cancelled"]


@pytest.mark.slow
async def test_a_server_writes_the_lines_to_stderr_whatever_the_level_of_its_log_is(database_url: str) -> None:
    with serving(
        ART_MCP_DATABASE_URL=database_url,
        ART_MCP_PUBLIC_URL="https://art.example.org",
        ART_MCP_ANONYMOUS_READING="true",
    ) as server:
        async with connected_with(server.origin, None, ERAS[1]) as client:
            await client.call_tool("describe_collection", {})
        written = [json.loads(line) for line in server.stderr().splitlines() if line.startswith("{")]
    assert [line["tool"] for line in written] == ["describe_collection"]
