"""Fetching a picture that somebody names by a link, from the public internet only."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import zlib
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing
from importlib.metadata import version
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from art_mcp.images.address import Resolver, is_public
from art_mcp.images.undecoded import MAX_BYTES, ImageError, check_bytes

if TYPE_CHECKING:
    import httpcore2
    import httpx2

WITHIN_S = 20.0
PORTS = frozenset({443})
MAX_URL = 8192
MAX_REDIRECTS = 3
MAX_CONNECTIONS = 8
"""At the same time; each may hold a picture of 20 MiB."""
KEPT_S = 30.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HOST = re.compile(r"(?=.{1,254}$)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|[0-9a-f:.]*:[0-9a-f:.]*(%[a-z0-9.-]{1,32})?")
ANOTHER_WAY = "Download the picture and give its absolute path, or give another link."


class FetchError(ImageError):
    """A server did not send what was asked for.

    Args:
        status: of its answer, if there was one.
        retry_after: seconds that it asks to wait.
    """

    def __init__(
        self, problem: str, next_step: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(problem, next_step)
        self.status = status
        self.retry_after = retry_after

    @property
    def busy(self) -> bool:
        """Whether another try may have more success."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


class Fetcher:
    """Gets files by https. Of a link, nothing but its host is ever told.

    Neither cookies nor a login are sent, and no proxy is used, whatever the environment says. Connections are
    kept for a while and used again.

    Args:
        within: seconds for all of it, with every redirect.
        resolve: the addresses of a host, for a connection to a port.
        allowed: whether one may connect to an address; every one that a host has is asked for.
        ports: that may be asked for.
        ssl_context: which certificates are believed. Default: those that the system believes.
    """

    def __init__(
        self,
        *,
        within: float = WITHIN_S,
        resolve: Resolver | None = None,
        allowed: Callable[[IPv4Address | IPv6Address], bool] = is_public,
        ports: Collection[int] = PORTS,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._within = within
        self._resolve = resolve or self._ask_system
        self._allowed = allowed
        self._ports = ports
        self._ssl_context = ssl_context
        # A name server that keeps us waiting holds a thread; not those that everything else runs in.
        self._resolving = anyio.CapacityLimiter(MAX_CONNECTIONS)
        self._opening = anyio.Lock()
        self._pool: httpcore2.AsyncConnectionPool | None = None

    async def get(self, url: str) -> bytes:
        """What a link leads to, 1 byte to 20 MiB, whatever its server calls it.

        Raises:
            ImageError: the link may not be followed, or there was no answer, or not one of this kind.
        """
        import httpcore2

        link = self._checked(url)
        host = _host(link)
        try:
            with anyio.fail_after(self._within):
                return await self._follow(link)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise FetchError(f"No safe connection to {host} can be made.", ANOTHER_WAY) from error
        except TimeoutError as error:
            raise FetchError(f"{host} did not send a picture within {self._within:.3g} s.", ANOTHER_WAY) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error) as error:
            raise FetchError(f"{host} sent an answer that is broken or breaks off.", ANOTHER_WAY) from error

    async def aclose(self) -> None:
        """Close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def _follow(self, link: httpx2.URL) -> bytes:
        import httpcore2

        pool = await self._opened()
        for _ in range(MAX_REDIRECTS + 1):
            url = httpcore2.URL(scheme=b"https", host=link.raw_host, port=link.port, target=link.raw_path)
            async with pool.stream("GET", url, headers={"Host": link.netloc, **_HEADERS}) as response:
                headers = {name.lower(): value for name, value in response.headers}
                if response.status in REDIRECTS and b"location" in headers:
                    link = self._checked(headers[b"location"].decode("utf-8", "replace"), link)
                    continue
                if response.status != 200:
                    raise FetchError(
                        f"{_host(link)} answered {response.status} instead of sending a picture.",
                        "Open the link in a browser; if the picture needs a login there, download it and give its "
                        "absolute path.",
                        status=response.status,
                        retry_after=_seconds(headers.get(b"retry-after", b"")),
                    )
                return await _body(headers, response.aiter_stream(), _host(link))
        raise ImageError(f"{_host(link)} is where a link leads on to another too often.", ANOTHER_WAY)

    def _checked(self, text: str, base: httpx2.URL | None = None) -> httpx2.URL:
        """A link that may be followed, as far as that can be told without asking anybody."""
        import httpx2

        try:
            link = base.join(text) if base else httpx2.URL(text)
            host = _host(link)
        except (httpx2.InvalidURL, ValueError):
            host = ""
        if len(text) > MAX_URL or not HOST.fullmatch(host):
            raise ImageError("The link to the picture is not written as links are.", "Copy it again, all of it.")
        if link.scheme != "https":
            raise ImageError(f"The link to {host} is not https, by which alone pictures are fetched.", ANOTHER_WAY)
        if link.userinfo:
            raise ImageError(f"The link to {host} holds a user or a password.", ANOTHER_WAY)
        if (443 if link.port is None else link.port) not in self._ports:
            raise ImageError(f"The link to {host} names the port {link.port}, but only 443 is used.", ANOTHER_WAY)
        return link

    async def _opened(self) -> httpcore2.AsyncConnectionPool:
        async with self._opening:
            if self._pool is None:  # a tenth of a second, mostly for certificates
                self._pool = await anyio.to_thread.run_sync(self._new_pool)
            return self._pool

    def _new_pool(self) -> httpcore2.AsyncConnectionPool:
        import httpcore2

        from art_mcp.images.pinned import PinnedBackend

        logging.getLogger("httpcore2").setLevel(logging.WARNING)  # it logs whole addresses
        return httpcore2.AsyncConnectionPool(
            ssl_context=self._ssl_context or httpcore2.default_ssl_context(),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEPT_S,
            network_backend=PinnedBackend(self._resolve, self._allowed),
        )

    async def _ask_system(self, host: str, port: int) -> list[str]:
        def ask() -> list[str]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(str(address[0]) for *_, address in found))

        return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._resolving)


_HEADERS = {
    "Accept": "image/jpeg, image/png, image/webp, image/*;q=0.5, */*;q=0.1",
    "Accept-Encoding": "identity",
    "User-Agent": f"art-mcp/{version('art-mcp')} (finds paintings that look like a picture)",
}


async def _body(headers: dict[bytes, bytes], pieces: AsyncGenerator[bytes], host: str) -> bytes:
    name = f"What {host} sent"
    declared = headers.get(b"content-length", b"")
    if declared.isdigit():
        check_bytes(int(declared), name=name)
    packed = headers.get(b"content-encoding", b"identity").strip().lower()
    if packed not in (b"", b"identity", b"gzip", b"x-gzip", b"deflate"):
        raise ImageError(f"{name} is packed in a way that was not asked for.", ANOTHER_WAY)
    unpacker = None if packed in (b"", b"identity") else zlib.decompressobj(zlib.MAX_WBITS | 32)
    data = bytearray()
    async with aclosing(pieces):
        async for piece in pieces:
            data += unpacker.decompress(piece, MAX_BYTES + 1 - len(data)) if unpacker else piece
            check_bytes(len(data) or 1, name=name)
    if unpacker and not unpacker.eof:
        raise zlib.error("the end is missing")
    check_bytes(len(data), name=name)
    if data[:256].lstrip(b"\xef\xbb\xbf\t\n\r ").lower().startswith((b"<!doctype html", b"<html")):
        raise ImageError(
            f"{name} is a web page, not a picture.",
            "Give the address of the picture itself (in a browser: right-click it, copy the image's address).",
        )
    return bytes(data)


def _seconds(retry_after: bytes) -> float | None:
    """Of a Retry-After in seconds; hardly anybody sends a date."""
    return float(retry_after) if retry_after.isdigit() else None


def _host(link: httpx2.URL) -> str:
    """In ASCII, since letters can look like others."""
    return link.raw_host.decode("ascii").lower()
