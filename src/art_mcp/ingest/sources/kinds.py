"""The kinds of sources: what a user may name, and which module reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from art_mcp.ingest.sources.source import Options, Source, SourceError


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of source, told in a line."""

    form: str
    """How it is written."""
    takes: str
    """What is loaded from it."""


@dataclass(frozen=True, slots=True)
class MuseumKind(Kind):
    """A museum with a service of its own, named as `met:WORDS`; without words, all its paintings."""

    module: str
    museum: str
    """Name of its class in the module."""


_MUSEUMS = {
    "met": MuseumKind("met:WORDS", "paintings of the Metropolitan Museum of Art", "met", "Met"),
    "cleveland": MuseumKind("cleveland:WORDS", "paintings of the Cleveland Museum of Art", "cleveland", "Cleveland"),
    "smk": MuseumKind("smk:WORDS", "paintings of SMK, the national gallery of Denmark", "smk", "SMK"),
}
MUSEUMS = tuple(_MUSEUMS)
KINDS: tuple[Kind, ...] = (
    Kind("/folder", "a folder of pictures; titles from their metadata, from sidecars NAME.xmp or NAME.json, or names"),
    Kind("/folder with a table", "a table beside its pictures, or SemArt's three files"),
    Kind("/table.csv", "a table (CSV, TSV, JSONL, Parquet) that names pictures beside it, or their https links"),
    *_MUSEUMS.values(),
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
    if options.clean_semart:
        from art_mcp.ingest.sources.semart import misfit
        from art_mcp.ingest.sources.table import Table

        if not isinstance(found, Table):
            raise misfit(found.name)
    return found


def _open_address(source: str) -> Source:
    from art_mcp.ingest.sources.iiif import IIIF

    scheme, _, rest = source.partition(":")
    if kind := _MUSEUMS.get(scheme.lower()):
        module = import_module(f"art_mcp.ingest.sources.{kind.module}")
        return getattr(module, kind.museum)(rest)
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
