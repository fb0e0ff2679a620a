"""Connects only to addresses that were checked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any

import anyio
import httpcore2

from art_mcp.images.undecoded import ImageError

if TYPE_CHECKING:
    import ssl

    from art_mcp.images.address import Resolver

CONNECT_WITHIN_S = 4.0
"""Per address, so that IPv4 is tried in time where IPv6 has no route."""
MAX_ADDRESSES = 6


class UnreachableError(ImageError):
    """A host has no address that may be connected to."""

    def __init__(self, host: str) -> None:
        problem = f"{host} is not a server on the public internet."
        if not _is_address(host):
            problem = f"{host} cannot be reached: this machine is offline, or the name has no address on the internet."
        super().__init__(
            problem, "Check the link and the network; for a picture on a private network, give the path of the file."
        )


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Resolves a host, checks every address, and connects to one of them.

    The name is resolved only once, which prevents DNS rebinding. TLS still verifies the name.
    """

    def __init__(self, resolve: Resolver, allowed: Callable[[IPv4Address | IPv6Address], bool]) -> None:
        self._resolve = resolve
        self._allowed = allowed
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Connect to an allowed address of the host.

        Raises:
            UnreachableError: the host cannot be looked up, or is not public. For names, the text is the same, so that
                callers cannot probe this server's own network.
        """
        try:
            addresses = [ip_address(address) for address in await self._resolve(host, port)]
        except (OSError, ValueError):
            addresses = []
        if not addresses or not all(self._allowed(address) for address in addresses):
            raise UnreachableError(host)
        for address in addresses[:MAX_ADDRESSES]:
            try:
                stream = await self._network.connect_tcp(str(address), port, CONNECT_WITHIN_S, None, socket_options)
                return _Unsecured(stream)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class _Unsecured(httpcore2.AsyncNetworkStream):
    """A connection before TLS, which is closed if the handshake fails or is cancelled.

    httpcore2 does not close it on cancellation, so every link to a server that never answers would leak a socket.
    """

    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream

    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        try:
            return await self._stream.start_tls(ssl_context, server_hostname, timeout)
        except BaseException:
            with anyio.CancelScope(shield=True):
                await self.aclose()
            raise

    async def aclose(self) -> None:
        await self._stream.aclose()
