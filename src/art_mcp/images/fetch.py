"""Downloads pictures by link, from the public internet only."""

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

import anyio
import anyio.to_thread
import httpcore2
import httpx2

from art_mcp.images.address import Resolver, is_public
from art_mcp.images.pinned import PinnedBackend
from art_mcp.images.undecoded import MAX_BYTES, ImageError, check_bytes

WITHIN_S = 20.0
PORTS = frozenset({443})
MAX_URL = 8192
MAX_REDIRECTS = 3
MAX_CONNECTIONS = 8
"""Concurrent connections; each may hold a picture of 20 MiB."""
KEEPALIVE_S = 30.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HOST = re.compile(r"(?=.{1,254}$)([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?|[0-9a-f:.]*:[0-9a-f:.]*(%[a-z0-9.-]{1,32})?")
ANOTHER_WAY = "Download the picture and give its absolute path, or give another link."


class FetchError(ImageError):
    """A server did not send the requested file.

    Args:
        status: the HTTP status of its response, if there was one.
        retry_after: the seconds that it asks to wait before a retry.
    """

    def __init__(
        self, problem: str, next_step: str, *, status: int | None = None, retry_after: float | None = None
    ) -> None:
        super().__init__(problem, next_step)
        self.status = status
        self.retry_after = retry_after

    @property
    def busy(self) -> bool:
        """Whether a retry may succeed."""
        return self.status is None or self.status in (408, 429) or self.status >= 500


class Fetcher:
    """Downloads files over https. Errors and logs name nothing of a link but its host.

    Sends no cookies and no credentials, and ignores proxy settings in the environment. Idle connections are reused
    for `KEEPALIVE_S`.

    Args:
        within: timeout for a whole download with its redirects, in seconds.
        resolve: looks up the addresses of a host.
        allowed: whether an address may be connected to; every address of a host must be allowed.
        ports: the allowed ports.
        ssl_context: verifies certificates. Default: trusts those that the system trusts.
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
        # Slow name servers block threads, so lookups do not use the default limiter.
        self._resolving = anyio.CapacityLimiter(MAX_CONNECTIONS)
        self._opening = anyio.Lock()
        self._pool: httpcore2.AsyncConnectionPool | None = None

    async def get(self, url: str) -> bytes:
        """Download the file at a link, 1 byte to 20 MiB, whatever content type its server declares.

        Raises:
            ImageError: the link is not allowed, or the server sent no usable response.
        """
        link = self._checked(url)
        host = _host(link)
        try:
            with anyio.fail_after(self._within):
                return await self._follow(link)
        except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
            raise FetchError(f"No secure connection to {host} could be made.", ANOTHER_WAY) from error
        except TimeoutError as error:
            raise FetchError(f"{host} did not send a picture within {self._within:.3g} s.", ANOTHER_WAY) from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, zlib.error) as error:
            raise FetchError(f"{host} sent a broken or incomplete response.", ANOTHER_WAY) from error

    async def aclose(self) -> None:
        """Close the connections."""
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.aclose()

    async def _follow(self, link: httpx2.URL) -> bytes:
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
        raise ImageError(f"Too many redirects at {_host(link)}.", ANOTHER_WAY)

    def _checked(self, text: str, base: httpx2.URL | None = None) -> httpx2.URL:
        """Parse a link and check it, without network access."""
        try:
            link = base.join(text) if base else httpx2.URL(text)
            host = _host(link)
        except (httpx2.InvalidURL, ValueError):
            host = ""
        if len(text) > MAX_URL or not HOST.fullmatch(host):
            raise ImageError("The link to the picture is not a valid URL.", "Copy the whole link again.")
        if link.scheme != "https":
            raise ImageError(f"The link to {host} must use https.", ANOTHER_WAY)
        if link.userinfo:
            raise ImageError(f"The link to {host} contains a user name or password.", ANOTHER_WAY)
        if (443 if link.port is None else link.port) not in self._ports:
            raise ImageError(f"The link to {host} uses port {link.port}, but only port 443 is allowed.", ANOTHER_WAY)
        return link

    async def _opened(self) -> httpcore2.AsyncConnectionPool:
        async with self._opening:
            if self._pool is None:  # takes 0.1 s, mostly to load certificates
                self._pool = await anyio.to_thread.run_sync(self._new_pool)
            return self._pool

    def _new_pool(self) -> httpcore2.AsyncConnectionPool:
        logging.getLogger("httpcore2").setLevel(logging.WARNING)  # it logs full URLs
        return httpcore2.AsyncConnectionPool(
            ssl_context=self._ssl_context or httpcore2.default_ssl_context(),
            max_connections=MAX_CONNECTIONS,
            keepalive_expiry=KEEPALIVE_S,
            network_backend=PinnedBackend(self._resolve, self._allowed),
        )

    async def _ask_system(self, host: str, port: int) -> list[str]:
        def ask() -> list[str]:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            return list(dict.fromkeys(str(address[0]) for *_, address in found))

        return await anyio.to_thread.run_sync(ask, abandon_on_cancel=True, limiter=self._resolving)


_HEADERS: dict[str | bytes, str | bytes] = {
    "Accept": "image/jpeg, image/png, image/webp, image/*;q=0.5, */*;q=0.1",
    "Accept-Encoding": "identity",
    "User-Agent": f"art-mcp/{version('art-mcp')} (finds paintings that look like a picture)",
}


async def _body(headers: dict[bytes, bytes], pieces: AsyncGenerator[bytes], host: str) -> bytes:
    name = f"The file from {host}"
    declared = headers.get(b"content-length", b"")
    if declared.isdigit():
        check_bytes(int(declared), name=name)
    packed = headers.get(b"content-encoding", b"identity").strip().lower()
    if packed not in (b"", b"identity", b"gzip", b"x-gzip", b"deflate"):
        raise ImageError(f"{name} has an unsupported content encoding.", ANOTHER_WAY)
    unpacker = None if packed in (b"", b"identity") else zlib.decompressobj(zlib.MAX_WBITS | 32)
    data = bytearray()
    async with aclosing(pieces):
        async for piece in pieces:
            data += unpacker.decompress(piece, MAX_BYTES + 1 - len(data)) if unpacker else piece
            check_bytes(len(data) or 1, name=name)
    if unpacker and not unpacker.eof:
        raise zlib.error("truncated")
    check_bytes(len(data), name=name)
    if data[:256].lstrip(b"\xef\xbb\xbf\t\n\r ").lower().startswith((b"<!doctype html", b"<html")):
        raise ImageError(
            f"{name} is a web page, not a picture.",
            "Give the address of the picture itself (in a browser, right-click it and copy the image address).",
        )
    return bytes(data)


def _seconds(retry_after: bytes) -> float | None:
    """Parse a Retry-After in seconds; dates, which are rare, are ignored."""
    return float(retry_after) if retry_after.isdigit() else None


def _host(link: httpx2.URL) -> str:
    """The host in ASCII, since Unicode letters can look alike."""
    return link.raw_host.decode("ascii").lower()
