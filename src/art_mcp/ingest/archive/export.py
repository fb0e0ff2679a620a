"""Writes collections into an archive, as they are at one moment."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from art_mcp.ingest.archive import columns
from art_mcp.ingest.archive.files import Files
from art_mcp.ingest.archive.manifest import MANIFEST, ArchiveError, Manifest
from art_mcp.store import archive

if TYPE_CHECKING:
    from art_mcp.store.database import Database

PAGE = 128
"""Paintings that are read at a time."""


class Export:
    """Writes one archive; nothing is there under its name until all of it is.

    Args:
        folder: absolute; of the archive, which is not there yet.
        collections: their names, or none for all.
        overwrite: an archive of this name is replaced, once the new one is whole.
    """

    def __init__(
        self, database: Database, folder: Path, collections: Sequence[str] = (), *, overwrite: bool = False
    ) -> None:
        self._database = database
        self._folder = folder
        self._collections = collections
        self._overwrite = overwrite
        self.total = self.done = 0
        """Paintings to be written, and those that are."""

    async def run(self) -> Manifest:
        """Write the archive.

        Raises:
            ArchiveError: there is nothing to write, or it cannot be written there.
            ArtMcpError: the database failed.
        """
        columns.require_pyarrow()
        await self._on_disk(self._check)
        beside = _beside(self._folder, "unfinished")
        await self._on_disk(beside.mkdir)
        try:
            manifest = await self._write(beside)
            await self._on_disk(self._put, beside, manifest)
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        return manifest

    async def _on_disk(self, work: Callable[..., object], *arguments: object) -> None:
        """Do something in a thread; what the disk has against it becomes an `ArchiveError`."""
        try:
            await anyio.to_thread.run_sync(work, *arguments)
        except OSError as error:
            raise ArchiveError(
                f"{self._folder.name} cannot be written ({error.strerror or type(error).__name__}).",
                "Check the space and the permissions there; what was there before is as it was.",
            ) from error

    def _check(self) -> None:
        if not self._folder.parent.is_dir():
            raise ArchiveError(f"There is no folder {self._folder.parent.name} to write into.", "Create it first.")
        if not os.path.lexists(self._folder):
            return
        if not self._overwrite:
            raise ArchiveError(
                f"There is a {self._folder.name} already.", "Choose another name, or replace it with --overwrite."
            )
        names = os.listdir(self._folder) if self._folder.is_dir() else []
        if MANIFEST not in names or not all(re.fullmatch(r"manifest\.json|paintings-\d+\.parquet", n) for n in names):
            raise ArchiveError(
                f"{self._folder.name} is no archive, or holds other files too, so it is not replaced.",
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
            files = Files(folder, {space: active[space] for space in spaces})
            after = archive.BEFORE_ALL
            try:
                while page := await archive.page(connection, list(collections), spaces, after=after, limit=PAGE):
                    await self._on_disk(files.add, page)
                    after = page[-1].painting.id
                    self.done += len(page)
                await self._on_disk(files.end)
            finally:
                files.close()
        return files.manifest(collections)

    def _put(self, beside: Path, manifest: Manifest) -> None:
        """Give the archive its name, once all of it is on the disk."""
        (beside / MANIFEST).write_text(manifest.model_dump_json(indent=2) + "\n", encoding="utf-8")
        for path in (*beside.iterdir(), beside):
            _sync(path)
        old = _beside(self._folder, "old")
        if self._overwrite and self._folder.exists():
            self._folder.rename(old)
        try:
            beside.rename(self._folder)
        except OSError:
            if old.exists():
                old.rename(self._folder)
            raise
        _sync(self._folder.parent)
        shutil.rmtree(old, ignore_errors=True)


def _beside(folder: Path, what: str) -> Path:
    """A name beside the folder that nothing has."""
    return folder.with_name(f"{folder.name}.{what}-{secrets.token_hex(4)}")


def _sync(path: Path) -> None:
    folder = path.is_dir()
    with contextlib.suppress(*[PermissionError] * folder):  # on Windows, where a folder is no file
        handle = os.open(path, os.O_RDONLY if folder else os.O_RDWR)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
