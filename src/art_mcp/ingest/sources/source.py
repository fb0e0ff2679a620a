"""What every source gives."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

from art_mcp.errors import ArtMcpError
from art_mcp.painting import UNTOLD, Catalogue, Holding


class SourceError(ArtMcpError):
    """A source cannot be read at all, or not now; a single bad row is a `Refusal` instead."""


@dataclass(frozen=True, slots=True)
class Row:
    """A painting as the source describes it."""

    label: str
    """What a person calls the row: its line or its file."""
    key: str
    """Identifies the painting within its collection."""
    image: str
    """What `Source.picture` takes: a file's name or an address."""
    catalogue: Catalogue
    holding: Holding = UNTOLD
    vector: str | None = None
    """As the source writes it; only an import reads it."""
    years: tuple[int, int] | None = None
    """The first and the last possible year, inclusive, where the source says it in numbers; BC is negative."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be stored, and why."""

    label: str
    reason: str
    key: str | None = None
    """Which painting it is, where the row says so."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows, in the order of the source."""

    rows: Sequence[Row | Refusal]
    after: str | None
    """Where the list goes on, for `Source.pages` of any process; None: nowhere, this was the last."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is loaded; kept with its job."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """A table's column for each thing known about a painting, where its header is not to be guessed from."""
    limit: int | None = None
    """Rows to list at most."""
    remove_missing: bool = False
    """In the end, remove the paintings that were loaded from this source before and have left it."""
    clean_semart: bool = False
    """Load SemArt as the tutorial cleans it."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> Options:
        """From `as_dict`, of whichever version of this program."""
        names = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in known.items() if name in names})


DEFAULTS = Options()


class Source(Protocol):
    """Paintings in a folder, a table, or a museum's catalogue."""

    @property
    def name(self) -> str:
        """The collection's name when the user gives none."""
        ...

    @property
    def local(self) -> bool:
        """Whether its pictures are on this machine, so that they can be looked at in passing."""
        ...

    def pages(self, after: str | None) -> AsyncIterator[Page]:
        """All rows in pages, or those after a page that was listed before.

        Raises:
            SourceError: the source cannot be read; to go on later is from the last page.
        """
        ...

    async def picture(self, image: str) -> bytes:
        """A row's picture, as it came.

        Raises:
            ImageError: this picture is missing, not allowed, empty or too large.
            SourceError: no picture can be had now.
        """
        ...

    async def reading(self) -> str | None:
        """How the source is understood, in a sentence for people, such as which column is what."""
        ...

    async def aclose(self) -> None: ...
