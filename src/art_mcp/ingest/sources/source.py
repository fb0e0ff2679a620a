"""What every source gives, and the choice of the source for a path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from art_mcp.errors import ArtMcpError
from art_mcp.painting import Catalogue


class SourceError(ArtMcpError):
    """A source cannot be read at all; a single bad row is a `Refusal` instead."""


@dataclass(frozen=True, slots=True)
class Row:
    """A painting as the source describes it."""

    label: str
    """What a person calls the row: its line or its file."""
    key: str
    """Identifies the painting within its collection."""
    image: str
    """The picture's file, relative to one of the source's picture folders."""
    catalogue: Catalogue
    vector: str | None = None
    """As the source writes it; only an import reads it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that cannot be stored, and why."""

    label: str
    reason: str


class Source(Protocol):
    """A folder or a table of paintings on this machine."""

    @property
    def name(self) -> str:
        """The collection's name when the user gives none."""
        ...

    @property
    def picture_folders(self) -> tuple[Path, ...]:
        """Where a row's picture is looked for, in this order; nothing outside is read."""
        ...

    def rows(self) -> Iterator[Row | Refusal]:
        """Every row once, in the order of the source; reads the disk, so call it in a thread."""
        ...


def open_source(path: Path, within: Sequence[Path] | None = None) -> Source:
    """The source that a path stands for: a table (CSV or TSV), a folder with SemArt's files or with one
    table, or a folder of pictures.

    Args:
        within: folders in which a table must truly lie; None where the user's own rights decide.

    Raises:
        SourceError: there is nothing at the path, it may not be read, or it is ambiguous.
    """
    try:
        return _open(path, within)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror}).", "Check its permissions.") from None


def _open(path: Path, within: Sequence[Path] | None) -> Source:
    from art_mcp.ingest.sources.folder import PictureFolder
    from art_mcp.ingest.sources.table import TABLE_SUFFIXES, Table, semart_tables

    if not path.exists():
        raise SourceError(
            f"There is no file or folder {path.name}.",
            "Give the absolute path of a folder of pictures or a table.",
        )
    if path.is_file():
        if path.suffix.lower() not in TABLE_SUFFIXES:
            raise SourceError(
                f"{path.name} is neither a folder nor a table.",
                f"Give a folder of pictures, or a table that ends in {', '.join(TABLE_SUFFIXES)}.",
            )
        return Table(path.stem, (path,), within)
    if semart := semart_tables(path):
        return Table(path.name, semart, within)
    tables = sorted(f for f in path.iterdir() if f.suffix.lower() in TABLE_SUFFIXES and f.is_file())
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables[:5])
        raise SourceError(f"{path.name} holds {len(tables)} tables ({names}).", "Give the path of the one to load.")
    return Table(path.name, tuple(tables), within) if tables else PictureFolder(path)
