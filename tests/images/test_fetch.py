"""Pictures by link: from the public internet only, over connections that go where they were checked to go."""

from __future__ import annotations

import asyncio
import gzip
import logging
import socket
import ssl
import tracemalloc
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import anyio
import pytest
from support.picture_server import HOST, PictureServer, canary, picture_server, said

from art_mcp.images.fetch import MAX_CONNECTIONS, Fetcher
from art_mcp.images.undecoded import MAX_BYTES, ImageError

pytestmark = pytest.mark.anyio

NOWHERE = "cannot be reached: this machine is offline, or the name has no address on the internet."
DATA = b"\x89PNG the bytes of a picture"


@pytest.fixture
async def server() -> AsyncIterator[PictureServer]:
    async with picture_server() as server:
        server.answers["/ok"] = said(200, DATA, content_type="image/png")
        yield server


async def refused(fetcher: Fetcher, url: str) -> str:
    """What an error says; it tells nothing of a link but its host, and comes in time."""
    with anyio.fail_after(30), pytest.raises(ImageError) as caught:
        await fetcher.get(url)
    await fetcher.aclose()
    said = str(caught.value)
    assert said.isprintable() and said.endswith(".") and len(said) < 500
    for word in ("secret", "/ok", "?", "Errno", "127.0.0.1:"):
        assert word not in said
    return caught.value.problem


async def test_a_picture_by_link(server: PictureServer) -> None:
    fetcher = server.fetcher()
    assert await fetcher.get(server.url("/ok")) == DATA
    (request,) = server.requests
    assert request.sni == HOST and request.headers["host"] == f"{HOST}:{server.port}"
    assert request.headers["user-agent"].startswith("art-mcp/")
    assert set(request.headers) == {"host", "accept", "accept-encoding", "user-agent"}
    await fetcher.aclose()


async def test_connections_are_used_again(server: PictureServer) -> None:
    fetcher = server.fetcher()
    for _ in range(5):
        await fetcher.get(server.url("/ok"))
    assert (server.connections, len(server.requests)) == (1, 5)
    await fetcher.aclose()
    assert await fetcher.get(server.url("/ok")) == DATA  # and it can be opened once more
    await fetcher.aclose()


# S1: what is not public

SPELLINGS = """
127.0.0.1 127.0.0.2 127.1 127.0.1 127.255.255.254 0 0.0.0.0 0x7f000001 0x7F.0.0.1 0x7f.1 2130706433 017700000001
0177.0.0.1 0177.0.0.01 127.000.000.001 127.0.0.1. localhost LOCALHOST localhost. a.localhost .localhost [::1
１２７.０.０.１ 127。0。0。1 ①②⑦.⓪.⓪.① ⑯⑨。②⑤④。⑯⑨｡②⑤④ ｌｏｃａｌｈｏｓｔ 127%2e0%2e0%2e1 %31%32%37.0.0.1
[::1] [::] [0:0:0:0:0:0:0:1] [0000:0000:0000:0000:0000:0000:0000:0001] [::ffff:127.0.0.1] [::ffff:7f00:1]
[::FFFF:7F00:1] [0:0:0:0:0:ffff:127.0.0.1] [::127.0.0.1] [::7f00:1] [::ffff:0:127.0.0.1] [64:ff9b::7f00:1]
[64:ff9b::127.0.0.1] [64:ff9b::a9fe:a9fe] [64:ff9b:1::7f00:1] [2002:7f00:1::] [2002:a9fe:a9fe::1] [2001::7f00:1]
[fe80::1] [fe80::1%25lo] [fe80::1%lo] [::1%lo] [fc00::1] [fd00:ec2::254] [fec0::1] [ff02::1] [ff0e::1] [v1.x]
10.0.0.1 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 169.254.170.2 2852039166 0xa9fea9fe 0251.0376.0251.0376
168.63.129.16 2822734096 100.64.0.1 100.100.100.200 192.0.0.192 192.0.2.1 198.18.0.1 203.0.113.5 224.0.0.1 240.0.0.1
255.255.255.255 4294967295 1.2.3.4@127.0.0.1 example.org:443@127.0.0.1 example.org\\@127.0.0.1 [127.0.0.1] ::1
127.0.0.1#@example.org 127.0.0.1?@example.org 127.0.0.1%00.example.org 127.0.0.1%0d%0a exa_mple..org localhost,
127.0.0.1\\.example.org user:secret@localhost @127.0.0.1 localhost%2fx "localhost"
"""


