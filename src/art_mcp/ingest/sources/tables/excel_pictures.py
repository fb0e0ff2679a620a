"""What openpyxl leaves out of a sheet that it reads row by row: the links behind its cells, and its pictures."""

from __future__ import annotations

import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote
from xml.parsers.expat import ParserCreate
from zipfile import ZipFile

from defusedxml.ElementTree import fromstring

from art_mcp.images.undecoded import MAX_BYTES, ImageError, check_bytes
from art_mcp.ingest.sources.places import UNREADABLE
from art_mcp.ingest.sources.tables.records import MEDIA, is_link
from art_mcp.ingest.sources.zipped import open_zip

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MAX_TEXTS = 1 << 26
"""Maximum size in bytes of what is kept of a workbook: the parts that are read as a whole, and the links of a sheet."""
MAX_ELEMENTS = 200_000
"""Maximum number of XML elements from one row to the next, which openpyxl has in memory together."""
MAX_PART = 1 << 24
"""Maximum unpacked size in bytes of a part that is parsed as a whole, such as a drawing with 10,000 pictures."""
MAX_LINKED = 1_000
"""Maximum number of rows to which one hyperlink of a range of cells applies."""
_FORMULA = re.compile(r'@?(?:_xlfn\.)?(HYPERLINK|IMAGE|DISPIMG)\(\s*"((?:[^"]|""){1,2000})"\s*[,)]', re.IGNORECASE)
_PART = r'(?:"(?:[^"]|"")*"|\$?[A-Z]{1,3}\$?\d{1,7})'
_COMPUTED = re.compile(
    rf"@?(?:_xlfn\.)?(?:HYPERLINK|IMAGE)\(\s*(?:{_PART}(?:\s*&\s*{_PART})*"
    rf"|(?:_xlfn\.)?CONCAT(?:ENATE)?\(\s*{_PART}(?:\s*,\s*{_PART})*\s*\))\s*[,)]",
    re.IGNORECASE,
)
"""A formula whose address is put together from texts and cells."""
_CELL = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
_EMU_PER_POINT = 12_700
_HEIGHT = 15.0
"""Height in points of a row that does not state it."""

Cell = tuple[int, int]
"""A row, from 1, and a column, from 0."""


class TooLarge(Exception):
    """A workbook would exhaust memory; the text says why."""


@dataclass(slots=True)
class SheetXML:
    """What is found in a sheet's XML.

    Raises:
        TooLarge: it would exhaust memory.
    """

    targets: Mapping[str, str]
    """From `_targets`."""
    links: dict[Cell, str] = field(default_factory=dict)
    """Addresses behind cells: URLs, or paths of files; `address` puts the row's cells into them."""
    pictures: defaultdict[int, list[tuple[int, str]]] = field(default_factory=lambda: defaultdict(list))
    """The pictures of each row by column: their parts of the workbook, or URLs."""
    values: dict[Cell, int] = field(default_factory=dict)
    """Numbers of rich values, of which some are pictures."""
    named: dict[Cell, str] = field(default_factory=dict)
    """Names of pictures in cells, as WPS Office has them."""
    unread: list[str] = field(default_factory=list)
    """References of the cells whose formula has neither a stored result nor an address that is read."""
    filled: set[int] = field(default_factory=set)
    """The rows with a cell that has a value, if there are pictures."""
    heights: dict[int, float] = field(default_factory=dict)
    """Heights of rows in points; 0 for those that do not state it."""
    _is_drawn_on: bool = False
    _kept: int = 0
    _elements: int = 0
    _row: int = 0
    _reference: str = ""
    _formula: str | None = None
    _lacks_value: bool = False
    _shared: dict[str, str] = field(default_factory=dict)
    """Links that are computed alike in several cells, by the number of their formula."""
    _number: str = ""

    def __post_init__(self) -> None:
        self._is_drawn_on = any(target.startswith("xl/drawings/") for target in self.targets.values())

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise TooLarge(f"has a row of more than {MAX_ELEMENTS:,} elements")
        name = name.rpartition(":")[2]
        if name == "c":
            self._reference = attributes.get("r", "")
            self._lacks_value = False
            if "vm" in attributes and (cell := _cell(self._reference)):
                self._keep(100)
                self.values[cell] = int(attributes["vm"])
        elif name == "f":
            self._formula, self._number = "", attributes.get("si", "")
            self._lacks_value = True
        elif name == "v" or name == "is":
            if self._is_drawn_on and self._row not in self.filled:
                self._keep(50)
                self.filled.add(self._row)
        elif name == "row":
            self._row = int(attributes.get("r", self._row + 1))
            if "ht" in attributes and self._is_drawn_on:
                self._keep(100)
                self.heights[self._row] = float(attributes["ht"])
        elif name == "sheetFormatPr":
            self.heights[0] = float(attributes.get("defaultRowHeight", _HEIGHT))
        elif name == "hyperlink":
            self._link(attributes.get("ref", ""), self.targets.get(_id(attributes) or "", ""))

    def text(self, text: str) -> None:
        if self._formula is None:
            self._lacks_value = self._lacks_value and not text.strip()
        elif len(self._formula) < 4_000:
            self._formula += text

    def end(self, name: str) -> None:
        name = name.rpartition(":")[2]
        if name == "row":
            self._elements = 0
        elif name == "c" and self._lacks_value:
            self._keep(100)
            self.unread.append(self._reference[:12])
        elif name == "f":
            formula, cell = self._formula or "", _cell(self._reference)
            found = _FORMULA.match(formula)
            self._formula = None
            if cell and not found and (computed := _COMPUTED.match(formula)):
                self._shared[self._number] = _template(computed[0], cell[0])
            if cell and not found and (computed or (self._number and not formula and self._number in self._shared)):
                self._keep(len(self._shared[self._number]) + 100)
                self.links[cell] = self._shared[self._number]
                self._lacks_value = False
            if found and cell:
                self._lacks_value = False
                address = found[2].replace('""', '"')
                self._keep(len(address) + 100)
                if found[1].upper() == "HYPERLINK":
                    self.links[cell] = address
                elif found[1].upper() == "DISPIMG":
                    self.named[cell] = address
                elif is_link(address):
                    self.add_in_cell(cell, address)

    def add_in_cell(self, cell: Cell, picture: str) -> None:
        """Add a picture that is the value of a cell."""
        self.filled.add(cell[0])
        self.pictures[cell[0]].append((cell[1], picture))

    def _link(self, reference: str, target: str) -> None:
        first, _, last = reference.partition(":")
        cell, end = _cell(first), _cell(last)
        if cell and target:
            for row in range(cell[0], min(max(cell[0], end[0] if end else 0), cell[0] + MAX_LINKED - 1) + 1):
                self._keep(100)
                self.links[row, cell[1]] = target

    def _keep(self, size: int) -> None:
        self._kept += size
        if self._kept > MAX_TEXTS:
            raise TooLarge(f"has more than {MAX_TEXTS >> 20} MiB of texts")


