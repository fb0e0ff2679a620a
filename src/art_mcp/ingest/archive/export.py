"""Exports collections to an archive, from one snapshot of the database."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import secrets
import shutil
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from art_mcp.images.rendition import suffix
from art_mcp.ingest.archive.layout import (
    CATALOGUE,
    IMAGES,
    KEPT,
    MANIFEST,
    MEMBER,
    VECTORS,
    WORDS,
    ArchiveError,
    Manifest,
    Record,
    checksum,
)
from art_mcp.ingest.archive.vectors import VectorWriter
from art_mcp.space import Space
from art_mcp.store import archive
from art_mcp.store.paintings import BEFORE_ALL, Entry

if TYPE_CHECKING:
    from art_mcp.store.database import Database

PAGE = 128
"""Number of paintings read and written at a time, to bound memory."""


class Export:
    """Writes one archive; the folder gets its final name only after all files are synced to disk.

    Args:
        folder: absolute path of the archive to create.
        collections: names of the collections to export; empty exports all.
        overwrite: replace an existing archive at this path once the new one is complete.
    """

    def __init__(
        self, database: Database, folder: Path, collections: Sequence[str] = (), *, overwrite: bool = False
    ) -> None:
        self._database = database
        self._folder = folder
        self._collections = collections
        self._overwrite = overwrite
        self.total = self.done = 0
        """Number of paintings to write, and number written so far."""
        self.bytes = 0
        """Size of the complete archive in bytes; 0 until then."""

    async def run(self) -> Manifest:
        """Write the archive and return its manifest.

        Raises:
            ArchiveError: there are no paintings to export, or the archive cannot be written at this path.
            ArtMcpError: the database failed.
        """
        await self._on_disk(self._check)
        unfinished = self._sibling("unfinished")
        await self._on_disk(unfinished.mkdir)
        try:
            manifest = await self._write(unfinished)
            await self._on_disk(self._put, unfinished, manifest)
        except BaseException:
            shutil.rmtree(unfinished, ignore_errors=True)
            raise
        return manifest

    async def _on_disk(self, work: Callable[..., object], *arguments: object) -> None:
        """Run blocking `work` in a thread and convert an `OSError` into an `ArchiveError`."""
        try:
            await anyio.to_thread.run_sync(work, *arguments)
        except OSError as error:
            raise ArchiveError(
                f"{self._folder.name} cannot be written ({error.strerror or type(error).__name__}).",
                "Check the free space and permissions; existing files are unchanged.",
            ) from error

    def _check(self) -> None:
        if not self._folder.parent.is_dir():
            raise ArchiveError(f"The folder {self._folder.parent.name} does not exist.", "Create it first.")
        if not os.path.lexists(self._folder):
            return
        if not self._overwrite:
            raise ArchiveError(
                f"{self._folder.name} already exists.", "Choose another name, or replace it with --overwrite."
            )
        paths = [path for path in self._folder.rglob("*") if path.is_symlink() or not path.is_dir()]
        names = {path.relative_to(self._folder).as_posix() for path in paths}
        if MANIFEST not in names or not all(map(MEMBER.fullmatch, names)):
            raise ArchiveError(
                f"{self._folder.name} is not an archive or contains other files, so it is not replaced.",
                "Choose another name.",
            )

    async def _write(self, folder: Path) -> Manifest:
        async with archive.snapshot(self._database) as connection:
            collections = await archive.sizes(connection, self._collections)
            if not collections:
                raise ArchiveError("There are no paintings to export.", "Load some first: `art-mcp ingest`.")
            self.total = sum(collections.values())
            active = await archive.spaces(connection)
            spaces = [space for space in active if active[space] or not await archive.is_empty(connection, space)]
            writer = Writer(folder, {space: active[space] for space in spaces})
            after = BEFORE_ALL
            try:
                while page := await archive.page(connection, list(collections), spaces, after=after, limit=PAGE):
                    await self._on_disk(writer.add, page)
                    after = page[-1].painting.id
                    self.done += len(page)
            finally:
                await self._on_disk(writer.close)
        return writer.manifest(collections)

    def _put(self, unfinished: Path, manifest: Manifest) -> None:
        """Write the manifest, sync all files to disk, and rename the folder to its final name."""
        (unfinished / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        files = [path for path in unfinished.rglob("*") if path.is_file()]
        self.bytes = sum(path.stat().st_size for path in files)
        for path in files:
            if path.parent.name != IMAGES:  # too many to sync one by one; their names verify their content
                _sync(path)
        if hasattr(os, "sync"):
            os.sync()
        old = self._sibling("old")
        if self._overwrite and self._folder.exists():
            self._folder.rename(old)
        try:
            unfinished.rename(self._folder)
        except OSError:
            if old.exists():
                old.rename(self._folder)
            raise
        _sync(self._folder.parent)
        shutil.rmtree(old, ignore_errors=True)

    def _sibling(self, what: str) -> Path:
        """An unused path in the same parent folder."""
        return self._folder.with_name(f"{self._folder.name}.{what}-{secrets.token_hex(4)}")


class Writer:
    """Writes all files of an archive except the manifest. Blocks.

    Args:
        folder: the archive's folder, empty.
        spaces: the spaces to export vectors of, each with whether it is active.
    """

    def __init__(self, folder: Path, spaces: Mapping[Space, bool]) -> None:
        for name in (IMAGES, VECTORS):
            (folder / name).mkdir()
        self._images = folder / IMAGES
        self._spaces = spaces
        self._catalogue = (folder / CATALOGUE).open("x", encoding="utf-8", newline="\n")
        self._vectors = {space: VectorWriter(folder, space) for space in spaces}

    def add(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            painting, rows, data = entry.painting, dict[str, int](), dict[str, bytes]()
            for space, vector in entry.vectors.items():
                if vector is not None:
                    rows[space.name] = self._vectors[space].count
                    data[space.name] = self._vectors[space].add(vector)
            words: dict[str, Any] = painting.catalogue.as_dict() | painting.holding.as_dict()
            line = Record(
                id=painting.source_key,
                collection=painting.collection,
                painting_id=str(painting.id),
                source=painting.source,
                **{name: words[name] for name in WORDS},
                details=dict(painting.details),
                years=painting.years,
                **{KEPT[rendition.kind]: self._keep(rendition.data) for rendition in entry.renditions},
                image_name=painting.image_name,
                image_sha256=painting.image_sha256.hex() if painting.image_sha256 else None,
                image_width=painting.image_width,
                image_height=painting.image_height,
                image_format=painting.image_format,
                vectors=rows,
            ).model_dump()
            line["checksum"] = checksum(line, data)
            self._catalogue.write(json.dumps(line, ensure_ascii=False) + "\n")

    def close(self) -> None:
        self._catalogue.close()
        for file in self._vectors.values():
            file.close()

    def manifest(self, collections: Mapping[str, int]) -> Manifest:
        """The archive's manifest.

        Args:
            collections: number of paintings in each collection.
        """
        return Manifest(
            program=f"art-mcp {version('art-mcp')}",
            created=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
            collections=dict(collections),
            spaces=list(self._spaces),
            active=[space.name for space, active in self._spaces.items() if active],
        )

    def _keep(self, data: bytes) -> str:
        name = f"{hashlib.sha256(data).hexdigest()}.{suffix(data)}"
        (self._images / name).write_bytes(data)
        return name


def _sync(path: Path) -> None:
    folder = path.is_dir()
    with contextlib.suppress(*[PermissionError] * folder):  # Windows cannot open a folder
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
