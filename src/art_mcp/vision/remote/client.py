"""A client of an embedding service: what all vendors have in common, and the checks of the vectors."""

from __future__ import annotations

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import StrEnum
from typing import Any, ClassVar, Final

from art_mcp.background.cosines import Background
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
        service: makes the errors.
        host: the service's host.
        login: authenticates the calls; closed with the client.
        space: the space of the vectors.
        deadline: seconds for one attempt.
        proven: the initial value of the attribute.
    """

    calls_in_flight: ClassVar[int]
    """How many calls may be made at the same time, not counting searches."""
    probe_is_free: ClassVar[bool]
    """Whether `probe` is never billed; if not, it counts as a paid call."""
    background: ClassVar[Background | None] = None
    """Cosines of texts with pictures that do not fit; None if unknown."""

    def __init__(
        self, service: Service, host: str, login: Login, space: Space, *, deadline: float, proven: Iterable[Kind] = ()
    ) -> None:
        self.service: Final = service
        self.space: Final = space
        self.transport: Final = Transport(service, host, login, deadline=deadline)
        self.proven: Final = set(proven)
        """Kinds of input that the service has accepted, which shows that the settings are right for them."""

    @property
    @abstractmethod
    def described(self) -> str:
        """The service with its host and model, as the subject of a sentence about its health."""

    @abstractmethod
    def as_read(self, text: str) -> str:
        """The part of a query that the service reads; queries with the same part share one call."""

    async def open(self) -> None:
        """Prepare the HTTP client, before a call is permitted."""
        await self.transport.open()

    async def image_vector(self, file: bytes) -> Vector:
        """Embed a JPEG with one paid call; the vector is read-only.

        Raises:
            UnprovenError: the picture was refused, as was every picture before it.
            VisionError: the call failed for another reason.
        """
        return self._vector(Kind.IMAGE, await self._post_image(file))

    async def text_vector(self, text: str) -> Vector:
        """Embed a query with one paid call; the vector is read-only. Raises `VisionError`."""
        return self._vector(Kind.TEXT, await self._post_text(text))

    @abstractmethod
    async def probe(self) -> None:
        """Make one call that succeeds if the service works and is set up correctly; otherwise raise `VisionError`."""

    async def aclose(self) -> None:
        """Close the connections and the login."""
        await self.transport.aclose()

    @abstractmethod
    async def _post_image(self, file: bytes) -> Reply: ...

    @abstractmethod
    async def _post_text(self, text: str) -> Reply: ...

    @abstractmethod
    def _values(self, content: dict[str, Any], reply: Reply, odd: Fault) -> object:
        """The vector in a reply, unchecked. Raises `VisionError` if the reply shows another mistake.

        Args:
            content: the reply's JSON object.
            odd: the fault if the reply has an unexpected form: that of a wrong setting until a good reply has come.
        """

    def _vector(self, kind: Kind, reply: Reply) -> Vector:
        proven = kind in self.proven
        if reply.status != 200:
            raise self.service.refusal(reply, proven=proven)
        odd = Fault.SERVICE if proven else Fault.SETUP
        content = self._content(reply, odd)
        if content.get("error"):
            raise self.service.refusal(reply, proven=proven)
        values, dimensions = self._values(content, reply, odd), self.space.dimensions
        if not isinstance(values, list) or not values:
            raise self.service.malformed("without a vector", reply)
        if len(values) != dimensions:
            raise self.service.malformed(f"with {len(values)} numbers instead of {dimensions}", reply)
        if (vector := _unit(values)) is None:
            raise self.service.malformed("with a vector that is zero, infinite or not numeric", reply)
        self.proven.add(kind)
        return vector

    def _content(self, reply: Reply, odd: Fault) -> dict[str, Any]:
        """The JSON object in a reply. Raises `VisionError`, with the fault `odd` if the reply holds something else."""
        content_type = reply.headers.get("content-type", "")
        if "json" not in content_type:
            raise self.service.malformed(f"with “{reply.said(content_type)[:60]}” instead of JSON", reply, odd)
        try:
            content = json.loads(reply.body)
        except (ValueError, RecursionError):
            raise self.service.malformed("with invalid or oversized JSON", reply) from None
        if not isinstance(content, dict):
            raise self.service.malformed("without a vector", reply, odd)
        return content


def _unit(values: list[object]) -> Vector | None:
    """The values scaled to unit length, as a read-only array; None if that is impossible."""
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
    unit.setflags(write=False)  # callers share it through the cache
    return unit
