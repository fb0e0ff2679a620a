"""Delimited text: SemArt's files and any CSV or TSV file with a header, in UTF-8, UTF-16 or cp1252."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Collection, Iterator, Mapping
from typing import BinaryIO, TextIO

from art_mcp.ingest.sources.columns import plain
from art_mcp.ingest.sources.records import MAX_LINE, SAMPLE_BYTES, Cells, Records, is_link
from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.sources.suffixes import PICTURE_SUFFIXES

MAX_LINES_IN_A_ROW = 100
"""Maximum number of additional lines that one row may span."""


def delimited(file: BinaryIO, name: str, images: Collection[str]) -> Records:
    """Open a table of delimited text.

    Args:
        name: name of the file for error messages.
        images: possible names of the picture column, in the form that `plain` returns.

    Raises:
        SourceError: the file is empty.
        UnicodeError: the file is not valid text in the detected encoding.
    """
    encoding = _encoding(file)
    errors = "surrogatepass" if encoding == "utf-16" else "surrogateescape"
    lines = _Lines(io.TextIOWrapper(file, encoding=encoding, errors=errors, newline=""))
    header = lines.next()
    if header is not None and header[1].lower().startswith("sep="):  # a hint for spreadsheets
        header = lines.next()
    if header is None or not header[1].strip():
        raise SourceError(f"{name} is empty.", "Give a table whose first line names its columns.")
    delimiter, names = _delimiter(header[1], images)

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        for number, cells in _records(lines, delimiter, len(names), columns.get("image")):
            where = f"line {number}"
            if isinstance(cells, str):
                yield where, cells
            elif not any(cell.strip() for cell in cells):
                continue
            elif len(cells) != len(names):
                yield where, f"It has {len(cells)} columns, the header has {len(names)}."
            else:
                yield where, {field: cells[index] for field, index in columns.items()}

    return Records(names, records)


def _delimiter(header: str, images: Collection[str]) -> tuple[str, list[str]]:
    """The delimiter that yields a picture column, else the one that yields the most columns, and the column names."""
    readings = [(each, next(csv.reader([header], delimiter=each))) for each in "\t,;|"]
    return max(readings, key=lambda reading: (any(plain(n) in images for n in reading[1]), len(reading[1])))


def _encoding(file: BinaryIO) -> str:
    """Detect the encoding: UTF-16 by its byte order mark, cp1252 if most non-ASCII lines are not UTF-8, else UTF-8.

    The majority decides, so a few invalid lines in a UTF-8 file are refused individually, and the rest stays readable.
    """
    sample = file.read(SAMPLE_BYTES)
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


class _Lines:
    """Reads physical lines of bounded length with their numbers; lines can be pushed back."""

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


def _names_picture(cell: str) -> bool:
    return is_link(cell) or cell.lower().endswith(tuple(PICTURE_SUFFIXES))


def _records(lines: _Lines, delimiter: str, width: int, image: int | None) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the line number of each row with its cells, or with the reason why it cannot be read.

    A quoted field may contain line breaks. If a quote is never closed, only its own line is lost, whereas Python's
    reader would swallow the lines after it. A quote counts as never closed if the file ends or `MAX_LINES_IN_A_ROW` is
    reached first, or if a following line is a row by itself, with the right number of columns and a picture's name in
    the picture column.
    """

    def is_row(line: str) -> bool:
        cells = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
        return len(cells) == width and (image is None or _names_picture(cells[image]))

    while (taken := lines.next()) is not None:
        number, text = taken
        if not text:
            yield number, f"The line is longer than {MAX_LINE:,} characters."
            continue
        more: list[tuple[int, str]] = []
        cells: list[str] | str
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
                else:  # text after a closing quote: the lenient parser reads what the writer meant
                    cells = next(csv.reader([taken[1]], delimiter=delimiter), [])
                break
        yield number, cells
