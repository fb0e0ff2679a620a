"""The upload page of a server that is reached over stdio: when it listens, to whom, and what it withstands."""

from __future__ import annotations

import errno
import json
import re
import secrets
import shlex
import signal
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import anyio
import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.servers import serving
from support.uploading import ADDRESS, FOUND, HANDLE, NOWHERE, config_of, eventually, link_in, png, refused, running

from art_mcp.server import connection, loopback
from art_mcp.server import upload_listener as limits
from art_mcp.server.app import build_server
from art_mcp.server.uploads import LINK_S
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

ERAS = ["legacy", "2026-07-28"]
WEB = re.compile(r"art_mcp\.server\.(http|upload_\w+|gallery\.(web|page))$", re.MULTILINE)
"""The modules of the web server, as `-X importtime` says that they are loaded."""
NOT_UPLOADED = "The user has not uploaded the picture yet."


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60) as http:
        yield http


def ports(process: psutil.Process) -> list[tuple[str, int]]:
    """Where a process listens."""
    return [tuple(each.laddr) for each in process.net_connections("inet") if each.status == psutil.CONN_LISTEN]


def is_open(address: str) -> bool:
    found = urlsplit(address)
    try:
        socket.create_connection((found.hostname, found.port), timeout=60).close()
    except ConnectionRefusedError:
        return False
    return True


# From a tool to the page and back, as a chat client starts the server


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_a_picture_that_only_the_user_has_finds_its_painting(
    loaded: Settings, pictures: Path, http: httpx2.AsyncClient, era: str, tmp_path: Path
) -> None:
    wire, log = tmp_path / "stdout", tmp_path / "stderr"
    command = f"{shlex.quote(sys.executable)} -X importtime -m art_mcp | tee {shlex.quote(str(wire))}"
    variables = {"ART_MCP_DATABASE_URL": loaded.database_url.get_secret_value(), "ART_MCP_LOG_LEVEL": "DEBUG"}
    started = StdioServerParameters(command="sh", args=["-c", command], env=variables)
    with log.open("w") as errlog:
        async with Client(stdio_client(started, errlog=errlog), mode=era) as client:
            await client.list_tools()
            (process,) = (each for each in psutil.Process().children(recursive=True) if "importtime" in each.cmdline())
            assert ports(process) == [] and not WEB.search(log.read_text())

            address, handle = await link_in(client)
            assert ports(process) == [("127.0.0.1", urlsplit(address).port)]
            said = await refused(client, image=handle)
            assert said.startswith(NOT_UPLOADED) and address in said and handle in said
            page = await http.get(address)
            assert page.status_code == 200
            picture = (pictures / "images" / "7.jpg").read_bytes()
            sent = await http.post(address, content=picture, headers={"Origin": address.partition("/upload")[0]})
            assert (sent.status_code, sent.json()) == (200, {"handle": handle})
            # The chat searches by it, and so does the page.
            endpoint = address.partition("/upload/")[0] + config_of(page.text)["endpoint"]
            async with Client(endpoint) as of_page:
                for searching in (client, of_page):
                    found = await searching.call_tool("search_paintings_by_image", {"image": handle})
                    assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
                    assert found.structured_content["results"][0]["relevance"] == "strong"

            again, _ = await link_in(client)
            assert again != address and ports(process) == [("127.0.0.1", urlsplit(again).port)]
        await eventually(lambda: not is_open(again))  # the process has ended
    assert [json.loads(line)["jsonrpc"] for line in wire.read_text().splitlines()]
    said = log.read_text()
    assert WEB.search(said) and "Traceback" not in said
    assert "/upload/..." in said and not ADDRESS.search(said) and not HANDLE.search(said)


# When it listens


