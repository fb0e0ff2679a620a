"""The paid provider: Azure AI Vision's multimodal embeddings for pixels, the built-in model for words.

Microsoft ends the service on 25 September 2028, and points to Cohere Embed in Foundry.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Final

import anyio
import anyio.to_thread

from art_mcp.errors import first_error
from art_mcp.space import Leg, Space
from art_mcp.vision.azure.client import DIMENSIONS, Client
from art_mcp.vision.azure.failures import SERVICE, about_input, classify
from art_mcp.vision.azure.login import Credential, EntraLogin, KeyLogin
from art_mcp.vision.provider import Fault, Health, Limits, Provider, Vectors, VisionError
from art_mcp.vision.shared import Shared

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL import Image
    from pydantic import SecretStr

    from art_mcp.images.picture import Picture
    from art_mcp.vision.pacing import Pacer

API_VERSION: Final = "2024-02-01"
MODEL_VERSION: Final = "2023-04-15"
PREPROCESSING: Final = "p1"
"""Of `jpeg`: another file makes another vector, so a change there needs another number here."""
CALLS_IN_FLIGHT = 20
DEADLINE_S = 30.0
MOST_WORDS = 70
CACHED_QUERIES = 1_000
HEALTH_LASTS_S = 60.0
"""Asking counts against the service's rate, so an answer is given again for so long."""

SHORT_SIDE, LONG_SIDE = 50, 1024
LONGEST_SIDE = 15_999
"""The service takes "less than 16000" pixels, and in one of its messages at least 50."""

_log = logging.getLogger(__name__)


class AzureProvider:
    """Pixels by Azure, words on this machine. There is no look: whoever pays for pixels compares pictures by them.

    Args:
        endpoint: of the Azure resource, e.g. `https://NAME.cognitiveservices.azure.com`.
        key: of the resource; None signs in with Entra ID.
        pacer: makes the paid calls, questions before pictures.
        local: embeds words, free of charge; it stays open.
        credential: for Entra ID, instead of azure-identity's default; closed with the provider.
        calls_in_flight: as many as the pacer lets through.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the endpoint or the key cannot be right.
    """

    def __init__(
        self,
        endpoint: str,
        key: SecretStr | None,
        *,
        pacer: Pacer,
        local: Provider,
        credential: Credential | None = None,
        api_version: str = API_VERSION,
        model_version: str = MODEL_VERSION,
        calls_in_flight: int = CALLS_IN_FLIGHT,
        deadline: float = DEADLINE_S,
    ) -> None:
        login = EntraLogin(credential) if key is None else KeyLogin(key)
        self._client = Client(endpoint, login, api_version=api_version, model_version=model_version, deadline=deadline)
        self._pacer = pacer
        self._local = local
        self._limits = Limits(images_per_call=1, texts_per_call=128, calls_in_flight=calls_in_flight, billed=True)
        self._spaces = {
            Leg.PIXELS: Space(Leg.PIXELS, "azure", "vision", f"{model_version}.{PREPROCESSING}", DIMENSIONS),
            Leg.WORDS: local.spaces[Leg.WORDS],
        }
        self._questions: Shared[str, NDArray[np.float32]] = Shared(CACHED_QUERIES)
        self._health: tuple[float, Health] | None = None

    @property
    def spaces(self) -> Mapping[Leg, Space]:
        return self._spaces

    @property
    def limits(self) -> Limits:
        return self._limits

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> Mapping[Leg, Vectors]:
        """Pixels (n, 1024), by a paid call for each picture."""
        vectors = []
        for picture in pictures:
            file = await anyio.to_thread.run_sync(jpeg, picture.image)
            await self._client.open()
            vectors.append(await self._pacer.call(partial(self._client.image_vector, file), urgent=urgent))
        return {Leg.PIXELS: _rows(vectors)}

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Pixels (n, 1024), by a paid call for each text that is not remembered, and words (n, 384).

        For pixels, only the first 70 words count: see `shortened`.
        """
        pixels: dict[int, NDArray[np.float32]] = {}
        words: dict[Leg, Vectors] = {}

        async def embed_pixels(index: int, text: str) -> None:
            send = partial(self._client.text_vector, text)
            pixels[index] = await self._questions.get(text, partial(self._pacer.call, send, urgent=True))

        async def embed_words() -> None:
            words[Leg.WORDS] = (await self._local.embed_queries(texts))[Leg.WORDS]

        sent = [_sent(text) for text in texts]
        try:
            async with anyio.create_task_group() as group:
                group.start_soon(embed_words)
                for index, text in enumerate(sent):
                    group.start_soon(embed_pixels, index, text)
        except BaseExceptionGroup as errors:
            error = first_error(errors)
            if isinstance(error, VisionError):  # words can be asked for without Azure
                await embed_words()
                error.made = words
            raise error from None
        return {Leg.PIXELS: _rows([pixels[index] for index in range(len(sent))]), **words}

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Words (n, 384), made on this machine."""
        return {Leg.WORDS: (await self._local.embed_documents(texts))[Leg.WORDS]}

    async def health(self) -> Health:
        """Whether the service answers and takes the login; asked without a paid call, at most once a minute."""
        now = anyio.current_time()
        if self._health is None or now >= self._health[0]:
            local = await self._local.health()
            self._health = (now + HEALTH_LASTS_S, await self._ask_health() if local.usable else local)
        return self._health[1]

    async def aclose(self) -> None:
        """Close the connections and the login."""
        await self._client.aclose()

    async def _ask_health(self) -> Health:
        client = self._client
        called = f"{SERVICE} at {client.host} (model {client.model_version}, signed in {client.login.name})"
        try:
            reply = await client.ask_nothing()
        except VisionError as error:
            return Health(usable=False, detail=f"{called} cannot be used: {error}")
        if reply.status == 200 or about_input(reply.status, reply.body):
            return Health(usable=True, detail=f"{called} is ready; words are embedded on this machine.")
        error = classify(reply.status, reply.body, reply.headers)
        if error.fault is Fault.BUSY:
            return Health(usable=True, detail=f"{called} is ready but busy: {error}")
        return Health(usable=False, detail=f"{called} cannot be used: {error}")


