"""The server over real HTTP: who is let in, how much, in both eras of the protocol, and how it ends."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anyio
import asyncpg
import httpx2
import pytest
from mcp import Client, MCPError
from support.pictures import draw_many
from support.postgres import until_blocked
from support.servers import SERVE, Served, serving
from support.uploading import config_of

from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.server.gallery import GALLERY_URI
from art_mcp.server.http import MAX_BODY, listen
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

NOWHERE = "postgresql://user@127.0.0.1:1/none"
ERAS = ["legacy", "2026-07-28"]
HEADERS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    """A server whose database is out of reach, which nothing that uses it may notice."""
    with serving(ART_MCP_DATABASE_URL=NOWHERE) as served:
        yield served
        assert served.process.poll() is None
        assert served.stdout() == ""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    return draw_many(tmp_path / "pictures", 6)


@asynccontextmanager
async def connected(served: Served, mode: str) -> AsyncIterator[Client]:
    async with Client(served.url, mode=mode) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    return result.structured_content


def modern(tool: str, **arguments: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of a call as 2026-07-28 writes it."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
        "io.modelcontextprotocol/clientInfo": {"name": "t", "version": "1"},
    }
    params = {"name": tool, "arguments": arguments, "_meta": meta}
    headers = {**HEADERS, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": tool}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers


def ended(served: Served, *, within: float) -> int:
    """Ask the server to end; gives its exit status."""
    served.process.send_signal(signal.SIGTERM)
    return served.process.wait(within)


@pytest.mark.parametrize("mode", [*ERAS, "auto"])
async def test_tools_are_listed_and_called(served: Served, mode: str) -> None:
    async with connected(served, mode) as client:
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        tools = json.loads(Path(__file__).with_name("tools.json").read_text())
        assert [tool.name for tool in (await client.list_tools()).tools] == [tool["name"] for tool in tools]
        answer = await client.call_tool("search_paintings_by_text", {"query": "the sea"})
    assert answer.is_error and answer.content[0].text.startswith("The database cannot be reached.")


async def test_from_nothing_to_an_answer_with_two_clients_at_once(database_url: str, pictures: Path) -> None:
    environment = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_IMAGE_DIRS": str(pictures)}
    with serving(**environment, ART_MCP_LOG_LEVEL="DEBUG") as served:
        async with connected(served, ERAS[0]) as old, connected(served, ERAS[1]) as new:
            job = await call(old, "ingest_collection", source=str(pictures))
            assert (job["state"], job["stored"]) == ("done", 6)
            answers: list[dict[str, Any]] = []

            async def search(client: Client) -> None:
                answers.append(await call(client, "search_paintings_by_text", query="blue and green"))

            async with anyio.create_task_group() as group:
                for client in (old, new) * 5:
                    group.start_soon(search, client)
        assert len(answers) == 10
        assert answers[0]["total"] == 6 and all(answer == answers[0] for answer in answers)
        assert ended(served, within=5) == 0
        assert served.stdout() == ""


async def test_health_asks_neither_database_nor_model(served: Served) -> None:
    async with httpx2.AsyncClient() as http:
        answer = await http.get(f"{served.origin}/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "version": version("art-mcp")}


async def test_the_gallery_is_served_at_the_root(served: Served) -> None:
    async with httpx2.AsyncClient() as http:
        page = await http.get(f"{served.origin}/")
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        config = config_of(page.text)
        assert (config["endpoint"], config["upload"]) == ("/mcp", None)
        # As the page calls it.
        body, headers = modern("gallery_pictures", ids=["none"])
        answer = await http.post(served.origin + config["endpoint"], json=body, headers=headers)
        assert answer.json()["result"]["content"][0]["text"].startswith("The database cannot be reached.")


async def test_requests_that_name_neither_a_session_nor_a_version_are_served(loaded: Settings) -> None:
    """Claude for iOS reads the page so."""

    def request(method: str, **params: Any) -> dict[str, Any]:
        return {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}

    def answer(response: httpx2.Response) -> dict[str, Any]:
        assert response.status_code == 200 and "mcp-session-id" not in response.headers
        (data,) = re.findall(r"^data: (\{.*\})\r?$", response.text, re.MULTILINE)
        return json.loads(data)["result"]

    url = loaded.database_url.get_secret_value()
    with serving(ART_MCP_DATABASE_URL=url) as served:
        async with httpx2.AsyncClient(headers=HEADERS, timeout=60) as http:
            read = answer(await http.post(served.url, json=request("resources/read", uri=GALLERY_URI)))
            assert read["contents"][0]["mimeType"] == "text/html;profile=mcp-app"
            listed = answer(await http.post(served.url, json=request("tools/list")))
            assert "gallery_pictures" in [tool["name"] for tool in listed["tools"]]
            search = request("tools/call", name="search_paintings_by_text", arguments={"query": "noise"})
            large = {**search, "params": {**search["params"], "_meta": {"x": "x" * 300_000}}}  # in several parts
            for body in (search, large):
                assert answer(await http.post(served.url, json=body))["structuredContent"]["total"] == 12
            for broken in (b"", b"[", b"[" * 100_000, b'"initialize"', b'["initialize"]'):
                assert (await http.post(served.url, content=broken)).status_code == 400
            # All others have a session as before, and share what is open.
            begun = await http.post(served.url, json=INITIALIZE)
            assert begun.status_code == 200 and begun.headers["mcp-session-id"]
            gone = await http.post(served.url, json=search, headers={"Mcp-Session-Id": "x"})
            assert gone.status_code == 404
        connection = await asyncpg.connect(url)
        pools = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        alone = await connection.fetchval(pools)
        async with connected(served, "legacy") as client:
            await call(client, "search_paintings_by_text", query="noise")
        assert await connection.fetchval(pools) == alone
        await connection.close()


HOSTS = [
    ("127.0.0.1:{port}", True),
    ("localhost:{port}", True),
    ("[::1]:{port}", True),
    ("localhost", True),  # port 80
    ("localhost:9000", True),  # the other end of a tunnel
    ("evil.example", False),
    ("evil.example:{port}", False),
    ("127.0.0.1.evil.example:{port}", False),
    ("localhost.evil.example:{port}", False),
    ("xlocalhost:{port}", False),
    ("192.168.0.10:{port}", False),
    ("0.0.0.0:{port}", False),
    ("[::]:{port}", False),
    ("2130706433:{port}", False),  # 127.0.0.1 as one number
    ("user@127.0.0.1:{port}", False),
    ("", False),
]
ORIGINS = [
    (None, True),
    ("http://127.0.0.1:{port}", True),
    ("http://localhost:{port}", True),
    ("http://[::1]:{port}", True),
    ("http://localhost", True),
    ("null", False),
    ("http://evil.example", False),
    ("http://evil.example:{port}", False),
    ("http://localhost.evil.example:{port}", False),
    ("http://127.0.0.1.evil.example", False),
    ("https://evil.example", False),
    ("file://", False),
    ("chrome-extension://abcdefghijklmnop", False),
]


@pytest.mark.parametrize("path", ["/", "/health", "/mcp", "/none"])
async def test_only_pages_of_this_machine_are_let_in(served: Served, path: str) -> None:
    async def status(**headers: str) -> int:
        # A page on the web can send a GET or a POST without asking first, whatever its body.
        statuses = set()
        for method in ("GET", "POST"):
            answer = await http.request(method, f"{served.origin}{path}", headers=headers, content=b"x")
            statuses.add(answer.status_code)
        return statuses.pop() if len(statuses) == 1 else 0

    async with httpx2.AsyncClient() as http:
        for host, allowed in HOSTS:
            seen = await status(Host=host.format(port=served.port))
            assert (seen == 421) is not allowed, host
        for origin, allowed in ORIGINS:
            seen = await status(**({"Origin": origin.format(port=served.port)} if origin else {}))
            assert (seen == 403) is not allowed, origin


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_with_a_strange_host_or_origin_reaches_no_tool(served: Served, era: str) -> None:
    body, headers = modern("search_paintings_by_text", query="x")
    if era == "legacy":
        body, headers = INITIALIZE, HEADERS
    async with httpx2.AsyncClient() as http:
        for extra, status in (({}, 200), ({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)):
            answer = await http.post(served.url, json=body, headers={**headers, **extra})
            assert answer.status_code == status
            assert "access-control-allow-origin" not in answer.headers


async def test_the_largest_picture_fits_and_no_more(served: Served) -> None:
    picture = base64.b64encode(bytes(MAX_BYTES)).decode()
    body, headers = modern("search_paintings_by_image", image=f"data:image/png;base64,{picture}")
    async with httpx2.AsyncClient(timeout=60) as http:
        answer = await http.post(served.url, json=body, headers=headers)
        assert answer.status_code == 200
        assert answer.json()["result"]["isError"]

        async def chunks() -> AsyncIterator[bytes]:
            for _ in range(MAX_BODY // 2**20 + 1):
                yield b" " * 2**20

        for content in (b" " * (MAX_BODY + 1), chunks()):
            answer = await http.post(served.url, content=content, headers=headers)
            assert answer.status_code == 413
        # A stranger is turned away before any of it is read.
        answer = await http.post(served.url, content=b" " * 2**20, headers={**headers, "Host": "evil.example"})
        assert answer.status_code == 421


@pytest.mark.slow
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "192.0.2.1"])
def test_other_hosts_than_loopback_are_refused_without_access_control(host: str) -> None:
    said = _refused("--host", host)
    assert said.startswith("art-mcp: Without access control, art-mcp listens on this machine only, not on")
    assert "ART_MCP_PUBLIC_URL" in said and "omit --host" in said and "SSH tunnel" in said


@pytest.mark.slow
def test_a_taken_port_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        said = _refused("--port", str(port))
    assert said.startswith(f"art-mcp: Cannot bind port {port} of 127.0.0.1 (") and "attempting" not in said
    assert said.endswith("Choose another port with --port; 0 picks a free one.\n")


def test_host_and_port_mean_nothing_on_stdio() -> None:
    done = _run("serve", "--port", "8000")
    assert done.returncode == 2
    assert "--host, --port, --stateless and --metrics need --transport streamable-http." in done.stderr


def _refused(*arguments: str) -> str:
    done = _run(*SERVE[2:], *arguments)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 1
    return done.stderr


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "art_mcp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, stdin=subprocess.DEVNULL)


@pytest.mark.slow
@pytest.mark.parametrize("released", [True, False])
async def test_at_the_end_an_open_request_finishes_or_is_cancelled(loaded: Settings, released: bool) -> None:
    database_url = loaded.database_url.get_secret_value()
    with serving(ART_MCP_DATABASE_URL=database_url) as served:
        async with connected(served, ERAS[1]) as client:
            await call(client, "search_paintings_by_text", query="x")
        locks = await asyncpg.connect(database_url)
        await locks.execute("BEGIN")
        await locks.execute("LOCK TABLE art_mcp.paintings")
        body, headers = modern("search_paintings_by_text", query="x")
        answers: list[httpx2.Response | Exception] = []

        async def search() -> None:
            async with httpx2.AsyncClient(timeout=60) as http:
                try:
                    answers.append(await http.post(served.url, json=body, headers=headers))
                except httpx2.TransportError as error:
                    answers.append(error)

        async with anyio.create_task_group() as group:
            group.start_soon(search)
            await until_blocked(locks)
            served.process.send_signal(signal.SIGTERM)
            with anyio.fail_after(60), suppress(ConnectionRefusedError):
                while True:
                    socket.create_connection(("127.0.0.1", served.port)).close()
                    await anyio.sleep(0.02)
            assert served.process.poll() is None
            if released:
                await locks.execute("ROLLBACK")
            status = await anyio.to_thread.run_sync(served.process.wait, 60)
        await locks.close()
        assert status == 0
        answer = answers[0]
        if released:
            assert answer.json()["result"]["structuredContent"]["total"] == 12
        else:
            assert isinstance(answer, Exception) or answer.status_code >= 500
        assert served.stdout() == ""
        assert "Traceback" not in served.stderr()


@pytest.mark.slow
@pytest.mark.parametrize(("era", "number"), [("legacy", signal.SIGINT), ("2026-07-28", signal.SIGTERM)])
async def test_at_the_end_nothing_of_an_ingest_is_held(
    database_url: str, pictures: Path, era: str, number: int
) -> None:
    held = "SELECT count(*) FROM art_mcp.items i JOIN art_mcp.leases l ON l.id = i.lease"
    with serving(ART_MCP_DATABASE_URL=database_url, ART_MCP_IMAGE_DIRS=str(pictures)) as served:
        async with connected(served, era) as client:
            await client.call_tool("search_paintings_by_text", {"query": "x"})  # opens the database
        locks = await asyncpg.connect(database_url)
        await locks.execute("BEGIN; LOCK TABLE art_mcp.paintings IN EXCLUSIVE MODE")

        async def ingest() -> None:
            with pytest.raises((MCPError, ExceptionGroup)):
                async with connected(served, era) as client:
                    await client.call_tool("ingest_collection", {"source": str(pictures)})

        async with anyio.create_task_group() as group:
            group.start_soon(ingest)
            await until_blocked(locks)
            assert await locks.fetchval(held) == 6
            served.process.send_signal(number)
            status = await anyio.to_thread.run_sync(served.process.wait, 60)
        assert status == (0 if number == signal.SIGTERM else 130)
        assert await locks.fetchval("SELECT count(*) FROM art_mcp.leases") == 0
        assert await locks.fetchval("SELECT count(*) FROM art_mcp.items WHERE state = 'pending'") == 6
        await locks.close()
        assert "Traceback" not in served.stderr() and "ASGI" not in served.stderr()
        assert served.stdout() == ""


WRITING = {"ingest_collection"}


@pytest.mark.slow
@pytest.mark.parametrize("by", ["option", "setting"])
async def test_read_only_leaves_out_what_writes_and_no_request_lifts_it(by: str) -> None:
    arguments = (*SERVE, "--read-only") if by == "option" else SERVE
    setting = {"ART_MCP_READ_ONLY": "1"} if by == "setting" else {}
    with serving(*arguments, ART_MCP_DATABASE_URL=NOWHERE, **setting) as served:
        body, headers = modern("ingest_collection", source="/tmp")
        body["params"]["_meta"]["art-mcp/read_only"] = False
        async with httpx2.AsyncClient(params={"read_only": "false"}) as http:
            extra = {"X-Art-Mcp-Read-Only": "false", "ART_MCP_READ_ONLY": "0"}
            answer = (await http.post(served.url, json=body, headers={**headers, **extra})).json()["result"]
        assert answer["isError"] and "There is no tool" in answer["content"][0]["text"]
        for mode in ERAS:
            async with connected(served, mode) as client:
                names = {tool.name for tool in (await client.list_tools()).tools}
                assert names and not names & WRITING
                said = await client.call_tool("ingest_collection", {"source": "/tmp"})
                assert said.is_error and "There is no tool" in said.content[0].text


@pytest.mark.slow
async def test_small_answers_do_not_wait_for_more() -> None:
    """With Nagle's algorithm a call takes 40 ms longer."""
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        accepted.close()
