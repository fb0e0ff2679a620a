"""Moves a database to another provider's spaces, while searches and loads continue in the old ones."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import anyio

from art_mcp.background.cosines import has_hubs
from art_mcp.errors import ArtMcpError
from art_mcp.images.picture import Picture
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.embedding import BATCH, PictureVectors, read_kept, word_vectors
from art_mcp.memory import give_back
from art_mcp.painting import Painting
from art_mcp.space import Leg
from art_mcp.store import backfill, collection_sizes, leases, paid, space_migration, spaces
from art_mcp.store.backfill import Incomplete
from art_mcp.store.paintings import BEFORE_ALL, Entry
from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    from art_mcp.space import Space
    from art_mcp.store.database import Database
    from art_mcp.store.space_migration import InactiveSpace
    from art_mcp.vision.provider import Health, Provider

PAGE = 1000
"""Number of paintings per page; a picture that several paintings of a page share is embedded once."""
NOT_KEPT = "No picture is stored: load its collection again."


class MoveError(ArtMcpError):
    """The database cannot be moved to other spaces, or the old spaces cannot be dropped."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The work that a move requires."""

    instead_of: str | None
    """The model of the active picture space, if it is not the provider's."""
    paintings: int
    """Number of paintings that lack a vector."""
    billed: bool
    calls: int
    """Number of paid calls."""
    not_kept: int
    """Number of those paintings that will be refused because no picture is stored."""
    without_hub: int
    """Number of stored vectors whose `hub` will be computed."""
    done: bool
    """Whether the move is complete: no vector or `hub` is missing and the provider's spaces are active."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A painting that cannot be embedded, with the reason for the user."""

    painting: Painting
    reason: str


