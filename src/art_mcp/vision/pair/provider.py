"""The provider for a pulled pair: pixels from its two networks, words from the built-in model.

There is no look space: pictures are compared with pictures in the pixel space, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from art_mcp.space import Leg, PictureEmbedding, Space, Vector
from art_mcp.turns import Turns
from art_mcp.vision.pair.manifest import Manifest
from art_mcp.vision.pair.towers import BATCH, PictureTower, TextTower
from art_mcp.vision.provider import Health, Limits, Provider, Vectors, VisionError

if TYPE_CHECKING:
    from art_mcp.images.picture import Picture


CACHED_QUERIES = 256


class PairProvider:
    """Pixels and words, computed on this machine; a text query never loads the image network.

    Args:
        folder: the folder of the model.
        local: embeds words; not closed with the provider.
    """

    def __init__(self, folder: Path, manifest: Manifest, local: Provider) -> None:
        self._folder, self._manifest, self._local = folder, manifest, local
        self._pictures = PictureTower(folder, manifest)
        self._texts = TextTower(folder, manifest)
        self.spaces: Final[Mapping[Leg, Space]] = {
            Leg.PIXELS: manifest.space,
            Leg.WORDS: local.spaces[Leg.WORDS],
        }
        self.limits: Final = Limits(images_per_call=32, texts_per_call=128, calls_in_flight=2, billed=False)
        self.pixels_background: Final = manifest.logit.background
        # One run at a time of each network, since a run uses all cores that it may.
        self._picture_turn = Turns(1)
        self._text_turn = Turns(1)
        self._embed_text = lru_cache(CACHED_QUERIES)(self._embed_text_uncached)

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        """Pixels (dimensions,) of each picture."""
        made: list[PictureEmbedding] = []
        for start in range(0, len(pictures), BATCH):
            made += await self._picture_turn.run(self._pictures.embed, pictures[start : start + BATCH])
        return made

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Pixels (n, dimensions) and words (n, 384)."""
        import numpy as np

        words = {Leg.WORDS: (await self._local.embed_queries(texts))[Leg.WORDS]}
        try:
            pixels = [await self._text_turn.run(self._embed_text, text) for text in texts]
        except VisionError as error:  # the caller can still search by words
            error.made = words
            raise
        none = np.empty((0, self._manifest.dimensions), np.float32)
        return {Leg.PIXELS: np.stack(pixels) if pixels else none, **words}

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Words (n, 384), from the built-in model."""
        return await self._local.embed_documents(texts)

    async def health(self) -> Health:
        """Whether every file is present and, the first time, intact; loads no network."""
        local = await self._local.health()
        if not local.usable:
            return local
        try:
            await anyio.to_thread.run_sync(lambda: self._intact)
        except VisionError as error:
            return Health(usable=False, detail=str(error))
        made_by = self._manifest.space.made_by
        return Health(usable=True, detail=f"The pulled model ({made_by}) is ready; it needs no network and no key.")

    async def aclose(self) -> None:
        """Nothing to close: the networks are freed with this object."""

    @cached_property
    def _intact(self) -> bool:
        """True; raises `VisionError` if a file is missing or damaged. Kept, since reading them all takes a second."""
        for file in self._manifest.opened(self._folder).values():
            file.check()
        return True

    def _embed_text_uncached(self, text: str) -> Vector:
        vector: Vector = self._texts.embed([text])[0]
        return vector
