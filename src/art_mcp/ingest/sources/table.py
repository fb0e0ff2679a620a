"""Tables of paintings: SemArt's files and any CSV or TSV with a header, in UTF-8, UTF-16 or cp1252."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from art_mcp.ingest.sources.source import Refusal, Row, SourceError
from art_mcp.painting import CATALOGUE_FIELDS, Catalogue

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
}
MAX_CHARACTERS = {"description": 50_000}
MAX_CHARACTERS_ELSEWHERE = 1_000
MAX_LINE = 1 << 20
MAX_LINES_IN_A_ROW = 500
_SAMPLE_BYTES = 1 << 24


class Table:
    """One or more tables with the same columns, read as one collection."""

    def __init__(self, name: str, paths: tuple[Path, ...]) -> None:
        self.name = name
        self._paths = paths
        beside = dict.fromkeys(path.parent for path in paths)
        self.picture_folders = tuple(
            folder for parent in beside for folder in (parent / "images", parent / "Images", parent)
        )

    def rows(self) -> Iterator[Row | Refusal]:
        lines_of: dict[str, str] = {}
        for path in self._paths:
            for row in _read(path):
                if isinstance(row, Row):
                    first = lines_of.setdefault(row.key, row.label)
                    if first != row.label:
                        row = Refusal(row.label, f"It has the same id as {first}: {row.key!r:.80}.")
                yield row


def semart_tables(folder: Path) -> tuple[Path, ...]:
    """SemArt's parts that are in a folder."""
    return tuple(folder / part for part in SEMART_PARTS if (folder / part).is_file())


def _read(path: Path) -> Iterator[Row | Refusal]:
    encoding = _encoding(path)
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    try:
        with path.open(encoding=encoding, errors=errors, newline="") as file:
            lines = _Lines(file)
            header = lines.next()
            if header is None or not header[1].strip():
                raise SourceError(f"{path.name} is empty.", "Give a table whose first line names its columns.")
            delimiter = max("\t,;|", key=header[1].count)
            names = next(csv.reader([header[1]], delimiter=delimiter))
            columns = _columns(path, names)
            for number, cells in _records(lines, delimiter):
                label = f"{path.name} line {number}"
                if isinstance(cells, str):
                    yield Refusal(label, cells)
                elif any(cell.strip() for cell in cells):
                    yield _row(label, cells, len(names), columns)
    except UnicodeError:
        raise SourceError(f"{path.name} is cut off or is not {encoding} text.", "Save it as UTF-8.") from None
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read ({error.strerror}).", "Check the file and its permissions."
        ) from None


def _encoding(path: Path) -> str:
    """UTF-16 with its mark, else UTF-8, unless most lines that could tell say that it is cp1252.

    A few bad lines in a UTF-8 file are so refused by themselves instead of turning the rest into mojibake.
    """
    try:
        with path.open("rb") as file:
            sample = file.read(_SAMPLE_BYTES)
    except OSError as error:
        raise SourceError(
            f"{path.name} cannot be read ({error.strerror}).", "Check the file and its permissions."
        ) from None
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
    plain = [re.sub(r"[^a-z0-9]", "", name.lower()) for name in names]
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

    def __init__(self, file: object) -> None:
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


def _records(lines: _Lines, delimiter: str) -> Iterator[tuple[int, list[str] | str]]:
    """Line number with the cells of each row, or with the reason why the row cannot be read.

    A field in quotes may hold line breaks. Where a quote never closes, only its own line is lost: Python's
    reader alone would swallow the rest of the file.
    """
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
    values = {field: cells[index].strip() for field, index in columns.items()}
    for field, value in values.items():
        if "\0" in value:
            return Refusal(label, f"Its {field} holds a NUL character.")
        if any("\ud800" <= character <= "\udfff" for character in value):
            return Refusal(label, f"Its {field} has bytes that are not text in the file's encoding.")
        if len(value) > (most := MAX_CHARACTERS.get(field, MAX_CHARACTERS_ELSEWHERE)):
            return Refusal(label, f"Its {field} has {len(value):,} characters; at most {most:,} are stored.")
    if not values["image"]:
        return Refusal(label, "It names no picture.")
    return Row(
        label=f"{label} ({values['image']})",
        key=values.get("key") or values["image"],
        image=values["image"],
        catalogue=Catalogue(**{f: values[f] or None for f in CATALOGUE_FIELDS if f in values}),
    )
