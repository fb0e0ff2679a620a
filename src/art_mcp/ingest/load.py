"""Stores paintings that bring their vectors along, from an archive or from a table; nothing is embedded or paid for."""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import anyio
import anyio.to_thread

from art_mcp.errors import ArtMcpError
from art_mcp.ingest.sources import Refusal
from art_mcp.space import Leg, Space
from art_mcp.store import archive, backfill, leases, space_migration, spaces, vector_index
from art_mcp.store.paintings import Entry
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectSendStream

    from art_mcp.store.database import Database

Batch: TypeAlias = Sequence[Entry | Refusal]

MANY = 2_000
"""From this many vectors on, the index is built after they are loaded."""
ROWS, BYTES = 1_024, 32 << 20
"""Most rows that are in memory together, and about the most bytes."""


class ImportFailed(ArtMcpError):
    """What is to be imported cannot be, as a whole; a single bad row is a `Refusal` instead."""


class Bundle(ABC):
    """Paintings from somewhere, with their vectors."""

    total: int
    """Number of rows, refused ones included."""
    collections: Sequence[str]
    """The names that their collections have here."""
    active: Sequence[Space]
    """The spaces in which they are to be searched."""
    vectors: Mapping[Space, int]
    """About how many there are of each space."""
    assumed: str | None = None
    """What it does not say about itself, and is taken for granted; a sentence for people."""

    @abstractmethod
    def entries(self) -> Iterator[tuple[str, Entry | str]]:
        """What people call each row, and its painting or why it is refused. Blocks."""

    async def batches(self) -> AsyncIterator[Batch]:
        """All rows once, a few at a time, so that memory does not grow with their number."""
        rows = _unique(self.entries())
        while batch := await anyio.to_thread.run_sync(_batch, rows):
            yield batch


def _unique(rows: Iterator[tuple[str, Entry | str]]) -> Iterator[Entry | Refusal]:
    labels: dict[uuid.UUID, str] = {}
    for label, found in rows:
        if isinstance(found, str):
            yield Refusal(label, found)
        elif (first := labels.setdefault(found.painting.id, label)) != label:
            yield Refusal(label, f"It is the same painting as {first}: both have the same id.")
        else:
            yield found


def _batch(rows: Iterator[Entry | Refusal]) -> list[Entry | Refusal]:
    batch, size = list[Entry | Refusal](), 0
    for each in rows:
        batch.append(each)
        size += _size(each) if isinstance(each, Entry) else 0
        if len(batch) >= ROWS or size >= BYTES:
            break
    return batch


def _size(entry: Entry) -> int:
    """About how many bytes of memory an entry takes; what is always short is left out."""
    vectors = (vector.nbytes for vector in entry.vectors.values() if vector is not None)
    pictures = (len(rendition.data) for rendition in entry.renditions)
    return 4 * len(entry.painting.catalogue.description or "") + sum(vectors) + sum(pictures)


@dataclass(frozen=True, slots=True)
class Reach:
    """How what was loaded can be found."""

    pixels: Space | None
    """In which pictures are searched here."""
    lacking: int
    """Paintings of the database that lack a vector in a space that is searched."""


class Load:
    """Brings a bundle into a database; run again after it was stopped, it ends the same.

    Args:
        dry_run: look at everything, and store nothing.
    """

    def __init__(self, database: Database, bundle: Bundle, *, dry_run: bool = False) -> None:
        self._database = database
        self._bundle = bundle
        self._dry_run = dry_run
        self.stored = self.unchanged = 0
        self.refusals: list[Refusal] = []
        self.indexing = False
        """All is stored, and an index is being built."""

    @property
    def refused(self) -> int:
        """Rows that are not stored; all of them are told by `refusals`, some of which are of many rows."""
        return self._bundle.total - self.stored - self.unchanged

    async def run(self) -> None:
        """Store all that can be, in batches, each whole or not at all.

        Raises:
            ImportFailed: a space of the bundle is another one here.
            ArtMcpError: the bundle cannot be read on, or the database failed.
        """
        if self._dry_run:
            return await self._store_all()
        await spaces.activate(self._database, self._bundle.active)
        await spaces.register(self._database, self._bundle.vectors)
        async with self._database.connection() as connection:
            there = await archive.spaces(connection)
        if other := self._bundle.vectors.keys() - there.keys():
            raise ImportFailed(
                f"The space {min(space.name for space in other)} is there, and is another one.",
                "Import it into another database.",
            )
        async with self._without_index():
            await self._store_all()
        await archive.tidy(self._database, self._bundle.collections, list(self._bundle.vectors))
        await vector_index.repair(self._database)  # of a former load

    async def reach(self) -> Reach:
        """What is searched, now that all is stored."""
        active = await spaces.active(self._database)
        pixels = next((space for space in active if space.leg is Leg.PIXELS), None)
        return Reach(pixels, await backfill.count(self._database, active))

    async def _store_all(self) -> None:
        send, receive = anyio.create_memory_object_stream[Batch](1)
        async with receive, task_group() as reading:
            reading.start_soon(self._read, send)  # the next batch, while one is stored
            async for batch in receive:
                await self._store(batch)

    async def _read(self, send: MemoryObjectSendStream[Batch]) -> None:
        async with send:
            async for batch in self._bundle.batches():
                await send.send(batch)

    async def _store(self, batch: Batch) -> None:
        entries = [each for each in batch if isinstance(each, Entry)]
        async with self._database.transaction() as connection:
            stored = await archive.store(connection, entries, dry_run=self._dry_run)
        self.stored += stored
        self.unchanged += len(entries) - stored
        self.refusals += [each for each in batch if isinstance(each, Refusal)]

    @asynccontextmanager
    async def _without_index(self) -> AsyncIterator[None]:
        """Where much is coming into a space that has little, its index is left out meanwhile."""
        coming = {space: count for space, count in self._bundle.vectors.items() if count >= MANY}
        if not coming:
            yield
            return
        async with leases.acquire(self._database) as lease:
            mine = await space_migration.hold(self._database, list(coming), lease)
            if mine:
                for space, count in coming.items():
                    await vector_index.leave_out(self._database, space, count)
            yield
            if mine:
                self.indexing = True
                for space in coming:
                    await vector_index.build(self._database, space)
