"""HTTP calls to an untrusted service: with a deadline, a limit on the reply's size, and no redirects."""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx2

from art_mcp.vision.provider import VisionError
from art_mcp.vision.remote.errors import Service
from art_mcp.vision.remote.login import Login
from art_mcp.vision.remote.reply import Reply

DEADLINE_S = 30.0
MOST_ANSWER_BYTES = 1024 * 1024
"""Above that, a reply is cut off: the longest vector takes less than 100 KB."""
IDLE_CONNECTIONS = 32
JSON = "application/json"


class Transport:
    """Makes calls to one host.

    Args:
        service: makes the errors.
        login: authenticates the calls; closed with the transport.
        deadline: seconds for one call, from connecting to the last byte of the reply.
    """

    def __init__(self, service: Service, host: str, login: Login, *, deadline: float) -> None:
        self.host = host
        self.login = login
        self.deadline = deadline
        self._service = service
        self._http: httpx2.AsyncClient | None = None
        self._starting = anyio.Lock()
        self._answered = False

    async def open(self) -> None:
        """Prepare the HTTP client. Otherwise the first calls wait for it and are then sent all at once."""
        await self._connected()

    async def post(
        self,
        url: str,
        body: bytes,
        content_type: str = JSON,
        *,
        parameters: Mapping[str, str] | None = None,
        deadline: float | None = None,
    ) -> Reply:
        """Make one call; if its token is refused, renew it and repeat the call once.

        Args:
            parameters: query parameters besides those of the URL.
            deadline: seconds, instead of the transport's own.

        Raises:
            VisionError: there was no reply, or no token.
        """
        deadline = self.deadline if deadline is None else deadline

        async def send(secret: str) -> Reply:
            http = await self._connected()
            # No compression: a small reply could expand beyond every limit.
            headers = {"Content-Type": content_type, "Accept": JSON, "Accept-Encoding": "identity"}
            if secret:
                bearer = self.login.header.lower() == "authorization"
                headers[self.login.header] = f"Bearer {secret}" if bearer else secret
            answer = bytearray()
            try:
                with anyio.fail_after(deadline):
                    async with http.stream("POST", url, params=parameters, content=body, headers=headers) as response:
                        async for chunk in response.aiter_raw():
                            answer += chunk
                            if len(answer) > MOST_ANSWER_BYTES:
                                break  # the beginning is enough for an error
            except TimeoutError:
                raise self._service.timed_out(self.host, deadline) from None
            except httpx2.TransportError as error:
                # Not chained: the error refers to the request, which holds the key.
                raise self._service.unreachable(error, self.host, answered=self._answered) from None
            self._answered = True
            named = {name.lower(): value for name, value in response.headers.items()}
            return Reply(response.status_code, named, bytes(answer), secret)

        secret = await self.login.secret()
        reply = await send(secret)
        if reply.status == 401 and (renewed := await self.login.secret(refused=secret)) != secret:
            reply = await send(renewed)
        return reply

    async def aclose(self) -> None:
        """Close the connections and the login."""
        http, self._http = self._http, None
        try:
            if http is not None:
                await http.aclose()
        finally:
            await self.login.aclose()

    async def _connected(self) -> httpx2.AsyncClient:
        async with self._starting:
            if self._http is None:  # loading the certificates takes 0.1 s
                self._http = await anyio.to_thread.run_sync(self._new_http)
            return self._http

    def _new_http(self) -> httpx2.AsyncClient:
        for name in ("httpx2", "httpcore2"):  # at INFO, they log complete URLs
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            return httpx2.AsyncClient(
                timeout=None,  # `post` has one deadline for the whole call
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS),
                # A company's proxy leads to services, not to this machine.
                trust_env=not _is_loopback(self.host),
            )
        except (ValueError, ImportError, OSError, httpx2.InvalidURL):
            raise VisionError(
                "The proxy or the certificates that are set in the environment cannot be used.",
                "Check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
            ) from None


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a service's address."""

    origin: str
    """Scheme, host and port."""
    host: str
    rest: str
    """Path, query and fragment."""


def checked_address(address: str, variable: str, example: str) -> Address:
    """Split the address of a service: https, or http for a service on this machine.

    Args:
        variable: the environment variable of the address, for errors.
        example: the next step if the address is unusable.

    Raises:
        VisionError: the address is unusable. The error does not quote it, since it may contain a password.
    """
    address = address.strip()
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    wrong = None
    if not re.fullmatch("[!-~]+", address) or not re.fullmatch("[a-z0-9.-]+|[0-9a-f:.]+", host):
        wrong = "is not an address"
    elif parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        wrong = "does not begin with https://"
    elif "@" in parts.netloc:
        wrong = "contains a user name"
    if wrong:
        raise VisionError(f"{variable} {wrong}.", example)
    origin = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    return Address(origin, host, address.partition("://")[2].removeprefix(parts.netloc))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
