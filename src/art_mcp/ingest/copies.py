"""Finds paintings that are in the database more than once: from two museums, as another scan, crop or file.

The nearest paintings in the space of pictures are candidates; their fingerprints decide (`images/likeness.py`), so no
threshold depends on the model. Everything comes from the database: no picture is downloaded or embedded again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.to_thread

from art_mcp import images
from art_mcp.images.undecoded import ImageError
from art_mcp.normalization import fold
from art_mcp.space import Leg
from art_mcp.store import copies, spaces
from art_mcp.store.copies import Compared, Pair, Uncompared
from art_mcp.store.paintings import BEFORE_ALL
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    import uuid

    from anyio.streams.memory import MemoryObjectSendStream

    from art_mcp.space import Space
    from art_mcp.store.database import Database

PAGE = 64
"""Paintings per transaction: few, so that other processes wait only briefly to compare theirs."""
EDITIONS = re.compile(
    r"\b(etching|engraving|drypoint|mezzotint|aquatint|lithograph|linocut|screenprint|serigraph|woodcut|print|"
    r"photograph|daguerreotype|poster|radierung|holzschnitt|kupferstich|stich|druck|eau-forte|gravure|estampe|foto)",
)
"""Techniques and types of works of which several exist: their impressions look the same, but are not one work."""

Fingerprinted: TypeAlias = tuple[Uncompared, bytes | None]
"""A painting and its fingerprint; None if it has none."""


class Comparison:
    """Compares the paintings of a database that have not been compared yet with all others.

    Several processes can do this at the same time, and an interrupted comparison can be run again.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.total = self.done = 0
        """Number of paintings to compare, and number of those that this run has compared."""

    async def run(self) -> None:
        """Compare them.

        Raises:
            StoreError: the database failed.
        """
        space = await self._space()
        if space is None:
            return
        self.total = await copies.count_uncompared(self._database, space)
        send, receive = anyio.create_memory_object_stream[list[Fingerprinted]]()
        async with task_group() as group, receive:
            group.start_soon(self._read, space, send)
            async for page in receive:
                await self._compare(space, page)
                self.done += len(page)

    async def _space(self) -> Space | None:
        active = {space.leg: space for space in await spaces.active(self._database)}
        return active.get(Leg.LOOK) or active.get(Leg.PIXELS)

    async def _read(self, space: Space, send: MemoryObjectSendStream[list[Fingerprinted]]) -> None:
        """Send pages, each of which is made while the one before it is compared."""
        after = BEFORE_ALL
        async with send:
            while page := await copies.uncompared(self._database, space, after=after, limit=PAGE):
                await send.send(await anyio.to_thread.run_sync(_fingerprinted, page))
                after = page[-1].id

    async def _compare(self, space: Space, page: Sequence[Fingerprinted]) -> None:
        async with copies.comparing(self._database) as connection:
            near = await copies.neighbours(connection, space, [each.id for each, _ in page])
            known = await copies.compared(connection, list({each.id for each, _ in page}.union(*near.values())))
            for each, grey in page:
                if each.id in known:
                    known[each.id] = Compared(grey, known[each.id].artist_words, known[each.id].kind)
            pairs = await anyio.to_thread.run_sync(_pairs, near, known)
            await copies.store(connection, page, pairs, known)


def _fingerprinted(page: Sequence[Uncompared]) -> list[Fingerprinted]:
    made: list[Fingerprinted] = []
    for each in page:
        try:
            made.append((each, images.likeness.fingerprint(images.rendition.opened(each.thumbnail))))
        except ImageError:
            made.append((each, None))
    return made


def _pairs(near: Mapping[uuid.UUID, set[uuid.UUID]], known: Mapping[uuid.UUID, Compared]) -> list[Pair]:
    candidates = {(min(one, other), max(one, other)) for one, others in near.items() for other in others}
    pairs = []
    for one, other in sorted(candidates):
        first, second = known.get(one), known.get(other)
        if not first or not second or not first.grey or not second.grey or not _may_be_one_work(first, second):
            continue
        likeness = images.likeness.likeness(first.grey, second.grey)
        if likeness >= images.likeness.SAME:
            pairs.append(Pair(one, other, likeness))
    return pairs


def _may_be_one_work(one: Compared, other: Compared) -> bool:
    """Whether the catalogue allows it: neither is of an edition, and the artists, if known, share a name.

    The latter also separates paintings for which a source has the same placeholder picture.
    """
    if EDITIONS.search(fold(one.kind)) or EDITIONS.search(fold(other.kind)):
        return False
    return not (one.artist_words and other.artist_words) or bool(
        set(one.artist_words.split()) & set(other.artist_words.split())
    )
