"""Embeds pictures and catalogue text; existing picture vectors are reused, so none is paid for twice."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from art_mcp.errors import ArtMcpError
from art_mcp.images.picture import Picture, read_picture
from art_mcp.painting import Painting
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.store import backfill, paid, paintings
from art_mcp.store.errors import LostError
from art_mcp.tasks import task_group
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.single_flight import SingleFlight

if TYPE_CHECKING:
    from art_mcp.space import Vector
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider

WORKERS, BILLED_WORKERS = 2, 4
"""Concurrent workers per process for a local provider and for a paid service. Two workers let one read and decode a
batch while the other embeds or writes; more keep calls to a service in progress at all times."""
BATCH = 16
"""Number of pictures that a worker processes at a time."""
EMBEDDED_SIDE = 1024
"""Minimum for the longest side, in pixels, to which pictures are decoded for embedding, whatever the display size."""

_log = logging.getLogger(__name__)


class PictureVectors:
    """Finds or makes the embeddings of pictures, keyed by the SHA-256 of their source files.

    Args:
        spaces: the picture spaces that `provider` fills.
    """

    def __init__(self, database: Database, provider: Provider, spaces: Sequence[Space]) -> None:
        self._database = database
        self._provider = provider
        self._spaces = spaces
        # Two workers may have the same picture under two file names at the same time.
        self._flights: SingleFlight[tuple[bytes, ...], list[PictureEmbedding]] = SingleFlight(BATCH)

    @property
    def workers(self) -> int:
        """Number of workers that should process batches of pictures concurrently."""
        return BILLED_WORKERS if self._provider.limits.billed else WORKERS

    @property
    def at_once(self) -> int:
        """Number of pictures per call to the provider."""
        return min(self._provider.limits.images_per_call, BATCH)

    async def known(self, digests: Collection[bytes]) -> dict[bytes, PictureEmbedding]:
        """The embeddings of those pictures that have a vector in every space in the database.

        Vectors of stored paintings and vectors that were paid for but not yet stored with a painting both count.
        """
        there: dict[bytes, dict[Space, Vector]] = {digest: {} for digest in digests}
        for space in self._spaces:
            found = await paintings.vectors_of_pictures(self._database, space, digests)
            if self._provider.limits.billed:
                found |= await paid.find(self._database, space, there.keys() - found.keys())
            for digest, vector in found.items():
                there[digest][space] = vector
        return self._whole(there)

    async def brought(self, digests: Mapping[uuid.UUID, bytes]) -> dict[bytes, PictureEmbedding]:
        """The embeddings of those pictures whose paintings were imported without a picture but with all its vectors.

        Args:
            digests: SHA-256 of each painting's picture, by painting id.
        """
        there: dict[bytes, dict[Space, Vector]] = {digest: {} for digest in digests.values()}
        for space in self._spaces:
            for painting_id, vector in (await paintings.vectors_of_unseen(self._database, space, digests)).items():
                there[digests[painting_id]][space] = vector
        return self._whole(there)

    async def make(
        self, pictures: Sequence[Picture], stopped: list[ArtMcpError]
    ) -> dict[bytes, PictureEmbedding | VisionError]:
        """Embed pictures and save each paid embedding as soon as it arrives.

        Args:
            pictures: without duplicates.
            stopped: reasons to make no more calls, shared by all workers; this method may add one. Calls in progress
                are completed.

        Returns:
            The embedding of each picture, or the error that refuses it, by SHA-256.

        Raises:
            LostError: the database was unreachable; embeddings saved before are kept.
            ArtMcpError: the first reason in `stopped`.
        """
        made: dict[bytes, PictureEmbedding | VisionError] = {}
        lost: list[LostError] = []

        async def embed(batch: Sequence[Picture]) -> None:
            if stopped or lost:
                return
            try:
                embeddings = await self._flights.get(
                    tuple(picture.sha256 for picture in batch), partial(self._provider.embed_images, batch)
                )
            except VisionError as error:
                # Do not raise here: concurrent calls are paid for and must be completed.
                if error.fault is not Fault.INPUT:
                    stopped.append(error)
                elif len(batch) == 1:
                    made[batch[0].sha256] = error
                else:  # find the picture at fault
                    for picture in batch:
                        await embed([picture])
                return
            except LostError as error:  # concurrent calls are completed here, too
                lost.append(error)
                return
            for picture, embedding in zip(batch, embeddings, strict=True):
                if embedding.sha256 != picture.sha256:
                    raise RuntimeError("The provider returned the embedding of another picture.")
                made[picture.sha256] = embedding.within(self._spaces)
                _log.debug(
                    "Picture %s was embedded from %s.", picture.sha256.hex(), (embedding.sent_sha256 or b"").hex()
                )
                if self._provider.limits.billed:
                    with anyio.CancelScope(shield=True):
                        await paid.keep(self._database, embedding.within(self._spaces))

        async with task_group() as calls:
            for start in range(0, len(pictures), self.at_once):
                calls.start_soon(embed, pictures[start : start + self.at_once])
        if stopped or lost:
            raise (stopped or lost)[0]
        return made

    def _whole(self, there: Mapping[bytes, Mapping[Space, Vector]]) -> dict[bytes, PictureEmbedding]:
        """The embeddings of the pictures that have a vector in every space, by SHA-256."""
        return {
            digest: PictureEmbedding(digest, None, vectors)
            for digest, vectors in there.items()
            if len(vectors) == len(self._spaces)
        }


async def read_kept(database: Database, painting: Painting) -> Picture | None:
    """Decode a painting's display rendition; its `sha256` is set to that of the source file.

    Returns:
        The picture, or None if it was removed or replaced in the database since `painting` was read.

    Raises:
        ImageError: the rendition is damaged.
    """
    data = await backfill.kept_picture(database, painting)
    if data is None:
        return None
    name = PurePath(painting.image_name).name
    picture = await anyio.to_thread.run_sync(partial(read_picture, data, name=name, max_side=EMBEDDED_SIDE))
    assert painting.image_sha256 is not None
    return replace(picture, sha256=painting.image_sha256)


async def word_vectors(provider: Provider, sentences: Sequence[str]) -> list[Vector | None]:
    """Embed the text of catalogue entries; None for an empty text."""
    unique = list(dict.fromkeys(sentence for sentence in sentences if sentence))
    vectors: dict[str, Vector] = {}
    size = provider.limits.texts_per_call
    for start in range(0, len(unique), size):
        texts = unique[start : start + size]
        vectors.update(zip(texts, (await provider.embed_documents(texts))[Leg.WORDS], strict=True))
    return [vectors.get(sentence) for sentence in sentences]