async def test_no_spelling_of_an_address_that_is_not_public_is_reached() -> None:
    spellings = SPELLINGS.split()
    assert len(set(spellings)) >= 90
    certificates = ssl.create_default_context()
    async with canary("127.0.0.1", "::1") as bird:
        said: dict[str, int] = {}
        for host in spellings:
            for link in (f"https://{host}:{bird.port}/secret", f"https://{host}/secret"):
                fetcher = Fetcher(ports={443, bird.port}, ssl_context=certificates)
                problem = await refused(fetcher, link)
                known = problem.endswith(("on the public internet.", "on the internet."))
                kind = problem.partition(" ")[2] if known else problem
                said[kind] = said.get(kind, 0) + 1
        assert bird.hits == 0
    refusals = "is not a server on the public internet.", NOWHERE, "The link to the picture is not a valid URL."
    assert {kind for kind in said if not kind.endswith("a user name or password.")} <= set(refusals)
    assert said[refusals[0]] + said[NOWHERE] >= 80


async def test_the_canary_would_have_told() -> None:
    async with canary("127.0.0.1", "::1") as bird:
        for host in ("127.0.0.1", "localhost", "[::1]", "0x7f000001", "2130706433", "127.1"):
            fetcher = Fetcher(ports={bird.port}, allowed=lambda address: True)
            assert "No secure connection" in await refused(fetcher, f"https://{host}:{bird.port}/")
        assert bird.hits >= 6


async def test_a_name_is_refused_if_any_of_its_addresses_is_not_public() -> None:
    async with canary("127.0.0.1") as bird:
        for addresses in (
            ["127.0.0.1"],
            ["1.1.1.1", "127.0.0.1"],
            ["127.0.0.1", "1.1.1.1"],
            ["2606:4700::1111", "fe80::1%eth0"],
            ["::ffff:127.0.0.1"],
            ["64:ff9b::7f00:1"],
            [],
            ["nonsense"],
        ):

            async def resolve(host: str, port: int, addresses: list[str] = addresses) -> list[str]:
                return addresses

            fetcher = Fetcher(resolve=resolve, ports={bird.port})
            said = await refused(fetcher, f"https://inner.example:{bird.port}/")
            assert said == f"inner.example {NOWHERE}"
        assert bird.hits == 0


async def test_a_host_that_does_not_exist_is_told_in_the_same_words() -> None:
    async def resolve(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "secret: no such host")

    fetcher = Fetcher(resolve=resolve)
    assert await refused(fetcher, f"https://{HOST}/") == f"{HOST} {NOWHERE}"


@pytest.mark.parametrize("port", [80, 22, 5432, 8443, 0, 65536, -1, 99999999999])
async def test_only_the_port_of_https(port: int) -> None:
    said = await refused(Fetcher(), f"https://example.org:{port}/secret")
    assert said == f"The link to example.org uses port {port}, but only port 443 is allowed."


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("http://example.org/", "must use https"),
        ("ftp://example.org/", "must use https"),
        ("file:///etc/passwd", "not a valid URL"),
        ("https:///secret", "not a valid URL"),
        ("https:", "not a valid URL"),
        ("", "not a valid URL"),
        ("https://example.org:port/", "not a valid URL"),
        ("https://exa mple.org/", "not a valid URL"),
        ("https://example.org/a\r\nHost: x", "not a valid URL"),
        ("https://example.org/" + "a" * 9000, "not a valid URL"),
        ("https://" + "a" * 64 + ".org/", "not a valid URL"),
        ("https://" + "a." * 200 + "org/", "not a valid URL"),
        ("https://user:secret@example.org/", "contains a user name or password"),
        ("https://user@example.org/", "contains a user name or password"),
    ],
)
async def test_links_that_are_not_followed(url: str, problem: str) -> None:
    assert problem in await refused(Fetcher(), url)


# S2: names that change their address


async def test_a_name_is_resolved_once_and_asked_there(server: PictureServer) -> None:
    answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.2"]]

    async def resolve(host: str, port: int) -> list[str]:
        return answers.pop(0)

    async with canary("127.0.0.2", port=server.port) as bird:
        server.answers["/last"] = said(200, DATA, connection="close")
        fetcher = server.fetcher(resolve=resolve, allowed=lambda address: str(address) == "127.0.0.1")
        assert await fetcher.get(server.url("/ok")) == DATA
        assert await fetcher.get(server.url("/last")) == DATA
        assert len(answers) == 2  # the connection was used again, so nobody was asked again
        assert {request.sni for request in server.requests} == {HOST}
        # A new connection, and now the name means another address.
        assert await refused(fetcher, server.url("/ok")) == f"{HOST} {NOWHERE}"
        assert bird.hits == 0


async def test_the_next_address_is_tried_where_one_does_not_answer(server: PictureServer) -> None:
    async def resolve(host: str, port: int) -> list[str]:
        return ["::1", "127.0.0.3", "127.0.0.1"]

    fetcher = server.fetcher(resolve=resolve)
    assert await fetcher.get(server.url("/ok")) == DATA
    await fetcher.aclose()


