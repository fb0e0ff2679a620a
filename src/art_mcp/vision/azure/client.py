"""One attempt at a call to Azure: the request, the answer, and whether to believe it."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Final

from art_mcp.space import Leg, Space
from art_mcp.vision.azure.failures import ENDPOINT, SERVICE, about_input, other_model
from art_mcp.vision.azure.login import Login
from art_mcp.vision.provider import VisionError
from art_mcp.vision.remote.preparation import PREPROCESSING
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.remote.transport import Transport, checked_address
from art_mcp.vision.remote.vector import content_of, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

DIMENSIONS = 1024
MOST_WORDS = 70
PROBE_DEADLINE_S = 10.0
OCTETS, JSON = "application/octet-stream", "application/json"
EXAMPLE: Final = "Set it to an address such as https://NAME.cognitiveservices.azure.com."

_log = logging.getLogger(__name__)


class AzureClient:
    """Talks to one Azure resource.

    Args:
        endpoint: of the resource.
        login: who calls; closed with this.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the endpoint cannot be right.
    """

    def __init__(self, endpoint: str, login: Login, *, api_version: str, model_version: str, deadline: float) -> None:
        address = checked_address(endpoint, ENDPOINT, EXAMPLE)
        if address.rest not in ("", "/"):
            raise VisionError(f"{ENDPOINT} goes on after the name of the host.", EXAMPLE)
        self._endpoint = address.origin
        self._versions = {"api-version": api_version, "model-version": model_version}
        self._model_version = model_version
        self.login: Final = login
        self.transport: Final = Transport(SERVICE, address.host, deadline=deadline)
        self.space: Final = Space(Leg.PIXELS, "azure", "vision", f"{model_version}.{PREPROCESSING}", DIMENSIONS)

    @property
    def described(self) -> str:
        return f"{SERVICE.name} at {self.transport.host} (model {self._model_version}, signed in {self.login.name})"

    def as_read(self, text: str) -> str:
        """The first 70 words."""
        short, cut = shortened(text)
        if cut:
            _log.info("A question has more than %d words; Azure reads the first.", MOST_WORDS)
        return short

    async def open(self) -> None:
        await self.transport.open()

    async def image_vector(self, file: bytes) -> NDArray[np.float32]:
        """The vector (1024,) of a picture's file, in unit length and read-only; one paid call.

        Raises:
            VisionError: whatever happened instead.
        """
        return self._vector(await self._send("vectorizeImage", OCTETS, file))

    async def text_vector(self, text: str) -> NDArray[np.float32]:
        """The same of a text of 1 to 70 words."""
        return self._vector(await self._send("vectorizeText", JSON, json.dumps({"text": text}).encode()))

    async def probe(self) -> None:
        """Send an empty text, which is refused, unpaid, but as such only when everything else is right.

        Raises:
            VisionError: something else is wrong.
        """
        deadline = min(self.transport.deadline, PROBE_DEADLINE_S)
        reply = await self._send("vectorizeText", JSON, b'{"text": ""}', deadline)
        if reply.status != 200 and not about_input(reply):
            raise SERVICE.refusal(reply)

    async def aclose(self) -> None:
        """Close the connections and the login."""
        try:
            await self.transport.aclose()
        finally:
            await self.login.aclose()

    async def _send(self, operation: str, content_type: str, body: bytes, deadline: float | None = None) -> Reply:
        """Make a call; a refused token is renewed once.

        Raises:
            VisionError: there was no answer.
        """

        async def post(secret: str) -> Reply:
            return await self.transport.post(
                f"{self._endpoint}/computervision/retrieval:{operation}",
                body,
                content_type,
                secret=secret,
                headers=self.login.headers(secret),
                parameters=self._versions,
                deadline=deadline,
            )

        secret = await self.login.secret()
        reply = await post(secret)
        if reply.status == 401 and (renewed := await self.login.renewed(secret)) is not None:
            reply = await post(renewed)
        return reply

    def _vector(self, reply: Reply) -> NDArray[np.float32]:
        if reply.status != 200:
            raise SERVICE.refusal(reply)
        content = content_of(reply, SERVICE)
        if "error" in content:
            raise SERVICE.refusal(reply)
        made_by = content.get("modelVersion")
        if isinstance(made_by, str) and made_by != self._model_version:
            raise other_model(self._model_version, made_by, reply)
        if made_by is None:
            raise SERVICE.malformed("without a vector", reply)
        return unit(content.get("vector"), DIMENSIONS, reply, SERVICE)


def shortened(text: str) -> tuple[str, bool]:
    """The first 70 words of a text, which is what Azure takes, and whether there were more."""
    words = text.split()
    return (text, False) if len(words) <= MOST_WORDS else (" ".join(words[:MOST_WORDS]), True)
