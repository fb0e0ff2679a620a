"""Tables in Excel workbooks (.xlsx), read row by row."""

from __future__ import annotations

import datetime
import re
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import TYPE_CHECKING, Any, BinaryIO
from zipfile import ZipFile

from art_mcp.errors import Advice
from art_mcp.ingest.sources.source import SourceError, sheet_argument
from art_mcp.ingest.sources.tables.choosing import listed
from art_mcp.ingest.sources.tables.coerce import coerce
from art_mcp.ingest.sources.tables.column_names import matches, plain
from art_mcp.ingest.sources.tables.excel_pictures import MAX_TEXTS, SheetXML, TooLarge, address, read_sheet
from art_mcp.ingest.sources.tables.records import MEDIA, Cells, NotInstalled, Records, is_link, is_picture
from art_mcp.ingest.sources.zipped import open_zip
from art_mcp.installation import how_to_add
from art_mcp.normalization import fold
from art_mcp.painting import readable

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

MAX_ROWS = 1 << 20
"""Number of rows of a sheet in Excel."""
MAX_COLUMNS = 1_000
LOOKED_AT = 20
"""Number of rows at the start of a sheet among which the header is found."""


SAVE_IT = "Open the workbook in Excel and save it."
PICTURES = "Picture in the sheet"
"""Name of the column of the pictures in or on a sheet."""


@dataclass(slots=True)
class _Sheet:
    """A sheet with a table."""

    sheet: ReadOnlyWorksheet
    xml: SheetXML
    header: int
    """Number of the row that names the columns."""
    names: list[str]
    above: list[str]
    """The texts above the header."""

    @property
    def title(self) -> str:
        return readable(self.sheet.title)[:40]

    @property
    def pictured(self) -> list[int]:
        """The rows of the table that have pictures."""
        return [row for row in self.xml.pictures if row > self.header and row in self.xml.filled]

    def is_alike(self, other: _Sheet) -> bool:
        """Whether another sheet has the same columns."""
        return [*map(plain, self.names)] == [*map(plain, other.names)]

    def is_stray(self, row: int) -> bool:
        """Whether a row below the header has nothing but pictures."""
        return row > self.header and row not in self.xml.filled

    def link(self, row: int, column: int, cells: Sequence[str]) -> str:
        """The address behind a cell, which may be computed from the cells of its row."""
        return address(self.xml.links.get((row, column), ""), cells)

    def picture(self, row: int, _: Sequence[str]) -> str:
        found = self.xml.pictures.get(row)
        return found[0][1] if found else ""


Added = tuple[str, Callable[[_Sheet, int, Sequence[str]], str]]
"""The name of a column that is added to those of the sheet, and what it has in a row with some cells."""