async def test_a_certificate_of_another_name_or_of_nobody_is_not_believed(server: PictureServer) -> None:
    said = await refused(server.fetcher(), server.url("/ok", host="other.example"))
    assert said == "No secure connection to other.example could be made."
    fetcher = server.fetcher(ssl_context=None)
    assert await refused(fetcher, server.url("/ok")) == f"No secure connection to {HOST} could be made."
    assert server.requests == []


# S3: redirects


async def test_three_redirects_are_followed_and_no_more(server: PictureServer) -> None:
    for place, status in enumerate((301, 302, 303, 307, 308)):
        server.answers[f"/{place}"] = said(status, b"moved", location=f"/{place + 1}", set_cookie="id=secret")
    server.answers["/5"] = said(200, DATA)
    fetcher = server.fetcher()
    assert await fetcher.get(server.url("/2")) == DATA
    for request in server.requests:
        assert not {"cookie", "authorization", "referer"} & set(request.headers)
    assert "Too many redirects" in await refused(fetcher, server.url("/1"))
    server.answers["/loop"] = said(302, location="/loop")
    server.requests.clear()
    assert "Too many redirects" in await refused(server.fetcher(), server.url("/loop"))
    assert len(server.requests) == 4


async def test_where_redirects_lead_is_checked_each_time() -> None:
    async with picture_server(HOST, "other.example") as server, canary("127.0.0.1") as bird:

        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.1" if host in (HOST, "other.example") else "10.0.0.1"]

        targets = {
            "http://other.example/secret": "must use https",
            "file:///etc/passwd": "not a valid URL",
            "ftp://other.example/": "must use https",
            "gopher://127.0.0.1:70/secret": "must use https",
            "data:image/png;base64,AAAA": "not a valid URL",
            "javascript:alert(1)": "not a valid URL",
            f"https://user:secret@other.example:{server.port}/": "a user name or password",
            "https://other.example:22/": "uses port 22",
            f"https://10.0.0.1:{server.port}/secret": "10.0.0.1 is not a server on the public internet.",
            f"//intranet.example:{server.port}/secret": f"intranet.example {NOWHERE}",
            f"https://127.0.0.1:{bird.port}/": "uses port",
            "https://[::1/": "not a valid URL",
            "https://other.example/" + "a" * 9000: "not a valid URL",
            "\x80\xff": "answered 404",  # relative
            f"https://other.example:{server.port}/gone": "other.example answered 404",
        }
        for target, problem in targets.items():
            server.answers["/away"] = said(302, location=target)
            fetcher = server.fetcher(
                resolve=resolve, allowed=lambda address: str(address) == "127.0.0.1", ports={server.port}
            )
            assert problem in await refused(fetcher, server.url("/away")), target
        assert bird.hits == 0
        server.answers["/away"] = said(302, location=f"//other.example:{server.port}/ok")
        server.answers["/ok"] = said(200, DATA)
        fetcher = server.fetcher()
        assert await fetcher.get(server.url("/away")) == DATA
        assert [request.sni for request in server.requests][-2:] == [HOST, "other.example"]
        await fetcher.aclose()


# S4: servers that do harm by what they send


async def forever(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while not writer.is_closing():
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


async def drip_head(writer: asyncio.StreamWriter) -> None:
    while not writer.is_closing():
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("how", [forever, drip, drip_head])
async def test_all_of_it_has_to_come_in_time(server: PictureServer, how: object) -> None:
    server.answers["/slow"] = how  # type: ignore[assignment]
    said = await refused(server.fetcher(within=0.4), server.url("/slow"))
    assert said == f"{HOST} did not send a picture within 0.4 s."


async def test_a_server_that_only_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        port = listener.getsockname()[1]
        fetcher = Fetcher(resolve=resolve, allowed=lambda address: True, ports={port}, within=0.4)
        assert "within 0.4 s" in await refused(fetcher, f"https://{HOST}:{port}/")
        connection, _ = listener.accept()
        connection.settimeout(60)
        while connection.recv(65536):  # the greeting, and then it was hung up, not left open
            pass
        connection.close()


async def test_a_name_server_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: __import__("time").sleep(1))
    assert "within 0.2 s" in await refused(Fetcher(within=0.2), f"https://{HOST}/")


