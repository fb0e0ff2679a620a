"""The work of an ingest job: from a row and a picture's file to a stored painting."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import anyio
import anyio.to_thread

from art_mcp.errors import ArtMcpError, first_error
from art_mcp.images.files import read_file
from art_mcp.images.picture import ImageError, Picture, read_picture
from art_mcp.images.rendition import render
from art_mcp.ingest.dates import years
from art_mcp.ingest.embedding import BATCH, EMBEDDED_SIDE, PictureVectors, word_vectors
from art_mcp.ingest.names import display_name
from art_mcp.ingest.sources import Refusal, Source, SourceError, open_source
from art_mcp.painting import Catalogue, Painting, Rendition, painting_id, readable
from art_mcp.space import Leg, Space
from art_mcp.store import jobs, paid, paintings
from art_mcp.store.errors import MovedError
from art_mcp.store.jobs import HeldItem, Job, NewItem, Outcome
from art_mcp.store.paintings import Entry, Stored
from art_mcp.vision.provider import VisionError

if TYPE_CHECKING:
    from art_mcp.ingest.embedding import Made
    from art_mcp.store.database import Database
    from art_mcp.store.paintings import Vector
    from art_mcp.vision.provider import Provider

T = TypeVar("T")
R = TypeVar("R")

LOOK_AGAIN_S = 1
GIVE_BACK_WITHIN_S = 5
MAX_COLLECTION_NAME = 100
RENDITIONS = frozenset(("thumbnail", "display"))


class IngestError(ArtMcpError):
    """A job cannot be started or continued."""


@dataclass(frozen=True, slots=True)
class _Read:
    """A held item whose picture's bytes are there."""

    position: int
    id: uuid.UUID
    collection: str
    row: Mapping[str, Any]
    catalogue: Catalogue
    data: bytes
    sha256: bytes

    def described(self, painting: Painting) -> Painting:
        """The same painting as this row describes it."""
        return replace(
            painting,
            catalogue=self.catalogue,
            artist_name=display_name(self.catalogue.artist),
            years=years(self.catalogue.date) or years(self.catalogue.timeframe),
            image_name=self.row["image"],
        )


@dataclass(frozen=True, slots=True)
class _Decoded:
    """A picture that is ready to be embedded and stored."""

    read: _Read
    picture: Picture
    renditions: Sequence[Rendition]

    def painting(self) -> Painting:
        return self.read.described(
            Painting(
                id=self.read.id,
                collection=self.read.collection,
                source_key=self.read.row["key"],
                catalogue=self.read.catalogue,
                artist_name=None,
                years=None,
                image_name=self.read.row["image"],
                image_sha256=self.read.sha256,
                image_width=self.picture.width,
                image_height=self.picture.height,
                image_format=self.picture.format,
            )
        )


