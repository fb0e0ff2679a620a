"""Opens the source that a user names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from art_mcp.ingest.sources.cleveland import Cleveland
from art_mcp.ingest.sources.folder import PictureFolder
from art_mcp.ingest.sources.iiif import IIIF
from art_mcp.ingest.sources.kinds import describe_kinds, is_address
from art_mcp.ingest.sources.met import Met
from art_mcp.ingest.sources.museum import Museum
from art_mcp.ingest.sources.semart import misfit
from art_mcp.ingest.sources.smk import SMK
from art_mcp.ingest.sources.source import Options, Source, SourceError
from art_mcp.ingest.sources.table import TABLE_SUFFIXES, Table, semart_tables

READERS: dict[str, type[Museum]] = {"met": Met, "cleveland": Cleveland, "smk": SMK}
"""What reads each of `kinds.MUSEUMS`."""


def open_source(source: str, options: Options, within: Sequence[Path] | None = None) -> Source:
    """Open the source that a user names. Blocks.

    Args:
        source: absolute path of a table, of a folder with one table or SemArt's files, or of a folder of pictures; a
            museum's prefix and words, such as `met:WORDS`; or the https link of a IIIF manifest or collection.
        within: folders that every file must be in after links are resolved; None for no restriction.

    Raises:
        SourceError: the path does not exist, cannot be read or is ambiguous, or the options do not fit the source.
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
    reader = READERS.get(name.lower())
    return reader(rest) if reader else IIIF(source)


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
                f"Tables end in {', '.join(TABLE_SUFFIXES)}. A source is {describe_kinds()}.",
            )
        return Table(path.stem, (path,), options, within)
    if semart := semart_tables(path):
        return Table(path.name, semart, options, within)
    tables = sorted(f for f in path.iterdir() if f.suffix.lower() in TABLE_SUFFIXES and f.is_file())
    if len(tables) > 1:
        names = ", ".join(table.name for table in tables[:5])
        raise SourceError(f"{path.name} has {len(tables)} tables ({names}).", "Give the path of the one to load.")
    return Table(path.name, tuple(tables), options, within) if tables else PictureFolder(path, within)
