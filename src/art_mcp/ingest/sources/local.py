"""Base of the sources on this machine: reads rows in threads, and pictures from the source's own folders."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Sequence
from functools import lru_cache, partial
from itertools import islice
from pathlib import Path

import anyio.to_thread

from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.source import Page, Refusal, Row

PAGE = 1_000
"""Number of rows per page."""


class LocalSource(ABC):
    """A folder or a table.

    Args:
        picture_folders: folders to search for a row's picture, in this order; no file outside them is read.
        within: folders that every file must be in after links are resolved; None for no restriction.
    """

    local = True
    catalogues = True

    def __init__(self, name: str, picture_folders: Sequence[Path], within: Sequence[Path] | None) -> None:
        self.name = name
        self.picture_folders = tuple(picture_folders)
        self._within = within

    @abstractmethod
    def rows(self) -> Iterator[Row | Refusal]:
        """Yield every row once, always in the same order. Blocks."""

    async def pages(self, after: str | None) -> AsyncGenerator[Page]:
        listed = int(after or 0)
        rows = islice(self.rows(), listed, None)
        while page := await anyio.to_thread.run_sync(lambda: list(islice(rows, PAGE))):
            listed += len(page)
            yield Page(page, str(listed) if len(page) == PAGE else None)

    async def picture(self, image: str) -> LocalFile | bytes:
        return await anyio.to_thread.run_sync(partial(self._picture, image))

    async def reading(self) -> str | None:
        return None

    async def aclose(self) -> None:
        return  # no file stays open between calls

    def _picture(self, image: str) -> LocalFile:
        allowed = [self.picture_folders, *([self._within] if self._within is not None else [])]
        for folder in self.picture_folders:
            try:
                return LocalFile.at(_as_spelled(folder / image), *allowed)
            except ImageError as error:
                if not isinstance(error.__cause__, FileNotFoundError):
                    raise
        searched = ", ".join(folder.name for folder in self.picture_folders)
        raise ImageError("The picture is missing.", f"Folders searched: {searched}.")


def _as_spelled(path: Path) -> Path:
    """The path, or an existing one that differs only in case, since tables from Windows ignore case."""
    if path.exists():
        return path
    try:
        names = _names(path.parent, path.parent.stat().st_mtime_ns)
    except OSError:
        return path
    return path.with_name(names.get(path.name.casefold(), path.name))


@lru_cache(maxsize=8)
def _names(folder: Path, changed: int) -> dict[str, str]:
    """File names in a folder by case-folded form; `changed`, its mtime in ns, invalidates the cache."""
    return {name.casefold(): name for name in os.listdir(folder)}