async def test_each_form_that_does_not_reach_the_server_leads_to_the_page(
    settings: Settings, http: httpx2.AsyncClient
) -> None:
    async with running(settings) as (_, client):
        addresses = []
        for image in ("", "attachment://0", "a.jpg", "/mnt/data/a.jpg", "upload:AAAA-AAAA-AAAA-AAAA", "upload:"):
            said = await refused(client, image=image)
            addresses += ADDRESS.findall(said)
            assert "in a browser on this computer" in said and "absolute path" in said and "https link" in said
        assert len(set(addresses)) == 6
        assert len({urlsplit(address).netloc for address in addresses}) == 1  # one listener for all links
        for address in addresses:
            assert (await http.get(address)).status_code == 200
        address, handle = await link_in(client)
        assert (await http.post(address, content=png())).status_code == 200
        assert (await refused(client, image=handle)).startswith(FOUND)


async def test_it_ends_when_the_last_link_expires_and_starts_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as (server, client):
        now = time.time()
        monkeypatch.setattr(server.services.uploads, "_clock", lambda: now)
        address, handle = await link_in(client)
        now += LINK_S - 1
        await anyio.sleep(2 * limits.LOOK_EVERY_S)
        assert is_open(address)
        now += 1
        await eventually(lambda: not is_open(address))
        said = await refused(client, image=handle)
        assert said.startswith("No picture is stored under this handle")
        (again,) = ADDRESS.findall(said)
        assert is_open(again)
    assert not is_open(again)


