"""One attempt at a call: the request, the answer, and whether to believe it."""

from __future__ import annotations

import ipaddress
import json
import logging
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import anyio
import anyio.to_thread

from art_mcp.vision.azure.failures import ENDPOINT, classify, cleaned, malformed, other_model, timed_out, unreachable
from art_mcp.vision.azure.login import Login
from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    import httpx2
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 1024
MOST_ANSWER_BYTES = 1024 * 1024
IDLE_CONNECTIONS = 32
PROBE_DEADLINE_S = 10.0
OCTETS, JSON = "application/octet-stream", "application/json"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back, with the key or token blotted out, should somebody have repeated it."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: bytes


class Client:
    """Talks to one Azure resource.

    Args:
        endpoint: of the resource.
        login: who calls; closed with this.
        deadline: seconds for one attempt, from connecting to the last byte of the answer.

    Raises:
        VisionError: the endpoint cannot be right.
    """

    def __init__(self, endpoint: str, login: Login, *, api_version: str, model_version: str, deadline: float) -> None:
        self._endpoint = checked_endpoint(endpoint)
        self.host: Final = urlsplit(self._endpoint).hostname or ""
        self.login: Final = login
        self.model_version: Final = model_version
        self._versions = {"api-version": api_version, "model-version": model_version}
        self._deadline = deadline
        self._http: httpx2.AsyncClient | None = None
        self._starting = anyio.Lock()
        self._answered = False

    async def image_vector(self, file: bytes) -> NDArray[np.float32]:
        """The vector (1024,) of a picture's file, in unit length and read-only; one paid call.

        Raises:
            VisionError: whatever happened instead.
        """
        return self._vector(await self._send("vectorizeImage", OCTETS, file, self._deadline))

    async def text_vector(self, text: str) -> NDArray[np.float32]:
        """The same of a text of 1 to 70 words."""
        body = json.dumps({"text": text}).encode()
        return self._vector(await self._send("vectorizeText", JSON, body, self._deadline))

    async def ask_nothing(self) -> Reply:
        """The reply to an empty text, which is refused, unpaid, but only when everything else is right.

        Raises:
            VisionError: there was no reply.
        """
        return await self._send("vectorizeText", JSON, b'{"text": ""}', min(self._deadline, PROBE_DEADLINE_S))

    async def _send(self, operation: str, content_type: str, body: bytes, deadline: float) -> Reply:
        """Make a call; a refused token is renewed once.

        Raises:
            VisionError: there was no answer.
        """
        secret = await self.login.secret()
        reply = await self._post(operation, content_type, body, secret, deadline)
        if reply.status == 401 and (renewed := await self.login.renewed(secret)) is not None:
            reply = await self._post(operation, content_type, body, renewed, deadline)
        return reply

    async def open(self) -> None:
        """Get ready before a call's turn comes, so that the first ones do not all go at once."""
        await self._connected()

    async def aclose(self) -> None:
        """Close the connections and the login."""
        http, self._http = self._http, None
        try:
            if http is not None:
                await http.aclose()
        finally:
            await self.login.aclose()

    async def _post(self, operation: str, content_type: str, body: bytes, secret: str, deadline: float) -> Reply:
        http = await self._connected()
        import httpx2

        # The answer is read as it comes: what is packed could grow beyond every limit.
        headers = {"Content-Type": content_type, "Accept": JSON, "Accept-Encoding": "identity"}
        url = f"{self._endpoint}/computervision/retrieval:{operation}"
        answer = bytearray()
        try:
            with anyio.fail_after(deadline):
                async with http.stream(
                    "POST", url, params=self._versions, content=body, headers=headers | self.login.headers(secret)
                ) as response:
                    async for chunk in response.aiter_raw():
                        answer += chunk
                        if len(answer) > MOST_ANSWER_BYTES:
                            break  # no vector is so long; what else it is, its beginning says
        except TimeoutError:
            raise timed_out(self.host, deadline) from None
        except httpx2.TransportError as error:
            # Not chained: such an error knows its request, and so the key.
            raise unreachable(error, self.host, answered=self._answered) from None
        self._answered = True
        said = {name.lower(): value.replace(secret, "…") for name, value in response.headers.items()}
        return Reply(response.status_code, said, bytes(answer).replace(secret.encode(), b"..."))

    async def _connected(self) -> httpx2.AsyncClient:
        async with self._starting:
            if self._http is None:  # a tenth of a second, mostly for certificates
                self._http = await anyio.to_thread.run_sync(self._new_http)
            return self._http

    def _new_http(self) -> httpx2.AsyncClient:
        import httpx2

        for name in ("httpx2", "httpcore2"):  # they log whole addresses at INFO
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            return httpx2.AsyncClient(
                timeout=None,  # there is one deadline for the whole
                follow_redirects=False,
                limits=httpx2.Limits(max_connections=None, max_keepalive_connections=IDLE_CONNECTIONS),
                # Companies reach Azure through a proxy, but nobody reaches this machine through one.
                trust_env=not _is_loopback(self.host),
            )
        except (ValueError, ImportError, OSError, httpx2.InvalidURL):
            raise VisionError(
                "The proxy or the certificates that the environment names cannot be used.",
                "Check HTTPS_PROXY, ALL_PROXY, SSL_CERT_FILE and SSL_CERT_DIR.",
            ) from None

    def _vector(self, reply: Reply) -> NDArray[np.float32]:
        if reply.status != 200:
            raise classify(reply.status, reply.body, reply.headers)
        content_type = reply.headers.get("content-type", "")
        if "json" not in content_type:
            raise malformed(f"with “{cleaned(content_type)[:60]}” instead of JSON", reply.headers)
        try:
            content = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise malformed("with broken or endless JSON", reply.headers) from None
        if not isinstance(content, dict):
            raise malformed("without a vector", reply.headers)
        if "error" in content:
            raise classify(200, reply.body, reply.headers)
        made_by, values = content.get("modelVersion"), content.get("vector")
        if isinstance(made_by, str) and made_by != self.model_version:
            raise other_model(self.model_version, made_by, reply.headers)
        if made_by is None or not isinstance(values, list) or not values:
            raise malformed("without a vector", reply.headers)
        if len(values) != DIMENSIONS:
            raise malformed(f"with {len(values)} numbers instead of {DIMENSIONS}", reply.headers)
        if (unit := _unit(values)) is None:
            raise malformed("with a vector that has no direction", reply.headers)
        return unit


