"""A provider that is replaced while calls may still be using it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager
from typing import TYPE_CHECKING

import anyio

from art_mcp import steps
from art_mcp.background.cosines import Background
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.vision.provider import Health, Limits, Provider, Vectors, VisionError

if TYPE_CHECKING:
    from art_mcp.images.picture import Picture


class RetiredError(VisionError):
    """The provider has been replaced and accepts no more calls."""


class RetiringProvider:
    """Forwards all calls until it is retired; then calls that are under way can finish, and no others begin."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._calls = 0
        self._retired = False

    @property
    def spaces(self) -> Mapping[Leg, Space]:
        return self._provider.spaces

    @property
    def limits(self) -> Limits:
        return self._provider.limits

    @property
    def pixels_background(self) -> Background | None:
        return self._provider.pixels_background

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        async with self._call():
            if not urgent:  # of a load, which may have a million
                return await self._provider.embed_images(pictures)
            with self._step("art_mcp.pictures", len(pictures), Leg.PIXELS, Leg.LOOK):
                return await self._provider.embed_images(pictures, urgent=True)

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        async with self._call():
            with self._step("art_mcp.texts", len(texts), Leg.PIXELS, Leg.WORDS):
                return await self._provider.embed_queries(texts)

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        async with self._call():
            return await self._provider.embed_documents(texts)

    async def health(self) -> Health:
        async with self._call():
            return await self._provider.health()

    async def retire(self) -> None:
        """Accept no more calls, and close the provider as soon as none is under way."""
        self._retired = True
        await self._close_if_idle()

    async def aclose(self) -> None:
        """Close the provider at once."""
        await self._provider.aclose()

    @asynccontextmanager
    async def _call(self) -> AsyncIterator[None]:
        if self._retired:
            raise RetiredError("The pictures of this database have been moved to another model.", "Try again.")
        self._calls += 1
        try:
            yield
        finally:
            self._calls -= 1
            await self._close_if_idle()

    def _step(self, what: str, number: int, *legs: Leg) -> AbstractContextManager[object]:
        spaces = [self.spaces[leg] for leg in legs if leg in self.spaces]
        provider, model = (spaces[0].provider, spaces[0].model) if spaces else ("", "")
        attributes: steps.Attributes = {
            "gen_ai.operation.name": "embeddings",
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
            "art_mcp.spaces": [space.name for space in spaces],
            what: number,
        }
        return steps.step(f"embeddings {model}", attributes)

    async def _close_if_idle(self) -> None:
        if self._retired and not self._calls:
            with anyio.CancelScope(shield=True):
                await self._provider.aclose()
