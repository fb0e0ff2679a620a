"""One call over HTTP, to a service that is not to be trusted: one deadline, a bounded answer, no redirects."""

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
IDLE_CONNECTIONS = 32
JSON = "application/json"


class Transport:
    """Makes calls to one host.

    Args:
        service: as errors tell of it.
        login: who calls; closed with this.
        deadline: seconds for one call, from connecting to the last byte of the answer.
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
        """Get ready before a call's turn comes, so that the first ones do not all go at once."""
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
        """Make one call; a token that is refused is renewed once.

        Args:
            parameters: of the query, beside those of the address.

        Raises:
            VisionError: there was no answer, or nothing to sign in with.
        """

        deadline = self.deadline if deadline is None else deadline

        async def send(secret: str) -> Reply:
            http = await self._connected()
            # The answer is read as it comes: what is packed could grow beyond every limit.
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
                                break  # no vector is so long; what else it is, its beginning says
            except TimeoutError:
                raise self._service.timed_out(self.host, deadline) from None
            except httpx2.TransportError as error:
                # Not chained: such an error knows its request, and so the key.
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
            if self._http is None:  # a tenth of a second, mostly for certificates
                self._http = await anyio.to_thread.run_sync(self._new_http)
            return self._http

    def _new_http(self) -> httpx2.AsyncClient:
        for name in ("httpx2", "httpcore2"):  # they log whole addresses at INFO
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            return httpx2.AsyncClient(
                timeout=None,  # there is one deadline for the whole
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS),
                # Companies reach a service through a proxy, but nobody reaches this machine through one.
                trust_env=not _is_loopback(self.host),
            )
        except (ValueError, ImportError, OSError, httpx2.InvalidURL):
            raise VisionError(
                "The proxy or the certificates that the environment names cannot be used.",
                "Check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
            ) from None


@dataclass(frozen=True, slots=True)
class Address:
    """Where calls can go to."""

    origin: str
    """Scheme, host and port."""
    host: str
    rest: str
    """What follows: path, query and fragment."""


def checked_address(address: str, variable: str, example: str) -> Address:
    """The parts of an address: https, or http on this machine.

    Args:
        variable: that holds it, for errors.
        example: what to do when it is wrong.

    Raises:
        VisionError: why it cannot be used; it repeats nothing of the address, which can hold a password.
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
        wrong = "has a user name in it"
    if wrong:
        raise VisionError(f"{variable} {wrong}.", example)
    origin = f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"
    return Address(origin, host, address.partition("://")[2].removeprefix(parts.netloc))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
