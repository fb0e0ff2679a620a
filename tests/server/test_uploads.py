"""Links, handles, and the page on which a person hands over a picture, up to a search with it."""

from __future__ import annotations

import base64
import io
import re
import socket
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import psutil
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from PIL import Image
from pydantic import SecretStr
from starlette.applications import Starlette
from support.postgres import Postgres, new_database, value
from support.servers import SERVE, Served, listening_here, serving
from support.uploading import ADDRESS, FOUND, HANDLE, NOWHERE, config_of, eventually, link_in, png, refused

from art_mcp.images.undecoded import FORMAT_NAMES, MAX_BYTES
from art_mcp.runtime import Runtime
from art_mcp.server import uploads as limits
from art_mcp.server.services import Services
from art_mcp.server.upload_page import UploadPage
from art_mcp.server.uploads import (
    AT_ONCE,
    AT_ONCE_OF_ONE,
    KEPT_S,
    LINK_S,
    MAX_AWAITED,
    MAX_KEPT,
    BusyError,
    LinkError,
    Uploads,
)
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


ERAS = ["legacy", "2026-07-28"]
REFUSED = "This link does not work: it is valid for one picture and for 10 minutes. Ask for a new one in the chat."


class Clock:
    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    async with Runtime(settings) as runtime:
        yield runtime


@pytest.fixture
def uploads(runtime: Runtime, clock: Clock) -> Uploads:
    return Uploads(runtime, clock)


@pytest.fixture
async def processes(settings: Settings, clock: Clock) -> AsyncIterator[list[Uploads]]:
    """Two that share a key and the database, and one with another key."""
    keys = ("k" * 32, "k" * 32, "other" * 8)
    async with AsyncExitStack() as stack:
        changed = [settings.model_copy(update={"secret_key": SecretStr(key)}) for key in keys]
        yield [Uploads(await stack.enter_async_context(Runtime(each)), clock) for each in changed]


async def sent(uploads: Uploads, owner: str, data: bytes = b"picture") -> str:
    """Send a picture by a new link; gives its handle."""
    async with uploads.receiving(uploads.link(owner).token) as link:
        await uploads.keep(link, data)
    return link.handle


async def stored(settings: Settings) -> tuple[int, int]:
    """How many uploads the database knows, and the bytes of their pictures."""
    count = "SELECT ARRAY[count(*), coalesce(sum(octet_length(picture)), 0)] FROM art_mcp.uploads"
    return tuple(await value(settings.database_url.get_secret_value(), count))


async def let_pass(settings: Settings, seconds: float) -> None:
    """Let what is stored expire sooner."""
    change = f"UPDATE art_mcp.uploads SET expires_at = expires_at - interval '{seconds} s'"
    await value(settings.database_url.get_secret_value(), change)


# Links and handles


async def test_a_handle_gives_the_picture_to_its_owner_alone(uploads: Uploads) -> None:
    for mine, other in (("mine", "other"), ("mine", ""), ("", "other"), ("token:ada", "session:token:ada")):
        handle = await sent(uploads, mine)
        assert HANDLE.fullmatch(handle)
        assert await uploads.picture(handle, mine) == b"picture"
        assert await uploads.picture(handle.lower().replace("-", ""), mine) == b"picture"
        assert await uploads.picture(f"{handle}.", mine) == b"picture"
        assert await uploads.picture(handle, other) is None
        assert await uploads.picture(handle[:-1], mine) is None
        assert await uploads.picture(handle + "A", mine) is None


async def test_links_and_handles_tell_nothing_of_owner_or_each_other(runtime: Runtime, uploads: Uploads) -> None:
    links = [uploads.link("c4nary") for _ in range(100)]
    assert len({link.token for link in links}) == len({link.handle for link in links}) == 100
    for link in links:
        said = base64.urlsafe_b64decode(link.token)
        assert b"c4nary" not in said
        assert base64.b32decode(link.handle.removeprefix("upload:").replace("-", "")) not in said
    # Neither does the database, to one who reads it.
    handle = await sent(uploads, "c4nary")
    row = str(await value(runtime.settings.database_url.get_secret_value(), "SELECT u::text FROM art_mcp.uploads u"))
    for secret in (b"c4nary", handle.encode(), base64.b32decode(handle.removeprefix("upload:").replace("-", ""))):
        assert secret.hex() not in row


