"""Opens the source that a user names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from art_mcp.errors import Advice, Argument
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
from art_mcp.ingest.sources.source import NotATable, Options, Source, SourceError
from art_mcp.ingest.sources.tables.choosing import NoPictureColumn, listed
from art_mcp.ingest.sources.tables.parquet import parquet
from art_mcp.ingest.sources.tables.semart import misfit
from art_mcp.ingest.sources.tables.table import Table, are_one, is_table, reader, semart_tables, table_at
from art_mcp.ingest.sources.zipped import Archive

READERS: dict[str, type[Museum]] = {"met": Met, "cleveland": Cleveland, "smk": SMK}
"""What reads each of `kinds.MUSEUMS`."""
MAX_TABLES = 50
"""Maximum number of tables that are looked at in a folder; Parquet files can be the shards of one."""
MAX_SHARDS = 1_000
"""Maximum number of files in a folder that are read as one table."""
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
    if is_address(source):
        return _open_address(source, options)
    with ExitStack() as opened:
        images = _images(options.images, within) if options.images else None
        if images:
            opened.callback(images.close)
        try:
            found = _open_path(path, options, within, images)
        except OSError as error:
            raise SourceError(f"{path.name} cannot be read ({error.strerror}).", "Check its permissions.") from None
        opened.pop_all()
    return found


def _images(path: str, within: Sequence[Path] | None) -> Place:
    """The folder or zip archive that a user named for a table's pictures."""
    try:
        found = Path(path) if within is None else allowed_path(path, within)
    except ImageError as error:
        raise SourceError(error.problem, error.next_step) from None
    if found.is_dir():
        return Folder(found, within)
    if found.is_file() and found.suffix.lower() == ".zip":
        return Archive(found, within)
    raise SourceError(
        f"There is no folder or zip archive {found.name}.", "Give the path of the one with the table's pictures."
    )


def _open_address(source: str, options: Options) -> Source:
    name, _, rest = source.partition(":")
    reader = READERS.get(name.lower())
    found = reader(rest) if reader else IIIF(source)
    _refuse_options_of_tables(found.name, options)
    return found


def _open_path(path: Path, options: Options, within: Sequence[Path] | None, images: Place | None) -> Source:
    if not path.exists():
        raise SourceError(
            f"There is no file or folder {path.name}.",
            "Give the absolute path of a folder of pictures or a table.",
        )
    if path.is_dir():
        return _open_place(path.name, Folder(path, within), options, images)
    if is_table(path.name):
        return table_at(path, options, within, images)
    if path.suffix.lower() == ".zip":
        archive = Archive(path, within)
        try:
            return _open_place(path.stem, archive, options, images)
        except BaseException:
            archive.close()
            raise
    if form := OTHER_TABLES.get(path.suffix.lower()):
        raise SourceError(f"{path.name} is {form}, which is not read.", "Save it as .xlsx or as CSV UTF-8.")
    raise SourceError(
        f"{path.name} is neither a folder nor a table.",
        f"Give {describe_kinds()}.",
    )


def _open_place(name: str, place: Place, options: Options, images: Place | None) -> Source:
    """Open a folder or an archive: the table in it that names pictures, else its pictures, else a table without any."""
    files = next((files for folder, files in place.walk(lambda path, reason: None) if not folder), [])
    if semart := semart_tables(files):
        return Table(name, place, semart, options, images)
    candidates = _tables(files)
    if not candidates and not has_pictures(place):
        candidates = [
            f"{folder}/{file}" for folder, files in place.walk(lambda path, reason: None) for file in _tables(files)
        ]
    if len(candidates) > MAX_SHARDS:
        raise SourceError(
            f"{name} has {len(candidates):,} tables; at most {MAX_SHARDS:,} are read as one.",
            "Give the path of the one to load.",
        )
    tables = {file: Table(name, place, (file,), options, images) for file in candidates}
    fields = {file: table.fields() for file, table in tables.items()}
    naming = [file for file in tables if "image" in fields[file]]
    if not naming and images is None and has_pictures(place):
        return _pictures(name, place, options, _not_read(tables))
    usable = naming or [file for file in tables if fields[file]] or list(tables)
    for file in tables:
        if file not in usable and reader(file) is parquet and any(reader(other) is parquet for other in usable):
            with suppress(NoPictureColumn):
                tables[file].columns()  # raises if it is damaged: a shard must not be lost
    if len(usable) > 1 and not are_one([tables[file] for file in usable]):
        names = ", ".join(usable[:5])
        raise SourceError(f"{name} has {len(usable)} tables ({names}).", "Give the path of the one to load.")
    if not usable:
        return _pictures(name, place, options)
    return Table(name, place, usable, options, images, _not_read(file for file in tables if file not in usable))


def _tables(files: Sequence[str]) -> list[str]:
    tables = sorted({file for file in files if is_table(file)} - sidecars(files))
    return [file for at, file in enumerate(tables) if at < MAX_TABLES or reader(file) is parquet]


def _pictures(name: str, place: Place, options: Options, notes: Sequence[str] = ()) -> PictureFolder:
    _refuse_options_of_tables(name, options)
    return PictureFolder(name, place, notes)


def _refuse_options_of_tables(name: str, options: Options) -> None:
    """Refuse what would be ignored, since the user expects it to have an effect."""
    if options.clean_semart:
        raise misfit(name)
    for given, argument, lacking in (
        (options.images, Argument("images", "--images"), "other folder with its pictures"),
        (options.columns, Argument("columns", "--column"), "columns"),
        (options.encoding, Argument("encoding", "--encoding"), "text whose encoding can be set"),
        (options.sheet, Argument("sheet", "--sheet"), "sheets"),
    ):
        if given:
            raise NotATable(
                f"{name} is not a table, so it has no {lacking}.", Advice("Give a table, or leave out {}.", argument)
            )


def _not_read(tables: Iterable[str]) -> list[str]:
    names = list(tables)
    return [f"Not read, because no column names pictures: {listed(names)}."] if names else []
