"""Any embedding service that speaks one of the usual dialects: a server of one's own, Jina, Cohere, Cohere in Azure.

Whichever it is: of its own words, only a few are known.
"""

from __future__ import annotations

import json
from typing import Any, Final

import anyio.to_thread
from pydantic import SecretStr

from art_mcp.space import Leg, Space
from art_mcp.vision.dialects import DIALECTS, Body
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.client import Client, Kind
from art_mcp.vision.remote.errors import BUSY, FAILED, LEAVE_OUT, ErrorRule, Service, on_the_way
from art_mcp.vision.remote.login import ApiKey
from art_mcp.vision.remote.preparation import PREPROCESSING, harmless
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.remote.transport import DEADLINE_S, checked_address

URL, MODEL, DIALECT = "ART_MCP_HTTP_URL", "ART_MCP_HTTP_MODEL", "ART_MCP_HTTP_DIALECT"
DIMENSIONS, SHORTEN = "ART_MCP_HTTP_DIMENSIONS", "ART_MCP_HTTP_SHORTEN"
KEY, KEY_HEADER = "ART_MCP_HTTP_KEY", "ART_MCP_HTTP_KEY_HEADER"
EXAMPLE: Final = "Set it to the whole address for embeddings, such as http://127.0.0.1:8000/v1/embeddings."

_NONE_SO_FAR: Final = "refuses the call, and has taken none like it so far"
SERVICE: Final = Service(
    name="The embedding service",
    address=URL,
    unproven=(
        ErrorRule(
            (400, 422),
            _NONE_SO_FAR,
            f"Check {DIMENSIONS}, and {SHORTEN}: not every model can be asked for shorter vectors.",
            r"matryoshka|dimension",
        ),
        ErrorRule(
            (400, 422),
            _NONE_SO_FAR,
            f"{MODEL} or {DIALECT} is probably wrong: check that the model takes pictures and texts, in this dialect.",
        ),
    ),
    rules=(
        ErrorRule(
            (402, 403, 429),
            "has no calls left for you",
            "Go on {then}, or see to your account there.",
            r"insufficient.{0,9}(quota|balance|credit|fund)|(calls|requests) ?(/|per) ?month|monthly",
        ),
        BUSY,
        ErrorRule(
            (401,),
            "takes no call without the right key",
            f"Check {KEY}, and that {KEY_HEADER} is the header that it is read from.",
        ),
        ErrorRule((402,), "wants to be paid first", "See to your account there."),
        ErrorRule((403,), "does not allow this", f"Check {KEY}, and what it allows."),
        ErrorRule((404,), "has nothing at this address, or not this model", f"Check {URL} and {MODEL}."),
        ErrorRule((400, 413, 415, 422), "refuses this input", LEAVE_OUT, fault=Fault.INPUT),
        *on_the_way(URL),
        ErrorRule(range(400, 500), "refuses the call", f"Check {URL} and {DIALECT}."),
        ErrorRule((501, 505), "cannot do this", f"Check that {URL} is where embeddings are made, and {DIALECT}."),
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
    """Talks to one embedding service.

    Args:
        url: of its embeddings, with the path.
        key: None for a server that asks for none.
        dialect: one of `DIALECTS`.
        model: its name there.
        dimensions: of its vectors.
        shorten: ask for vectors of this length, which the model must be made for.
        key_header: the header that the key is sent in; `Authorization` makes it a bearer's.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the address or the key cannot be right.
    """

    calls_in_flight = 8
    """Enough for 20 calls a second that take 0.4 s each; a server that takes 3 s still meets the deadline."""
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
            raise VisionError(f"{URL} is not the whole address.", EXAMPLE)
        login = ApiKey(key, header=key_header, variable=KEY, next_step="Copy it again from the service.")
        # The dialect too, since services prompt the model differently; not the host, since a model is one everywhere.
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
        """All of it: how much counts is a matter of the model."""
        return text.strip()

    async def probe(self) -> None:
        """Send a picture that nobody can refuse.

        Raises:
            VisionError: it has no vector.
        """
        await self.image_vector(await anyio.to_thread.run_sync(harmless))

    async def _post_image(self, file: bytes) -> Reply:
        return await self._post(self._dialect.of_image(file))

    async def _post_text(self, text: str) -> Reply:
        return await self._post(self._dialect.of_text(text))

    async def _post(self, question: Body) -> Reply:
        length = {self._dialect.shorten: self.space.dimensions} if self._shorten else {}
        body = {"model": self.space.model, **question, **length}
        return await self.transport.post(self._url, json.dumps(body).encode())

    def _values(self, kind: Kind, content: dict[str, Any], reply: Reply) -> object:
        # Which model it says made the vector is no matter: some answer with a path, or an alias.
        try:
            values = self._dialect.vector(content)
        except ValueError as error:
            if reply.words[1]:  # an error that says it were none
                raise SERVICE.refusal(reply, proven=kind in self.proven) from None
            raise self._odd(str(error), kind, reply, f"Check {URL} and {DIALECT}.") from None
        dimensions = self.space.dimensions
        if isinstance(values, list) and (length := len(values)) != dimensions:
            step = f"Set {DIMENSIONS} to {length}."
            if length > dimensions and not self._shorten:
                step = f"Set {SHORTEN} to true if the model can shorten its vectors, else {DIMENSIONS} to {length}."
            raise self._odd(f"with {length} numbers instead of {dimensions}", kind, reply, step)
        return values

    def _odd(self, what: str, kind: Kind, reply: Reply, next_step: str) -> VisionError:
        """The error of an answer of the wrong form, which is a wrong setting's if no other came so far."""
        if kind in self.proven:
            return SERVICE.malformed(what, reply)
        return SERVICE.malformed(what, reply, Fault.SETUP, next_step)
