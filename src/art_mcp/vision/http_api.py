"""Any embedding service with one of the common request formats: your own server, Jina, Cohere, Cohere in Azure Foundry.

Of these services' error texts only a few are known, so most rules use the status alone.
"""

from __future__ import annotations

import json
from typing import Any, Final

import anyio.to_thread
from pydantic import SecretStr

from art_mcp.space import Leg, Space
from art_mcp.vision.dialects import DIALECTS, Body
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.client import Client
from art_mcp.vision.remote.errors import BUSY, FAILED, LEAVE_OUT, ErrorRule, Service, on_the_way
from art_mcp.vision.remote.login import ApiKey
from art_mcp.vision.remote.preparation import PREPROCESSING, harmless
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.remote.transport import DEADLINE_S, checked_address

URL, MODEL, DIALECT = "ART_MCP_HTTP_URL", "ART_MCP_HTTP_MODEL", "ART_MCP_HTTP_DIALECT"
DIMENSIONS, SHORTEN = "ART_MCP_HTTP_DIMENSIONS", "ART_MCP_HTTP_SHORTEN"
KEY, KEY_HEADER = "ART_MCP_HTTP_KEY", "ART_MCP_HTTP_KEY_HEADER"
EXAMPLE: Final = (
    "Set it to the complete address of the embeddings endpoint, such as http://127.0.0.1:8000/v1/embeddings."
)

_NONE_SO_FAR: Final = "refused the call, and has not accepted any like it yet"
SERVICE: Final = Service(
    name="The embedding service",
    address=URL,
    unproven=(
        ErrorRule(
            (400, 422),
            _NONE_SO_FAR,
            f"Check {DIMENSIONS} and {SHORTEN}: not every model can shorten its vectors.",
            r"matryoshka|dimension",
        ),
        ErrorRule(
            (400, 422),
            _NONE_SO_FAR,
            f"{MODEL} or {DIALECT} is probably wrong: check that the model accepts pictures and texts in this dialect.",
        ),
    ),
    rules=(
        ErrorRule(
            (402, 403, 429),
            "has no calls left for your account",
            "Resume {then}, or check your account with the service.",
            r"insufficient.{0,9}(quota|balance|credit|fund)|(calls|requests) ?(/|per) ?month|monthly",
        ),
        BUSY,
        ErrorRule(
            (401,),
            "requires a valid key",
            f"Check {KEY}, and that {KEY_HEADER} is the header that the service expects it in.",
        ),
        ErrorRule((402,), "requires payment", "Check your account with the service."),
        ErrorRule((403,), "does not permit this call", f"Check {KEY} and its permissions."),
        ErrorRule((404,), "has nothing at this address, or does not have this model", f"Check {URL} and {MODEL}."),
        ErrorRule((400, 413, 415, 422), "refused this input", LEAVE_OUT, fault=Fault.INPUT),
        *on_the_way(URL),
        ErrorRule(range(400, 500), "refused the call", f"Check {URL} and {DIALECT}."),
        ErrorRule(
            (501, 505),
            "does not support this call",
            f"Check {DIALECT}, and that {URL} makes embeddings.",
        ),
        FAILED,
    ),
    codes={
        "BadRequestError": 400,
        "invalid_request_error": 400,
        "invalid_api_key": 401,
        "NotFoundError": 404,
        "insufficient_quota": 429,
        "rate_limit_exceeded": 429,
    },
    trace={"request": "x-request-id"},
)


class HttpClient(Client):
    """A client of one embedding service.

    Args:
        url: the complete address of its embeddings endpoint.
        key: None for a service that requires none.
        dialect: a key of `DIALECTS`.
        model: the model's name in the service.
        dimensions: the length of its vectors.
        shorten: whether to request vectors of this length, which only some models support.
        key_header: the header that carries the key; in `Authorization`, it is sent as a bearer token.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the address or the key is malformed.
    """

    calls_in_flight = 8
    """Enough for 20 calls per second of 0.4 s each; a server that takes 3 s per call still meets the deadline."""
    probe_is_free = False

    def __init__(
        self,
        url: str,
        key: SecretStr | None,
        *,
        dialect: str,
        model: str,
        dimensions: int,
        shorten: bool = False,
        key_header: str = "Authorization",
        deadline: float = DEADLINE_S,
    ) -> None:
        address = checked_address(url, URL, EXAMPLE)
        if "#" in address.rest or address.rest.partition("?")[0] in ("", "/"):
            raise VisionError(f"{URL} is not a complete address.", EXAMPLE)
        login = ApiKey(key, key_header, KEY, "the service")
        # With the dialect, since services prompt the model differently; without the host, which changes no vector.
        space = Space(Leg.PIXELS, "http", model, f"{dialect}.{dimensions}.{PREPROCESSING}", dimensions)
        super().__init__(SERVICE, address.host, login, space, deadline=deadline)
        self._url = address.origin + address.rest
        self._dialect = DIALECTS[dialect]
        self._shorten = shorten

    @property
    def described(self) -> str:
        space, host = self.space, self.transport.host
        return f"{SERVICE.name} at {host} ({space.model}, {space.dimensions} dimensions, dialect {self._dialect.name})"

    def as_read(self, text: str) -> str:
        """The whole text: how much of it counts depends on the model."""
        return text.strip()

    async def probe(self) -> None:
        """Embed a picture that every service accepts. Raises `VisionError`."""
        await self.image_vector(await anyio.to_thread.run_sync(harmless))

    async def _post_image(self, file: bytes) -> Reply:
        return await self._post(self._dialect.of_image(file))

    async def _post_text(self, text: str) -> Reply:
        return await self._post(self._dialect.of_text(text))

    async def _post(self, question: Body) -> Reply:
        length = {self._dialect.shorten: self.space.dimensions} if self._shorten else {}
        body = {"model": self.space.model, **question, **length}
        return await self.transport.post(self._url, json.dumps(body).encode())

    def _values(self, content: dict[str, Any], reply: Reply, odd: Fault) -> object:
        # The model that the reply names is not compared, since some services name a path or an alias.
        try:
            values = self._dialect.vector(content)
        except ValueError as error:
            if reply.words[1]:  # an error with status 200
                raise SERVICE.refusal(reply, proven=odd is Fault.SERVICE) from None
            raise SERVICE.malformed(str(error), reply, odd, f"Check {URL} and {DIALECT}.") from None
        dimensions = self.space.dimensions
        if isinstance(values, list) and (length := len(values)) != dimensions:
            step = f"Set {DIMENSIONS} to {length}."
            if length > dimensions and not self._shorten:
                step = f"Set {SHORTEN} to true if the model can shorten its vectors, else {DIMENSIONS} to {length}."
            raise SERVICE.malformed(f"with {length} numbers instead of {dimensions}", reply, odd, step)
        return values
