"""What Prometheus reads of a server over HTTP: real clients, and the parser of Prometheus' own library."""

from __future__ import annotations

import re
import socket
from typing import Any

import httpx2
import pytest
from click.testing import CliRunner
from mcp import MCPError
from mcp.server.mcpserver import Context
from mcp.types import ErrorData
from prometheus_client.parser import text_string_to_metric_families
from support.access import connected_with
from support.servers import SERVE, listening_here, served_here, serving

from art_mcp.cli import cli
from art_mcp.errors import ArtMcpError
from art_mcp.server.app import build_server
from art_mcp.server.http import http_app
from art_mcp.server.metrics import Metrics
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

NAME = "mcp_server_operation_duration_seconds"


async def read(address: str) -> list[Any]:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"http://{address}/metrics")
    return [sample for family in text_string_to_metric_families(answer.text) for sample in family.samples]


async def counts(address: str) -> dict[tuple[str, str, str], float]:
    """How many requests there were, by method, tool and error."""
    found = {}
    for sample in await read(address):
        if sample.name == f"{NAME}_count":
            labels = dict(sample.labels)
            assert labels.pop("network_transport") == "tcp"
            found[labels["mcp_method_name"], labels["gen_ai_tool_name"], labels["error_type"]] = sample.value
    return found


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_requests_are_counted_by_method_tool_and_error(settings: Settings, era: str) -> None:
    metrics = Metrics()
    address = metrics.listen("127.0.0.1", 0)
    async with served_here(settings, metrics=metrics) as origin, connected_with(origin, None, era) as client:
        await client.list_tools()
        for _ in range(2):
            await client.call_tool("describe_collection", {})
        await client.call_tool("get_painting", {"id": "none"})
        for number in range(3):  # what does not exist makes one series, however many names it has
            await client.call_tool(f"none {number}", {})
        with pytest.raises(MCPError):
            await client.get_prompt("none", {})
    found = await counts(address)
    expected = {
        ("tools/list", "", ""): 1,
        ("tools/call", "describe_collection", ""): 2,
        ("tools/call", "get_painting", "tool_error"): 1,
        ("tools/call", "_OTHER", "tool_error"): 3,
        ("prompts/get", "", "-32602"): 1,
    }
    assert {key: found[key] for key in expected} == expected
    assert not any("notifications" in method for method, _, _ in found)
    samples = await read(address)
    buckets = [sample for sample in samples if sample.name == f"{NAME}_bucket"]
    bounds = [sample.labels["le"] for sample in buckets if sample.labels["mcp_method_name"] == "prompts/get"]
    assert bounds == [
        "0.01",
        "0.02",
        "0.05",
        "0.1",
        "0.2",
        "0.5",
        "1.0",
        "2.0",
        "5.0",
        "10.0",
        "30.0",
        "60.0",
        "120.0",
        "300.0",
        "+Inf",
    ]
    assert any(sample.name == "process_resident_memory_bytes" for sample in samples)


async def test_requests_outside_of_a_session_are_counted_and_unknown_methods_are_one_series(settings: Settings) -> None:
    metrics = Metrics()
    address = metrics.listen("127.0.0.1", 0)
    async with served_here(settings, metrics=metrics) as origin, httpx2.AsyncClient() as http:
        for method in ("tools/list", "invented/1", "invented/2"):
            await http.post(
                f"{origin}/mcp",
                json={"jsonrpc": "2.0", "id": 1, "method": method},
                headers={"Accept": "application/json, text/event-stream"},
            )
    found = await counts(address)
    assert found == {("tools/list", "", ""): 1, ("_OTHER", "", "-32601"): 2}


async def test_the_code_of_an_error_that_a_client_answers_makes_no_series(settings: Settings) -> None:
    metrics, server = Metrics(), build_server(settings)
    address = metrics.listen("127.0.0.1", 0)

    @server.tool()
    async def ask(ctx: Context[Any, Any]) -> str:
        return (await ctx.elicit_url("?", "https://example.org/", "1")).action

    async def answered(*_: object) -> ErrorData:
        return ErrorData(code=4711, message="no")

    app = http_app(server, metrics=metrics)
    options = {"elicitation_callback": answered}
    async with listening_here(lambda _: app) as origin, connected_with(origin, None, "legacy", **options) as client:
        with pytest.raises(MCPError, match="no"):
            await client.call_tool("ask", {})
    assert (await counts(address))["tools/call", "ask", "_OTHER"] == 1


def test_an_address_that_is_taken_or_none_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ArtMcpError, match=f"Metrics cannot listen on 127.0.0.1:{port}"):
            Metrics().listen("127.0.0.1", port)
    for given in ("9464", "127.0.0.1", "127.0.0.1:99999", ":9464", "::1:9464"):
        done = CliRunner().invoke(cli, ["serve", "--transport", "streamable-http", "--metrics", given])
        assert done.exit_code == 2 and "must be HOST:PORT" in done.output
    done = CliRunner().invoke(cli, ["serve", "--metrics", "127.0.0.1:0"])
    assert done.exit_code == 2 and "--metrics need --transport" in done.output


@pytest.mark.slow
async def test_a_server_says_where_its_metrics_are(database_url: str) -> None:
    with serving(*SERVE, "--metrics", "127.0.0.1:0", ART_MCP_DATABASE_URL=database_url) as server:
        async with connected_with(server.origin, None, "2026-07-28") as client:
            await client.call_tool("describe_collection", {})
        said = re.search(r"Metrics are at http://(\S+)/metrics", server.stderr())
        assert said and (await counts(said[1]))["tools/call", "describe_collection", ""] == 1
        async with httpx2.AsyncClient() as http:
            assert (await http.get(f"{server.origin}/metrics")).status_code == 404
