"""Imports paintings with existing vectors, from an archive or a table, without embedding their pictures again."""

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
from art_mcp.ingest.copies import Comparison
from art_mcp.ingest.sources.source import Refusal
from art_mcp.space import Leg, Space
from art_mcp.store import archive, backfill, leases, space_migration, spaces, vector_index
from art_mcp.store.paintings import Entry
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectSendStream

    from art_mcp.store.database import Database

Batch: TypeAlias = Sequence[Entry | Refusal]

MANY = 2_000
"""Minimum number of vectors for which the index is dropped and rebuilt after the load, which is faster."""
ROWS, BYTES = 1_024, 32 << 20
"""Maximum number of rows and approximate maximum size in bytes of a batch, to bound memory."""


class ImportFailed(ArtMcpError):
    """The whole import failed. A single bad row is a `Refusal` instead."""


class Bundle(ABC):
    """The paintings of an import, with their vectors."""

    total: int
    """Number of rows, including refused ones."""
    collections: Sequence[str]
    """Names of the collections in this database."""
    active: Sequence[Space]
    """The spaces to activate, in which the paintings are searched."""
    vectors: Mapping[Space, int]
    """Approximate number of vectors in each space."""
    assumed: str | None = None
    """Sentence for the user about an assumption that the import makes; None if it makes none."""

    @abstractmethod
    def entries(self) -> Iterator[tuple[str, Entry | str]]:
        """Yield each row's label for the user, with its painting or the reason for its refusal. Blocks."""

    async def batches(self) -> AsyncIterator[Batch]:
        """Yield all rows once, in batches of bounded size."""
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
    """Approximate memory of an entry in bytes; short fields are ignored."""
    vectors = (vector.nbytes for vector in entry.vectors.values() if vector is not None)
    pictures = (len(rendition.data) for rendition in entry.renditions)
    return 4 * len(entry.painting.catalogue.description or "") + sum(vectors) + sum(pictures)


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether searches can find the imported paintings."""

    pixels: Space | None
    """The active space of picture vectors."""
    incomplete: int
    """Number of paintings in the database that lack a vector in an active space."""


class Load:
    """Imports a bundle into a database; an interrupted import can be run again.

    Args:
        dry_run: validate all rows but store nothing.
    """

    def __init__(self, database: Database, bundle: Bundle, *, dry_run: bool = False) -> None:
        self._database = database
        self._bundle = bundle
        self._dry_run = dry_run
        self.stored = self.unchanged = 0
        self.refusals: list[Refusal] = []
        self.indexing = False
        """Whether all rows are stored and an index is being built."""

    @property
    def refused(self) -> int:
        """Number of refused rows; one of the `refusals` can stand for many rows."""
        return self._bundle.total - self.stored - self.unchanged

    async def run(self) -> None:
        """Store all valid rows, one transaction per batch.

        Raises:
            ImportFailed: this database has a different space with the name of one of the bundle's spaces.
            ArtMcpError: the bundle cannot be read any further, or the database failed.
        """
        if self._dry_run:
            return await self._store_all()
        await spaces.activate(self._database, self._bundle.active)
        await spaces.register(self._database, self._bundle.vectors)
        async with self._database.connection() as connection:
            there = await archive.spaces(connection)
        if other := self._bundle.vectors.keys() - there.keys():
            raise ImportFailed(
                f"The space {min(space.name for space in other)} exists here, but it differs.",
                "Import it into another database.",
            )
        async with self._without_index():
            await self._store_all()
        await archive.tidy(self._database, self._bundle.collections, list(self._bundle.vectors))
        await vector_index.repair(self._database)  # left over from an interrupted import
        await Comparison(self._database).run()

    async def reach(self) -> Reach:
        """The reach of searches, to be called after `run`."""
        active = await spaces.active(self._database)
        pixels = next((space for space in active if space.leg is Leg.PIXELS), None)
        return Reach(pixels, await backfill.count(self._database, active))

    async def _store_all(self) -> None:
        send, receive = anyio.create_memory_object_stream[Batch](1)
        async with receive, task_group() as reading:
            reading.start_soon(self._read, send)  # reads the next batch while the current one is stored
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
        """Rebuild the index after the load in spaces that gain at least `MANY` vectors, and more than they have."""
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
