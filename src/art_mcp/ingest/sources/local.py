"""Base of the sources on this machine, whose rows are read in threads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Iterator, Sequence
from itertools import islice

import anyio.to_thread

from art_mcp.errors import lines_of
from art_mcp.images.local_file import LocalFile
from art_mcp.ingest.sources.source import Page, Refusal, Row

PAGE = 1_000
"""Number of rows per page."""


class LocalSource(ABC):
    """A folder or a table.

    Args:
        notes: sentences for the user on what was found next to the source and is not read.
    """

    local = True
    catalogues = True

    def __init__(self, name: str, notes: Sequence[str] = ()) -> None:
        self.name = name
        self._notes = tuple(notes)

    @abstractmethod
    def rows(self) -> Iterator[Row | Refusal]:
        """Yield every row once, always in the same order. Blocks."""

    async def pages(self, after: str | None) -> AsyncGenerator[Page]:
        listed = int(after or 0)
        rows = islice(self.rows(), listed, None)
        while page := await anyio.to_thread.run_sync(lambda: list(islice(rows, PAGE))):
            listed += len(page)
            yield Page(page, str(listed) if len(page) == PAGE else None)

    async def reading(self) -> str:
        return lines_of([*await anyio.to_thread.run_sync(self._reading), *self._notes])

    @abstractmethod
    async def picture(self, image: str) -> LocalFile | bytes:
        """As `Source.picture`."""

    @abstractmethod
    def _reading(self) -> Sequence[str]:
        """How the source is interpreted, in sentences for the user. Blocks."""

    @abstractmethod
    async def aclose(self) -> None:
        """Close what is open."""
