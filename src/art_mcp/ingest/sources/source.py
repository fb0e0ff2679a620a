"""What every source gives, and the choice of the source for what a user names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
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


MUSEUMS = ("met", "cleveland", "smk")
"""Museums whose paintings are named as `met:WORDS`; `_open_museum` knows the module of each."""


def is_address(source: str) -> bool:
    """Whether a source is a museum or a link, and no path on this machine."""
    return source.partition(":")[0].lower() in (*MUSEUMS, "https", "http")


def open_source(source: str, options: Options, within: Sequence[Path] | None = None) -> Source:
    """The source that a user names: the absolute path of a table, of a folder with SemArt's files or with one table, or
    of a folder of pictures; `met:WORDS` and the like for a museum's paintings; or the https link of a IIIF manifest or
    collection. Blocking.

    Args:
        within: folders in which every file must truly lie; None where the user's own rights decide.

    Raises:
        SourceError: there is nothing at the path, it may not be read, or it is ambiguous.
    """
    if is_address(source):
        return _open_address(source)
    path = Path(source)
    try:
        return _open_path(path, options, within)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror}).", "Check its permissions.") from None


def _open_address(source: str) -> Source:
    from art_mcp.ingest.sources.cleveland import Cleveland
    from art_mcp.ingest.sources.iiif import IIIF
    from art_mcp.ingest.sources.met import Met
    from art_mcp.ingest.sources.smk import SMK

    scheme, _, rest = source.partition(":")
    museums = dict(zip(MUSEUMS, (Met, Cleveland, SMK), strict=True))
    if museum := museums.get(scheme.lower()):
        return museum(rest)
    return IIIF(source)


def _open_path(path: Path, options: Options, within: Sequence[Path] | None) -> Source:
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
        return Table(path.stem, (path,), options, within)
    if semart := semart_tables(path):
        return Table(path.name, semart, options, within)
    tables = sorted(f for f in path.iterdir() if f.suffix.lower() in TABLE_SUFFIXES and f.is_file())
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables[:5])
        raise SourceError(f"{path.name} holds {len(tables)} tables ({names}).", "Give the path of the one to load.")
    return Table(path.name, tuple(tables), options, within) if tables else PictureFolder(path, within)
