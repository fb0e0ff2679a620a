"""The built-in provider, which needs no network and no key and costs nothing.

A frozen image network (MobileNetV2) and a frozen sentence network (MiniLM) each have a small trained head that leads
into one common space, the bridge. `models/MODEL_CARD.md` says how well that works and where it fails.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from art_mcp.installation import REINSTALL
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.tasks import task_group
from art_mcp.turns import Turns
from art_mcp.vision import sentence
from art_mcp.vision.onnx import release_memory, start_session, threads
from art_mcp.vision.provider import Health, Limits, Vectors, VisionError
from art_mcp.vision.sentence import SentenceNetwork
from art_mcp.vision.weights import MODELS, ModelFile, read_manifest

if TYPE_CHECKING:
    from PIL import Image

    from art_mcp.images.picture import Picture
    from art_mcp.vision.onnx import InferenceSession, RunOptions


SPACES: Final[Mapping[Leg, Space]] = MappingProxyType(
    {
        Leg.PIXELS: Space(Leg.PIXELS, "local", "bridge", "2", 256),
        Leg.WORDS: Space(Leg.WORDS, "local", "minilm", "1", sentence.DIMENSIONS),
        Leg.LOOK: Space(Leg.LOOK, "local", "mobilenetv2", "1", 1280),
    }
)
SIDE = 224
IMAGE_BATCH = 2
"""Pictures per run of the network, on one thread. Several runs at a time take less of the processor than one run of
more pictures on several threads, which wait for one another. After each run, of about 20 ms, others proceed."""
CACHED_QUERIES = 256


class ImageNetwork:
    """MobileNetV2 with the bridge's image head, in one file that is loaded at first use. Blocking, and thread-safe."""

    def __init__(self, models: Path = MODELS) -> None:
        self.file = ModelFile(models / "image.onnx", "image.onnx", read_manifest(models).get("image.onnx"), REINSTALL)
        self._loading = Lock()

    @cached_property
    def _session(self) -> InferenceSession:
        # A run needs up to 40 MB; allocating them for each run would nearly double its time.
        return start_session(self.file, arena=True, per_run=1)

    @cached_property
    def _last_run(self) -> RunOptions:
        return release_memory()

    def embed(self, pictures: Sequence[Picture]) -> list[PictureEmbedding]:
        """Pixels (256,) and look (1280,) of each picture, of whatever size. Raises `VisionError`."""
        import numpy as np

        batch = np.stack([np.asarray(_squash(image), np.uint8) for image in (picture.image for picture in pictures)])
        # A full batch is usually followed by another one; after any other batch, the session frees its memory.
        options = None if len(pictures) == IMAGE_BATCH else self._last_run
        with self._loading:
            session = self._session
        pixels, look = session.run(["pixels", "look"], {"image": batch}, options)
        return [
            PictureEmbedding(
                picture.sha256,
                hashlib.sha256(batch[place]).digest(),
                {SPACES[Leg.PIXELS]: pixels[place], SPACES[Leg.LOOK]: look[place]},
            )
            for place, picture in enumerate(pictures)
        ]


def _squash(image: Image.Image) -> Image.Image:
    """Resize to 224 x 224 without cropping: the edge of a painting matters, its proportions hardly do."""
    from PIL import Image

    # `reducing_gap` halves the time for large pictures; the cosine with vectors made without it is 0.9999.
    return image.resize((SIDE, SIDE), Image.Resampling.BICUBIC, reducing_gap=2.0)


class LocalProvider:
    """Pixels, words and look, computed on this machine.

    The two networks are loaded separately, when they are first needed: a text query never loads the image network.
    Each runs in worker threads, on a few cores: one batch of texts, and a batch of pictures on each core.

    Args:
        models: the folder with the model files and their checksums.
        sentence_package: the installed package that contains the sentence network.
    """

    spaces: Mapping[Leg, Space] = SPACES
    limits = Limits(images_per_call=32, texts_per_call=128, calls_in_flight=2, billed=False)
    pixels_background = None
    """Known better: see `art_mcp.background`."""

    def __init__(self, models: Path = MODELS, sentence_package: str = sentence.PACKAGE) -> None:
        self._images = ImageNetwork(models)
        self._sentences = SentenceNetwork(models, sentence_package)
        # As many runs at a time as there are cores that they may use; separately for each network, so that a query
        # does not wait for the pictures of an ingestion.
        self._image_turns = Turns(threads())
        self._sentence_turn = Turns(1)
        self._embed_query = lru_cache(CACHED_QUERIES)(self._embed_query_uncached)

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        """Pixels (256,) and look (1280,) of each picture."""
        made: dict[int, list[PictureEmbedding]] = {}

        async def embed(start: int) -> None:
            batch = pictures[start : start + IMAGE_BATCH]
            made[start] = await self._image_turns.run(self._images.embed, batch)

        async with task_group() as batches:
            for start in range(0, len(pictures), IMAGE_BATCH):
                batches.start_soon(embed, start)
        return [each for start in sorted(made) for each in made[start]]

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Pixels (n, 256) and words (n, 384), from one run of the sentence network."""
        parts = [await self._sentence_turn.run(self._embed_query, text) for text in texts]
        return _joined(parts, Leg.PIXELS, Leg.WORDS)

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        """Words (n, 384)."""
        parts = [
            await self._sentence_turn.run(self._embed_documents, texts[start : start + sentence.BATCH])
            for start in range(0, len(texts), sentence.BATCH)
        ]
        return _joined(parts, Leg.WORDS)

    async def health(self) -> Health:
        """Whether every model file is present and intact; loads no network."""
        try:
            await anyio.to_thread.run_sync(self._check_files)
        except VisionError as error:
            return Health(usable=False, detail=str(error))
        return Health(usable=True, detail="The built-in model is ready; it needs no network and no key.")

    async def aclose(self) -> None:
        """Nothing to close: the networks are freed with this object."""

    def _embed_query_uncached(self, text: str) -> dict[Leg, Vectors]:
        words = self._sentences.embed([text])
        return {Leg.PIXELS: self._sentences.bridge(words), Leg.WORDS: words}

    def _embed_documents(self, texts: Sequence[str]) -> dict[Leg, Vectors]:
        return {Leg.WORDS: self._sentences.embed(texts)}

    def _check_files(self) -> None:
        for file in [self._images.file, *self._sentences.files]:
            file.read()


def _joined(parts: Sequence[Mapping[Leg, Vectors]], *legs: Leg) -> dict[Leg, Vectors]:
    import numpy as np

    return {
        leg: np.concatenate([np.empty((0, SPACES[leg].dimensions), np.float32), *(part[leg] for part in parts)])
        for leg in legs
    }
