"""Vectors of pictures, none of which is made twice or paid for twice."""

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
"""While one batch is embedded or written, the next is read and decoded; a service is to have calls at any time."""
BATCH = 16
"""Pictures that a worker has at a time."""
EMBEDDED_SIDE = 1024
"""Pixels a side from which vectors are made, at least, whatever size is kept for showing."""

_log = logging.getLogger(__name__)


class PictureVectors:
    """Makes vectors of pictures, by the SHA-256 of the files that they came from.

    Args:
        spaces: those of pictures, which `provider` fills.
    """

    def __init__(self, database: Database, provider: Provider, spaces: Sequence[Space]) -> None:
        self._database = database
        self._provider = provider
        self._spaces = spaces
        # Two workers may hold the same picture under two names.
        self._flights: SingleFlight[tuple[bytes, ...], list[PictureEmbedding]] = SingleFlight(BATCH)

    @property
    def workers(self) -> int:
        """How many are to work on batches of pictures at the same time."""
        return BILLED_WORKERS if self._provider.limits.billed else WORKERS

    @property
    def at_once(self) -> int:
        """How many pictures go into one call."""
        return min(self._provider.limits.images_per_call, BATCH)

    async def known(self, digests: Collection[bytes]) -> dict[bytes, PictureEmbedding]:
        """Those pictures of which the database has a vector in every space, paid for or stored with a painting."""
        there: dict[bytes, dict[Space, Vector]] = {digest: {} for digest in digests}
        for space in self._spaces:
            found = await paintings.vectors_of_pictures(self._database, space, digests)
            if self._provider.limits.billed:
                found |= await paid.find(self._database, space, there.keys() - found.keys())
            for digest, vector in found.items():
                there[digest][space] = vector
        return self._whole(there)

    async def brought(self, digests: Mapping[uuid.UUID, bytes]) -> dict[bytes, PictureEmbedding]:
        """Those pictures whose paintings came without them, but with a vector of them in every space.

        Args:
            digests: of the picture that each painting turns out to have.
        """
        there: dict[bytes, dict[Space, Vector]] = {digest: {} for digest in digests.values()}
        for space in self._spaces:
            for painting_id, vector in (await paintings.vectors_of_unseen(self._database, space, digests)).items():
                there[digests[painting_id]][space] = vector
        return self._whole(there)

    async def make(
        self, pictures: Sequence[Picture], stopped: list[ArtMcpError]
    ) -> dict[bytes, PictureEmbedding | VisionError]:
        """Embed pictures; what is paid for is kept before anything else can fail.

        Args:
            pictures: all different.
            stopped: why nobody makes another call, if something does; calls that are under way end well.

        Returns:
            By SHA-256 the embedding, or why the picture is refused.

        Raises:
            LostError: the database was away; what was made before that is kept.
            ArtMcpError: what has been put into `stopped`, here or elsewhere.
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
                # The calls beside it are paid for, so they go on to their end.
                if error.fault is not Fault.INPUT:
                    stopped.append(error)
                elif len(batch) == 1:
                    made[batch[0].sha256] = error
                else:  # one of them is to blame
                    for picture in batch:
                        await embed([picture])
                return
            except LostError as error:  # so do they while the database is away
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
        """By SHA-256 those that have a vector in every space."""
        return {
            digest: PictureEmbedding(digest, None, vectors)
            for digest, vectors in there.items()
            if len(vectors) == len(self._spaces)
        }


async def read_kept(database: Database, painting: Painting) -> Picture | None:
    """The picture that is kept of a painting, under the digest of its source; None if it has another one now.

    Raises:
        ImageError: it is damaged.
    """
    data = await backfill.kept_picture(database, painting)
    if data is None:
        return None
    name = PurePath(painting.image_name).name
    picture = await anyio.to_thread.run_sync(partial(read_picture, data, name=name, max_side=EMBEDDED_SIDE))
    assert painting.image_sha256 is not None
    return replace(picture, sha256=painting.image_sha256)


async def word_vectors(provider: Provider, sentences: Sequence[str]) -> list[Vector | None]:
    """What catalogues say in the space of words, or None where they are silent."""
    spoken = list(dict.fromkeys(sentence for sentence in sentences if sentence))
    vectors: dict[str, Vector] = {}
    size = provider.limits.texts_per_call
    for start in range(0, len(spoken), size):
        texts = spoken[start : start + size]
        vectors.update(zip(texts, (await provider.embed_documents(texts))[Leg.WORDS], strict=True))
    return [vectors.get(sentence) for sentence in sentences]