class Ingest:
    """Creates jobs and works on them; several of these, in several processes, may work on one job.

    Args:
        spaces: the active spaces that `provider` fills.
        display_size: longest side in pixels of the picture that is kept for showing.
    """

    def __init__(self, database: Database, provider: Provider, spaces: Sequence[Space], *, display_size: int) -> None:
        self._database = database
        self._provider = provider
        self._spaces = spaces
        self._image_spaces = [space for space in spaces if space.leg is not Leg.WORDS]
        self._words = next((space for space in spaces if space.leg is Leg.WORDS), None)
        self._display_size = display_size
        self._vectors = PictureVectors(database, provider, self._image_spaces)
        self._threads = anyio.CapacityLimiter(os.cpu_count() or 1)

    async def create(
        self, path: Path, collection: str | None = None, *, within: Sequence[Path] | None = None
    ) -> uuid.UUID:
        """Write down what is to be done for a source; nothing is read but its list of rows.

        Args:
            path: absolute; a folder or a table.
            within: folders in which every file must truly lie; None where the user's own rights decide.

        Raises:
            SourceError: the source cannot be read, or has no rows.
            IngestError: the collection's name cannot be used.
        """
        if _is_not_text(path):
            raise IngestError("The source's path is not valid text.", "Rename the file or folder.")
        source = await anyio.to_thread.run_sync(open_source, path, within)
        name = collection_name(collection or source.name)
        if not collection and await jobs.other_source(self._database, name, str(path)):
            raise IngestError(
                f"The collection {name} was loaded from another folder or table of this name.",
                "Give the collection's name: a new one to keep them apart, the same one to put them together.",
            )
        items = await anyio.to_thread.run_sync(lambda: list(_items(source)))
        if not items:
            raise SourceError(
                f"{path.name} holds no pictures and no rows.",
                "Give a folder that holds JPEG, PNG, WebP, TIFF, GIF or BMP files, or a table that names them.",
            )
        folders = None if within is None else [str(folder) for folder in within]
        return await jobs.create(self._database, str(path), folders, name, items)

    async def run(self, job_id: uuid.UUID) -> None:
        """Work until nothing of the job is left, waiting for what other processes hold of it.

        What cannot be stored is refused by itself. A fault of the database or of the provider ends the run;
        the items that were held are given back, and a later run goes on.

        Raises:
            IngestError: there is no such job, or its source is gone.
            ArtMcpError: the database or the provider failed.
        """
        job = await jobs.get(self._database, job_id)
        if job is None:
            raise unknown_job(job_id)
        while job is not None and job.pending:
            source = await anyio.to_thread.run_sync(_reopen, job)
            stopped: list[ArtMcpError] = []
            try:
                async with anyio.create_task_group() as group:
                    for _ in range(self._vectors.workers):
                        group.start_soon(self._work, job, source.picture_folders, stopped)
            except BaseExceptionGroup as errors:
                raise first_error(errors) from None
            if stopped:
                raise stopped[0]
            job = await jobs.get(self._database, job_id)
            if job is not None and job.pending:
                await anyio.sleep(LOOK_AGAIN_S)
        await jobs.finish(self._database, job_id)

    async def _work(self, job: Job, folders: tuple[Path, ...], stopped: list[ArtMcpError]) -> None:
        """Args: stopped: why no worker makes another embedding; calls that are under way, paid for, end well."""
        while not stopped and (held := await jobs.hold(self._database, job.id, BATCH)):
            try:
                async with anyio.create_task_group() as renewing:
                    renewing.start_soon(self._renew, job.id, held)
                    await self._store(job, held, folders, stopped)
                    renewing.cancel_scope.cancel()
            except BaseException as raised:
                with anyio.move_on_after(GIVE_BACK_WITHIN_S, shield=True):
                    await jobs.give_back(self._database, job.id, held)
                error = first_error(raised)
                if not isinstance(error, (VisionError, MovedError)):
                    raise
                stopped.append(error)

    async def _renew(self, job_id: uuid.UUID, held: Sequence[HeldItem]) -> None:
        while True:
            await anyio.sleep(jobs.HOLD_S / 3)
            await jobs.renew(self._database, job_id, held)

    async def _store(
        self, job: Job, held: Sequence[HeldItem], folders: tuple[Path, ...], stopped: list[ArtMcpError]
    ) -> None:
        """Bring a batch to its end: every item stored, unchanged or refused, in one transaction."""
        read, refused = _split(await self._in_threads(partial(_read, folders, job), held))
        known = await paintings.stored(self._database, [item.id for item in read], self._spaces)
        unchanged, reworded, new = [], [], []
        for item in read:
            there = known.get(item.id)
            if there is None or there.painting.image_sha256 != item.sha256 or not self._is_whole(there):
                new.append(item)
            elif item.described(there.painting) != there.painting or self._lacks_words(there):
                reworded.append((item, there))
            else:
                unchanged.append(item)
        decode = partial(_decode, display_size=self._display_size)
        decoded, broken = _split(await self._in_threads(decode, new))
        vectors = await self._image_vectors(decoded, stopped)
        unseen = [item for item in decoded if isinstance(vectors[item.read.sha256], VisionError)]
        decoded = [item for item in decoded if item not in unseen]
        entries = [
            *await self._whole_entries(decoded, vectors),
            *await self._reworded_entries(reworded),
        ]
        settled = [
            *refused,
            *broken,
            *(Outcome(item.read.position, "refused", str(vectors[item.read.sha256])) for item in unseen),
            *(Outcome(item.position, "unchanged") for item in unchanged),
            *(Outcome(item.position, "stored") for item, _ in reworded),
            *(Outcome(item.read.position, "stored") for item in decoded),
        ]
        async with self._database.transaction() as connection:
            await paintings.write(connection, entries)
            await jobs.settle(connection, job.id, settled)
            if self._provider.limits.billed:
                await paid.drop(connection, self._image_spaces, [item.read.sha256 for item in decoded])

    def _is_whole(self, there: Stored) -> bool:
        return there.renditions >= RENDITIONS and there.filled >= {space.name for space in self._image_spaces}

    def _lacks_words(self, there: Stored) -> bool:
        spoken = bool(there.painting.catalogue.sentence())
        return spoken and self._words is not None and self._words.name not in there.filled

    async def _whole_entries(
        self, decoded: Sequence[_Decoded], vectors: Mapping[bytes, Made | VisionError]
    ) -> list[Entry]:
        words = await self._word_vectors([item.read.catalogue for item in decoded])
        return [
            Entry(item.painting(), item.renditions, {**vectors[item.read.sha256], **sentence})
            for item, sentence in zip(decoded, words, strict=True)
        ]

    async def _reworded_entries(self, reworded: Sequence[tuple[_Read, Stored]]) -> list[Entry]:
        """The same picture under other words: nothing of the picture is made again."""
        words = await self._word_vectors([item.catalogue for item, _ in reworded])
        return [
            Entry(item.described(there.painting), (), sentence)
            for (item, there), sentence in zip(reworded, words, strict=True)
        ]

    async def _image_vectors(
        self, decoded: Sequence[_Decoded], stopped: list[ArtMcpError]
    ) -> Mapping[bytes, Made | VisionError]:
        """The vectors of each picture by its SHA-256, or why it has none; what the database has is not made again."""
        pictures = {item.read.sha256: item.picture for item in decoded}
        known = await self._vectors.known(pictures)
        known |= await self._vectors.brought({i.read.id: i.read.sha256 for i in decoded if i.read.sha256 not in known})
        missing = {digest: picture for digest, picture in pictures.items() if digest not in known}
        return {**known, **await self._vectors.make(missing, stopped)}

    async def _word_vectors(self, catalogues: Sequence[Catalogue]) -> list[dict[Space, Vector | None]]:
        if self._words is None:
            return [{} for _ in catalogues]
        vectors = await word_vectors(self._provider, [catalogue.sentence() for catalogue in catalogues])
        return [{self._words: vector} for vector in vectors]

    async def _in_threads(self, work: Callable[[T], R], things: Sequence[T]) -> list[R]:
        """What `work` gives for each thing, in order, on all cores."""
        results: dict[int, R] = {}

        async def one(index: int, thing: T) -> None:
            results[index] = await anyio.to_thread.run_sync(work, thing, limiter=self._threads)

        async with anyio.create_task_group() as group:
            for index, thing in enumerate(things):
                group.start_soon(one, index, thing)
        return [results[index] for index in range(len(things))]