def shortened(text: str) -> tuple[str, bool]:
    """The first 70 words of a text, which is what Azure takes, and whether there were more."""
    words = text.split()
    return (text, False) if len(words) <= MOST_WORDS else (" ".join(words[:MOST_WORDS]), True)


def jpeg(image: Image.Image) -> bytes:
    """The file that is sent for an RGB picture: at most 1024 pixels a side, unless the shorter one had less than
    50 then; a strip that is too long for that stands on white. Blocking.
    """
    from PIL import Image

    longer, shorter = max(image.size), min(image.size)
    scale = min(max(min(1.0, LONG_SIDE / longer), SHORT_SIDE / shorter), LONGEST_SIDE / longer)
    size = max(1, round(image.width * scale)), max(1, round(image.height * scale))
    if size != image.size:
        image = image.resize(size, Image.Resampling.LANCZOS)
    canvas = max(SHORT_SIDE, size[0]), max(SHORT_SIDE, size[1])
    if canvas != size:
        strip, image = image, Image.new("RGB", canvas, "white")
        image.paste(strip, ((canvas[0] - size[0]) // 2, (canvas[1] - size[1]) // 2))
    file = BytesIO()
    image.save(file, "JPEG", quality=90, comment=b"")  # the comment of a JPEG would be handed on
    return file.getvalue()


def _sent(text: str) -> str:
    short, cut = shortened(text)
    if not short.strip():
        raise VisionError("The text is empty.", "Say what the picture shows.", fault=Fault.INPUT)
    if cut:
        _log.info("A question has more than %d words; Azure reads the first.", MOST_WORDS)
    return short


def _rows(vectors: Sequence[NDArray[np.float32]]) -> Vectors:
    import numpy as np

    return np.stack(vectors) if vectors else np.empty((0, DIMENSIONS), np.float32)