async def test_it_ends_some_time_after_the_last_use_of_a_page(
    settings: Settings, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(settings) as (server, client):
        now = time.time()
        monkeypatch.setattr(server.services.uploads, "_clock", lambda: now)
        monkeypatch.setattr(limits, "monotonic", lambda: now)
        address, _ = await link_in(client)
        origin = address.partition("/upload/")[0]
        endpoint = origin + config_of((await http.get(address)).text)["endpoint"]
        now += LINK_S
        for _ in range(2):
            await anyio.sleep(2 * limits.LOOK_EVERY_S)
            async with Client(endpoint) as of_page:
                await of_page.list_tools()
            assert (await http.get(address)).status_code == 404  # which is no use
            now += limits.PAGE_S - 1
        await anyio.sleep(2 * limits.LOOK_EVERY_S)
        assert is_open(address)
        now += 1
        await eventually(lambda: not is_open(address))
        # Another link begins anew, with the same secret.
        address, _ = await link_in(client)
        again = config_of((await http.get(address)).text)["endpoint"]
        assert endpoint == origin + again


async def test_an_upload_in_progress_keeps_it(
    settings: Settings, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def slowly() -> AsyncIterator[bytes]:
        nonlocal now
        yield png()[:100]
        await eventually(lambda: bool(server.services.uploads._open))
        now += LINK_S
        await anyio.sleep(2 * limits.LOOK_EVERY_S)
        yield png()[100:]

    monkeypatch.setattr(limits, "PAGE_S", 0)
    async with running(settings) as (server, client):
        now = time.time()
        monkeypatch.setattr(server.services.uploads, "_clock", lambda: now)
        address, handle = await link_in(client)
        sent = await http.post(address, content=slowly())
        assert (sent.status_code, sent.json()) == (200, {"handle": handle})
        await eventually(lambda: not is_open(address))


async def test_nothing_else_listens_and_a_setting_forbids_it(settings: Settings) -> None:
    before = ports(psutil.Process())
    async with running(settings.model_copy(update={"uploads": False})) as (_, client):
        for image in ("", "a.jpg", "upload:AAAA-AAAA-AAAA-AAAA"):
            said = await refused(client, image=image)
            assert "/upload/" not in said and "absolute path" in said and "https link" in said
    async with running(settings) as (_, client):
        for arguments in ({"painting_id": "none"}, {"image": "/a.png", "painting_id": "b"}):
            assert "/upload/" not in await refused(client, **arguments)
        assert ports(psutil.Process()) == before


@pytest.mark.slow
async def test_the_setting_holds_over_http_too(http: httpx2.AsyncClient) -> None:
    with serving(ART_MCP_DATABASE_URL=NOWHERE, ART_MCP_UPLOADS="false") as served:
        async with Client(served.url) as client:
            assert "/upload/" not in await refused(client, image="a.jpg")
        assert (await http.get(f"{served.origin}/upload/x")).status_code == 404


refusing = False


@pytest.fixture
def no_loopback() -> Iterator[None]:
    """A sandbox in which no process may listen."""
    global refusing

    def refuse(event: str, _: object) -> None:
        if refusing and event == "socket.bind":
            raise PermissionError(errno.EPERM, "not here")

    sys.addaudithook(refuse)
    refusing = True
    yield
    refusing = False


async def test_where_it_may_not_listen_the_answer_has_no_link(
    settings: Settings, no_loopback: None, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(settings) as (_, client):
        for image in ("", "a.jpg", "upload:AAAA-AAAA-AAAA-AAAA"):
            said = await refused(client, image=image)
            assert "/upload/" not in said and "absolute path" in said
    assert "There is no upload page: No permission to bind" in caplog.text


async def test_ctrl_c_stays_the_processs_own() -> None:
    before = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    async with running() as (_, client):
        address, _ = await link_in(client)
        async with httpx2.AsyncClient() as http:
            assert (await http.get(address)).status_code == 200
        assert [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)] == before


# Who else is on this machine


async def test_foreign_pages_and_rebound_names_are_refused(settings: Settings, http: httpx2.AsyncClient) -> None:
    async with running(settings) as (_, client):
        address, _ = await link_in(client)
        port = urlsplit(address).port
        for headers, status in (
            ({"Host": "evil.example"}, 421),
            ({"Host": f"evil.example:{port}"}, 421),
            ({"Host": f"127.0.0.1.evil.example:{port}"}, 421),
            ({"Host": f"192.168.0.1:{port}"}, 421),
            ({"Origin": "https://evil.example"}, 403),
            ({"Origin": "https://127.0.0.1"}, 403),
            ({"Origin": "null"}, 403),
        ):
            answers = [
                await http.get(address, headers=headers),
                await http.post(address, content=png(), headers=headers),
                await http.options(address, headers={**headers, "Access-Control-Request-Method": "POST"}),
            ]
            for answer in answers:
                assert answer.status_code == status
                assert "handle" not in answer.text and "access-control-allow-origin" not in answer.headers
        assert (await http.post(address, content=png())).status_code == 200


async def test_without_a_link_nothing_is_learnt_or_done(settings: Settings, http: httpx2.AsyncClient) -> None:
    async with running(settings) as (_, client):
        address, handle = await link_in(client)
        secret = config_of((await http.get(address)).text)["endpoint"]
        used, _ = await link_in(client)
        assert (await http.post(used, content=png())).status_code == 200
        base, _, token = address.rpartition("/")
        forged = token[:-1] + ("A" if token[-1] != "A" else "B")
        tries = (used.rpartition("/")[2], forged, token[:-4], handle, *(secrets.token_urlsafe(30) for _ in range(50)))
        pages, refusals = set(), set()
        for tried in tries:
            shown, answer = await http.get(f"{base}/{tried}"), await http.post(f"{base}/{tried}", content=png())
            assert shown.status_code == answer.status_code == 404
            pages.add(re.sub(r'nonce="[^"]+"', "", shown.text))
            refusals.add(answer.text)
            assert "server" not in shown.headers and config_of(shown.text)["endpoint"] is None
        assert len(pages) == len(refusals) == 1
        origin = base.removesuffix("/upload")
        guessed = [f"/{guess}/mcp" for guess in ("x", "", "%00", "é", secret[1:-5], *tries)]
        for path in ("/", "/mcp", "/health", "/upload", "/upload/", "/docs", "/%2e%2e/upload", secret + "/", *guessed):
            for method in ("GET", "POST", "PUT", "DELETE"):
                answer = await http.request(method, origin + path)
                assert (answer.status_code, answer.text) == (404, "Not Found")
        # One who has the link can give the user another picture, but not see the user's, nor search by it.
        assert (await http.post(address, content=png())).status_code == 200
        assert (await http.get(address)).status_code == 404


async def test_the_page_searches_and_does_nothing_else(
    loaded: Settings, pictures: Path, http: httpx2.AsyncClient
) -> None:
    server = build_server(loaded)
    async with Client(server) as client:
        address, _ = await link_in(client)
        endpoint = address.partition("/upload/")[0] + config_of((await http.get(address)).text)["endpoint"]
        for era in ERAS:
            async with Client(endpoint, mode=era) as of_page:
                named = {tool.name for tool in (await of_page.list_tools()).tools}
                assert named >= {"search_paintings_by_text", "gallery_pictures"} and "ingest_collection" not in named
                found = await of_page.call_tool("search_paintings_by_text", {"query": "noise", "limit": 1})
                assert found.structured_content["total"] == 12
                refusal = await refused(of_page, image=str(pictures / "images" / "7.jpg"))
                assert refusal.startswith("The gallery does not read files by their path.")
                for given in ({}, {"image": "a.jpg"}, {"image": "upload:AAAA-AAAA-AAAA-AAAA"}):
                    assert "/upload/" not in await refused(of_page, **given)
        # What a chat may do has not changed.
        found = await client.call_tool("search_paintings_by_image", {"image": str(pictures / "images" / "7.jpg")})
        assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
        for headers, status in (({"Host": "evil.example"}, 421), ({"Origin": "https://evil.example"}, 403)):
            assert (await http.post(endpoint, content=b"{}", headers=headers)).status_code == status


# Floods


def held(address: str, sent: bytes = b"") -> socket.socket:
    found = urlsplit(address)
    connection = socket.create_connection((found.hostname, found.port), timeout=60)
    connection.sendall(sent)
    return connection


async def until_closed(connection: socket.socket) -> None:
    try:
        while await anyio.to_thread.run_sync(connection.recv, 4096):
            pass  # an answer
    except ConnectionError:
        pass


@pytest.mark.parametrize(
    "sent", [b"", b"POST /upload/x HTTP/1.1\r\nHo", b"GET /upload/x HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET"]
)
async def test_held_connections_are_few_and_short(
    settings: Settings, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(connection, "UNSENT_S", 0.5)
    async with running(settings) as (_, client):
        address, _ = await link_in(client)
        files, connections = psutil.Process().num_fds(), []
        with ExitStack() as stack:
            for _ in range(3 * loopback.MAX_CONNECTIONS):
                connections.append(stack.enter_context(await anyio.to_thread.run_sync(held, address, sent)))
            await eventually(lambda: psutil.Process().num_fds() <= files + len(connections) + loopback.MAX_CONNECTIONS)
            # All are given up, and the user is served again.
            await eventually(lambda: psutil.Process().num_fds() <= files + len(connections))
            await until_closed(connections[0])
            assert (await http.get(address)).status_code == 200


async def test_a_body_without_a_link_is_not_kept(settings: Settings, http: httpx2.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(2000):
            yield bytes(2**16)

    async def flood(address: str) -> None:
        with pytest.raises(httpx2.HTTPError):
            answer = await http.post(address, content=endless())
            assert answer.status_code == 404
            raise httpx2.HTTPError("answered")

    async with running(settings) as (server, client):
        address, _ = await link_in(client)
        process = psutil.Process()
        before = process.memory_info().rss
        async with anyio.create_task_group() as tasks:
            for _ in range(8):
                tasks.start_soon(flood, address[:-8] + "AAAAAAAA")
        assert process.memory_info().rss - before < 64 * 2**20  # of 1 GB
        assert not server.services.uploads._open
        assert (await http.get(address)).status_code == 200


async def test_senders_who_hold_uploads_do_not_hold_the_end_of_the_process(
    settings: Settings, http: httpx2.AsyncClient
) -> None:
    with ExitStack() as stack:
        async with running(settings) as (server, client):
            for _ in range(2):
                address, _ = await link_in(client)
                path = urlsplit(address).path
                head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000\r\n\r\nx"
                stack.enter_context(held(address, head.encode()))
            await eventually(lambda: len(server.services.uploads._open) == 2)
            answer = await http.post((await link_in(client))[0], content=png())
            assert answer.status_code == 503 and "Too many pictures are being uploaded" in answer.text
        assert not is_open(address)
