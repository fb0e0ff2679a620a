"""What museums' services share: pages of records, each of which becomes a row or is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from art_mcp.ingest.sources.columns import painting
from art_mcp.ingest.sources.source import Page, Refusal, Row, SourceError
from art_mcp.ingest.sources.web import Web

Record = Mapping[str, Any]
NOT_OPEN = "The museum does not give its picture to the public domain."


class Museum(ABC):
    """Paintings of a museum that fit some words, or all.

    A service's records are asked for in pages; a page ends where the next one begins, so that any process can go on.
    """

    title: ClassVar[str]
    """How people call the museum."""
    full_title: ClassVar[str]
    """What it is called in a list of sources, within a sentence."""
    pause: ClassVar[float]
    """Seconds between two requests, as the museum asks for or bears."""
    local = False

    def __init__(self, words: str) -> None:
        self.words = words.strip()
        self.name = f"{self.title}: {self.words}" if self.words else self.title
        self.web = Web(pause=self.pause)

    @abstractmethod
    async def records(self, offset: int) -> tuple[Sequence[Record], int | None]:
        """Records from an offset on, and the offset of the next ones, if there are more.

        Raises:
            SourceError: the service does not answer, or not as it used to.
        """

    @abstractmethod
    def row(self, record: Record) -> Row | Refusal | None:
        """A record as a row; None if it is no painting."""

    async def pages(self, after: str | None) -> AsyncIterator[Page]:
        offset: int | None = int(after or 0)
        while offset is not None:
            records, offset = await self.records(offset)
            rows = [row for record in records if (row := self._row(record)) is not None]
            yield Page(rows, None if offset is None else str(offset))

    async def picture(self, image: str) -> bytes:
        return await self.web.picture(image)

    async def reading(self) -> str | None:
        return f"Paintings of {self.title} whose pictures are in the public domain."

    async def aclose(self) -> None:
        await self.web.aclose()

    def _row(self, record: Record) -> Row | Refusal | None:
        try:
            return self.row(record)
        except (TypeError, ValueError, KeyError, AttributeError, IndexError):
            return Refusal(
                f"{self.title} {str(record)[:60]}", "The museum's record is not in the form that it used to be."
            )


def museum_row(
    label: str, cells: Mapping[str, str | None], years: tuple[object, object] = (None, None)
) -> Row | Refusal:
    """Args: years: the first and the last one, where the museum says them as whole numbers."""
    row = painting(label, {field: cell for field, cell in cells.items() if cell})
    first, last = years
    if isinstance(row, Row) and isinstance(first, int) and isinstance(last, int) and first <= last and (first or last):
        return replace(row, years=(first, last))
    return row


def shape(found: object, what: str) -> Any:
    """The answer, if it is of the kind that it should be.

    Raises:
        SourceError: it is not.
    """
    if not isinstance(found, dict):
        raise SourceError(f"{what} answers otherwise than it used to.", "Look for a newer art-mcp, or try again later.")
    return found
