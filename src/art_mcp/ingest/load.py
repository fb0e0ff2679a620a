"""Stores paintings that bring their vectors along, from an archive or from a table; nothing is embedded or paid for."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.ingest.holding import holding
from art_mcp.ingest.sources import Refusal
from art_mcp.space import Leg, Space
from art_mcp.store import archive, lacking, spaces, vector_index
from art_mcp.store.paintings import Entry
from art_mcp.tasks import task_group

if TYPE_CHECKING:
    from anyio.streams.memory import MemoryObjectSendStream

    from art_mcp.store.database import Database

Batch: TypeAlias = Sequence[Entry | Refusal]

MANY = 2_000
"""From so many vectors on, the index is built after they are loaded."""


class ImportFailed(ArtMcpError):
    """What is to be imported cannot be, as a whole; a single bad row is a `Refusal` instead."""


class Bundle(Protocol):
    """Paintings of somewhere, with their vectors."""

    @property
    def total(self) -> int:
        """How many rows there are, refused ones included."""
        ...

    @property
    def collections(self) -> Sequence[str]:
        """Those that the paintings are of, here."""
        ...

    @property
    def active(self) -> Sequence[Space]:
        """The spaces in which they are to be searched."""
        ...

    @property
    def vectors(self) -> Mapping[Space, int]:
        """How many come in each space."""
        ...

    @property
    def assumed(self) -> str | None:
        """What it does not say itself, and is taken for granted; a sentence for people."""
        ...

    def batches(self) -> AsyncIterator[Batch]:
        """All of them once, a few at a time, so that memory does not grow with their number."""
        ...


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
        await vector_index.mend(self._database)  # of a former load

    async def reach(self) -> Reach:
        """What is searched, now that all is stored."""
        active = await spaces.active(self._database)
        pixels = next((space for space in active if space.leg is Leg.PIXELS), None)
        return Reach(pixels, await lacking.count(self._database, active))

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
            if self._dry_run:
                stored = await archive.differing(connection, entries)
            else:
                stored = await archive.store(connection, entries)
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
        async with holding(self._database, list(coming)) as mine:
            if mine:
                for space, count in coming.items():
                    await vector_index.leave_out(self._database, space, count)
            yield
            if mine:
                self.indexing = True
                for space in coming:
                    await vector_index.build(self._database, space)
