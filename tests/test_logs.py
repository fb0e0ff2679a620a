"""The log as JSON: what is read from it by a program, as what collects the logs of containers does."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from support.access import connected_with
from support.command import art_mcp, failed
from support.servers import SERVE, serving

from art_mcp.logs import AsJson
from art_mcp.server.uploads import hide_links

pytestmark = pytest.mark.anyio

HANDLE = "upload:ABCD-EFGH-IJKL-MNOP"


def formatted(message: str, *arguments: object, members: bool = False, failed: bool = False) -> dict[str, Any]:
    try:
        raise ValueError("no\nnumber")
    except ValueError:
        exception = sys.exc_info() if failed else None
    record = logging.LogRecord("library", logging.ERROR, __file__, 1, message, arguments, exception)
    hide_links(record)
    written = AsJson(members=members).format(record)
    assert written.isascii() and "\n" not in written
    line: dict[str, Any] = json.loads(written)
    assert datetime.fromisoformat(line.pop("time")).utcoffset() == timedelta(0)
    return line


def test_a_record_is_one_line_whatever_is_in_it() -> None:
    line = formatted('%s "said"\n{"level": "INFO"} ü', "somebody")
    assert line == {"level": "ERROR", "logger": "library", "message": 'somebody "said"\n{"level": "INFO"} ü'}
    exception = formatted("failed", failed=True)["exception"]
    assert exception.startswith("Traceback") and exception.endswith("ValueError: no\nnumber")


@pytest.mark.parametrize("asked", [HANDLE, "/?access_token=abc", 'access_token=abc"', "access_token=abc\\", "upload:é"])
def test_secrets_are_hidden_in_members_and_these_stay_json(asked: str) -> None:
    for line in (
        formatted("%s", json.dumps({"texts": {"query": asked}}), members=True),
        formatted("%s", asked),
    ):
        assert "abc" not in str(line) and "ABCD" not in str(line)
    assert formatted("%s", json.dumps({"tool": "t", "n": 1}), members=True) == {
        "level": "ERROR",
        "logger": "library",
        "tool": "t",
        "n": 1,
    }


@pytest.mark.slow
async def test_a_server_writes_nothing_but_json(database_url: str) -> None:
    with serving(
        *SERVE,
        *("--metrics", "127.0.0.1:0"),
        ART_MCP_DATABASE_URL=database_url,
        ART_MCP_PUBLIC_URL="https://art.example.org",
        ART_MCP_ANONYMOUS_READING="true",
        ART_MCP_AUDIT="texts",
        ART_MCP_LOG_FORMAT="json",
        ART_MCP_LOG_LEVEL="INFO",
        ART_MCP_NONE="1",
    ) as server:
        async with connected_with(server.origin, None, "2026-07-28") as client:
            await client.call_tool("search_paintings_by_text", {"query": f"blue, {HANDLE}"})
        async with httpx2.AsyncClient() as http:
            await http.get(f"{server.origin}{'/upload/'}secret")
        server.process.terminate()
        assert server.process.wait(30) == 0
        lines = [json.loads(line) for line in server.stderr().splitlines()]
        assert "ABCD" not in server.stderr() and "/upload/secret" not in server.stderr()
        assert server.stdout() == ""
    assert all({"time", "level", "logger"} < line.keys() for line in lines)
    loggers = {line["logger"] for line in lines}
    assert {"art_mcp", "art_mcp.notices", "art_mcp.audit", "uvicorn.error", "uvicorn.access"} <= loggers
    said = [line["message"] for line in lines if line["logger"] == "art_mcp.notices"]
    assert [each.split(" http")[0] for each in said[:3]] == [
        "Metrics are at",
        "art-mcp serves MCP at",
        "Its address for clients:",
    ]
    audited = [line for line in lines if line["logger"] == "art_mcp.audit"]
    assert [(line["tool"], line["texts"]) for line in audited] == [
        ("search_paintings_by_text", {"query": "blue, upload:..."})
    ]


@pytest.mark.slow
def test_a_command_says_its_error_as_json() -> None:
    said = failed(
        art_mcp("serve", "--transport", "streamable-http", "--host", "none.invalid", ART_MCP_LOG_FORMAT="json")
    )
    line = json.loads(said)
    assert line["level"] == "ERROR" and "The host 'none.invalid' does not exist." in line["message"]
