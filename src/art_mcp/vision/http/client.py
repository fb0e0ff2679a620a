"""One attempt at a call to any embedding service: the request, the answer, and whether to believe it."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Final

import anyio.to_thread
from pydantic import SecretStr

from art_mcp.space import Leg, Space
from art_mcp.vision.http.dialects import DIALECTS, Body
from art_mcp.vision.http.failures import (
    DIALECT,
    DIMENSIONS,
    KEY,
    SERVICE,
    SHORTEN,
    UNPROVEN,
    URL,
    UnprovenError,
)
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.preparation import PREPROCESSING, harmless
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.remote.transport import DEADLINE_S, Transport, checked_address, checked_secret
from art_mcp.vision.remote.vector import content_of, unit

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

EXAMPLE: Final = "Set it to the whole address for embeddings, such as http://127.0.0.1:8000/v1/embeddings."
ELSE: Final = f"Check {URL} and {DIALECT}."


class Kind(StrEnum):
    """What is embedded."""

    IMAGE = "image"
    TEXT = "text"


class HttpClient:
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
        self._url = address.origin + address.rest
        self._key = key and SecretStr(checked_secret(key.get_secret_value(), KEY, "Copy it again from the service."))
        self._key_header = key_header
        self._dialect = DIALECTS[dialect]
        self._shorten = shorten
        self.transport: Final = Transport(SERVICE, address.host, deadline=deadline)
        # The dialect too, since services prompt the model differently; not the host, since a model is one everywhere.
        self.space: Final = Space(Leg.PIXELS, "http", model, f"{dialect}.{dimensions}.{PREPROCESSING}", dimensions)
        self.proven: Final[set[Kind]] = set()
        """What the service has taken, so that the settings must be right for it."""

    @property
    def described(self) -> str:
        space, host = self.space, self.transport.host
        return f"{SERVICE.name} at {host} ({space.model}, {space.dimensions} dimensions, dialect {self._dialect.name})"

    def as_read(self, text: str) -> str:
        """All of it: how much counts is a matter of the model."""
        return text.strip()

    async def open(self) -> None:
        await self.transport.open()

    async def image_vector(self, file: bytes) -> NDArray[np.float32]:
        """The vector (dimensions,) of a JPEG, in unit length and read-only; one call.

        Raises:
            UnprovenError: refused, as every picture before it.
            VisionError: whatever else happened instead.
        """
        return await self._ask(Kind.IMAGE, self._dialect.of_image(file))

    async def text_vector(self, text: str) -> NDArray[np.float32]:
        """The same of a text."""
        return await self._ask(Kind.TEXT, self._dialect.of_text(text))

    async def probe(self) -> None:
        """Send a picture that nobody can refuse.

        Raises:
            VisionError: it has no vector.
        """
        await self.image_vector(await anyio.to_thread.run_sync(harmless))

    async def aclose(self) -> None:
        """Close the connections."""
        await self.transport.aclose()

    async def _ask(self, kind: Kind, question: Body) -> NDArray[np.float32]:
        length = {self._dialect.shorten: self.space.dimensions} if self._shorten else {}
        body = json.dumps({"model": self.space.model, **question, **length}).encode()
        secret = self._key.get_secret_value() if self._key else ""
        sent = f"Bearer {secret}" if self._key_header.lower() == "authorization" else secret
        headers = {self._key_header: sent} if secret else {}
        reply = await self.transport.post(self._url, body, secret=secret, headers=headers)
        vector = self._vector(kind, reply)
        self.proven.add(kind)
        return vector

    def _vector(self, kind: Kind, reply: Reply) -> NDArray[np.float32]:
        # Which model it says made the vector is no matter: some answer with a path, or an alias.
        if reply.status != 200:
            raise self._refusal(kind, reply)
        content = content_of(reply, SERVICE, Fault.SERVICE if kind in self.proven else Fault.SETUP)
        if content.get("error"):
            raise self._refusal(kind, reply)
        dimensions = self.space.dimensions
        try:
            values = self._dialect.vector(content)
        except ValueError as error:
            refused = bool(reply.words[1])  # an error that says it were none
            raise self._refusal(kind, reply) if refused else self._odd(str(error), kind, reply, ELSE) from None
        if isinstance(values, list) and len(values) != dimensions:
            what = f"with {len(values)} numbers instead of {dimensions}"
            raise self._odd(what, kind, reply, self._other_length(len(values)))
        return unit(values, dimensions, reply, SERVICE)

    def _other_length(self, length: int) -> str:
        if length > self.space.dimensions and not self._shorten:
            return f"Set {SHORTEN} to true if the model can shorten its vectors, else {DIMENSIONS} to {length}."
        return f"Set {DIMENSIONS} to {length}."

    def _odd(self, what: str, kind: Kind, reply: Reply, next_step: str) -> VisionError:
        """The error of an answer of the wrong form, which is a wrong setting's if no other came so far."""
        if kind in self.proven:
            return SERVICE.malformed(what, reply)
        return SERVICE.malformed(what, reply, Fault.SETUP, next_step)

    def _refusal(self, kind: Kind, reply: Reply) -> VisionError:
        first = () if kind in self.proven else UNPROVEN
        error = SERVICE.refusal(reply, first)
        return UnprovenError(error.problem, error.next_step) if SERVICE.meaning(reply, first) in first else error