def address(link: str, cells: Sequence[str]) -> str:
    """The address of a link, with the cells of its row put in; "" if it needs other cells, or empty ones."""
    if "\0" not in link:
        return link
    named = {each: int(each) for each in link.split("\0")[1::2]}
    if not all(0 <= column < len(cells) and cells[column] for column in named.values()):
        return ""
    return "".join(cells[named[each]] if at % 2 else each for at, each in enumerate(link.split("\0")))


def _template(formula: str, row: int) -> str:
    """The address in a formula, with the columns of cells between NUL characters; -1 for a cell of another row."""
    template = ""
    for part in re.findall(_PART, formula.partition("(")[2], re.IGNORECASE):
        cell = None if part[0] == '"' else _cell(part.upper().replace("$", ""))
        template += f"\0{cell[1] if cell[0] == row else -1}\0" if cell else part[1:-1].replace('""', '"')
    return template


def read_sheet(parts: ZipFile, part: str) -> SheetXML:
    """Read a sheet with its pictures.

    Raises:
        TooLarge: it would exhaust memory.
        Exception: of many kinds, if the workbook is damaged.
    """
    sheet = SheetXML(_targets(parts, part))
    parser = ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler = sheet.start, sheet.end
    parser.CharacterDataHandler = sheet.text
    with parts.open(part) as file:
        while piece := file.read(1 << 16):
            parser.Parse(piece)
    for target in dict.fromkeys(sheet.targets.values()):
        if target.startswith("xl/drawings/") and target.endswith(".xml"):
            _add_drawn(sheet, _root(parts, target), _targets(parts, target))
    if sheet.values:
        _add_rich_values(sheet, parts)
    if sheet.named:
        _add_named(sheet, _root(parts, "xl/cellimages.xml"), _targets(parts, "xl/cellimages.xml"))
    for found in sheet.pictures.values():
        found.sort(key=lambda each: each[0])
    return sheet


def _add_drawn(sheet: SheetXML, drawing: Element, targets: Mapping[str, str]) -> None:
    """Add pictures that lie on the sheet to the row in which they begin, or almost begin."""
    for anchor in drawing.iter():
        corner = anchor.find("{*}from") if anchor.tag.endswith("Anchor") else None
        if corner is None:
            continue
        row, column, offset = (int(corner.findtext(f"{{*}}{name}") or 0) for name in ("row", "col", "rowOff"))
        row += 1
        height = sheet.heights.get(row, sheet.heights.get(0, _HEIGHT))
        row += offset / _EMU_PER_POINT > 0.75 * height
        for picture in anchor.findall(".//{*}blip"):
            target = targets.get(_id(picture.attrib, "embed") or _id(picture.attrib, "link") or "", "")
            if target.startswith(MEDIA) or is_link(target):
                sheet.pictures[row].append((column, target))


