"""Turns the items of a job into stored paintings, a batch at a time."""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from art_mcp.dates import years
from art_mcp.errors import ArtMcpError
from art_mcp.images.decoding import Decoder, UndecidedError
from art_mcp.images.local_file import LocalFile, sha256
from art_mcp.images.picture import Picture
from art_mcp.images.rendition import render
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.embedding import EMBEDDED_SIDE, PictureVectors, word_vectors
from art_mcp.ingest.names import artists
from art_mcp.ingest.sources.source import Source
from art_mcp.painting import Catalogue, Holding, Painting, Rendition, painting_id
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.store import jobs, paid, paintings
from art_mcp.store.jobs import HeldItem, Job, Outcome
from art_mcp.store.paintings import Entry, Stored
from art_mcp.tasks import task_group
from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    from art_mcp.space import Vector
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider

T = TypeVar("T")
R = TypeVar("R")

RENDITIONS = frozenset(("thumbnail", "display"))
WITHOUT_PICTURE = "Stored without its picture:"


@dataclass(frozen=True, slots=True)
class Read:
    """An item with its undecoded picture."""

    position: int
    id: uuid.UUID
    collection: str
    source: str
    row: Mapping[str, Any]
    catalogue: Catalogue
    data: LocalFile | bytes
    sha256: bytes | None
    """Of the picture; None if the picture was not read."""
    unpictured: str | None = None
    """Why the painting is stored without this row's picture, empty if it names none; None if it is stored with it."""

    def described(self, painting: Painting | None) -> Painting:
        """A painting with the catalogue entry, rights, years and source of this row, and the picture of `painting`."""
        painting = painting or Painting(
            self.id, self.collection, self.row["key"], self.catalogue, (), None, "", None, None, None, None
        )
        given_years = self.row.get("years")
        return replace(
            painting,
            source=self.source,
            catalogue=self.catalogue,
            holding=Holding(**self.row.get("holding", {})),
            details=self.row.get("details", {}),
            artists=tuple(artists(self.catalogue.artist)),
            years=tuple(given_years) if given_years else years(self.catalogue.date) or years(self.catalogue.timeframe),
            image_name=self.row["image"] if self.unpictured is None else painting.image_name,
        )

    def settled(self, state: str) -> Outcome:
        """The outcome of this item, once it is stored or found unchanged."""
        reason = f"{WITHOUT_PICTURE} {self.unpictured}" if self.unpictured else None
        return Outcome(self.position, state, reason)


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A decoded picture with its renditions, ready to be embedded and stored."""

    read: Read
    picture: Picture
    renditions: Sequence[Rendition]

    def painting(self) -> Painting:
        return self.read.described(
            Painting(
                id=self.read.id,
                collection=self.read.collection,
                source_key=self.read.row["key"],
                catalogue=self.read.catalogue,
                artists=(),
                years=None,
                image_name=self.read.row["image"],
                image_sha256=self.picture.sha256,
                image_width=self.picture.width,
                image_height=self.picture.height,
                image_format=self.picture.format,
            )
        )


@dataclass(frozen=True, slots=True)
class Sorted:
    """Items grouped by the work they need, compared with the stored paintings."""

    unchanged: Sequence[Read]
    reworded: Sequence[tuple[Read, Stored | None]]
    """Nothing is to be done about the picture, if there is one, but the catalogue entry or other metadata is new or
    changed, or the words vector is missing."""
    new: Sequence[Read]
    """Not stored, stored with a different picture, or stored without all renditions and picture vectors."""
    known: frozenset[uuid.UUID]
    """Ids of the paintings, in any group, that are already stored."""


class BatchStore:
    """Stores batches of a job's items; several workers of this process share it.

    Args:
        spaces: the active spaces that `provider` fills.
        decoder: decodes the pictures; the caller closes it.
        display_size: longest side of the display rendition in pixels.
    """

    def __init__(
        self, database: Database, provider: Provider, spaces: Sequence[Space], decoder: Decoder, *, display_size: int
    ) -> None:
        self._database = database
        self._provider = provider
        self._spaces = spaces
        self._image_spaces = [space for space in spaces if space.leg is not Leg.WORDS]
        self._words = next((space for space in spaces if space.leg is Leg.WORDS), None)
        self._decoder = decoder
        self._display_size = display_size
        self._vectors = PictureVectors(database, provider, self._image_spaces)
        self._threads = anyio.CapacityLimiter(decoder.workers)

    @property
    def billed(self) -> bool:
        """Whether a picture's vector costs money."""
        return self._provider.limits.billed

    @property
    def workers(self) -> int:
        """Number of workers that should process batches concurrently."""
        return self._vectors.workers

    async def store(self, job: Job, held: Sequence[HeldItem], source: Source, stopped: list[ArtMcpError]) -> None:
        """Process a batch and record every item as stored, unchanged or refused, in one transaction.

        Args:
            stopped: see `PictureVectors.make`.
        """
        read, refused = await read_items(job.collection, job.source, held, source)
        todo = await self.sort(read)
        opened, broken = _split(await _together(partial(self._in_thread, partial(self._decode, source)), todo.new))
        decoded = [item for item in opened if isinstance(item, _Decoded)]
        worded = await self.sort([item for item in opened if isinstance(item, Read)])
        vectors = await self._image_vectors(decoded, stopped)
        unseen = [item for item in decoded if isinstance(vectors[item.picture.sha256], VisionError)]
        decoded = [item for item in decoded if item not in unseen]
        entries = [
            *await self._whole_entries(decoded, vectors),
            *await self._reworded_entries([*todo.reworded, *worded.reworded]),
        ]
        settled = [
            *refused,
            *broken,
            *(Outcome(item.read.position, "refused", str(vectors[item.picture.sha256])) for item in unseen),
            *(item.settled("unchanged") for item in (*todo.unchanged, *worded.unchanged)),
            *(item.settled("stored") for item, _ in (*todo.reworded, *worded.reworded)),
            *(Outcome(item.read.position, "stored") for item in decoded),
        ]
        async with self._database.transaction() as connection:
            await paintings.write(connection, entries)
            await jobs.settle(connection, job.id, settled)
            if self.billed:
                await paid.drop(connection, self._image_spaces, [item.picture.sha256 for item in decoded])

    async def sort(self, items: Sequence[Read]) -> Sorted:
        """Group items by the work they need."""
        known = await paintings.stored(self._database, [item.id for item in items], self._spaces)
        unchanged, new = list[Read](), list[Read]()
        reworded: list[tuple[Read, Stored | None]] = []
        for item in items:
            there = known.get(item.id)
            if there is None and item.unpictured is not None:
                reworded.append((item, None))
            elif there is None or (item.unpictured is None and not self._has_picture(there, item.sha256)):
                new.append(item)
            elif item.described(there.painting) != there.painting or self._lacks_words(there):
                reworded.append((item, there))
            else:
                unchanged.append(item)
        return Sorted(unchanged, reworded, new, frozenset(known))

    async def to_embed(self, digests: Collection[bytes]) -> set[bytes]:
        """The subset of pictures, given by SHA-256, that lack a vector in at least one space."""
        return set(digests) - (await self._vectors.known(digests)).keys()

    def _has_picture(self, there: Stored, sha256: bytes | None) -> bool:
        """Whether a painting is stored with this picture, whole."""
        whole = there.renditions >= RENDITIONS and there.filled >= {space.name for space in self._image_spaces}
        return whole and sha256 in (None, there.painting.image_sha256)

    def _lacks_words(self, there: Stored) -> bool:
        spoken = bool(there.painting.catalogue.sentence())
        return spoken and self._words is not None and self._words.name not in there.filled

    def _keeps_words(self, item: Read, there: Stored | None) -> bool:
        """Whether the stored words vector is of this item's words, e.g. if only its folder was renamed."""
        if there is None or self._lacks_words(there):
            return False
        return item.catalogue.sentence() == there.painting.catalogue.sentence()

    async def _whole_entries(
        self, decoded: Sequence[_Decoded], embeddings: Mapping[bytes, PictureEmbedding | VisionError]
    ) -> list[Entry]:
        words = await self._word_vectors([item.read.catalogue for item in decoded])
        entries = []
        for item, sentence in zip(decoded, words, strict=True):
            embedding = embeddings[item.picture.sha256]
            assert isinstance(embedding, PictureEmbedding)  # the others are refused
            entries.append(Entry(item.painting(), item.renditions, embedding, sentence))
        return entries

    async def _reworded_entries(self, reworded: Sequence[tuple[Read, Stored | None]]) -> list[Entry]:
        """Entries that write metadata and changed words vectors only; renditions and other vectors stay as stored."""
        kept = [self._keeps_words(item, there) for item, there in reworded]
        spoken = [item.catalogue for (item, _), same in zip(reworded, kept, strict=True) if not same]
        words = iter(await self._word_vectors(spoken))
        return [
            Entry(item.described(there.painting if there else None), words={} if same else next(words))
            for (item, there), same in zip(reworded, kept, strict=True)
        ]

    async def _image_vectors(
        self, decoded: Sequence[_Decoded], stopped: list[ArtMcpError]
    ) -> Mapping[bytes, PictureEmbedding | VisionError]:
        """The embedding of each picture, or the error that refuses it, by SHA-256; stored embeddings are reused."""
        pictures = {item.picture.sha256: item.picture for item in decoded}
        known = await self._vectors.known(pictures)
        unseen = {item.read.id: item.picture.sha256 for item in decoded if item.picture.sha256 not in known}
        known |= await self._vectors.brought(unseen)
        missing = [picture for digest, picture in pictures.items() if digest not in known]
        return {**known, **await self._vectors.make(missing, stopped)}

    async def _word_vectors(self, catalogues: Sequence[Catalogue]) -> list[dict[Space, Vector | None]]:
        if self._words is None:
            return [{} for _ in catalogues]
        vectors = await word_vectors(self._provider, [catalogue.sentence() for catalogue in catalogues])
        return [{self._words: vector} for vector in vectors]

    def _decode(self, source: Source, read: Read) -> _Decoded | Read | Outcome:
        name = PurePath(read.row["image"]).name
        try:
            picture = self._decoder.read(read.data, name=name, max_side=max(EMBEDDED_SIDE, self._display_size))
        except UndecidedError:
            raise
        except ImageError as error:
            return without_picture(read, source, error)
        return _Decoded(read, picture, render(picture, display_size=self._display_size))

    async def _in_thread(self, work: Callable[[T], R], thing: T) -> R:
        """Run `work` in a thread, at most as many at a time as the decoder has workers."""
        return await anyio.to_thread.run_sync(work, thing, limiter=self._threads)


