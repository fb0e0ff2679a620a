"""Tables of paintings: SemArt's files and any CSV or TSV with a header, in UTF-8, UTF-16 or cp1252."""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, TextIO

from art_mcp.images.files import open_file
from art_mcp.images.picture import ImageError
from art_mcp.ingest.sources.folder import PICTURE_SUFFIXES
from art_mcp.ingest.sources.source import Refusal, Row, SourceError
from art_mcp.painting import CATALOGUE_FIELDS, Catalogue, readable

TABLE_SUFFIXES = (".csv", ".tsv")
SEMART_PARTS = ("semart_train.csv", "semart_val.csv", "semart_test.csv")

# What headers are called, lower-cased and without anything but letters and digits; the first that is there
# counts.
COLUMNS: dict[str, tuple[str, ...]] = {
    "key": ("id", "identifier", "objectid", "objectnumber", "inventorynumber", "accessionnumber"),
    "image": ("imagefile", "image", "imagepath", "filename", "file", "path", "picture", "picturefile"),
    "title": ("title", "name", "objectname"),
    "artist": ("author", "artist", "creator", "painter", "artistname", "maker"),
    "date": ("date", "dated", "year", "objectdate", "creationdate"),
    "school": ("school", "nationality", "culture"),
    "type": ("type", "genre", "classification"),
    "technique": ("technique", "medium", "material", "materials"),
    "timeframe": ("timeframe", "period"),
    "description": ("description", "text", "comment", "notes"),
    "vector": ("vector", "embedding", "imageembedding", "imagevector"),
}
MAX_CHARACTERS = {"description": 50_000, "vector": 128_000}
MAX_CHARACTERS_ELSEWHERE = 1_000
MAX_LINE = 1 << 20
MAX_LINES_IN_A_ROW = 100
_SAMPLE_BYTES = 1 << 24


class Table:
    """One or more tables with the same columns, read as one collection."""

    def __init__(self, name: str, paths: tuple[Path, ...], within: Sequence[Path] | None = None) -> None:
        self.name = name
        self._within = within
        self._paths = paths
        beside = dict.fromkeys(path.parent for path in paths)
        self.picture_folders = tuple(
            folder for parent in beside for folder in (parent / "images", parent / "Images", parent)
        )

    def rows(self) -> Iterator[Row | Refusal]:
        lines_of: dict[str, str] = {}
        for path in self._paths:
            for row in _read(path, self._within):
                if isinstance(row, Row):
                    first = lines_of.setdefault(row.key, row.label)
                    if first != row.label:
                        row = Refusal(row.label, f"It has the same id as {first}: {row.key!r:.80}.")
                yield row


def semart_tables(folder: Path) -> tuple[Path, ...]:
    """SemArt's parts that are in a folder."""
    return tuple(folder / part for part in SEMART_PARTS if (folder / part).is_file())


def _read(path: Path, within: Sequence[Path] | None) -> Iterator[Row | Refusal]:
    try:
        with open_file(path, *([within] if within is not None else [])) as file:
            encoding = _encoding(file)
            errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
            lines = _Lines(io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=""))
            header = lines.next()
            if header is not None and header[1].lower().startswith("sep="):  # a note to spreadsheets
                header = lines.next()
            if header is None or not header[1].strip():
                raise SourceError(f"{path.name} is empty.", "Give a table whose first line names its columns.")
            delimiter, names = _delimiter(header[1])
            columns = _columns(path, names)
            for number, cells in _records(lines, delimiter, len(names), columns["image"]):
                label = f"{path.name} line {number}"
                if isinstance(cells, str):
                    yield Refusal(label, cells)
                elif any(cell.strip() for cell in cells):
                    yield _row(label, cells, len(names), columns)
    except ImageError as error:
        raise SourceError(error.problem, error.next_step) from None
    except UnicodeError:
        raise SourceError(f"{path.name} is cut off or is not {encoding} text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read ({error.strerror}).", "Check the file and its permissions."
        ) from None


def _delimiter(header: str) -> tuple[str, list[str]]:
    """The delimiter by which the header has a column for pictures, else the most columns, and its columns."""
    readings = [(each, next(csv.reader([header], delimiter=each))) for each in "\t,;|"]
    return max(readings, key=lambda reading: (any(_plain(n) in COLUMNS["image"] for n in reading[1]), len(reading[1])))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _encoding(file: BinaryIO) -> str:
    """UTF-16 with its mark, else UTF-8, unless most lines that could tell say that it is cp1252.

    A few bad lines in a UTF-8 file are so refused by themselves instead of turning the rest into mojibake.
    """
    sample = file.read(_SAMPLE_BYTES)
    file.seek(0)
    if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    votes = 0
    for line in sample.splitlines():
        if not line.isascii():
            try:
                line.decode("utf-8")
                votes += 1
            except UnicodeDecodeError:
                votes -= 1
    return "cp1252" if votes < 0 else "utf-8-sig"


