"""What every embedding provider offers, be it a local model or a paid, slow, rate-limited service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from art_mcp.errors import ArtMcpError
from art_mcp.space import Leg, PictureEmbedding, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from art_mcp.images.picture import Picture


class Fault(StrEnum):
    """Whose fault it is that an embedding could not be made, and so what to do about it."""

    INPUT = "input"
    """This picture or text is refused; another try would be refused as well."""
    BUSY = "busy"
    """Too many calls: everyone waits, and the input is not to blame."""
    SERVICE = "service"
    """The service or the way to it failed; another try may succeed."""
    SETUP = "setup"
    """No call can succeed until somebody changes something: key, endpoint, region, quota, installation."""


class VisionError(ArtMcpError):
    """An embedding could not be made.

    Args:
        fault: whose fault it is.
        retry_after: seconds in which no call may be made, if the service said so.
    """

    made: Mapping[Leg, Vectors]
    """What could be made of a question all the same, for other legs."""

    def __init__(
        self, problem: str, next_step: str, *, fault: Fault = Fault.SETUP, retry_after: float | None = None
    ) -> None:
        super().__init__(problem, next_step)
        self.fault = fault
        self.retry_after = retry_after
        self.made = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may carry and how many may be in flight; a local model is limited only by the machine."""

    images_per_call: int
    texts_per_call: int
    calls_in_flight: int
    billed: bool
    """A call costs money, so its vector is kept before anything else can fail."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether embeddings can be made now, in a sentence for people."""

    usable: bool
    detail: str


Vectors: TypeAlias = "NDArray[np.float32]"
"""Shape (n, dimensions), every row of unit length, in the order of the input."""


class Provider(Protocol):
    """Makes embeddings for one or more spaces.

    Every method is a coroutine that leaves the event loop free, can be cancelled at any point, and raises
    `VisionError` for the whole call. A caller passes at most `limits.images_per_call` or
    `limits.texts_per_call` inputs, so with a service that takes one picture a call, the error is that
    picture's.
    """

    @property
    def spaces(self) -> Mapping[Leg, Space]: ...

    @property
    def limits(self) -> Limits: ...

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        """The vectors of each picture in each space that takes pictures (pixels, look), in the order of the input.

        Args:
            urgent: somebody waits for the answer, as for that of every query.
        """
        ...

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """What somebody asks, for each leg that takes text (pixels, words)."""
        ...

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """What the catalogue says, for the legs whose documents are text (words)."""
        ...

    async def health(self) -> Health: ...

    async def aclose(self) -> None: ...