async def _together(work: Callable[[T], Awaitable[R]], things: Sequence[T]) -> list[R]:
    """Run `work` on all things concurrently and return the results in order."""
    results: dict[int, R] = {}

    async def one(index: int, thing: T) -> None:
        results[index] = await work(thing)

    async with task_group() as group:
        for index, thing in enumerate(things):
            group.start_soon(one, index, thing)
    return [results[index] for index in range(len(things))]


async def read_items(
    collection: str, locator: str, held: Sequence[HeldItem], source: Source
) -> tuple[list[Read], list[Outcome]]:
    """Read the pictures of items; returns the items read, and the outcomes of those that are refused for theirs.

    Raises:
        SourceError: the source cannot deliver any picture at the moment.
    """

    async def read(item: HeldItem) -> Read | Outcome:
        found = read_item(collection, locator, item)
        if not item.row["image"]:
            return replace(found, unpictured="")
        try:
            data = await source.picture(item.row["image"])
        except ImageError as error:
            return without_picture(found, source, error)
        return replace(found, data=data, sha256=sha256(data))

    return _split(await _together(read, held))


def without_picture(read: Read, source: Source, error: ImageError) -> Read | Outcome:
    """The item to store without its picture, which cannot be read, or its refusal if it says nothing else."""
    if source.catalogues and read.catalogue.sentence():
        return replace(read, data=b"", sha256=None, unpictured=str(error))
    return Outcome(read.position, "refused", str(error))


def read_item(collection: str, locator: str, item: HeldItem) -> Read:
    """A `Read` from an item whose picture is not read."""
    catalogue = Catalogue(**item.row["catalogue"])
    id_ = painting_id(collection, item.row["key"])
    return Read(item.position, id_, collection, locator, item.row, catalogue, b"", None)


def _split(results: Sequence[T | Outcome]) -> tuple[list[T], list[Outcome]]:
    return (
        [result for result in results if not isinstance(result, Outcome)],
        [result for result in results if isinstance(result, Outcome)],
    )