def _columns(path: Path, names: list[str]) -> dict[str, int]:
    """Index of the column for each thing that is known about a painting."""
    plain = [_plain(name) for name in names]
    doubled = {name for name in plain if name and plain.count(name) > 1}
    columns = {}
    for field, spellings in COLUMNS.items():
        for spelling in spellings:
            if spelling in doubled:
                raise SourceError(f"{path.name} has the column {spelling!r} twice.", "Rename or remove one of them.")
            if spelling in plain:
                columns[field] = plain.index(spelling)
                break
    if "image" not in columns:
        shown = ", ".join(name.strip()[:40] for name in names[:12])
        raise SourceError(
            f"{path.name} has no column that names the picture's file; its columns are: {shown}.",
            "Call one of them IMAGE_FILE.",
        )
    return columns


class _Lines:
    """Physical lines with their numbers, bounded in length, with a way back."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._number = 0
        self._returned: list[tuple[int, str]] = []

    def next(self) -> tuple[int, str] | None:
        if self._returned:
            return self._returned.pop()
        line = self._file.readline(MAX_LINE + 1)
        if not line:
            return None
        self._number += 1
        if len(line) > MAX_LINE:
            while line and not line.endswith(("\n", "\r")):
                line = self._file.readline(MAX_LINE)
            return self._number, ""
        return self._number, line

    def give_back(self, lines: list[tuple[int, str]]) -> None:
        self._returned.extend(reversed(lines))


def _records(lines: _Lines, delimiter: str, width: int, image: int) -> Iterator[tuple[int, list[str] | str]]:
    """Line number with the cells of each row, or with the reason why the row cannot be read.

    A field in quotes may hold line breaks. Where a quote never closes, only its own line is lost: Python's
    reader alone would swallow what follows. It never closes if the end of the file is reached, or a line that
    is a row by itself: as many columns, and a picture's name in the right one.
    """

    def is_row(line: str) -> bool:
        cells = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
        return len(cells) == width and cells[image].lower().endswith(tuple(PICTURE_SUFFIXES))

    while (taken := lines.next()) is not None:
        number, text = taken
        if not text:
            yield number, f"The line is longer than {MAX_LINE:,} characters."
            continue
        more: list[tuple[int, str]] = []
        while True:
            try:
                cells = next(csv.reader([text], delimiter=delimiter, strict=True), [])
                break
            except csv.Error as error:
                following = None
                if "unexpected end" in str(error) and len(more) < MAX_LINES_IN_A_ROW:
                    following = lines.next()
                if following is not None:
                    more.append(following)
                    if not is_row(following[1]):
                        text += following[1]
                        continue
                lines.give_back(more)
                if "unexpected end" in str(error):
                    cells = "A quote is opened and never closed."
                elif "field larger" in str(error):
                    cells = f"A field is longer than {csv.field_size_limit():,} characters."
                else:  # text after a closing quote: the lenient reading is what the writer meant
                    cells = next(csv.reader([taken[1]], delimiter=delimiter), [])
                break
        yield number, cells


def _row(label: str, cells: list[str], width: int, columns: dict[str, int]) -> Row | Refusal:
    if len(cells) != width:
        return Refusal(label, f"It has {len(cells)} columns, the header has {width}.")
    values = {}
    for field, index in columns.items():
        value = cells[index].strip()
        if "\0" in value:
            return Refusal(label, f"Its {field} holds a NUL character.")
        if any("\ud800" <= character <= "\udfff" for character in value):
            return Refusal(label, f"Its {field} has bytes that are not text in the file's encoding.")
        values[field] = value = value if field in ("image", "vector") else readable(value)
        if len(value) > (most := MAX_CHARACTERS.get(field, MAX_CHARACTERS_ELSEWHERE)):
            return Refusal(label, f"Its {field} has {len(value):,} characters; at most {most:,} are stored.")
    if not values["image"]:
        return Refusal(label, "It names no picture.")
    return Row(
        label=f"{label} ({readable(values['image'])})",
        key=values.get("key") or unicodedata.normalize("NFC", values["image"]),
        image=values["image"],
        catalogue=Catalogue(**{f: values[f] or None for f in CATALOGUE_FIELDS if f in values}),
        vector=values.get("vector") or None,
    )
