"""Base of the museum APIs: pages of records, each of which becomes a row or is refused."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from art_mcp.ingest.sources.source import Page, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.columns import painting
from art_mcp.ingest.sources.web import Web

Record = Mapping[str, Any]
NO_DETAILS: Mapping[str, object] = {}
NOT_OPEN = "The museum has no public-domain picture of it."


class Museum(ABC):
    """A museum's paintings that match some words, or all of its paintings.

    Records are requested in pages. A page's cursor is the offset of the next page, so any process can continue.
    """

    title: ClassVar[str]
    """Short name of the museum."""
    pause: ClassVar[float]
    """Seconds between two requests for records, as the museum requests or tolerates."""
    local = False
    catalogues = True

    def __init__(self, words: str) -> None:
        self.words = words.strip()
        self.name = f"{self.title}: {self.words}" if self.words else self.title
        self.web = Web(pause=self.pause)

    @abstractmethod
    async def records(self, offset: int) -> tuple[Sequence[Record], int | None]:
        """Fetch one page.

        Returns:
            The records from `offset` on, and the offset of the next page, or None after the last page.

        Raises:
            SourceError: the API does not respond, or its response has an unexpected form.
        """

    @abstractmethod
    def row(self, record: Record) -> Row | Refusal | None:
        """Convert a record to a row; None if it is not a painting."""

    async def pages(self, after: str | None) -> AsyncGenerator[Page]:
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
            return Refusal(f"{self.title} {str(record)[:60]}", "The museum's record has an unexpected form.")


def museum_row(
    label: str,
    cells: Mapping[str, str | None],
    years: tuple[object, object] = (None, None),
    details: Mapping[str, object] = NO_DETAILS,
) -> Row | Refusal:
    """Build a row from a museum's values, by field.

    Args:
        years: the first and the last possible year, if the museum states them as integers; ignored otherwise.
        details: what else the museum says, by name; only texts are kept.
    """
    row = painting(label, {field: cell for field, cell in cells.items() if cell})
    if isinstance(row, Refusal):
        return row
    first, last = years
    if isinstance(first, int) and isinstance(last, int) and first <= last and (first or last):
        row = replace(row, years=(first, last))
    return replace(row, details={name: text for name, text in details.items() if isinstance(text, str) and text})


def shape(found: object, what: str) -> Any:
    """Check that a response is a JSON object and return it.

    Raises:
        SourceError: it is not an object.
    """
    if not isinstance(found, dict):
        raise SourceError(f"{what} returned an unexpected response.", "Upgrade art-mcp, or try again later.")
    return found
