"""The kinds of sources: what a user may name, and which class reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from art_mcp.ingest.sources.cleveland import Cleveland
from art_mcp.ingest.sources.folder import PictureFolder
from art_mcp.ingest.sources.iiif import IIIF
from art_mcp.ingest.sources.met import Met
from art_mcp.ingest.sources.museum import Museum
from art_mcp.ingest.sources.semart import misfit
from art_mcp.ingest.sources.smk import SMK
from art_mcp.ingest.sources.source import Options, Source, SourceError
from art_mcp.ingest.sources.table import TABLE_SUFFIXES, Table, semart_tables


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source, told in a line."""

    form: str
    """How it is written."""
    takes: str
    """What is loaded from it."""


MUSEUMS: dict[str, type[Museum]] = {"met": Met, "cleveland": Cleveland, "smk": SMK}
"""Museums with a service of their own, by what a source of theirs begins with: `met:WORDS`, or `met:` for all."""
KINDS: tuple[Kind, ...] = (
    Kind("/folder", "a folder of pictures; titles from their metadata, from sidecars NAME.xmp or NAME.json, or names"),
    Kind("/folder with a table", "a table beside its pictures, or SemArt's three files"),
    Kind("/table.csv", "a table (CSV, TSV, JSONL, Parquet) that names pictures beside it, or their https links"),
    *(Kind(f"{name}:WORDS", f"paintings of {museum.full_title}") for name, museum in MUSEUMS.items()),
    Kind("https://...", "a IIIF manifest or collection, version 2 or 3"),
)
"""What people are told of, in this order."""


def told_kinds() -> str:
    """All kinds in a sentence, for errors."""
    return "; ".join(f"{kind.form} ({kind.takes})" for kind in KINDS)


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
    path = Path(source)
    try:
        found = _open_address(source) if is_address(source) else _open_path(path, options, within)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror}).", "Check its permissions.") from None
    if options.clean_semart and not isinstance(found, Table):
        raise misfit(found.name)
    return found


def _open_address(source: str) -> Source:
    name, _, rest = source.partition(":")
    museum = MUSEUMS.get(name.lower())
    return museum(rest) if museum else IIIF(source)


def _open_path(path: Path, options: Options, within: Sequence[Path] | None) -> Source:
    if not path.exists():
        raise SourceError(
            f"There is no file or folder {path.name}.",
            "Give the absolute path of a folder of pictures or a table.",
        )
    if path.is_file():
        if path.suffix.lower() not in TABLE_SUFFIXES:
            raise SourceError(
                f"{path.name} is neither a folder nor a table.",
                f"Tables end in {', '.join(TABLE_SUFFIXES)}. A source is {told_kinds()}.",
            )
        return Table(path.stem, (path,), options, within)
    if semart := semart_tables(path):
        return Table(path.name, semart, options, within)
    tables = sorted(f for f in path.iterdir() if f.suffix.lower() in TABLE_SUFFIXES and f.is_file())
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables[:5])
        raise SourceError(f"{path.name} holds {len(tables)} tables ({names}).", "Give the path of the one to load.")
    return Table(path.name, tuple(tables), options, within) if tables else PictureFolder(path, within)
