"""Two processes of a server behind a real nginx: any of them answers any request, and one may be restarted."""

from __future__ import annotations

import asyncio
import json
import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.types import ElicitRequestParams, ElicitRequestURLParams, ElicitResult
from support.access import connected_with
from support.nginx import PROGRAM, Processes, balanced
from support.postgres import Postgres, new_database
from support.uploading import ADDRESS, HANDLE, link_in, png, refused

from art_mcp.server.handover import QUESTION
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.slow,
    pytest.mark.skipif(PROGRAM is None, reason="nginx is not installed (Debian: apt-get install nginx-light)"),
]

ERAS = ["legacy", "2026-07-28"]
KEY = "the key that both processes share"
SEARCH = "search_paintings_by_image"


@pytest.fixture(scope="module")
def given(postgres: Postgres, twelve: tuple[str, Path]) -> Iterator[tuple[str, dict[str, str]]]:
    """A database with twelve paintings, and the tokens of its users by their names."""

    async def make(url: str) -> dict[str, str]:
        database = await Database.open(Settings(database_url=url))
        made = {
            name: (await tokens.create(database, name, ["art:read"], timedelta(days=1)))[0] for name in ("ada", "eve")
        }
        await database.aclose()
        return made

    with new_database(postgres, twelve[0]) as url:
        yield url, asyncio.run(make(url))


