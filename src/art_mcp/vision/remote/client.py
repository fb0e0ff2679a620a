"""Single attempts at calls to a service: what the clients of all vendors do, and the checks of the vectors."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, Final

from art_mcp.space import Space, Vector
from art_mcp.vision.provider import Fault
from art_mcp.vision.remote.errors import Service
from art_mcp.vision.remote.login import Login
from art_mcp.vision.remote.reply import Reply
from art_mcp.vision.remote.transport import Transport


class Kind(StrEnum):
    """What is embedded."""

    IMAGE = "image"
    TEXT = "text"


class Client(ABC):
    """Makes calls to one service, one attempt each.

    Args:
        service: how errors describe it.
        host: of the service.
        login: closed with the client.
        space: of its vectors.
        deadline: seconds for one attempt.
        proven: kinds of input of which it is known that the settings are right for them.
    """

    calls_in_flight: ClassVar[int]
    """Most calls at a time, besides searches."""
    probe_is_free: ClassVar[bool]
    """Whether `probe` is not billed; else the provider has it made as a paid call."""

    def __init__(
        self, service: Service, host: str, login: Login, space: Space, *, deadline: float, proven: Iterable[Kind] = ()
    ) -> None:
        self.service: Final = service
        self.space: Final = space
        self.transport: Final = Transport(service, host, login, deadline=deadline)
        self.proven: Final = set(proven)
        """Kinds of input that the service has embedded, so that the settings must be right for them."""

    @property
    @abstractmethod
    def described(self) -> str:
        """The service, its host, the model and the login, as the subject of a sentence on its health."""

    @abstractmethod
    def as_read(self, text: str) -> str:
        """The part of a question that the service reads; questions with the same part share one call."""

    async def open(self) -> None:
        """Prepare connections, before a call's turn comes."""
        await self.transport.open()

    async def image_vector(self, file: bytes) -> Vector:
        """The vector of a JPEG, read-only; one paid call.

        Raises:
            UnprovenError: it was refused, as every picture before it.
            VisionError: the call failed otherwise.
        """
        return self._vector(Kind.IMAGE, await self._post_image(file))

    async def text_vector(self, text: str) -> Vector:
        """The vector of a question, likewise."""
        return self._vector(Kind.TEXT, await self._post_text(text))

    @abstractmethod
    async def probe(self) -> None:
        """Make one call that only a service that is not well, or not set up, can fail. Raises `VisionError`."""

    async def aclose(self) -> None:
        """Close the connections and the login."""
        await self.transport.aclose()

    @abstractmethod
    async def _post_image(self, file: bytes) -> Reply: ...

    @abstractmethod
    async def _post_text(self, text: str) -> Reply: ...

    @abstractmethod
    def _values(self, kind: Kind, content: dict[str, Any], reply: Reply) -> object:
        """The vector in a reply, not yet checked. Raises `VisionError`.

        Args:
            content: the JSON object that the reply holds.
        """

    def _vector(self, kind: Kind, reply: Reply) -> Vector:
        proven = kind in self.proven
        if reply.status != 200:
            raise self.service.refusal(reply, proven=proven)
        content = self._content(reply, Fault.SERVICE if proven else Fault.SETUP)
        if content.get("error"):
            raise self.service.refusal(reply, proven=proven)
        values, dimensions = self._values(kind, content, reply), self.space.dimensions
        if not isinstance(values, list) or not values:
            raise self.service.malformed("without a vector", reply)
        if len(values) != dimensions:
            raise self.service.malformed(f"with {len(values)} numbers instead of {dimensions}", reply)
        if (vector := _unit(values)) is None:
            raise self.service.malformed("with a vector that has no direction", reply)
        self.proven.add(kind)
        return vector

    def _content(self, reply: Reply, odd: Fault) -> dict[str, Any]:
        """The JSON object of a reply. Raises `VisionError`, with the fault `odd` if it is something else."""
        content_type = reply.headers.get("content-type", "")
        if "json" not in content_type:
            raise self.service.malformed(f"with “{reply.said(content_type)[:60]}” instead of JSON", reply, odd)
        try:
            content = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise self.service.malformed("with broken or endless JSON", reply) from None
        if not isinstance(content, dict):
            raise self.service.malformed("without a vector", reply, odd)
        return content


def _unit(values: list[object]) -> Vector | None:
    """The values scaled to unit length, as a read-only array; None if they have no direction."""
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
    unit.setflags(write=False)  # it is cached, and several callers share it
    return unit