def _add_rich_values(sheet: SheetXML, parts: ZipFile) -> None:
    """Add pictures that are the values of cells. A cell has the number of a value, which leads to it in four steps."""
    metadata = _root(parts, "xl/metadata.xml")
    kinds = [kind.get("name") for kind in metadata.findall("{*}metadataTypes/{*}metadataType")]
    uses = metadata.findall("{*}valueMetadata/{*}bk/{*}rc")
    values = _root(parts, "xl/richData/rdrichvalue.xml").findall("{*}rv")
    rich = metadata.findall("{*}futureMetadata[@name='XLRICHVALUE']/{*}bk/{*}extLst/{*}ext/{*}rvb")
    structures = [
        [key.get("n") for key in structure.findall("{*}k")]
        for structure in _root(parts, "xl/richData/rdrichvaluestructure.xml").findall("{*}s")
    ]
    relations = [_id(each.attrib) for each in _root(parts, "xl/richData/richValueRel.xml").findall("{*}rel")]
    targets = _targets(parts, "xl/richData/richValueRel.xml")
    for cell, number in sheet.values.items():
        with suppress(IndexError, ValueError):  # other values, such as currencies
            use = uses[number - 1]
            if kinds[int(use.get("t", 0)) - 1] != "XLRICHVALUE":
                continue
            value = values[int(rich[int(use.get("v", 0))].get("i", 0))]
            at = structures[int(value.get("s", 0))].index("_rvRel:LocalImageIdentifier")
            target = targets.get(relations[int(value.findall("{*}v")[at].text or "")] or "", "")
            if target.startswith(MEDIA):
                sheet.add_in_cell(cell, target)


def _add_named(sheet: SheetXML, images: Element, targets: Mapping[str, str]) -> None:
    """Add pictures in cells whose formula names them: the form of WPS Office."""
    known = {}
    for image in images:
        name, picture = image.find(".//{*}cNvPr"), image.find(".//{*}blip")
        if name is not None and picture is not None:
            known[name.get("name")] = targets.get(_id(picture.attrib, "embed") or "", "")
    for cell, named in sheet.named.items():
        if known.get(named, "").startswith(MEDIA):
            sheet.add_in_cell(cell, known[named])


class WorkbookPictures:
    """The pictures in a workbook.

    Args:
        file: the open workbook, which `close` closes.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file, self._name = file, name
        self._parts = open_zip(file, name)

    def read(self, part: str) -> bytes:
        """The bytes of a picture. Blocks.

        Raises:
            ImageError: there is no such picture, or it is damaged or too large.
        """
        name = f"The picture {posixpath.basename(part)} in {self._name}"
        try:
            with self._parts.open(part) as file:
                data = file.read(MAX_BYTES + 1)
        except KeyError:
            raise ImageError(f"{name} is missing.", "Save the workbook again.") from None
        except (*UNREADABLE, RuntimeError, NotImplementedError):
            raise ImageError(f"{name} is damaged.", "Save the workbook again.") from None
        check_bytes(len(data), name=name)
        return data

    def close(self) -> None:
        self._parts.close()
        self._file.close()


def _targets(parts: ZipFile, part: str) -> dict[str, str]:
    """What a part refers to, by id: names of other parts, or addresses outside the workbook, which are not opened."""
    folder, name = posixpath.split(part)
    targets = {}
    for relation in _root(parts, f"{folder}/_rels/{name}.rels"):
        target = relation.get("Target", "")
        if relation.get("TargetMode") != "External":
            target = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
        elif not is_link(target):
            target = unquote(target)
        targets[relation.get("Id", "")] = target
    return targets


def _root(parts: ZipFile, part: str) -> Element:
    """The root element of a part, without children if there is no such part.

    Raises:
        TooLarge: it would exhaust memory.
    """
    try:
        size = parts.getinfo(part).file_size
    except KeyError:
        return fromstring("<none/>")
    if size > MAX_PART:
        raise TooLarge(f"has more than {MAX_PART >> 20} MiB in {posixpath.basename(part)}")
    return fromstring(parts.read(part))


def _cell(reference: str) -> Cell | None:
    found = _CELL.fullmatch(reference)
    if not found:
        return None
    column = 0
    for letter in found[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(found[2]), column - 1


def _id(attributes: Mapping[str, str], name: str = "id") -> str | None:
    """An attribute that names a relation, whatever the prefix or namespace."""
    return next((value for key, value in attributes.items() if re.split("[:}]", key)[-1] == name and key != name), None)
