"""Moves a database to the spaces of another provider, while searches and loads go on in the old ones."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from art_mcp.errors import ArtMcpError
from art_mcp.images.picture import Picture
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.embedding import BATCH, PictureVectors, read_kept, word_vectors
from art_mcp.ingest.memory import give_back
from art_mcp.painting import Painting
from art_mcp.space import Leg
from art_mcp.store import backfill, collection_sizes, leases, paid, space_migration, spaces
from art_mcp.store.backfill import Incomplete
from art_mcp.store.paintings import BEFORE_ALL, Entry
from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    from art_mcp.store.database import Database
    from art_mcp.store.space_migration import InactiveSpace
    from art_mcp.vision.provider import Health, Provider

PAGE = 1000
"""Paintings that are looked at together; the same picture under several of their names is embedded once."""
NOT_KEPT = "No picture of it is kept: load its collection again."


class MoveError(ArtMcpError):
    """A database cannot be moved to other spaces, or the old ones cannot be dropped."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done to move."""

    instead_of: str | None
    """What the pictures are embedded by now, if that is something else."""
    paintings: int
    """Those that lack a vector."""
    billed: bool
    calls: int
    """Paid calls."""
    not_kept: int
    """Of the paintings, those of which no picture is kept, which will be refused."""
    done: bool
    """Nothing is."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A painting that gets no vectors, and why."""

    painting: Painting
    reason: str


