"""The interface of embedding providers: the built-in model, and paid, slow, rate-limited services."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeAlias

from art_mcp.background.cosines import Background
from art_mcp.errors import ArtMcpError
from art_mcp.space import Leg, PictureEmbedding, Space

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from art_mcp.images.picture import Picture


class Fault(StrEnum):
    """Whose fault a failure is, which decides what happens next."""

    INPUT = "input"
    """This picture or text was refused, and would be refused again."""
    BUSY = "busy"
    """Too many calls: all callers wait. The input is not at fault."""
    SERVICE = "service"
    """The service or the connection failed; another try may succeed."""
    SETUP = "setup"
    """No call can succeed until somebody changes a key, an endpoint, a region, a quota or the installation."""


class VisionError(ArtMcpError):
    """Something could not be embedded.

    Args:
        fault: whose fault it is.
        retry_after: how many seconds the service wants no calls for; None if it did not say.
    """

    made: Mapping[Leg, Vectors]
    """The vectors of a query for the legs that did not fail."""

    def __init__(
        self, problem: str, next_step: str, *, fault: Fault = Fault.SETUP, retry_after: float | None = None
    ) -> None:
        super().__init__(problem, next_step)
        self.fault = fault
        self.retry_after = retry_after
        self.made = {}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much one call may contain, and how many calls may be made at the same time."""

    images_per_call: int
    texts_per_call: int
    calls_in_flight: int
    billed: bool
    """Whether calls cost money, so that each vector is stored before anything else can fail."""


@dataclass(frozen=True, slots=True)
class Health:
    """Whether a provider can be used now, with a sentence for people."""

    usable: bool
    detail: str


Vectors: TypeAlias = "NDArray[np.float32]"
"""Shape (n, dimensions), one row of unit length per input, in the order of the input."""


class Provider(Protocol):
    """Embeds pictures and texts in one or more spaces.

    Methods do not block the event loop, can be cancelled at any point, and raise `VisionError` for the whole call.
    Callers pass at most `limits.images_per_call` pictures or `limits.texts_per_call` texts, so the error of a service
    that accepts one picture per call is the error of that picture.
    """

    @property
    def spaces(self) -> Mapping[Leg, Space]: ...

    @property
    def limits(self) -> Limits: ...

    @property
    def pixels_background(self) -> Background | None:
        """Cosines of texts with pictures that do not fit, as the model's maker documents them; None if unknown."""
        ...

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        """Embed pictures for the legs that compare pictures (pixels, look); results are in the order of the input.

        Args:
            urgent: somebody is waiting for the result, as always with queries.
        """
        ...

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Embed search queries for the legs that accept text (pixels, words)."""
        ...

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Embed catalogue entries for the legs that store text (words)."""
        ...

    async def health(self) -> Health:
        """Find out whether the provider can be used now."""
        ...

    async def aclose(self) -> None:
        """Release connections and models; may be called twice."""
        ...