@pytest.fixture(scope="module")
def processes(given: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    variables = {
        "ART_MCP_DATABASE_URL": given[0],
        "ART_MCP_SECRET_KEY": KEY,
        "ART_MCP_CALLS_A_MINUTE": "1000000",
        "ART_MCP_LOG_LEVEL": "INFO",
    }
    with balanced(tmp_path_factory.mktemp("nginx"), **variables) as processes:
        yield processes
        for served in processes.served:
            assert KEY not in served.stderr() and "Traceback" not in served.stderr()


@pytest.fixture
def ada(given: tuple[str, dict[str, str]]) -> str:
    return given[1]["ada"]


@pytest.fixture
def eve(given: tuple[str, dict[str, str]]) -> str:
    return given[1]["eve"]


@asynccontextmanager
async def calling(origin: str, token: str, **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Plain HTTP with a token."""
    sent = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}", **headers}
    async with httpx2.AsyncClient(base_url=origin, headers=sent, timeout=60) as http:
        yield http


async def call(http: httpx2.AsyncClient, era: str, tool: str, arguments: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The answer to a call of a tool that is a request by itself, in either era."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments, **more}
    headers = {"MCP-Protocol-Version": "2025-11-25"}
    if era != "legacy":
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": era,
            "io.modelcontextprotocol/clientCapabilities": {"elicitation": {"url": {}}},
        }
        headers = {"MCP-Protocol-Version": era, "Mcp-Method": "tools/call", "Mcp-Name": tool}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
    answer = await http.post("/mcp", json=body, headers=headers)
    assert "mcp-session-id" not in answer.headers
    (message,) = re.findall(r"^(?:data: )?(\{.*\})\r?$", answer.text, re.MULTILINE)
    return dict(json.loads(message))


async def searched(client: Any) -> None:
    found = await client.call_tool("search_paintings_by_text", {"query": "noise"})
    assert not found.is_error, found.content
    assert found.structured_content["total"] == 12


@pytest.mark.parametrize("era", ERAS)
async def test_any_process_answers_any_request(processes: Processes, ada: str, era: str) -> None:
    before = [served.stderr().count('"outcome": "ok"') for served in processes.served]
    async with connected_with(processes.origin, ada, era) as client:
        for _ in range(6):  # nginx alternates
            await searched(client)
    after = [served.stderr().count('"outcome": "ok"') for served in processes.served]
    assert sum(after) - sum(before) == 6 and all(a > b for a, b in zip(after, before, strict=True))


async def test_a_call_without_a_session_or_with_a_forgotten_one_is_answered(processes: Processes, ada: str) -> None:
    for served in processes.served:
        async with calling(served.origin, ada) as http:
            for headers in ({}, {"Mcp-Session-Id": "0123456789abcdef0123456789abcdef"}):
                http.headers.update(headers)
                said = await call(http, "legacy", "search_paintings_by_text", {"query": "noise"})
                assert said["result"]["structuredContent"]["total"] == 12
            for method in ("GET", "DELETE"):
                assert (await http.request(method, "/mcp")).status_code == 405


@pytest.mark.parametrize("era", ERAS)
async def test_a_picture_that_one_process_takes_is_found_by_the_other_for_its_user_alone(
    processes: Processes, ada: str, eve: str, era: str, pictures: Path
) -> None:
    one, other = (served.origin for served in processes.served)
    async with connected_with(one, ada, era) as client, httpx2.AsyncClient(timeout=60) as http:
        address, handle = await link_in(client)
        assert address.startswith(f"{processes.origin}/upload/")
        at_other = address.replace(processes.origin, other)
        assert (await http.get(at_other)).status_code == 200
        sent = await http.post(at_other, content=(pictures / "images" / "7.jpg").read_bytes())
        assert (sent.status_code, sent.json()) == (200, {"handle": handle})
        for origin in (one, other, processes.origin):
            assert (await http.post(address.replace(processes.origin, origin), content=png())).status_code == 404
    for origin in (one, other):
        async with connected_with(origin, ada, era) as client:
            found = await client.call_tool(SEARCH, {"image": handle})
            assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
        async with connected_with(origin, eve, era) as client:
            assert (await refused(client, image=handle)).startswith("No picture is stored under this handle")
        # Nobody becomes another user by naming a session.
        for name in ("token:ada", "ada", "", "session:"):
            async with calling(origin, eve, **{"Mcp-Session-Id": name}) as http:
                said = await call(http, era, SEARCH, {"image": handle})
                assert said["result"]["content"][0]["text"].startswith("No picture is stored under this handle")


async def test_what_one_process_has_asked_a_user_the_other_goes_on_with(
    processes: Processes, ada: str, eve: str, pictures: Path
) -> None:
    era, (one, other) = "2026-07-28", (served.origin for served in processes.served)
    async with calling(one, ada) as http:
        asked = (await call(http, era, SEARCH, {}))["result"]
        address = asked["inputRequests"][QUESTION]["params"]["url"]
        picture = (pictures / "images" / "7.jpg").read_bytes()
        assert (await http.post(address, content=picture)).status_code == 200
    answer = {"requestState": asked["requestState"], "inputResponses": {QUESTION: {"action": "accept"}}}
    async with calling(other, eve) as http:
        refusal = await call(http, era, SEARCH, {}, **answer)
        assert refusal["error"]["message"] == "Invalid or expired requestState"
    async with calling(other, ada) as http:
        found = (await call(http, era, SEARCH, {}, **answer))["result"]
        assert found["structuredContent"]["results"][0]["title"] == "Composition in noise 3"


async def test_a_real_client_is_asked_through_nginx(processes: Processes, ada: str, pictures: Path) -> None:
    async def upload(_: object, asked: ElicitRequestParams) -> ElicitResult:
        assert isinstance(asked, ElicitRequestURLParams)
        async with httpx2.AsyncClient(timeout=60) as http:
            picture = (pictures / "images" / "7.jpg").read_bytes()
            assert (await http.post(asked.url, content=picture)).status_code == 200
        return ElicitResult(action="accept")

    async with connected_with(processes.origin, ada, "2026-07-28", elicitation_callback=upload) as client:
        for _ in range(3):
            found = await client.call_tool(SEARCH, {})
            assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
    # Without sessions, a client of the older era is given the link instead.
    async with connected_with(processes.origin, ada, "legacy", elicitation_callback=upload) as client:
        said = await refused(client)
        assert ADDRESS.search(said) and HANDLE.search(said)


async def test_forwarded_headers_are_ignored(processes: Processes, ada: str) -> None:
    headers = {
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-For": "203.0.113.7",
        "X-Forwarded-Prefix": "/evil",
        "X-Original-URL": "/health",
        "X-Rewrite-URL": "/health",
        "Forwarded": "for=203.0.113.7;host=evil.example;proto=https",
    }
    for origin in (processes.origin, processes.served[0].origin):
        async with calling(origin, ada, **headers) as http:
            said = await call(http, "2026-07-28", SEARCH, {"image": "a.jpg"})
            (address,) = ADDRESS.findall(said["result"]["content"][0]["text"])
            assert address.startswith(f"{processes.origin}/upload/")
        async with calling(origin, "none", **headers) as http:
            for path in ("/mcp", "/", "/upload/x"):
                answer = await http.get(path)
                assert answer.status_code in (401, 404)
                assert "evil" not in answer.text and "evil" not in str(answer.headers)
    for served in processes.served:
        assert "203.0.113.7" not in served.stderr()


HIDDEN = b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
HEALTHY = b'"status":"ok"'
CHUNKED = b"0\r\n\r\n" + HIDDEN


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 0\r\nContent-Length: %d" % len(HIDDEN), HIDDEN),
        (b"Content-Length: %d\r\nContent-Length: 0" % len(HIDDEN), HIDDEN),
        (b"Content-Length: 0, %d" % len(HIDDEN), HIDDEN),
        (b"Content-Length: +0", HIDDEN),
        (b"Content-Length: 0x0", HIDDEN),
        (b"Content-Length: -1", HIDDEN),
        (b"Content-Length : 0", HIDDEN),
        (b"Content-Length: %d\r\nTransfer-Encoding: chunked" % len(CHUNKED), CHUNKED),
        (b"Transfer-Encoding: chunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
        (b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity", CHUNKED),
        (b"Transfer-Encoding: identity, chunked", CHUNKED),
        (b"Transfer-Encoding: chunked, identity", CHUNKED),
        (b"Transfer-Encoding: xchunked", CHUNKED),
        (b"Transfer-Encoding: \x0bchunked", CHUNKED),
        (b"Transfer-Encoding : chunked", CHUNKED),
        (b"X: y\nTransfer-Encoding: chunked\r\nContent-Length: %d" % len(CHUNKED), CHUNKED),
        (b"Host: evil.example\r\nContent-Length: 0", b""),
    ],
)
async def test_no_request_is_hidden_in_another(processes: Processes, headers: bytes, body: bytes) -> None:
    request = b"POST /upload/x HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers + b"\r\n\r\n" + body
    for origin in (processes.origin, processes.served[0].origin):
        answer = await anyio.to_thread.run_sync(exchange, origin, request)
        assert HEALTHY not in answer, (origin, answer)
        assert answer.count(b"HTTP/1.1 ") <= 1 and b"HTTP/1.1 2" not in answer, (origin, answer)
    async with httpx2.AsyncClient(timeout=60) as http:
        assert (await http.get(f"{processes.origin}/health")).status_code == 200


def exchange(origin: str, request: bytes) -> bytes:
    """What comes back until the connection is closed, or nothing has come for a second."""
    host, port = origin.removeprefix("http://").split(":")
    answer = b""
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(request)
        connection.settimeout(1)
        try:
            while received := connection.recv(65536):
                answer += received
        except (TimeoutError, ConnectionError):
            pass
    return answer


async def test_each_process_is_restarted_under_load_and_no_call_fails(processes: Processes, ada: str) -> None:
    calls, ending = dict.fromkeys(ERAS, 0), False

    async def go_on(era: str) -> None:
        while not ending:
            async with connected_with(processes.origin, ada, era) as client:
                for _ in range(5):
                    await searched(client)
                    calls[era] += 1

    for served in processes.served:  # its first call loads the model
        async with connected_with(served.origin, ada, ERAS[0]) as client:
            await searched(client)
    async with anyio.create_task_group() as tasks, httpx2.AsyncClient(timeout=60) as http:
        for era in (*ERAS, *ERAS):
            tasks.start_soon(go_on, era)
        for number, is_asked in ((0, True), (1, False)):
            before = dict(calls)
            ready = f"{processes.served[number].origin}/ready"
            if is_asked:
                assert (await http.get(ready)).status_code == 200
            processes.stop(number)
            if is_asked:
                with anyio.fail_after(60):
                    while (answer := await http.get(ready)).status_code == 200:
                        pass
                assert (answer.status_code, answer.json()["reason"]) == (503, "The server is shutting down.")
            await anyio.to_thread.run_sync(processes.start_again, number)
            with anyio.fail_after(120):
                while any(calls[era] < before[era] + 10 for era in ERAS):
                    await anyio.sleep(0.1)
        ending = True