def checked_endpoint(endpoint: str) -> str:
    """Scheme, host and port of an address that calls can go to.

    Raises:
        VisionError: why not; it repeats nothing of the address, which can hold a password.
    """
    endpoint = endpoint.strip()
    try:
        parts = urlsplit(endpoint)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    wrong = None
    if not re.fullmatch("[!-~]+", endpoint) or not re.fullmatch("[a-z0-9.-]+|[0-9a-f:.]+", host):
        wrong = "is not an address"
    elif parts.scheme != "https" and not (parts.scheme == "http" and _is_loopback(host)):
        wrong = "does not begin with https://"
    elif "@" in parts.netloc:
        wrong = "has a user name in it"
    elif parts.path not in ("", "/") or "?" in endpoint or "#" in endpoint:
        wrong = "goes on after the name of the host"
    if wrong:
        example = "Set it to an address such as https://NAME.cognitiveservices.azure.com."
        raise VisionError(f"{ENDPOINT} {wrong}.", example)
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{f':{port}' if port else ''}"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _unit(values: list[object]) -> NDArray[np.float32] | None:
    """The vector that these are, in unit length, if they are one."""
    import numpy as np

    if any(type(value) not in (float, int) for value in values):
        return None
    try:
        vector = np.asarray(values, np.float64)
    except OverflowError:
        return None
    with np.errstate(all="ignore"):
        length = math.sqrt(vector @ vector)
    if not (math.isfinite(length) and length > 1e-6):
        return None
    unit = (vector / length).astype(np.float32)
    unit.setflags(write=False)  # it is remembered, and handed to several
    return unit