class Move:
    """Fills the spaces of `provider` with what they lack, and makes them the active ones.

    Several runs, of several processes, end as one would: what is stored or paid for is not made again.
    """

    def __init__(self, database: Database, provider: Provider) -> None:
        self._database = database
        self._provider = provider
        self._spaces = list(provider.spaces.values())
        self._vectors = PictureVectors(
            database, provider, [space for space in self._spaces if space.leg is not Leg.WORDS]
        )
        self.total = self.done = 0
        """Paintings that lacked a vector, and those that this run is done with."""
        self._refused: dict[tuple[uuid.UUID, bytes | None], Refused] = {}
        """By id and SHA-256 of the picture: another picture of the painting may do."""

    @property
    def made_by(self) -> str:
        """What the pictures are to be embedded by, for people."""
        return self._provider.spaces[Leg.PIXELS].made_by

    async def health(self) -> Health:
        """Whether embeddings can be made."""
        return await self._provider.health()

    async def instead_of(self) -> str | None:
        """What the pictures are embedded by now, if that is something else."""
        mine = self._provider.spaces[Leg.PIXELS]
        active = await spaces.active(self._database)
        return next((each.made_by for each in active if each.leg is Leg.PIXELS and each != mine), None)

    async def lack(self) -> int:
        """How many paintings lack a vector."""
        return await backfill.count(self._database, self._spaces)

    @property
    def refused(self) -> list[Refused]:
        """Paintings that this run could not embed."""
        return list(self._refused.values())

    async def plan(self) -> Plan:
        """What `run` would do, as things stand; nothing is stored."""
        registered = await spaces.are_registered(self._database, self._spaces)
        count = not_kept = 0
        wanted: set[bytes] = set()
        async for page in self._pages():
            count += len(page)
            pictures = _by_picture(page)
            not_kept += sum(len(group) for group in pictures.values() if not _kept(group))
            kept = [digest for digest, group in pictures.items() if _kept(group)]
            wanted.update(set(kept) - (await self._vectors.known(kept)).keys() if registered else kept)
        billed = self._provider.limits.billed
        return Plan(
            instead_of=await self.instead_of(),
            paintings=count,
            billed=billed,
            calls=-(-len(wanted) // self._vectors.at_once) if billed else 0,
            not_kept=not_kept,
            done=not count and set(self._spaces) == set(await spaces.active(self._database)),
        )

    async def run(self, *, skip_refused: bool = False) -> bool:
        """Fill what is lacking, also of paintings that are loaded meanwhile, then switch at once.

        A fault of the database or of the provider ends the run, and a later one goes on.

        Args:
            skip_refused: switch even if pictures are refused, which then are not found by their pixels.

        Returns:
            Whether these spaces are the active ones now; if not, `refused` says why.

        Raises:
            MoveError: another process is at it, or no picture at all can be embedded.
            ArtMcpError: the database or the provider failed.
        """
        await spaces.register(self._database, self._spaces)
        async with leases.acquire(self._database) as lease:
            if not await space_migration.hold(self._database, self._spaces, lease):
                raise _another()
            self.total = await self.lack()
            while True:
                async for page in self._pages():
                    await self._fill(page)
                    await give_back()
                if self._refused and not skip_refused:
                    return False
                if len(self._refused) >= sum((await collection_sizes.sizes(self._database)).values()) > 0:
                    raise MoveError("No picture could be embedded.", "See why: run it without --skip-refused.")
                if await space_migration.switch(self._database, self._spaces, self._refused.keys()):
                    return True
                self.total = self.done + await self.lack()

    async def old(self, *, skip_refused: bool = False) -> list[InactiveSpace]:
        """The spaces that are not needed any more, for `drop`.

        Raises:
            MoveError: they are still needed.
        """
        if not set(self._spaces) <= set(await spaces.active(self._database)):
            raise MoveError(
                f"The pictures of this database are not those of {self.made_by}, which the settings name.",
                "Run `art-mcp reembed` first; or set up what they are embedded by (`art-mcp doctor` says).",
            )
        if not skip_refused and (lack := await self.lack()):
            raise MoveError(
                f"{lack} paintings have no vector of {self.made_by} yet.",
                "Run `art-mcp reembed` first; --skip-refused drops the old vectors all the same.",
            )
        old = await self.inactive()
        if any(each.held for each in old):
            raise _another()
        return old

    async def forget(self, ids: Sequence[uuid.UUID]) -> int:
        """Remove the vectors of these paintings, and of others with the same picture, for `run` to make them anew.

        Returns:
            How many paintings lose vectors.
        """
        return await backfill.forget(self._database, self._spaces, ids)

    async def inactive(self) -> list[InactiveSpace]:
        """The spaces that are kept and not searched."""
        return await space_migration.inactive(self._database)

    async def drop(self, old: Sequence[InactiveSpace]) -> None:
        """Remove spaces for good."""
        await space_migration.drop(self._database, [each.space for each in old])

    async def _pages(self) -> AsyncIterator[list[Incomplete]]:
        """Paintings that lack something and were not refused, each once."""
        after = BEFORE_ALL
        while page := await self._page(after):
            after = page[-1].painting.id
            yield [each for each in page if _key(each.painting) not in self._refused]

    async def _page(self, after: uuid.UUID) -> list[Incomplete]:
        async with self._database.connection() as connection:
            return await backfill.page(connection, self._spaces, after=after, limit=PAGE)

    async def _fill(self, page: Sequence[Incomplete]) -> None:
        """Bring a page to its end: every painting has its vectors, or is refused."""
        await self._fill_words([each.painting for each in page if each.lacks_words_vector])
        self.done += sum(not each.lacks_picture_vector for each in page)
        pictures = _by_picture(page)
        known = await self._vectors.known(pictures)
        ready = [
            Entry(painting, embedding=embedding)
            for digest, embedding in known.items()
            for painting in _paintings(pictures[digest])
        ]
        for start in range(0, len(ready), BATCH):
            await self._store(ready[start : start + BATCH])
        missing = [group for digest, group in pictures.items() if digest not in known]
        not_kept = [painting for group in missing if not _kept(group) for painting in _paintings(group)]
        self._refuse(not_kept, NOT_KEPT)
        self.done += len(ready) + len(not_kept)
        missing = [group for group in missing if _kept(group)]
        batches = (missing[start : start + BATCH] for start in range(0, len(missing), BATCH))
        stopped: list[ArtMcpError] = []
        async with anyio.create_task_group() as workers:
            for _ in range(self._vectors.workers):
                workers.start_soon(self._work, batches, stopped)
        if stopped:
            raise stopped[0]

    async def _fill_words(self, silent: Sequence[Painting]) -> None:
        for start in range(0, len(silent), BATCH):
            batch = silent[start : start + BATCH]
            vectors = await word_vectors(self._provider, [painting.catalogue.sentence() for painting in batch])
            space = self._provider.spaces[Leg.WORDS]
            made = list(zip(batch, vectors, strict=True))
            self._refuse([painting for painting, vector in made if vector is None], "Its catalogue entry is blank.")
            await self._store(
                [Entry(painting, words={space: vector}) for painting, vector in made if vector is not None]
            )

    async def _work(self, batches: Iterator[list[list[Incomplete]]], stopped: list[ArtMcpError]) -> None:
        """Args: stopped: why no worker makes another embedding; calls that are under way, paid for, end well."""
        for batch in batches:
            if stopped:
                return
            try:
                await self._embed(batch, stopped)
            except VisionError:  # it is in `stopped`
                return

    async def _embed(self, batch: Sequence[Sequence[Incomplete]], stopped: list[ArtMcpError]) -> None:
        """Args: batch: for each picture the paintings that have it."""
        groups: dict[bytes, list[Painting]] = {}
        pictures: list[Picture] = []
        for group in batch:
            kept = next(each.painting for each in group if each.picture_kept)
            try:
                picture = await read_kept(self._database, kept)
            except ImageError as error:
                self._refuse(_paintings(group), str(error))
                continue
            if picture is None:  # it was replaced after the page was read, and comes again
                continue
            pictures.append(picture)
            groups[picture.sha256] = _paintings(group)
        made = await self._vectors.make(pictures, stopped)
        for digest, embedding in made.items():
            if isinstance(embedding, VisionError):
                self._refuse(groups[digest], str(embedding))
        await self._store(
            [
                Entry(painting, embedding=embedding)
                for digest, embedding in made.items()
                if not isinstance(embedding, VisionError)
                for painting in groups[digest]
            ]
        )
        self.done += sum(len(group) for group in batch)

    async def _store(self, entries: Sequence[Entry]) -> None:
        async with self._database.transaction() as connection:
            await backfill.fill(connection, entries)
            if self._provider.limits.billed:
                stored = {space for entry in entries for space in entry.vectors}
                await paid.drop(connection, stored, [entry.painting.image_sha256 for entry in entries])

    def _refuse(self, refused: Sequence[Painting], reason: str) -> None:
        for painting in refused:
            self._refused[_key(painting)] = Refused(painting, reason)


def _key(painting: Painting) -> tuple[uuid.UUID, bytes | None]:
    return painting.id, painting.image_sha256


def _by_picture(page: Sequence[Incomplete]) -> dict[bytes, list[Incomplete]]:
    """The paintings that lack a vector of their picture, by its SHA-256, or by the id where it was never seen."""
    groups: dict[bytes, list[Incomplete]] = {}
    for each in page:
        if each.lacks_picture_vector:
            groups.setdefault(each.painting.image_sha256 or each.painting.id.bytes, []).append(each)
    return groups


def _paintings(group: Sequence[Incomplete]) -> list[Painting]:
    return [each.painting for each in group]


def _kept(group: Sequence[Incomplete]) -> bool:
    return any(each.picture_kept for each in group)


def _another() -> MoveError:
    return MoveError(
        "Another process fills the same vectors now (`art-mcp reembed`, or an import).",
        f"Wait until it is done; if it was killed, try again in {leases.LEASE_S} seconds.",
    )
