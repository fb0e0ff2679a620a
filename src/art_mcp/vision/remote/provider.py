"""Pixels by a paid service, words on this machine.

There is no look: whoever pays for pixels compares pictures by them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

import anyio
import anyio.to_thread

from art_mcp.errors import first_error
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.vision.provider import Fault, Health, Limits, Provider, Vectors, VisionError
from art_mcp.vision.remote.preparation import jpeg
from art_mcp.vision.single_flight import SingleFlight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from art_mcp.images.picture import Picture
    from art_mcp.vision.pacing import Pacer

CACHED_QUERIES = 1_000
HEALTH_LASTS_S = 60.0
"""Asking counts against the service's rate, so an answer is given again for so long."""


class Client(Protocol):
    """Talks to one service, one attempt at a time."""

    @property
    def described(self) -> str:
        """Begins the sentence on its health: the service, its host, the model, who is signed in."""
        ...

    @property
    def space(self) -> Space: ...

    def as_read(self, text: str) -> str:
        """What the service reads of a question; texts of which it reads the same share one call."""
        ...

    async def open(self) -> None:
        """Get ready before a call's turn comes."""
        ...

    async def image_vector(self, file: bytes) -> NDArray[np.float32]:
        """The vector (dimensions,) of a JPEG, in unit length and read-only; one paid call.

        Raises:
            VisionError: whatever happened instead.
        """
        ...

    async def text_vector(self, text: str) -> NDArray[np.float32]:
        """The same of a question."""
        ...

    async def probe(self) -> None:
        """Find out whether the service is well, by one call, unpaid where there is such a one.

        Raises:
            VisionError: it is not.
        """
        ...

    async def aclose(self) -> None: ...


class RemoteProvider:
    """Asks a client for what is not remembered, when the pacer lets it.

    Args:
        client: closed with the provider.
        pacer: makes the paid calls, questions before pictures.
        local: embeds words, free of charge; it stays open.
        calls_in_flight: as many as the pacer lets through.
    """

    def __init__(self, client: Client, *, pacer: Pacer, local: Provider, calls_in_flight: int) -> None:
        self._client = client
        pacer.probe = client.probe
        self._pacer = pacer
        self._local = local
        self._limits = Limits(images_per_call=1, texts_per_call=128, calls_in_flight=calls_in_flight, billed=True)
        self._spaces = {Leg.PIXELS: client.space, Leg.WORDS: local.spaces[Leg.WORDS]}
        self._questions: SingleFlight[str, NDArray[np.float32]] = SingleFlight(CACHED_QUERIES)
        self._health: tuple[float, Health] | None = None

    @property
    def spaces(self) -> Mapping[Leg, Space]:
        return self._spaces

    @property
    def limits(self) -> Limits:
        return self._limits

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        """Pixels (dimensions,) of each picture, by a paid call for each."""
        return [await self._embed_image(picture, urgent=urgent) for picture in pictures]

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Pixels (n, dimensions), by a paid call for each text that is not remembered, and words (n, 384)."""
        pixels: dict[int, NDArray[np.float32]] = {}
        words: dict[Leg, Vectors] = {}

        async def embed_pixels(index: int, text: str) -> None:
            send = partial(self._client.text_vector, text)
            pixels[index] = await self._questions.get(text, partial(self._pacer.call, send, urgent=True))

        async def embed_words() -> None:
            words[Leg.WORDS] = (await self._local.embed_queries(texts))[Leg.WORDS]

        if any(not text.strip() for text in texts):
            raise VisionError("The text is empty.", "Say what the picture shows.", fault=Fault.INPUT)
        sent = [self._client.as_read(text) for text in texts]
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(embed_words)
                for index, text in enumerate(sent):
                    group.start_soon(embed_pixels, index, text)
        except BaseExceptionGroup as errors:
            error = first_error(errors)
            if isinstance(error, VisionError):  # words can be asked for without the service
                await embed_words()
                error.made = words
            raise error from None
        return {Leg.PIXELS: self._rows([pixels[index] for index in range(len(sent))]), **words}

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Words (n, 384), made on this machine."""
        return {Leg.WORDS: (await self._local.embed_documents(texts))[Leg.WORDS]}

    async def health(self) -> Health:
        """Whether the service answers and takes the login, asked at most once a minute."""
        now = anyio.current_time()
        if self._health is None or now >= self._health[0]:
            local = await self._local.health()
            self._health = (now + HEALTH_LASTS_S, await self._ask_health() if local.usable else local)
        return self._health[1]

    async def aclose(self) -> None:
        """Close the client."""
        await self._client.aclose()

    async def _embed_image(self, picture: Picture, *, urgent: bool) -> PictureEmbedding:
        file = await anyio.to_thread.run_sync(jpeg, picture.image)
        await self._client.open()
        vector = await self._image_vector(file, urgent=urgent)
        return PictureEmbedding(picture.sha256, hashlib.sha256(file).digest(), {self._spaces[Leg.PIXELS]: vector})

    async def _image_vector(self, file: bytes, *, urgent: bool) -> NDArray[np.float32]:
        return await self._pacer.call(partial(self._client.image_vector, file), urgent=urgent)

    async def _try_out(self) -> None:
        """Find out whether calls can be made now; raises `VisionError` if not."""
        await self._client.probe()

    async def _ask_health(self) -> Health:
        called = self._client.described
        try:
            await self._try_out()
        except VisionError as error:
            if error.fault is Fault.BUSY:
                return Health(usable=True, detail=f"{called} is ready but busy: {error}")
            return Health(usable=False, detail=f"{called} cannot be used: {error}")
        return Health(usable=True, detail=f"{called} is ready; words are embedded on this machine.")

    def _rows(self, vectors: Sequence[NDArray[np.float32]]) -> Vectors:
        import numpy as np

        return np.stack(vectors) if vectors else np.empty((0, self._client.space.dimensions), np.float32)
