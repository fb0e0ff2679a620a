"""The provider for any embedding service."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from art_mcp.vision.http.client import HttpClient, Kind
from art_mcp.vision.http.failures import UnprovenError
from art_mcp.vision.provider import Provider
from art_mcp.vision.remote.provider import RemoteProvider
from art_mcp.vision.single_flight import SingleFlight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from art_mcp.vision.pacing import Pacer

CALLS_IN_FLIGHT = 8
"""Enough for 20 calls a second that take 0.4 s each; a server of one's own that takes 3 s still meets the deadline."""
TRIAL_TEXT: Final = "a painting"


class HttpProvider(RemoteProvider):
    """Pixels (n, dimensions) by a service that speaks one of the dialects.

    Args:
        client: of the service; closed with the provider.
        pacer: makes the calls, questions before pictures.
        local: embeds words; it stays open.
        calls_in_flight: as many as the pacer lets through.
    """

    def __init__(
        self, client: HttpClient, *, pacer: Pacer, local: Provider, calls_in_flight: int = CALLS_IN_FLIGHT
    ) -> None:
        super().__init__(client, pacer=pacer, local=local, calls_in_flight=calls_in_flight)
        self._http = client
        self._trial: SingleFlight[Kind, None] = SingleFlight(1)

    async def _image_vector(self, file: bytes, *, urgent: bool) -> NDArray[np.float32]:
        try:
            return await super()._image_vector(file, urgent=urgent)
        except UnprovenError:
            # Is it this picture, or are the settings wrong? If it is the picture, the others go on without it.
            await self._try_picture(urgent=urgent)
        return await super()._image_vector(file, urgent=urgent)

    async def _try_out(self) -> None:
        """Ask for a text's vector and, unless a picture was taken before, for a picture's; they count as any call."""
        await self._pacer.call(partial(self._http.text_vector, TRIAL_TEXT), urgent=True)
        if Kind.IMAGE not in self._http.proven:
            await self._try_picture(urgent=True)

    async def _try_picture(self, *, urgent: bool) -> None:
        """One call for all who want to know."""
        await self._trial.get(Kind.IMAGE, partial(self._pacer.call, self._http.probe, urgent=urgent))