async def test_a_link_is_good_for_one_picture(uploads: Uploads) -> None:
    token = uploads.link("a").token
    with pytest.raises(ZeroDivisionError):
        async with uploads.receiving(token):
            raise ZeroDivisionError  # such as a picture that is none
    async with uploads.receiving(token) as link:
        with pytest.raises(BusyError):
            await uploads.receiving(token).__aenter__()
        await uploads.keep(link, b"1")
    for use in (uploads.check, lambda token: uploads.receiving(token).__aenter__()):
        with pytest.raises(LinkError):
            await use(token)
    assert await uploads.picture(link.handle, "a") == b"1"


async def test_links_and_pictures_expire(uploads: Uploads, clock: Clock, settings: Settings) -> None:
    token = uploads.link("a").token
    clock.now += LINK_S - 1
    handle = await sent(uploads, "a")
    assert await uploads.check(token)
    clock.now += 1
    with pytest.raises(LinkError):
        await uploads.check(token)
    await let_pass(settings, KEPT_S - 60)
    assert await uploads.picture(handle, "a")
    await let_pass(settings, 60)
    assert await uploads.picture(handle, "a") is None
    await sent(uploads, "a")
    assert await stored(settings) == (1, len(b"picture"))


async def test_the_last_picture_goes_though_nobody_calls(
    settings: Settings, processes: list[Uploads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "KEPT_S", 0.5)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(processes[1].delete_expired)
        await processes[1].picture("upload:", "a")  # opens its database
        await sent(processes[0], "a")  # whose process ends at once
        with anyio.fail_after(60):
            while await stored(settings) != (0, 0):
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


async def test_pictures_are_deleted_again_once_the_database_is_back(
    settings: Settings, uploads: Uploads, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(limits, "KEPT_S", 0.1)
    monkeypatch.setattr(limits, "RETRY_S", 0.1)
    url = settings.database_url.get_secret_value()
    await sent(uploads, "a")
    await value(url, "ALTER TABLE art_mcp.uploads RENAME TO away")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(uploads.delete_expired)
        await eventually(lambda: "that have expired cannot be deleted" in caplog.text)
        await value(url, "ALTER TABLE art_mcp.away RENAME TO uploads")
        with anyio.fail_after(60):
            while await stored(settings) != (0, 0):
                await anyio.sleep(0.01)
        tasks.cancel_scope.cancel()


async def test_forged_and_foreign_tokens_are_refused(runtime: Runtime, uploads: Uploads) -> None:
    token = uploads.link("a").token
    given = bytearray(base64.urlsafe_b64decode(token))
    forged = []
    for place in range(len(given)):
        changed = given.copy()
        changed[place] ^= 1
        forged.append(base64.urlsafe_b64encode(changed).decode())
    foreign = Uploads(runtime).link("a").token  # of another process, or of this one before it was started again
    odd = ("", "x", token[:-4], token + "AAAA", token + "\n", "é" * 40, "=" * 40, "A" * 100_000)
    for wrong in (*forged, foreign, *odd):
        with pytest.raises(LinkError):
            await uploads.check(wrong)
    assert (await uploads.check(token)).token == token


async def test_no_flood_of_pictures_takes_more_room_or_crowds_others_out(
    settings: Settings, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_KEPT", 1000)
    quiet = [await sent(uploads, "quiet", bytes([n]) * 100) for n in range(3)]
    flood = [await sent(uploads, "flood", bytes(90)) for _ in range(50)]
    assert await stored(settings) == (53, 930)
    assert [await uploads.picture(handle, "quiet") for handle in quiet] == [bytes([n]) * 100 for n in range(3)]
    kept = [await uploads.picture(handle, "flood") is not None for handle in flood]
    assert kept == [False] * 43 + [True] * 7
    # Who comes last is not the one who goes, however large.
    large = await sent(uploads, "late", bytes(1000))
    assert len(await uploads.picture(large, "late")) == 1000
    assert await stored(settings) == (54, 1000)


async def test_used_links_are_remembered_up_to_a_number(
    settings: Settings, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_UPLOADS", 20)
    monkeypatch.setattr(limits, "MAX_UPLOADS_OF_ONE", 15)
    for owner, count in (("flood", 15), ("quiet", 5)):
        for _ in range(count):
            await sent(uploads, owner)
        with pytest.raises(BusyError):
            await sent(uploads, owner)
    await let_pass(settings, KEPT_S)
    assert await sent(uploads, "flood")


async def test_a_link_is_awaited_until_it_is_used_or_too_old(uploads: Uploads, clock: Clock) -> None:
    link = uploads.link("a")
    assert uploads.awaited(link.handle, "a") == link
    assert uploads.awaited(link.handle, "b") is None
    async with uploads.receiving(link.token) as same:
        await uploads.keep(same, b"1")
    assert uploads.awaited(link.handle, "a") is None
    link = uploads.link("a")
    clock.now += LINK_S
    assert uploads.awaited(link.handle, "a") is None


async def test_any_number_of_links_take_so_much_memory_and_all_work(uploads: Uploads) -> None:
    links = [uploads.link("flood") for _ in range(3 * MAX_AWAITED)]
    assert len(uploads._awaited) == MAX_AWAITED
    assert uploads.awaited(links[-1].handle, "flood") and not uploads.awaited(links[0].handle, "flood")
    assert await uploads.check(links[0].token) == links[0]


async def test_so_many_are_received_at_once(uploads: Uploads) -> None:
    async def begin(owner: str) -> Any:
        receiving = uploads.receiving(uploads.link(owner).token)
        await receiving.__aenter__()
        return receiving

    first = [await begin("a") for _ in range(AT_ONCE_OF_ONE)]
    with pytest.raises(BusyError):
        await begin("a")
    others = [await begin(str(n)) for n in range(AT_ONCE - AT_ONCE_OF_ONE)]
    with pytest.raises(BusyError):
        await begin("z")
    for each in (*first, *others):
        await each.__aexit__(None, None, None)
    assert await begin("a") and await begin("z")


# Several processes


async def test_one_process_takes_what_another_has_asked_for(processes: list[Uploads]) -> None:
    one, other, foreign = processes
    link = one.link("ada")
    async with other.receiving(link.token) as same:
        assert same == link
        await other.keep(same, b"picture")
    for process in (one, other):
        assert await process.picture(link.handle, "ada") == b"picture"
        assert await process.picture(link.handle, "eve") is None
        with pytest.raises(LinkError):
            await process.check(link.token)
    assert await foreign.picture(link.handle, "ada") is None
    with pytest.raises(LinkError):
        await foreign.check(link.token)


async def test_one_link_takes_one_picture_of_two_that_are_sent_to_two_processes(processes: list[Uploads]) -> None:
    one, other, _ = processes
    token = one.link("a").token
    async with one.receiving(token) as first, other.receiving(token) as second:
        await other.keep(second, b"2")
        with pytest.raises(LinkError):
            await one.keep(first, b"1")
    assert await one.picture(first.handle, "a") == b"2"


async def test_who_waits_hears_of_a_picture_that_another_process_has_taken(processes: list[Uploads]) -> None:
    one, other, _ = processes
    link, arrived = one.link("a"), []

    async def wait() -> None:
        arrived.append(await one.arrival(link.handle, "a"))

    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wait)
            await anyio.sleep(0.1)
            assert not arrived
            async with other.receiving(link.token) as same:
                await other.keep(same, b"picture")
    assert arrived == [b"picture"]


async def test_processes_that_take_pictures_at_once_keep_to_the_limit(
    settings: Settings, processes: list[Uploads], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAX_KEPT", 1000)
    async with anyio.create_task_group() as tasks:
        for n in range(12):
            tasks.start_soon(sent, processes[n % 2], str(n), bytes(300))
    assert await stored(settings) == (12, 900)


# The page


@asynccontextmanager
async def listening(uploads: Uploads, **options: Any) -> AsyncIterator[str]:
    """The page alone, with these uploads, on a port of this machine."""
    app = Starlette(
        routes=UploadPage(lambda: Services(uploads._runtime, None, uploads, None), endpoint="/mcp", **options).routes()
    )
    async with listening_here(lambda _: app) as origin:
        yield f"{origin}/upload/"


def begun(page: str, token: str) -> socket.socket:
    """A connection on which somebody has begun to send a picture."""
    address = urlsplit(page)
    connection = socket.create_connection((address.hostname, address.port))
    head = f"POST {address.path}{token} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 1000\r\n\r\n"
    connection.sendall(head.encode() + b"x")
    return connection


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60) as http:
        yield http


async def test_a_picture_that_is_refused_leaves_the_link_good(uploads: Uploads, http: httpx2.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(21):
            yield bytes(2**20)

    svg = b'<svg xmlns="http://www.w3.org/2000/svg"/>'
    bomb = io.BytesIO()
    Image.new("1", (16_001, 10)).save(bomb, "PNG")
    async with listening(uploads) as page:
        link = uploads.link("a")
        for content, status, said in (
            (b"", 422, "The file is empty."),
            (b"hello", 422, "The file is not a picture in a supported format. Supported formats are JPEG"),
            (svg, 422, "The file is an SVG drawing, which is not supported."),
            (png()[:-40], 422, "The file is damaged or incomplete."),
            (bomb.getvalue(), 422, "The file has more than 16,000 pixels per side"),
            (bytes(MAX_BYTES + 1), 413, "The file is larger than 20 MiB. Make it smaller"),
            (chunks(), 413, "The file is larger than 20 MiB. Make it smaller"),
        ):
            answer = await http.post(page + link.token, content=content)
            assert (answer.status_code, answer.json()["error"][: len(said)]) == (status, said)
        answer = await http.post(page + link.token, content=png())
        assert (answer.status_code, answer.json()) == (200, {"handle": link.handle})
        assert await uploads.picture(link.handle, "a") == png()


async def test_what_does_not_work_is_refused_in_the_same_words(
    runtime: Runtime, uploads: Uploads, clock: Clock, http: httpx2.AsyncClient
) -> None:
    old = uploads.link("a").token
    clock.now += LINK_S
    used = uploads.link("a").token
    async with listening(uploads) as page:
        assert (await http.post(page + used, content=png())).status_code == 200
        answers, pages = [], []
        for token in (old, used, used[:-1] + "_", "x", Uploads(runtime).link("a").token, "%00", "A" * 5000):
            answers.append(await http.post(page + token, content=png()))
            pages.append(await http.get(page + token))
    for answer, shown in zip(answers, pages, strict=True):
        assert (answer.status_code, answer.json()) == (404, {"error": REFUSED})
        assert shown.status_code == 404
        config = config_of(shown.text)
        assert config["gone"] and config["endpoint"] is None and config["upload"] is None
        assert _without_nonce(shown.text) == _without_nonce(pages[0].text)


def _without_nonce(page: str) -> str:
    return re.sub(r'nonce="[^"]+"', "", page)


async def test_the_page_is_whole_and_lets_nothing_else_in(uploads: Uploads, http: httpx2.AsyncClient) -> None:
    token = uploads.link("a").token
    async with listening(uploads) as page:
        shown = [await http.get(page + token) for _ in range(2)]
        head = await http.head(page + token)
        refused = await http.post(page + "x")
        assert (await http.put(page + token)).status_code == 405
    assert head.status_code == 200
    nonces = set()
    for answer in shown:
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert config_of(answer.text) == {
            "endpoint": "/mcp",
            "upload": f"/upload/{token}",
            "gone": False,
            "seconds": int(uploads.seconds_left(uploads.verify(token))),
            "max_bytes": MAX_BYTES,
            "formats": ", ".join(FORMAT_NAMES.values()),
            "kept_minutes": 30,
            "link_minutes": 10,
        }
        (nonce,) = set(re.findall(r'<(?:script|style)[^>]* nonce="([^"]+)"', answer.text))
        assert len(re.findall(r"<(?:script|style)\b", answer.text)) == len(re.findall(f'nonce="{nonce}"', answer.text))
        nonces.add(nonce)
        policy = dict(each.split(" ", 1) for each in answer.headers["content-security-policy"].split("; "))
        assert policy == {
            "default-src": "'none'",
            "script-src": f"'nonce-{nonce}'",
            "style-src": f"'nonce-{nonce}'",
            "img-src": "blob: data:",
            "connect-src": "'self'",
            "base-uri": "'none'",
            "form-action": "'none'",
            "frame-ancestors": "'none'",
        }
    assert len(nonces) == 2
    for answer in (*shown, refused):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_slow_sender_is_given_up_and_a_lost_one_leaves_nothing(
    uploads: Uploads, http: httpx2.AsyncClient
) -> None:
    link = uploads.link("a")
    async with listening(uploads, within=0.3) as page:
        with begun(page, link.token) as slow:
            slow.settimeout(60)
            until_closed = iter(lambda: slow.recv(4096), b"")
            said = await anyio.to_thread.run_sync(lambda: b"".join(until_closed))
            assert said.startswith(b"HTTP/1.1 408") and b"The upload took too long. Try again" in said
            assert not uploads._open
    async with listening(uploads) as page:
        with begun(page, link.token):
            with anyio.fail_after(60):
                while not uploads._open:
                    await anyio.sleep(0.01)
        with anyio.fail_after(60):
            while uploads._open:
                await anyio.sleep(0.01)
        answer = await http.post(page + link.token, content=png())
        assert answer.json() == {"handle": link.handle}


async def test_one_who_holds_connections_does_not_keep_others_out(uploads: Uploads, http: httpx2.AsyncClient) -> None:
    async with listening(uploads) as page:
        held = [begun(page, uploads.link("flood").token) for _ in range(10)]
        with anyio.fail_after(60):
            while len(uploads._open) < AT_ONCE_OF_ONE:
                await anyio.sleep(0.01)
        answer = await http.post(page + uploads.link("flood").token, content=png())
        assert answer.status_code == 503 and answer.json()["error"].startswith("Too many pictures are being uploaded")
        assert (await http.post(page + uploads.link("quiet").token, content=png())).status_code == 200
        for each in held:
            each.close()


async def test_a_link_is_shown_before_the_database_is_there_and_tells_whoever_sends(
    clock: Clock, http: httpx2.AsyncClient
) -> None:
    async with Runtime(Settings(database_url=NOWHERE)) as nowhere:
        uploads = Uploads(nowhere, clock)
        async with listening(uploads) as page:
            link = uploads.link("a")
            shown = await http.get(page + link.token)
            assert (shown.status_code, config_of(shown.text)["gone"]) == (200, False)
            answer = await http.post(page + link.token, content=png())
            assert answer.status_code == 503
            assert answer.json()["error"].startswith("The database cannot be reached.")
            assert (await http.get(page + "x")).status_code == 404


# From a tool to the page and back


@pytest.fixture(scope="module")
def served(postgres: Postgres, empty: str) -> Iterator[Served]:
    """A server whose database is empty."""
    with (
        new_database(postgres, empty) as url,
        serving(ART_MCP_DATABASE_URL=url, ART_MCP_LOG_LEVEL="DEBUG") as served,
    ):
        yield served
        assert served.stdout() == ""
        assert not ADDRESS.search(served.stderr()) and not HANDLE.search(served.stderr())
        assert "Traceback" not in served.stderr()


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_from_an_error_by_the_page_to_the_painting(
    loaded: Settings, pictures: Path, http: httpx2.AsyncClient, era: str
) -> None:
    with serving(*SERVE, "--read-only", ART_MCP_DATABASE_URL=loaded.database_url.get_secret_value()) as served:
        async with Client(served.url, mode=era) as client:
            address, handle = await link_in(client)
            assert address.startswith(served.origin + "/upload/")
            # The model asks too early, and learns the same link again.
            said = await refused(client, image=handle)
            assert said.startswith("The user has not uploaded the picture yet.")
            assert address in said and handle in said
            assert (await http.get(address)).status_code == 200
            picture = (pictures / "images" / "7.jpg").read_bytes()
            sent = await http.post(address, content=picture, headers={"Origin": served.origin})
            assert (sent.status_code, sent.json()) == (200, {"handle": handle})
            for form in (handle, handle.lower()):  # a picture can be asked about again
                found = await client.call_tool("search_paintings_by_image", {"image": form})
                assert not found.is_error, found.content[0].text
                assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
                assert found.structured_content["results"][0]["relevance"] == "strong"
            assert (await http.post(address, content=picture)).status_code == 404
            assert (await http.get(address)).status_code == 404


async def test_each_form_that_does_not_reach_the_server_leads_to_the_page(
    served: Served, http: httpx2.AsyncClient, tmp_path: Path
) -> None:
    async with Client(served.url, mode="2026-07-28") as client:
        for arguments in (
            {},
            {"image": None, "painting_id": ""},
            {"image": "attachment://0"},
            {"image": "holiday.jpg"},
            {"image": "/mnt/data/holiday.jpg"},
            {"image": str(tmp_path / "elsewhere.png")},
            {"image": "upload:AAAA-AAAA-AAAA-AAAA"},
            {"image": "upload:"},
        ):
            address, _ = await link_in(client, **arguments)
            assert (await http.get(address)).status_code == 200
        for arguments in ({"image": "/a.png", "painting_id": "b"}, {"painting_id": str(uuid.UUID(int=5))}):
            assert "/upload/" not in await refused(client, **arguments)


async def test_a_handle_works_in_its_session_alone(served: Served, http: httpx2.AsyncClient) -> None:
    async with (
        Client(served.url, mode="legacy") as mine,
        Client(served.url, mode="legacy") as other,
        Client(served.url, mode="2026-07-28") as without,
    ):
        address, handle = await link_in(mine)
        for client in (other, without):
            assert "No picture is stored under this handle" in await refused(client, image=handle)
        assert (await http.post(address, content=png())).status_code == 200
        for client in (other, without):
            said = await refused(client, image=handle)
            assert "No picture is stored under this handle: " in said
            assert handle not in said and address not in said
        assert (await refused(mine, image=handle)).startswith(FOUND)
        address, handle = await link_in(without)
        assert (await http.post(address, content=png())).status_code == 200
        assert "No picture is stored under this handle" in await refused(mine, image=handle)
        assert (await refused(without, image=handle)).startswith(FOUND)


async def test_only_pages_of_this_machine_may_send(served: Served, http: httpx2.AsyncClient) -> None:
    async with Client(served.url, mode="2026-07-28") as client:
        address, _ = await link_in(client)
    for headers, status in (
        ({"Host": "evil.example"}, 421),
        ({"Host": f"evil.example:{served.port}"}, 421),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ):
        assert (await http.get(address, headers=headers)).status_code == status
        answer = await http.post(address, content=png(), headers=headers)
        assert answer.status_code == status and "handle" not in answer.text
    assert (await http.post(address, content=png())).status_code == 200


@pytest.mark.parametrize(
    ("host", "leads"),
    [("localhost:9000", True), ("[::1]:9000", True), ("127.0.0.1:1@evil.example", False), ("localhost:1/x?", False)],
)
async def test_the_link_goes_where_the_client_found_the_server(
    served: Served, http: httpx2.AsyncClient, host: str, leads: bool
) -> None:
    http.headers["Host"] = host
    async with Client(streamable_http_client(served.url, http_client=http), mode="2026-07-28") as client:
        said = await refused(client)
    assert ("evil" not in said) and (f"http://{host}/upload/" in said) is leads


@pytest.mark.parametrize("era", ERAS)
async def test_links_and_handles_are_not_logged(served: Served, http: httpx2.AsyncClient, era: str) -> None:
    async with Client(served.url, mode=era) as client:
        address, handle = await link_in(client)
        for content in (b"none", png()):
            await http.get(address)
            await http.post(address, content=content)
        await refused(client, image=handle)
        await refused(client, image=handle.lower())
    logged = served.stderr()
    assert "GET /upload/... HTTP/1.1" in logged and "POST /upload/... HTTP/1.1" in logged
    assert address.rpartition("/")[2] not in logged and handle.partition(":")[2].lower() not in logged.lower()


@pytest.mark.slow
async def test_a_flood_of_large_pictures_takes_so_much_memory(served: Served, http: httpx2.AsyncClient) -> None:
    file = io.BytesIO()
    Image.new("RGB", (2600, 2600)).save(file, "BMP")
    large = file.getvalue()
    assert MAX_BYTES * 0.9 < len(large) <= MAX_BYTES
    process = psutil.Process(served.process.pid)
    async with Client(served.url, mode="2026-07-28") as client:
        before = process.memory_info().rss
        for _ in range(15):
            address, handle = await link_in(client)
            assert (await http.post(address, content=large)).status_code == 200
        assert process.memory_info().rss - before < MAX_KEPT + 4 * MAX_BYTES
        assert (await refused(client, image=handle)).startswith(FOUND)
