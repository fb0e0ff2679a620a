"""Tables in Excel workbooks (.xlsx), read row by row."""

from __future__ import annotations

import datetime
import re
import warnings
import zlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO
from xml.parsers.expat import ExpatError, ParserCreate
from zipfile import BadZipFile, ZipFile, ZipInfo

from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.sources.tables.coerce import coerce
from art_mcp.ingest.sources.tables.column_names import plain
from art_mcp.ingest.sources.tables.records import Cells, NotInstalled, Records
from art_mcp.ingest.sources.zipped import open_zip
from art_mcp.installation import how_to_add

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAX_TEXTS = 1 << 26
"""Maximum unpacked size in bytes of the parts that are read as a whole, such as the texts that the cells share."""
MAX_ROWS = 1 << 20
"""Number of rows of a sheet in Excel."""
MAX_ELEMENTS = 200_000
"""Maximum number of XML elements from one row to the next, which are in memory together."""
_SMALL = 1 << 22
"""Unpacked size in bytes up to which a sheet's rows cannot be too long."""
MAX_COLUMNS = 1_000
LOOKED_AT = 20
"""Number of rows at the start of a sheet among which the header is found."""


def excel(file: BinaryIO, name: str, images: Collection[str]) -> Records:
    """Open the only visible sheet that has rows; of several, the only one with a picture column.

    Cells have the values that Excel showed last: formulas their results, dates as ISO 8601.

    Raises:
        SourceError: it is damaged, would exhaust memory, has no such sheet, or openpyxl is not installed.
    """
    try:
        import openpyxl
    except ImportError:
        raise NotInstalled(
            f"{name} is an Excel workbook, which needs openpyxl.",
            f"Run: {how_to_add('excel')}, or save it as CSV UTF-8.",
        ) from None
    warnings.filterwarnings("ignore", module="openpyxl")  # about styles and extensions, which do not matter here
    damaged = SourceError(f"{name} is damaged, encrypted or not an Excel workbook.", "Save it again, or as CSV UTF-8.")
    with open_zip(file, name) as parts:
        try:
            problem = _problem(parts)
        except (ExpatError, BadZipFile, zlib.error, OSError, RuntimeError, NotImplementedError):
            raise damaged from None
    if problem:
        raise SourceError(f"{name} {problem}.", "Save it as CSV UTF-8.")
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
        found = [(sheet, header) for sheet in sheets if (header := _header(sheet)) is not None]
    except Exception:  # openpyxl raises many kinds on damaged workbooks
        raise damaged from None
    if len(found) > 1:
        with_pictures = [(sheet, header) for sheet, header in found if not {*map(plain, header[1])}.isdisjoint(images)]
        if len(with_pictures) != 1:
            titles = ", ".join(sheet.title[:40] for sheet, _ in found[:5])
            raise SourceError(
                f"{name} has {len(found)} sheets with rows ({titles}).", "Save the right one as CSV UTF-8."
            )
        found = with_pictures
    if not found:
        raise SourceError(f"{name} has no sheet with rows.", "Give a workbook whose first row names its columns.")
    sheet, (first, names) = found[0]

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        try:
            for number, cells in _rows(sheet):
                if number > first and any(cell.strip() for cell in cells):
                    padded = [*cells, *[""] * (len(names) - len(cells))]
                    yield f"row {number}", {field: padded[index] for field, index in columns.items()}
        except SourceError:
            raise
        except Exception:
            raise damaged from None

    return Records(names, records, [f"Sheet: {sheet.title[:40]}."] if len(sheets) > 1 else [])


def _problem(parts: ZipFile) -> str | None:
    """Why a workbook would exhaust memory, or None if it would not."""
    texts = 0
    for part in parts.infolist():
        if part.filename.startswith("xl/worksheets/"):
            if part.file_size > _SMALL and _most_elements(parts, part) > MAX_ELEMENTS:
                return f"has a row of more than {MAX_ELEMENTS:,} elements"
        elif not (part.filename.startswith("xl/media/") and part.file_size < 3 * part.compress_size):
            texts += part.file_size
    return f"has more than {MAX_TEXTS >> 20} MiB of texts" if texts > MAX_TEXTS else None


def _most_elements(parts: ZipFile, part: ZipInfo) -> int:
    """The largest number of XML elements between two rows of a sheet; stops counting at the first that is too large."""
    most = since = 0

    def start(name: str, attributes: object) -> None:
        nonlocal most, since
        since += 1
        most = max(most, since)

    def end(name: str) -> None:
        nonlocal since
        if name.rpartition(":")[2] == "row":
            since = 0

    parser = ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    with parts.open(part) as sheet:
        while (piece := sheet.read(1 << 16)) and most <= MAX_ELEMENTS:
            parser.Parse(piece)
    return most


def _header(sheet: ReadOnlyWorksheet) -> tuple[int, list[str]] | None:
    """The number and the cells of the row that names the columns; None if no row follows it.

    It is the first row that is at least half as full as the fullest, so a title above the table is skipped.
    """
    head = [(number, cells) for number, cells in islice(_rows(sheet), LOOKED_AT) if any(cells)]
    full = max((_filled(cells) for _, cells in head), default=0)
    at = next((at for at, (_, cells) in enumerate(head) if 2 * _filled(cells) > full), None)
    if at is None or at + 1 == len(head):
        return None
    number, cells = head[at]
    return number, [" ".join(cell.split()) for cell in cells]


def _filled(cells: Sequence[str]) -> int:
    return sum(bool(cell.strip()) for cell in cells)


def _rows(sheet: ReadOnlyWorksheet) -> Iterator[tuple[int, list[str]]]:
    """The number and the cells of each row of a sheet that has any, without the empty ones at its end."""
    sheet.reset_dimensions()  # the declared size can be a million rows by 16,384 columns
    for number, row in enumerate(islice(iter(sheet), MAX_ROWS), 1):
        if row:
            cells = [_text(cell) for cell in row[:MAX_COLUMNS]]
            while cells and not cells[-1]:
                cells.pop()
            yield number, cells


def _text(cell: Any) -> str:
    value = cell.value
    if isinstance(value, datetime.datetime) and value.time() == datetime.time():
        return value.date().isoformat()
    text = coerce("", value)
    if isinstance(value, (int, float)) and re.fullmatch("0+", str(cell.number_format)):
        return text.zfill(len(cell.number_format))  # inventory numbers such as 00042
    return text
