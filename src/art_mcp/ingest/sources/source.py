"""The interface of all sources, and the rows that they yield."""

from __future__ import annotations

import shlex
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Protocol

from art_mcp.errors import Argument, ArtMcpError
from art_mcp.images.local_file import LocalFile
from art_mcp.painting import NO_HOLDING, Catalogue, Holding


class SourceError(ArtMcpError):
    """A source cannot be read, permanently or at the moment. A single bad row is a `Refusal` instead."""


class NotATable(SourceError):
    """An option that only a table has is given for another source."""


@dataclass(frozen=True, slots=True)
class Row:
    """A painting as the source describes it."""

    label: str
    """Names the row for the user, by its line or its file."""
    key: str
    """Identifies the painting within its collection."""
    image: str
    """The argument of `Source.picture`: a file name or a URL; empty if the row has no picture."""
    catalogue: Catalogue
    holding: Holding = NO_HOLDING
    vector: str | None = None
    """The text of the vector column, unparsed; only an import uses it."""
    years: tuple[int, int] | None = None
    """First and last possible year, inclusive, if the source states them as numbers; BC is negative."""
    details: Mapping[str, str] = field(default_factory=dict)
    """Everything else that the source says, by the names of its columns, in their order."""
    notes: tuple[str, ...] = ()
    """What was changed in the row to store it, such as a text that was cut, in sentences."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be stored, and why."""

    label: str
    reason: str
    key: str | None = None
    """Key of the painting, if the row states it."""


@dataclass(frozen=True, slots=True)
class Page:
    """Consecutive rows of a source."""

    rows: Sequence[Row | Refusal]
    after: str | None
    """Cursor of the next page for `Source.pages`, valid in any process; None for the last page."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a source is loaded; stored with the job."""

    columns: Mapping[str, str] = field(default_factory=dict)
    """Names of a table's columns, or patterns with such names in braces, by field; others are recognised."""
    encoding: str | None = None
    """Encoding of a text file, by its Python name; None to detect it."""
    sheet: str | None = None
    """Name of the sheet of an Excel workbook; None for the one that has pictures, or all that have the same columns."""
    images: str | None = None
    """Absolute path of a folder or zip archive to search first for a table's pictures; None for its own folder."""
    limit: int | None = None
    """Maximum number of rows to load; None for all."""
    remove_missing: bool = False
    """Whether to remove, after the load, paintings loaded from this source before that it no longer contains."""
    clean_semart: bool = False
    """Whether to clean SemArt as the tutorial does."""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, known: Mapping[str, Any]) -> Options:
        """Restore options from the output of `as_dict`; unknown options of other versions are ignored."""
        names = {each.name for each in fields(cls)}
        return cls(**{name: value for name, value in known.items() if name in names})


DEFAULTS = Options()


def column_argument(field: str, name: str) -> Argument:
    """The argument that says which column a field is read from."""
    return Argument(f'columns {{"{field}": "{name}"}}', f"--column {field}={name}")


def sheet_argument(name: str) -> Argument:
    """The argument that says which sheet of a workbook is read."""
    return Argument(f"sheet {name}", f"--sheet {shlex.quote(name)}")


def encoding_argument(name: str) -> Argument:
    """The argument that says how a text file is encoded."""
    return Argument(f"encoding {name}", f"--encoding {name}")


class Source(Protocol):
    """Paintings in a folder, a table, or a museum's catalogue. Close it with `aclose`."""

    @property
    def name(self) -> str:
        """Default name of the collection."""
        ...

    @property
    def local(self) -> bool:
        """Whether its pictures are on this machine, so that a plan can read them cheaply."""
        ...

    def pages(self, after: str | None) -> AsyncGenerator[Page]:
        """Yield the rows in pages.

        Args:
            after: the cursor of the page to start with, from `Page.after`; None starts at the beginning.

        Raises:
            SourceError: the source cannot be read; a later call can resume with the cursor of the last page.
        """
        ...

    @property
    def catalogues(self) -> bool:
        """Whether a row says so much that it is worth storing without its picture."""
        ...

    async def picture(self, image: str) -> LocalFile | bytes:
        """A row's picture, undecoded: a file on this machine, or bytes from the network or an archive.

        Raises:
            ImageError: this picture is missing, not allowed, empty or too large.
            SourceError: the source cannot deliver any picture at the moment.
        """
        ...

    async def reading(self) -> str | None:
        """Sentence for the user on how the source is interpreted, such as the meaning of its columns."""
        ...

    async def aclose(self) -> None: ...
