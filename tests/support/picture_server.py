"""A web server on loopback with a certificate of its own, which answers whatever a test wants it to."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import trustme

from art_mcp.images.fetch import Fetcher

HOST = "pictures.example"

Answer = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Request:
    """What a client asked, header names in lower case."""

    path: str
    headers: dict[str, str]
    sni: str | None


@dataclass
class PictureServer:
    """Answers by path; what it has no answer for is a 404."""

    authority: trustme.CA
    answers: dict[str, Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    sent: int = 0
    """Bytes that its operating system took."""
    port: int = 0
    _sni: str | None = None

    def url(self, path: str = "/", host: str = HOST) -> str:
        return f"https://{host}:{self.port}{path}"

    def trusting(self) -> ssl.SSLContext:
        """Believes this server's authority, and no other."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.authority.configure_trust(context)
        return context

    def fetcher(self, **options: Any) -> Fetcher:
        """One that finds every host on this machine and may ask there."""

        async def resolve(host: str, port: int) -> list[str]:
            return ["127.0.0.1"]

        given: dict[str, Any] = {
            "resolve": resolve,
            "allowed": lambda address: True,
            "ports": {self.port},
            "ssl_context": self.trusting(),
        }
        return Fetcher(**{**given, **options})

    async def write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)  # `drain` alone may never notice that the connection is lost
        self.sent += len(data)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        # Cancelled: the loop ends, and asyncio's streams would make a fault of that.
        with suppress(ConnectionError, ssl.SSLError, asyncio.IncompleteReadError, asyncio.CancelledError):
            while not writer.is_closing():
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
                path = head[0].split(" ")[1]
                self.requests.append(Request(path, headers, self._sni))
                answer = self.answers.get(path, said(404))
                await (self.write(writer, answer) if isinstance(answer, bytes) else answer(writer))
        writer.close()


def said(status: int, body: bytes = b"", **headers: str) -> bytes:
    """A whole answer; the length is right unless one is given."""
    given = {"content-length": str(len(body)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"HTTP/1.1 {status} So\r\n{lines}\r\n".encode() + body


@asynccontextmanager
async def picture_server(*names: str, address: str = "127.0.0.1", port: int = 0) -> AsyncIterator[PictureServer]:
    """Serve on loopback under these names, by default the one name of `PictureServer.url`."""
    authority = trustme.CA()
    server = PictureServer(authority)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*(names or (HOST,))).configure_cert(context)

    def note(_: object, name: str | None, __: object) -> None:
        server._sni = name

    context.sni_callback = note
    listening = await asyncio.start_server(server._serve, address, port, ssl=context)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()


@dataclass
class Canary:
    """Counts who connects to it."""

    port: int = 0
    hits: int = 0


@asynccontextmanager
async def canary(*addresses: str, port: int = 0) -> AsyncIterator[Canary]:
    """Listen on the addresses of this machine, on one port, as a service that nobody outside should reach."""
    bird = Canary()

    def hit(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bird.hits += 1
        writer.close()

    servers = []
    for address in addresses:
        servers.append(await asyncio.start_server(hit, address, port))
        port = bird.port = servers[-1].sockets[0].getsockname()[1]
    try:
        yield bird
    finally:
        for server in servers:
            server.close()
