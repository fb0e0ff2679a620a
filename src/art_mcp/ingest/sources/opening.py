"""Opens the source that a user names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from art_mcp.images.files import allowed_path
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.folders.folder import PictureFolder, has_pictures
from art_mcp.ingest.sources.folders.sidecar import sidecars
from art_mcp.ingest.sources.kinds import describe_kinds, is_address
from art_mcp.ingest.sources.museums.cleveland import Cleveland
from art_mcp.ingest.sources.museums.iiif import IIIF
from art_mcp.ingest.sources.museums.met import Met
from art_mcp.ingest.sources.museums.museum import Museum
from art_mcp.ingest.sources.museums.smk import SMK
from art_mcp.ingest.sources.places import Folder, Place
from art_mcp.ingest.sources.source import Options, Source, SourceError
from art_mcp.ingest.sources.tables.choosing import SHOWN
from art_mcp.ingest.sources.tables.semart import misfit
from art_mcp.ingest.sources.tables.table import Table, is_table, semart_tables, table_at
from art_mcp.ingest.sources.zipped import Archive

READERS: dict[str, type[Museum]] = {"met": Met, "cleveland": Cleveland, "smk": SMK}
"""What reads each of `kinds.MUSEUMS`."""
MAX_TABLES = 50
"""Maximum number of tables that are looked at in a folder."""
OTHER_TABLES = {
    ".xls": "an old Excel workbook",
    ".xlsb": "a binary Excel workbook",
    ".ods": "a LibreOffice workbook",
    ".numbers": "a Numbers workbook",
    ".xml": "an XML file",
    ".mdb": "an Access database",
    ".accdb": "an Access database",
    ".fmp12": "a FileMaker database",
    ".sqlite": "an SQLite database",
    ".db": "a database",
}
"""Tables in formats that are not read, by suffix."""


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
    if options.images is not None:
        _check_images(options.images, within)
    try:
        found = _open_address(source) if is_address(source) else _open_path(path, options, within)
    except OSError as error:
        raise SourceError(f"{path.name} cannot be read ({error.strerror}).", "Check its permissions.") from None
    if not isinstance(found, Table):
        if options.clean_semart:
            raise misfit(found.name)
        if options.images is not None:
            raise SourceError(
                f"{found.name} is not a table, so its pictures cannot be in another folder.", "Give a table."
            )
    return found


def _check_images(folder: str, within: Sequence[Path] | None) -> None:
    try:
        path = Path(folder) if within is None else allowed_path(folder, within)
    except ImageError as error:
        raise SourceError(error.problem, error.next_step) from None
    if not path.is_dir():
        raise SourceError(f"There is no folder {path.name}.", "Give the path of the folder with the table's pictures.")


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
    if path.is_dir():
        return _open_place(path.name, Folder(path, within), options, within)
    if is_table(path.name):
        return table_at(path, options, within)
    if path.suffix.lower() == ".zip":
        archive = Archive(path, within)
        try:
            return _open_place(path.stem, archive, options, within)
        except BaseException:
            archive.close()
            raise
    if form := OTHER_TABLES.get(path.suffix.lower()):
        raise SourceError(f"{path.name} is {form}, which is not read.", "Save it as .xlsx or as CSV UTF-8.")
    raise SourceError(
        f"{path.name} is neither a folder nor a table.",
        f"Give {describe_kinds()}.",
    )


def _open_place(name: str, place: Place, options: Options, within: Sequence[Path] | None) -> Source:
    """Open a folder or an archive: the table in it that names pictures, else its pictures, else a table without any."""
    files = next((files for folder, files in place.walk(lambda path, reason: None) if not folder), [])
    if semart := semart_tables(files):
        return Table(name, place, semart, options, within)
    candidates = sorted({file for file in files if is_table(file)} - sidecars(files))[:MAX_TABLES]
    tables = {file: Table(name, place, (file,), options, within) for file in candidates}
    fields = {file: table.fields() for file, table in tables.items()}
    naming = [file for file in tables if "image" in fields[file]]
    if not naming and options.images is None and has_pictures(place):
        return PictureFolder(name, place, _not_read(tables))
    usable = naming or [file for file in tables if fields[file]] or list(tables)
    if len(usable) > 1:
        names = ", ".join(usable[:5])
        raise SourceError(f"{name} has {len(usable)} tables ({names}).", "Give the path of the one to load.")
    if not usable:
        return PictureFolder(name, place)
    return Table(name, place, usable, options, within, _not_read(file for file in tables if file not in usable))


def _not_read(tables: Iterable[str]) -> list[str]:
    names = list(tables)
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    named = ", ".join(names[:SHOWN])
    return [f"Not read, because no column names pictures: {named}{more}."] if names else []