class Move:
    """Fills the spaces of `provider` with missing vectors and activates them.

    An interrupted move can be run again: vectors that are stored or paid for are not made again.
    """

    def __init__(self, database: Database, provider: Provider) -> None:
        self._database = database
        self._provider = provider
        self._spaces = list(provider.spaces.values())
        self._vectors = PictureVectors(
            database, provider, [space for space in self._spaces if space.leg is not Leg.WORDS]
        )
        self.total = self.done = 0
        """Number of paintings that lacked a vector plus that of vectors that lacked their `hub`, and number of those
        processed by this run."""
        self._refused: dict[tuple[uuid.UUID, bytes | None], Refused] = {}
        """By painting id and SHA-256 of the picture, since a replaced picture may be accepted."""

    @property
    def made_by(self) -> str:
        """Display name of the model that will embed the pictures."""
        return self._provider.spaces[Leg.PIXELS].made_by

    async def health(self) -> Health:
        """Whether the provider can make embeddings."""
        return await self._provider.health()

    async def instead_of(self) -> str | None:
        """Display name of the model of the active picture space; None if it is the provider's."""
        mine = self._provider.spaces[Leg.PIXELS]
        active = await spaces.active(self._database)
        return next((each.made_by for each in active if each.leg is Leg.PIXELS and each != mine), None)

    async def lack(self) -> int:
        """Number of paintings that lack a vector in one of the provider's spaces."""
        return await backfill.count(self._database, self._spaces)

    @property
    def refused(self) -> list[Refused]:
        """Paintings that this run could not embed."""
        return list(self._refused.values())

    async def plan(self) -> Plan:
        """Determine what `run` would do now, without storing anything."""
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
        without_hub = await backfill.count_without_hub(self._database, self._spaces)
        return Plan(
            instead_of=await self.instead_of(),
            paintings=count,
            billed=billed,
            calls=-(-len(wanted) // self._vectors.at_once) if billed else 0,
            not_kept=not_kept,
            without_hub=without_hub,
            done=not count and not without_hub and set(self._spaces) == set(await spaces.active(self._database)),
        )

    async def run(self, *, skip_refused: bool = False) -> bool:
        """Make all missing vectors, including those of paintings loaded during the run, then switch atomically.

        A failure of the database or the provider ends the run; a later run resumes.

        Args:
            skip_refused: switch even if paintings are refused, which are then missing from vector searches.

        Returns:
            Whether the provider's spaces are now active; if not, `refused` has the reasons.

        Raises:
            MoveError: another process is filling these spaces, or no picture at all can be embedded.
            ArtMcpError: the database or the provider failed.
        """
        await spaces.register(self._database, self._spaces)
        async with leases.acquire(self._database) as lease:
            if not await space_migration.hold(self._database, self._spaces, lease):
                raise _another()
            self.total = await self.lack() + await backfill.count_without_hub(self._database, self._spaces)
            for space in filter(has_hubs, self._spaces):
                await self._fill_hubs(space)
            while True:
                async for page in self._pages():
                    await self._fill(page)
                    await give_back()
                if self._refused and not skip_refused:
                    return False
                if len(self._refused) >= sum((await collection_sizes.sizes(self._database)).values()) > 0:
                    raise MoveError("No picture could be embedded.", "Omit --skip-refused to see why.")
                if await space_migration.switch(self._database, self._spaces, self._refused.keys()):
                    return True
                self.total = self.done + await self.lack()

    async def old(self, *, skip_refused: bool = False) -> list[InactiveSpace]:
        """The inactive spaces, which `drop` can remove.

        Args:
            skip_refused: allow it even if paintings lack a vector in the provider's spaces.

        Raises:
            MoveError: the old spaces are still needed, or another process is filling one of them.
        """
        if not set(self._spaces) <= set(await spaces.active(self._database)):
            raise MoveError(
                f"This database is not embedded by {self.made_by}, which the settings name.",
                "Run `art-mcp reembed` first, or set up its current model (`art-mcp doctor` shows it).",
            )
        if not skip_refused and (lack := await self.lack()):
            raise MoveError(
                f"{lack} paintings lack a vector of {self.made_by}.",
                "Run `art-mcp reembed` first; --skip-refused drops the old vectors anyway.",
            )
        old = await self.inactive()
        if any(each.held for each in old):
            raise _another()
        return old

    async def forget(self, ids: Sequence[uuid.UUID]) -> int:
        """Delete the vectors of these paintings and of others with the same picture, so that `run` makes them again.

        Returns:
            Number of paintings affected.
        """
        return await backfill.forget(self._database, self._spaces, ids)

    async def inactive(self) -> list[InactiveSpace]:
        """The stored spaces that are not active."""
        return await space_migration.inactive(self._database)

    async def drop(self, old: Sequence[InactiveSpace]) -> None:
        """Permanently delete spaces and their vectors."""
        await space_migration.drop(self._database, [each.space for each in old])

    async def _pages(self) -> AsyncIterator[list[Incomplete]]:
        """Yield pages of paintings that lack a vector and were not refused by this run."""
        after = BEFORE_ALL
        while page := await self._page(after):
            after = page[-1].painting.id
            yield [each for each in page if _key(each.painting) not in self._refused]

    async def _page(self, after: uuid.UUID) -> list[Incomplete]:
        async with self._database.connection() as connection:
            return await backfill.page(connection, self._spaces, after=after, limit=PAGE)

    async def _fill(self, page: Sequence[Incomplete]) -> None:
        """Process a page: afterwards every painting has its vectors or is refused."""
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

    async def _fill_hubs(self, space: Space) -> None:
        after = BEFORE_ALL
        while ids := await backfill.fill_hubs(self._database, space, after=after, limit=PAGE):
            after = ids[-1]
            self.done += len(ids)

    async def _fill_words(self, paintings: Sequence[Painting]) -> None:
        for start in range(0, len(paintings), BATCH):
            batch = paintings[start : start + BATCH]
            vectors = await word_vectors(self._provider, [painting.catalogue.sentence() for painting in batch])
            space = self._provider.spaces[Leg.WORDS]
            made = list(zip(batch, vectors, strict=True))
            self._refuse([painting for painting, vector in made if vector is None], "Its catalogue entry is blank.")
            await self._store(
                [Entry(painting, words={space: vector}) for painting, vector in made if vector is not None]
            )

    async def _work(self, batches: Iterator[list[list[Incomplete]]], stopped: list[ArtMcpError]) -> None:
        """Embed batches until none is left or a worker fails.

        Args:
            stopped: see `PictureVectors.make`.
        """
        for batch in batches:
            if stopped:
                return
            try:
                await self._embed(batch, stopped)
            except VisionError:  # `make` added it to `stopped`
                return

    async def _embed(self, batch: Sequence[Sequence[Incomplete]], stopped: list[ArtMcpError]) -> None:
        """Embed a batch of pictures and store their vectors.

        Args:
            batch: the paintings of each picture.
        """
        groups: dict[bytes, list[Painting]] = {}
        pictures: list[Picture] = []
        for group in batch:
            kept = next(each.painting for each in group if each.picture_kept)
            try:
                picture = await read_kept(self._database, kept)
            except ImageError as error:
                self._refuse(_paintings(group), str(error))
                continue
            if picture is None:  # it was replaced after the page was read; a later pass embeds the new one
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
                digests = [digest for entry in entries if (digest := entry.painting.image_sha256)]
                await paid.drop(connection, stored, digests)

    def _refuse(self, refused: Sequence[Painting], reason: str) -> None:
        for painting in refused:
            self._refused[_key(painting)] = Refused(painting, reason)


def _key(painting: Painting) -> tuple[uuid.UUID, bytes | None]:
    return painting.id, painting.image_sha256


def _by_picture(page: Sequence[Incomplete]) -> dict[bytes, list[Incomplete]]:
    """The paintings that lack a picture vector, by the picture's SHA-256, or by their id if no picture was read."""
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
        "Another process is filling these vectors (`art-mcp reembed` or an import).",
        f"Wait until it finishes; if it was killed, try again in {leases.LEASE_S} seconds.",
    )
