"""Delimited text: SemArt's files and any CSV or TSV file with a header, in any encoding."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import BinaryIO, TextIO

from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.sources.tables.column_names import matches, plain
from art_mcp.ingest.sources.tables.columns import without_surrogates
from art_mcp.ingest.sources.tables.encoding import damage, detect
from art_mcp.ingest.sources.tables.records import MAX_LINE, SAMPLE_BYTES, Cells, Records, is_link, is_picture
from art_mcp.painting import readable

MAX_LINES_IN_A_ROW = 100
"""Maximum number of additional lines that one row may span."""
LEAD = 5
"""Number of lines, without empty ones, among which the header is searched: exports write a title above it."""
COMPARED = 1_000
"""Number of names of a header that are compared with known ones."""
csv.field_size_limit(MAX_LINE)


def delimited(file: BinaryIO, name: str, images: Collection[str], encoding: str | None = None) -> Records:
    """Open a table of delimited text.

    Args:
        name: name of the file for error messages.
        images: possible names of the picture column, in the form that `plain` returns.
        encoding: the file's encoding; None to detect it.

    Raises:
        SourceError: the file is empty, or there is no such encoding.
        UnicodeError: the file is not valid text in its encoding.
    """
    sample = file.read(SAMPLE_BYTES)
    file.seek(0)
    found = detect(sample, encoding)
    errors = "surrogatepass" if found.name.startswith("utf-16") else "surrogateescape"
    lines = _Lines(io.TextIOWrapper(file, encoding=found.name, errors=errors, newline=""))
    read = _lead(lines)
    lead = [line for line in read if _says_something(line[1])]
    if not lead:
        what = "is empty" if not sample.strip() else "has no lines of text"
        raise SourceError(f"{name} {what}.", "Give a table whose first line names its columns.")
    at, delimiter, names = _header(lead, images)
    lines.give_back(read[read.index(lead[at]) :])
    names = _names(lines, delimiter, names)
    skipped = [without_surrogates(readable(text))[:60] for _, text in lead[:at]]
    above = [f"Skipped above the header: {'; '.join(skipped)}."] if skipped else []

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        for number, cells in _records(lines, delimiter, len(names), columns.get("image")):
            where = f"line {number}"
            if isinstance(cells, str):
                yield where, cells
                continue
            if not any(cell.strip() for cell in cells) or cells == names:  # files that were put together
                continue
            if len(cells) > len(names) and not any(cell.strip() for cell in cells[len(names) :]):
                del cells[len(names) :]
            if len(cells) != len(names):
                yield where, f"It has {len(cells)} columns, the header has {len(names)}."
            else:
                yield where, {slot: cells[index] for slot, index in columns.items()}

    text = sample[:MAX_LINE].decode(found.name, "ignore")
    return Records(names, records, [*found.notes, *damage(text), *above])


def _lead(lines: _Lines) -> list[tuple[int, str]]:
    """The first lines, up to `LEAD` of which are not empty, without a hint for spreadsheets."""
    read: list[tuple[int, str]] = []
    said = 0
    while said < LEAD and len(read) < MAX_LINES_IN_A_ROW and (line := lines.next()) is not None:
        if said or not line[1].lower().startswith("sep="):
            read.append(line)
            said += _says_something(line[1])
    return read


def _says_something(line: str) -> bool:
    return bool(line.strip(" \t\r\n,;|\0"))


def _header(lead: Sequence[tuple[int, str]], images: Collection[str]) -> tuple[int, str, list[str]]:
    """The place of the header among the first lines, its delimiter, and its names.

    The header is the first line, unless that names no column, or one beside nameless ones, and a later line names two
    or more.
    """
    readings = [_reading(text, images) for _, text in lead]
    known, delimiter, names = readings[0]
    lacking = len(names) < 2 or not all(name.strip() for name in names)
    if known == 0 or (lacking and known == 1):
        for at, (more, its_delimiter, its_names) in enumerate(readings[1:], 1):
            if more >= 2:
                return at, its_delimiter, its_names
    return 0, delimiter, names


def _reading(line: str, images: Collection[str]) -> tuple[int, str, list[str]]:
    """How many names of a line are known, for the delimiter that yields the most of them, else the most names."""

    def rank(names: Sequence[str]) -> tuple[bool, int, int]:
        compared = names[:COMPARED]
        known = sum(bool(matches(name)) or plain(name) in images for name in compared)
        return any(plain(name) in images for name in compared), known, len(names)

    readings = [(each, next(csv.reader([line], delimiter=each), [])) for each in "\t,;|"]
    delimiter, names = max(readings, key=lambda reading: rank(reading[1]))
    return rank(names)[1], delimiter, names


def _names(lines: _Lines, delimiter: str, names: list[str]) -> list[str]:
    """The names of the header that comes next; a quoted name may have line breaks."""
    taken = [line] if (line := lines.next()) is not None else []
    for _ in range(MAX_LINES_IN_A_ROW):
        text = "".join(line for _, line in taken)
        try:
            return next(csv.reader([text] if len(taken) == 1 else io.StringIO(text), delimiter=delimiter, strict=True))
        except csv.Error as error:
            if "unexpected end" not in str(error) or (line := lines.next()) is None:
                break
            taken.append(line)
    lines.give_back(taken[1:])
    return names


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

    def give_back(self, lines: Sequence[tuple[int, str]]) -> None:
        self._returned.extend(reversed(lines))


def _records(lines: _Lines, delimiter: str, width: int, image: int | None) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the line number of each row with its cells, or with the reason why it cannot be read.

    A quoted field may contain line breaks. If a quote is never closed, only its own line is lost, whereas Python's
    reader would swallow the lines after it. A quote counts as never closed if the file ends or `MAX_LINES_IN_A_ROW` is
    reached first, or if a following line is a row by itself, with the right number of columns and a picture's name in
    the picture column.
    """

    def is_row(line: str) -> bool:
        cells = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), [])
        if len(cells) != width:
            return False
        if image is None:  # text has commas, but hardly so many tabs
            return delimiter == "\t" and width > 3
        return is_link(cells[image]) or is_picture(cells[image])

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