async def test_what_never_ends_is_left_at_the_cap(server: PictureServer) -> None:
    async def endless(writer: asyncio.StreamWriter) -> None:
        await server.write(writer, b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            await server.write(writer, bytes(65536))

    async def chunked(writer: asyncio.StreamWriter) -> None:
        await server.write(writer, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            await server.write(writer, b"10000\r\n" + bytes(65536) + b"\r\n")

    for answer in (endless, chunked):
        server.answers["/endless"], server.sent = answer, 0
        tracemalloc.start()
        assert await refused(server.fetcher(), server.url("/endless")) == f"The file from {HOST} is larger than 20 MiB."
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_BYTES
        tracemalloc.stop()
        assert MAX_BYTES < server.sent < MAX_BYTES + 16 * 2**20  # and what buffers hold


@pytest.mark.parametrize("packed", ["gzip", "x-gzip", "deflate", "GZIP"])
async def test_what_is_packed_is_unpacked_up_to_the_cap(server: PictureServer, packed: str) -> None:
    pack = zlib.compress if packed == "deflate" else gzip.compress
    server.answers["/packed"] = said(200, pack(DATA), content_encoding=packed)
    fetcher = server.fetcher()
    assert await fetcher.get(server.url("/packed")) == DATA
    bomb = pack(bytes(100_000_000), 1)
    assert len(bomb) < 600_000
    server.answers["/bomb"] = said(200, bomb, content_encoding=packed)
    tracemalloc.start()
    assert "larger than 20 MiB" in await refused(fetcher, server.url("/bomb"))
    assert tracemalloc.get_traced_memory()[1] < 4 * MAX_BYTES
    tracemalloc.stop()


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (said(200, DATA, content_encoding="br"), "an unsupported content encoding"),
        (said(200, DATA, content_encoding="gzip, gzip"), "an unsupported content encoding"),
        (said(200, DATA, content_encoding="gzip"), "broken or incomplete"),
        (said(200, gzip.compress(DATA)[:-4], content_encoding="gzip"), "broken or incomplete"),
        (said(200, DATA, content_length=str(MAX_BYTES + 1)), "larger than 20 MiB"),
        (said(200, DATA, content_length="1" * 19), "larger than 20 MiB"),
        (said(200, DATA, content_length="1" * 5000), "broken or incomplete"),
        (said(200, DATA, content_length="-1"), "broken or incomplete"),
        (said(200, DATA, content_length="0"), "is empty"),
        (said(200, b""), "is empty"),
        (said(204), "answered 204"),
        (said(206, DATA), "answered 206"),
        (said(403, b"secret"), "answered 403"),
        (said(500), "answered 500"),
        (said(302), "answered 302"),
        (said(200, b"<!DOCTYPE html><title>A picture</title>", content_type="image/png"), "is a web page"),
        (said(200, b"\xef\xbb\xbf\n <html lang=en>"), "is a web page"),
        (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "broken or incomplete"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"a" * 200_000 + b"\r\n\r\n", "broken or incomplete"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n", "broken or incomplete"),
    ],
)
async def test_answers_that_are_no_picture(server: PictureServer, answer: bytes, problem: str) -> None:
    server.answers["/odd"] = answer
    assert problem in await refused(server.fetcher(), server.url("/odd"))


async def test_a_length_that_lies(server: PictureServer) -> None:
    async def short(writer: asyncio.StreamWriter) -> None:
        await server.write(writer, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n" + DATA)
        writer.close()

    server.answers["/more"] = said(200, DATA + b"HTTP/1.1 200 OK\r\n\r\n", content_length=str(len(DATA)))
    server.answers["/less"] = short
    fetcher = server.fetcher()
    assert await fetcher.get(server.url("/more")) == DATA
    await fetcher.aclose()
    assert "incomplete" in await refused(fetcher, server.url("/less"))


async def test_only_so_many_at_once(server: PictureServer) -> None:
    busy = most = 0

    async def slow(writer: asyncio.StreamWriter) -> None:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0.05)
        busy -= 1
        await server.write(writer, said(200, DATA))

    server.answers["/slow"] = slow
    fetcher = server.fetcher()
    async with anyio.create_task_group() as group:
        for _ in range(3 * MAX_CONNECTIONS):
            group.start_soon(fetcher.get, server.url("/slow"))
    assert most == MAX_CONNECTIONS
    await fetcher.aclose()


# S5: what the environment says


async def test_neither_proxies_nor_logins_are_taken_from_the_environment(
    server: PictureServer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with canary("127.0.0.1") as bird:
        for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{bird.port}")
        (tmp_path / "netrc").write_text(f"machine {HOST} login user password secret\n")
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
        fetcher = server.fetcher()
        assert await fetcher.get(server.url("/ok")) == DATA
        assert bird.hits == 0
        assert "authorization" not in server.requests[0].headers
        await fetcher.aclose()


async def test_nothing_of_a_link_is_logged(server: PictureServer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fetcher = server.fetcher()
    server.answers["/ok?sig=secret"] = said(302, location="/ok?sig=secret2")
    server.answers["/ok?sig=secret2"] = said(200, DATA)
    assert await fetcher.get(server.url("/ok?sig=secret")) == DATA
    await fetcher.aclose()
    assert "secret" not in caplog.text


def test_nothing_of_the_network_is_opened_before_it_is_needed() -> None:
    assert Fetcher()._pool is None