def excel(file: BinaryIO, name: str, images: Collection[str], wanted: str | None = None) -> Records:
    """Open a sheet of a workbook, or several with the same columns.

    These are the visible ones that have rows; if their columns differ, those with pictures or a picture column. Cells
    have the values that Excel showed last: formulas their results, dates as ISO 8601. Columns are added for pictures,
    and for the links behind cells of a column that does not hold addresses itself.

    Args:
        wanted: the name of the sheet to open; None to choose.

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
            xml = _checked(parts)
            book = openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)
            sheets = []
            for sheet in book.worksheets:
                if header := _header(sheet):
                    part = sheet._worksheet_path  # type: ignore[attr-defined]  # noqa: SLF001
                    sheets.append(_Sheet(sheet, xml.get(part) or read_sheet(parts, part), *header))
        except TooLarge as error:
            raise SourceError(f"{name} {error}.", "Save it as CSV UTF-8.") from None
        except Exception:  # openpyxl and expat raise many kinds on damaged workbooks
            raise damaged from None
    taken = _chosen(sheets, name, images, wanted)
    added = _added(taken, sheets)

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        try:
            for each in taken:
                title = f"{each.title} " if len(taken) > 1 else ""
                for number, cells in _rows(each.sheet):
                    if number <= each.header or not any(cell.strip() for cell in cells):
                        continue
                    more = [cell(each, number, cells) for _, cell in added]
                    cells = [*_with_addresses(each, number, cells), *more]
                    yield f"{title}row {number}", {field: cells[index] for field, index in columns.items()}
        except SourceError:
            raise
        except Exception:
            raise damaged from None

    return Records([*taken[0].names, *(name for name, _ in added)], records, _notes(sheets, taken))


def _checked(parts: ZipFile) -> dict[str, SheetXML]:
    """The sheets of a workbook, by their parts.

    Raises:
        TooLarge: it would exhaust memory.
        Exception: of many kinds, if it is damaged.
    """
    sheets = [part.filename for part in parts.infolist() if part.filename.startswith("xl/worksheets/")]
    texts = sum(
        part.file_size
        for part in parts.infolist()
        if part.filename not in sheets
        and not (part.filename.startswith(MEDIA) and part.file_size < 3 * part.compress_size)
    )
    if texts > MAX_TEXTS:
        raise TooLarge(f"has more than {MAX_TEXTS >> 20} MiB of texts")
    return {part: read_sheet(parts, part) for part in sheets if part.endswith(".xml")}


def _chosen(sheets: Sequence[_Sheet], name: str, images: Collection[str], wanted: str | None) -> list[_Sheet]:
    """The sheets to read.

    Raises:
        SourceError: there are none, or several with different columns.
    """
    titles = listed([each.title for each in sheets])
    if wanted is not None:
        for compare in (str, lambda title: fold(readable(title))):
            if found := [each for each in sheets if compare(each.sheet.title) == compare(wanted)]:
                return found[:1]
        raise SourceError(f"{name} has no sheet {wanted!r:.60} with rows.", f"Those with rows are: {titles}.")
    found = [each for each in sheets if each.sheet.sheet_state == "visible"]
    if not found:
        raise SourceError(f"{name} has no sheet with rows.", "Give a workbook whose first row names its columns.")
    if not all(map(found[0].is_alike, found)):
        found = [each for each in found if each.pictured or not {*map(plain, each.names)}.isdisjoint(images)]
    if not found or not all(map(found[0].is_alike, found)):
        example = (found or sheets)[0].title
        raise SourceError(
            f"{name} has {len(sheets)} sheets with rows ({titles}).",
            Advice("Choose one, for example with {}.", sheet_argument(example)),
        )
    return found


def _added(taken: Sequence[_Sheet], sheets: Sequence[_Sheet]) -> list[Added]:
    """Columns for what the cells of the sheets that are taken do not say; with their title if others are alike."""

    def link(column: int) -> Added:
        return f"Link of {names[column]}", lambda sheet, row, cells: sheet.link(row, column, cells)

    names = taken[0].names
    linked = {
        column
        for each in taken
        for (row, column), target in each.xml.links.items()
        if row > each.header and column < len(names) and (is_link(target) or is_picture(target))
    }
    return [
        *(link(column) for column in sorted(linked) if names[column] and not _holds_addresses(names[column])),
        *([(PICTURES, _Sheet.picture)] if any(each.pictured for each in taken) else []),
        *([("Sheet", lambda sheet, row, cells: sheet.title)] if sum(map(taken[0].is_alike, sheets)) > 1 else []),
    ]


@cache
def _holds_addresses(name: str) -> bool:
    """Whether the cells of a column are the names or links of pictures or pages, so that the link is what they mean."""
    return any(match for field, match in matches(name).items() if field in ("image", "page") and not match.last_resort)


def _with_addresses(sheet: _Sheet, number: int, cells: Sequence[str]) -> list[str]:
    """The cells of a row in all columns, with the links behind those that hold addresses."""
    full = [*cells, *[""] * (len(sheet.names) - len(cells))][: len(sheet.names)]
    if sheet.xml.links:
        for column, name in enumerate(sheet.names):
            if (target := sheet.link(number, column, cells)) and _holds_addresses(name):
                full[column] = _addressed(full[column], target)
    return full


def _addressed(text: str, target: str) -> str:
    """What a cell means that shows a text and leads to an address: both, if the text can be the name of a file."""
    if not is_link(target):
        return target if is_picture(target) else text
    return f"{text} ({target})" if is_picture(text) and not is_link(text) else target


def _notes(sheets: Sequence[_Sheet], taken: Sequence[_Sheet]) -> list[str]:
    """What is read of a workbook, and what is not."""
    titles = [each.title for each in taken]
    others = [each for each in sheets if each not in taken]
    hidden = {each.title for each in others if each.sheet.sheet_state != "visible"}
    several = sum(len(each.xml.pictures[row]) > 1 for each in taken for row in each.pictured)
    unread = [cell for each in taken for cell in each.xml.unread]
    stray = sum(len(found) for each in taken for row, found in each.xml.pictures.items() if each.is_stray(row))
    return [
        *([f"Sheet: {titles[0]}."] if len(sheets) > 1 == len(taken) else []),
        *([f"Sheets read as one table: {listed(titles)}."] if len(taken) > 1 else []),
        *(
            [f"Sheets not read: {listed([f'{title} (hidden)' if title in hidden else title for title in named])}."]
            if (named := [each.title for each in others])
            else []
        ),
        *([f"Skipped above the header: {'; '.join(above)}."] if (above := taken[0].above) else []),
        *([f"Rows with several pictures, of which the first is taken: {several:,}."] if several else []),
        *([f"Formulas without a stored result, which are not read: {listed(unread, 3)}. {SAVE_IT}"] if unread else []),
        *([f"Pictures in rows without a text, which are not read: {stray:,}."] if stray else []),
    ]


def _header(sheet: ReadOnlyWorksheet) -> tuple[int, list[str], list[str]] | None:
    """The number and the cells of the row that names the columns, and the texts above; None if no row follows it.

    It is the first row that is at least half as full as the fullest, so a title above the table is skipped.
    """
    head = [(number, cells) for number, cells in islice(_rows(sheet), LOOKED_AT) if any(cells)]
    full = max((_filled(cells) for _, cells in head), default=0)
    at = next((at for at, (_, cells) in enumerate(head) if 2 * _filled(cells) > full), None)
    if at is None or at + 1 == len(head):
        return None
    number, cells = head[at]
    above = [readable(" ".join(filter(None, cells)))[:60] for _, cells in head[:at]]
    return number, [" ".join(cell.split()) for cell in cells], above


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
    if text.startswith("=DISPIMG("):
        return ""  # a picture, for WPS Office
    if isinstance(value, (int, float)) and re.fullmatch("0+", str(cell.number_format)):
        return text.zfill(len(cell.number_format))  # inventory numbers such as 00042
    return text
