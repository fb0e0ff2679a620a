"""Tables of paintings in any supported format, with local pictures or links to pictures."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePath
from threading import Lock
from typing import BinaryIO

import anyio.to_thread

from art_mcp.errors import Advice
from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.places import Folder, Place
from art_mcp.ingest.sources.source import Options, Refusal, Row, SourceError, encoding_argument, sheet_argument
from art_mcp.ingest.sources.tables import shards
from art_mcp.ingest.sources.tables.choosing import MAX_COLUMNS, Columns, NoPictureColumn, choose
from art_mcp.ingest.sources.tables.column_names import names_of, plain
from art_mcp.ingest.sources.tables.delimited import delimited
from art_mcp.ingest.sources.tables.excel import excel
from art_mcp.ingest.sources.tables.excel_pictures import WorkbookPictures
from art_mcp.ingest.sources.tables.gzipped import DAMAGED, unpacked
from art_mcp.ingest.sources.tables.json_table import json_table
from art_mcp.ingest.sources.tables.parquet import ROW, Pictures, parquet
from art_mcp.ingest.sources.tables.records import MEDIA, NotInstalled, Records
from art_mcp.ingest.sources.tables.semart import CLEANED, NEEDED, clean, misfit
from art_mcp.ingest.sources.tables.table_pictures import TablePictures

Reader = Callable[[BinaryIO, str, Collection[str]], Records]
"""Takes the open file, its name, and the possible names of the picture column."""
FORMATS: dict[str, Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".tab", ".txt"), delimited),
    **dict.fromkeys((".jsonl", ".ndjson", ".json"), json_table),
    ".xlsx": excel,
    ".xlsm": excel,
    ".parquet": parquet,
}
"""Readers by file suffix; text can be compressed by gzip, as in `.csv.gz`."""
TABLE_SUFFIXES = (*FORMATS, *(f"{suffix}.gz" for suffix in (".csv", ".tsv", ".jsonl", ".json")))
SAMPLE_ROWS = 50
"""Number of rows whose cells are looked at to choose the columns."""
SAMPLE_CHARACTERS = 200
"""Number of characters of each cell that are looked at."""
_EMBEDDED = re.compile(rf"(?:(.+?) )?({ROW}\d{{1,9}}(?:/.*)?|{MEDIA}.+)", re.DOTALL)
"""The name of a picture in a table, after that of the table's file if there are several."""
PICTURES_IN: dict[Reader, str] = {parquet: ROW, excel: MEDIA}
"""What the names of the pictures in a table begin with, by the formats that can have them."""
OPEN_TABLES = 2
"""Number of tables that are kept open for the pictures in them: one of an archive is in memory."""


