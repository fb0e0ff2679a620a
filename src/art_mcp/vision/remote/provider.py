"""The provider for a service on the network: pixels from the service, words from the built-in model.

There is no look space: pictures are compared by the vectors that were paid for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from art_mcp.space import Leg, PictureEmbedding, Space, Vector
from art_mcp.tasks import task_group
from art_mcp.vision.pacing import Pacer
from art_mcp.vision.provider import Fault, Health, Limits, Provider, Vectors, VisionError
from art_mcp.vision.remote.client import Client, Kind
from art_mcp.vision.remote.errors import UnprovenError
from art_mcp.vision.remote.preparation import jpeg
from art_mcp.vision.single_flight import SingleFlight

if TYPE_CHECKING:
    from art_mcp.images.picture import Picture

CACHED_QUERIES = 1_000
HEALTH_LASTS_S = 60.0
"""How long a health report is reused, in seconds: asking counts against the service's rate limit."""
TRIAL_TEXT: Final = "a painting"


class RemoteProvider:
    """Embeds pictures and queries with a client, as fast as the pacer permits, and caches queries.

    Args:
        client: closed with the provider.
        pacer: schedules and repeats the paid calls.
        local: embeds words; not closed with the provider.
    """

    def __init__(self, client: Client, *, pacer: Pacer, local: Provider) -> None:
        self.client: Final = client
        pacer.probe = client.probe
        self._pacer = pacer
        self._local = local
        self.limits: Final = Limits(
            images_per_call=1, texts_per_call=128, calls_in_flight=client.calls_in_flight, billed=True
        )
        self.spaces: Final[Mapping[Leg, Space]] = {Leg.PIXELS: client.space, Leg.WORDS: local.spaces[Leg.WORDS]}
        self.pixels_background: Final = client.background
        self._questions: SingleFlight[str, Vector] = SingleFlight(CACHED_QUERIES)
        self._trial: SingleFlight[Kind, None] = SingleFlight(1)
        self._health: tuple[float, Health] | None = None

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        """Pixels (dimensions,) of each picture, with one paid call each."""
        return [await self._embed_image(picture, urgent=urgent) for picture in pictures]

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Pixels (n, dimensions), with one paid call for each text that is not cached, and words (n, 384)."""
        pixels: dict[int, Vector] = {}
        words: dict[Leg, Vectors] = {}

        async def embed_pixels(index: int, text: str) -> None:
            send = partial(self.client.text_vector, text)
            pixels[index] = await self._questions.get(text, partial(self._pacer.call, send, urgent=True))

        async def embed_words() -> None:
            words[Leg.WORDS] = (await self._local.embed_queries(texts))[Leg.WORDS]

        if any(not text.strip() for text in texts):
            raise VisionError("The text is empty.", "Describe what the picture shows.", fault=Fault.INPUT)
        sent = [self.client.as_read(text) for text in texts]
        try:
            async with task_group() as group:
                group.start_soon(embed_words)
                for index, text in enumerate(sent):
                    group.start_soon(embed_pixels, index, text)
        except VisionError as error:  # the caller can still search by words
            await embed_words()
            error.made = words
            raise
        return {Leg.PIXELS: self._rows([pixels[index] for index in range(len(sent))]), **words}

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Words (n, 384), from the built-in model."""
        return {Leg.WORDS: (await self._local.embed_documents(texts))[Leg.WORDS]}

    async def health(self) -> Health:
        """Whether the service responds and accepts the login; asked at most once per minute."""
        now = anyio.current_time()
        if self._health is None or now >= self._health[0]:
            local = await self._local.health()
            self._health = (now + HEALTH_LASTS_S, await self._ask_health() if local.usable else local)
        return self._health[1]

    async def aclose(self) -> None:
        """Close the client."""
        await self.client.aclose()

    async def _embed_image(self, picture: Picture, *, urgent: bool) -> PictureEmbedding:
        file = await anyio.to_thread.run_sync(jpeg, picture.image)
        await self.client.open()
        vector = await self._image_vector(file, urgent=urgent)
        return PictureEmbedding(picture.sha256, hashlib.sha256(file).digest(), {self.spaces[Leg.PIXELS]: vector})

    async def _image_vector(self, file: bytes, *, urgent: bool) -> Vector:
        send = partial(self._pacer.call, partial(self.client.image_vector, file), urgent=urgent)
        try:
            return await send()
        except UnprovenError:
            # Either the picture or the settings are at fault; if the settings are, this raises.
            await self._try_picture(urgent=urgent)
        return await send()

    async def _try_out(self) -> None:
        """Raise `VisionError` if calls cannot be made now.

        If the client's probe is not free, this embeds a text and, unless one has succeeded before, a picture.
        """
        if self.client.probe_is_free:
            return await self.client.probe()
        await self._pacer.call(partial(self.client.text_vector, TRIAL_TEXT), urgent=True)
        if Kind.IMAGE not in self.client.proven:
            await self._try_picture(urgent=True)

    async def _try_picture(self, *, urgent: bool) -> None:
        """Probe the service; concurrent callers share one call."""
        await self._trial.get(Kind.IMAGE, partial(self._pacer.call, self.client.probe, urgent=urgent))

    async def _ask_health(self) -> Health:
        called = self.client.described
        try:
            await self._try_out()
        except VisionError as error:
            if error.fault is Fault.BUSY:
                return Health(usable=True, detail=f"{called} is ready but busy: {error}")
            return Health(usable=False, detail=f"{called} cannot be used: {error}")
        return Health(usable=True, detail=f"{called} is ready; words are embedded on this machine.")

    def _rows(self, vectors: Sequence[Vector]) -> Vectors:
        import numpy as np

        return np.stack(vectors) if vectors else np.empty((0, self.client.space.dimensions), np.float32)