def collection_name(given: str) -> str:
    """A collection's name in the form in which it is filtered by.

    Raises:
        IngestError: it cannot be used.
    """
    given = given.strip()
    name = readable(given)
    if not name or len(name) > MAX_COLLECTION_NAME or not given.isprintable():
        raise IngestError(
            "The collection's name cannot be used.",
            f"Choose one of 1 to {MAX_COLLECTION_NAME} printable characters.",
        )
    return name


def _items(source: Source) -> Iterator[NewItem]:
    for row in source.rows():
        if isinstance(row, Refusal):
            yield NewItem(row.label, None, row.reason)
        else:
            words = row.catalogue.as_dict()
            yield NewItem(
                row.label,
                {"key": row.key, "image": row.image, "catalogue": words},
            )


def _is_not_text(path: Path) -> bool:
    """Whether a path holds bytes that are not UTF-8, which no database stores as text."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _reopen(job: Job) -> Source:
    try:
        return open_source(Path(job.source), job.within and [Path(folder) for folder in job.within])
    except SourceError as error:
        raise IngestError(
            f"The source of job {job.id} cannot be read any more: {error.problem}",
            "Put it back (or mount its disk) and continue the job.",
        ) from error


def _read(folders: Sequence[Path], job: Job, item: HeldItem) -> _Read | Outcome:
    image = item.row["image"]
    for folder in folders:
        try:
            data = read_file(_as_spelled(folder / image), folders, *([job.within] if job.within is not None else []))
        except ImageError as error:
            if isinstance(error.__cause__, FileNotFoundError):
                continue
            return Outcome(item.position, "refused", str(error))
        return _Read(
            position=item.position,
            id=painting_id(job.collection, item.row["key"]),
            collection=job.collection,
            row=item.row,
            catalogue=Catalogue(**item.row["catalogue"]),
            data=data,
            sha256=hashlib.sha256(data).digest(),
        )
    looked = ", ".join(folder.name for folder in folders)
    return Outcome(item.position, "refused", f"There is no such picture; looked in {looked}.")


def _as_spelled(path: Path) -> Path:
    """The path, or the one that differs from it in upper and lower case only: tables come from Windows."""
    if path.exists():
        return path
    try:
        names = _names(path.parent, path.parent.stat().st_mtime_ns)
    except OSError:
        return path
    return path.with_name(names.get(path.name.casefold(), path.name))


@lru_cache(maxsize=8)
def _names(folder: Path, changed: int) -> dict[str, str]:
    """The names in a folder by their case-folded form; `changed` makes a changed folder be read again."""
    return {name.casefold(): name for name in os.listdir(folder)}


def _decode(read: _Read, *, display_size: int) -> _Decoded | Outcome:
    try:
        picture = read_picture(read.data, name=Path(read.row["image"]).name, max_side=max(EMBEDDED_SIDE, display_size))
    except ImageError as error:
        return Outcome(read.position, "refused", str(error))
    return _Decoded(read, picture, render(picture, display_size=display_size))


def _split(results: Sequence[T | Outcome]) -> tuple[list[T], list[Outcome]]:
    return (
        [result for result in results if not isinstance(result, Outcome)],
        [result for result in results if isinstance(result, Outcome)],
    )


def unknown_job(job_id: object) -> IngestError:
    """The error for a job id that is not in the database."""
    return IngestError(f"There is no ingest job {str(job_id)!r:.60}.", "Start one with the path of a source.")
