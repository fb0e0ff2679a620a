"""Spans that a server exports: real clients, real processes, and a collector that reads what is sent over HTTP."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client
from support.access import connected_with
from support.collector import Collector, collecting
from support.command import art_mcp
from support.pictures import draw
from support.servers import connected_over_stdio, serving

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ERAS = ["legacy", "2026-07-28"]
QUESTION = "a woman reading a letter"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{PARENT}-01"
EMBEDDING = {
    "gen_ai.operation.name": "embeddings",
    "gen_ai.provider.name": "local",
    "gen_ai.request.model": "bridge",
}
RANKING = {"db.system.name": "postgresql", "art_mcp.limit": 10}
ABOVE = "00-11111111111111111111111111111111-2222222222222222-01"


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


@pytest.fixture
def loaded(database_url: str, tmp_path: Path) -> str:
    """The URL of a database with two paintings."""
    for number in range(2):
        draw(tmp_path / "pictures" / f"{number}.png", number)
    done = art_mcp("ingest", str(tmp_path / "pictures"), ART_MCP_DATABASE_URL=database_url)
    assert done.returncode == 0, done.stderr
    return database_url


async def test_a_search_over_stdio_is_a_span_with_its_steps(collector: Collector, loaded: str, tmp_path: Path) -> None:
    picture = draw(tmp_path / "query.png", 1)
    environment = {
        "ART_MCP_DATABASE_URL": loaded,
        "ART_MCP_IMAGE_DIRS": str(tmp_path),
        "OTEL_EXPORTER_OTLP_HEADERS": "api-key=k1",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
        **collector.variables,
    }
    async with connected_over_stdio(**environment) as client:
        await client.call_tool("search_paintings_by_text", {"query": QUESTION}, meta={"traceparent": TRACEPARENT})
        found = await client.call_tool("search_paintings_by_image", {"image": str(picture)})
        assert not found.is_error
        await client.call_tool("get_painting", {"id": QUESTION})
        await client.call_tool(QUESTION, {"query": QUESTION})
        with pytest.raises(MCPError):
            await client.get_prompt("none", {})
    by_text, by_image = (collector.named(f"tools/call search_paintings_by_{kind}") for kind in ("text", "image"))
    assert (by_text.trace_id, by_text.parent_id) == (TRACE, PARENT)
    assert by_image.trace_id != TRACE and by_image.parent_id == ""
    assert by_text.scope == "mcp-python-sdk" and not by_text.failed
    steps = [span for span in collector.spans if span.scope == "art-mcp"]
    assert all(step.parent_id in (by_text.span_id, by_image.span_id) for step in steps)
    assert [(step.name, step.attributes) for step in steps if step.parent_id == by_text.span_id] == [
        ("open database", {"db.system.name": "postgresql"}),
        (
            "embeddings bridge",
            {**EMBEDDING, "art_mcp.spaces": ["pixels_local_bridge_2", "words_local_minilm_1"], "art_mcp.texts": 1},
        ),
        ("rank paintings", {**RANKING, "art_mcp.legs": ["pixels", "words", "text"]}),
    ]
    assert [(step.name, step.attributes) for step in steps if step.parent_id == by_image.span_id] == [
        ("read picture", {"art_mcp.picture": "file"}),
        ("decode picture", {}),
        (
            "embeddings bridge",
            {
                **EMBEDDING,
                "art_mcp.spaces": ["pixels_local_bridge_2", "look_local_mobilenetv2_1"],
                "art_mcp.pictures": 1,
            },
        ),
        ("rank paintings", {**RANKING, "art_mcp.legs": ["look"]}),
    ]
    assert collector.named("tools/call get_painting").attributes["error.type"] == "tool_error"
    assert collector.named("tools/call _OTHER").attributes["gen_ai.tool.name"] == "_OTHER"
    assert collector.named("prompts/get _OTHER").failed
    for resource in collector.resources:
        assert resource["service.name"] == "art-mcp" and resource["deployment.environment.name"] == "test"
    assert all(headers["api-key"] == "k1" for headers in collector.headers)
    for hidden in (QUESTION, str(picture), loaded):
        assert hidden.encode() not in b"".join(collector.bodies)


@pytest.mark.parametrize("era", ERAS)
async def test_over_http_a_trace_goes_on_from_headers_and_is_named_in_the_log(
    collector: Collector, database_url: str, era: str
) -> None:
    with serving(
        ART_MCP_DATABASE_URL=database_url,
        ART_MCP_PUBLIC_URL="https://art.example.org",
        ART_MCP_ANONYMOUS_READING="true",
        ART_MCP_LOG_FORMAT="json",
        OTEL_SERVICE_NAME="museum",
        **collector.variables,
    ) as server:
        async with (
            httpx2.AsyncClient(headers={"traceparent": ABOVE}, timeout=60) as http,
            Client(streamable_http_client(f"{server.origin}/mcp", http_client=http), mode=era) as client,
        ):
            await client.call_tool("describe_collection", {})
            await client.call_tool("search_paintings_by_text", {}, meta={"traceparent": TRACEPARENT})
            await http.get(f"{server.origin}/health", headers={"Host": "evil.example"})
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        lines = [json.loads(line) for line in server.stderr().splitlines()]
    named = collector.named("tools/call describe_collection")
    assert named.trace_id == ABOVE.split("-")[1] and named.parent_id == ABOVE.split("-")[2]
    listed = collector.named("tools/call search_paintings_by_text")
    assert listed.trace_id == TRACE and listed.parent_id == PARENT
    assert collector.named("list paintings").parent_id == listed.span_id
    assert {resource["service.name"] for resource in collector.resources} == {"museum"}
    calls = {line["tool"]: line["trace_id"] for line in lines if "tool" in line}
    assert calls == {"describe_collection": named.trace_id, "search_paintings_by_text": TRACE}
    refused = next(line for line in lines if line.get("status") == 421)
    assert refused["trace_id"] == named.trace_id


async def test_a_collector_that_does_not_answer_holds_nobody_up(database_url: str) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as silent,
        serving(
            ART_MCP_DATABASE_URL=database_url,
            OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}",
            OTEL_EXPORTER_OTLP_TIMEOUT="100000",
            OTEL_EXPORTER_OTLP_HEADERS="a secret key",
        ) as server,
    ):
        async with connected_with(server.origin, None, ERAS[1]) as client:
            assert not (await client.call_tool("describe_collection", {})).is_error
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        assert "secret" not in server.stderr() and "Traceback" not in server.stderr()


async def test_a_collector_that_refuses_spans_is_logged_once_a_batch(database_url: str) -> None:
    with (
        collecting(status=401) as collector,
        serving(ART_MCP_DATABASE_URL=database_url, **collector.variables) as server,
    ):
        async with connected_with(server.origin, None, ERAS[1]) as client:
            await client.call_tool("describe_collection", {})
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(30) == 0
        said = [line for line in server.stderr().splitlines() if "export" in line]
    assert len(said) == len(collector.bodies) and all("code: 401" in line for line in said)


def test_without_a_variable_nothing_of_the_exporter_is_imported() -> None:
    code = """
import sys
from art_mcp.cli import serve, traces
from art_mcp.server.app import build_server
from art_mcp.settings import Settings
build_server(Settings())
assert not traces.are_exported()
print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter", "requests"))])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("[]\n", "")