class Table(LocalSource):
    """One or more tables with the same columns, read as one collection.

    Args:
        place: where the tables are.
        tables: their paths in that place.
        images: where their pictures are searched first, which is closed with the table.
    """

    def __init__(
        self,
        name: str,
        place: Place,
        tables: Sequence[str],
        options: Options,
        images: Place | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        super().__init__(name, notes)
        given = [images] if images else []
        self.picture_folders = (place.sub("images"), place.sub("Images"), place)
        self._pictures = TablePictures(given, self.picture_folders)
        self._place = place
        self.files = tuple(tables)
        self._given = options.columns
        self._encoding = options.encoding
        self._sheet = options.sheet
        self._clean = options.clean_semart
        self._chosen: dict[str, Columns] = {}
        self._in_tables: dict[str, Pictures | WorkbookPictures] = {}
        self._lock = Lock()

    def rows(self) -> Iterator[Row | Refusal]:
        return clean(self._rows) if self._clean else self._rows()

    def fields(self) -> Collection[str]:
        """The fields that have a column; none if the table cannot be read or has neither pictures nor titles. Blocks.

        Raises:
            SourceError: a column that the user chose is missing, or a library is not installed.
        """
        try:
            columns = self.columns()
            return {*columns.fields, *columns.patterns}
        except SourceError as error:
            if isinstance(error, NotInstalled) or (self._given and not isinstance(error, NoPictureColumn)):
                raise
            return ()

    async def picture(self, image: str) -> LocalFile | bytes:
        if embedded := _EMBEDDED.fullmatch(image):
            path = embedded[1] or self.files[0]
            begins = PICTURES_IN.get(reader(path)) if path in self.files else None
            if begins and embedded[2].startswith(begins):
                return await anyio.to_thread.run_sync(self._embedded, path, embedded[2])
        return await self._pictures.read(image)

    async def aclose(self) -> None:
        await self._pictures.aclose()
        for pictures in self._in_tables.values():
            pictures.close()

    def columns(self) -> Columns:
        """What the columns of the first table are used for. Blocks."""
        return self._columns(self.files[0])

    def _rows(self) -> Iterator[Row | Refusal]:
        namesakes: dict[str, dict[int, int]] = {}
        for path in self.files:
            columns = self._columns(path)
            with self._opened(path) as records:
                for where, cells in records.read(columns.slots):
                    label = f"{path} {where}"
                    if isinstance(cells, str):
                        yield Refusal(label, cells)
                        continue
                    row = self._settled(columns.row(label, cells))
                    if isinstance(row, Row):
                        is_named = row.image and not row.image.startswith(MEDIA)
                        if not (is_named or cells.get("key") or cells.get("number")):
                            row = _apart(row, namesakes)
                        if len(self.files) > 1 and _EMBEDDED.fullmatch(row.image):
                            row = _in_file(row, path)
                    yield row

    def _embedded(self, path: str, image: str) -> bytes:
        with self._lock:
            if path not in self._in_tables:
                self._in_tables[path] = self._open_pictures(path)
                while len(self._in_tables) > OPEN_TABLES:
                    self._in_tables.pop(next(iter(self._in_tables))).close()
            return self._in_tables[path].read(image)

    def _open_pictures(self, path: str) -> Pictures | WorkbookPictures:
        columns = self._columns(path)
        file = self._place.open_table(path)
        try:
            if reader(path) is excel:
                return WorkbookPictures(file, path)
            return Pictures(file, path, columns.names[columns.fields["image"][0]])
        except BaseException:
            file.close()
            raise

    def _settled(self, row: Row | Refusal) -> Row | Refusal:
        if isinstance(row, Refusal) or (image := self._pictures.settle(row.image)) == row.image:
            return row
        return replace(row, image=image)

    def _columns(self, path: str) -> Columns:
        """What the columns of a table are used for, chosen once: a workbook or a document is read whole for it."""
        if path not in self._chosen:
            self._chosen[path] = self._choose(path)
        return self._chosen[path]

    def _choose(self, path: str) -> Columns:
        with self._opened(path) as records:
            first = self._chosen.get(self.files[0])
            if first and first.names == records.names:
                return first
            names, sample = records.names, self._sample(records)
        columns = choose(path, names, self._given, sample)
        if not columns.has_picture and (column := self._naming(columns, sample)) is not None:
            columns = choose(path, names, {**self._given, "image": f"{{{names[column]}}}"}, sample)
        if self._clean and not columns.fields.keys() >= NEEDED:
            raise misfit(path)
        return columns

    def _naming(self, columns: Columns, sample: Sequence[Mapping[int, str]]) -> int | None:
        """The column of numbers, ids or titles whose cells are the names of pictures here, if most of them are."""
        for field in ("number", "key", "title"):
            for column in columns.fields.get(field, ()):
                if {*"{}"} & {*columns.names[column]}:  # a pattern cannot name it
                    continue
                cells = [cell for row in sample if (cell := row.get(column, "").strip())]
                if cells and 2 * sum(map(self._pictures.has, cells)) > len(cells):
                    return column
        return None

    def _sample(self, records: Records) -> list[Mapping[int, str]]:
        """The beginnings of the cells of the first rows, by the index of their column."""
        slots = {f"sample {index}": index for index in range(min(len(records.names), MAX_COLUMNS))}
        rows = (cells for _, cells in islice(records.read(slots), SAMPLE_ROWS) if not isinstance(cells, str))
        return [{slots[slot]: cell[:SAMPLE_CHARACTERS] for slot, cell in cells.items()} for cells in rows]

    def _reading(self) -> list[str]:
        path = self.files[0]
        with self._opened(path) as records:
            notes = [*shards.reading(self.files), *records.notes]
        return [*notes, *self._columns(path).reading(), *([CLEANED] if self._clean else [])]

    @contextmanager
    def _opened(self, path: str) -> Iterator[Records]:
        """Open a table and read its column names.

        Raises:
            SourceError: the table cannot be read.
        """
        images = {*names_of("image"), plain(self._given.get("image", "image"))}
        try:
            with self._place.open_table(path) as file, unpacked(file, path) as plain_file:
                read = reader(path)
                if self._encoding and read is not delimited:
                    raise SourceError(
                        f"{path} is not delimited text, so its encoding cannot be set.",
                        Advice("Leave out {}.", encoding_argument(self._encoding)),
                    )
                if self._sheet and read is not excel:
                    raise SourceError(
                        f"{path} is not an Excel workbook, so it has no sheets.",
                        Advice("Leave out {}.", sheet_argument(self._sheet)),
                    )
                if read is delimited:
                    yield delimited(plain_file, path, images, self._encoding)
                elif read is excel:
                    yield excel(plain_file, path, images, self._sheet)
                else:
                    yield read(plain_file, path, images)
        except ImageError as error:
            raise SourceError(error.problem, error.next_step) from None
        except UnicodeError as error:
            encoding = getattr(error, "encoding", "UTF-8")
            raise SourceError(f"{path} is cut off or is not {encoding} text.", "Save it as UTF-8.") from None
        except DAMAGED:
            raise SourceError(f"{path} is damaged.", "Write or download it again.") from None
        except OSError as error:
            raise SourceError(f"{path} cannot be read ({error.strerror}).", "Check the file's permissions.") from None


def _apart(row: Row, namesakes: dict[str, dict[int, int]]) -> Row:
    """Number the key of a row whose key is only what it says, if an earlier row with that key says more or less."""
    known = namesakes.setdefault(row.key, {})
    number = known.setdefault(hash(repr((row.catalogue, row.holding, row.details, row.image))), len(known) + 1)
    return replace(row, key=f"{row.key} ({number})") if number > 1 else row


def _in_file(row: Row, path: str) -> Row:
    """Distinguish a picture in one of several files from those of the same name in the others."""
    key = f"{path} {row.key}" if _EMBEDDED.fullmatch(row.key) else row.key
    return replace(row, image=f"{path} {row.image}", key=key)


def are_one(tables: Sequence[Table]) -> bool:
    """Whether some tables are parts of one: Parquet tables, or shards by their names, with the same columns.

    Raises:
        SourceError: such a table cannot be read.
    """
    files = [file for table in tables for file in table.files]
    return all(shards.stem_of(file) or reader(file) is parquet for file in files) and all(
        table.columns().names == tables[0].columns().names for table in tables
    )


def is_table(name: str) -> bool:
    """Whether a file is a table, by its ending."""
    return name.lower().endswith(TABLE_SUFFIXES)


def reader(name: str) -> Reader:
    """The reader of a table, by the ending of its name."""
    return FORMATS[PurePath(name.lower().removesuffix(".gz")).suffix]


def table_at(path: Path, options: Options, within: Sequence[Path] | None = None, images: Place | None = None) -> Table:
    """The table in a file, with its other shards if it is one."""
    place = Folder(path.parent, within)
    name = path.name[: -len(next(suffix for suffix in reversed(TABLE_SUFFIXES) if path.name.lower().endswith(suffix)))]
    files: Sequence[str] = ()
    if stem := shards.stem_of(path.name):
        files = next((files for _, files in place.walk(lambda path, reason: None)), ())
    return Table(stem or name, place, shards.siblings(path.name, files), options, images)


def semart_tables(files: Collection[str]) -> tuple[str, ...]:
    """Names of those of SemArt's three tables that are among the files of a folder."""
    return tuple(name for part in ("train", "val", "test") if (name := f"semart_{part}.csv") in files)
