from __future__ import annotations

import builtins
import datetime
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.pictures import contents, draw

from art_mcp.ingest.sources import zipped
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Options, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables import excel, excel_pictures
from art_mcp.ingest.sources.tables.table import Table
from art_mcp.installation import how_to_add


def table(path: Path, options: Options = DEFAULTS) -> Table:
    source = open_source(str(path), options)
    assert isinstance(source, Table)
    return source


def rows_of(path: Path) -> list[Row | Refusal]:
    return list(table(path).rows())


def write(path: Path, **sheets: list[list[object]]) -> Path:
    book = openpyxl.Workbook()
    book.remove(book.active)  # type: ignore[arg-type]
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def rewritten(path: Path, part: str, change: Callable[[bytes], bytes]) -> None:
    """Change the content of a part of a workbook."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


@pytest.mark.anyio
async def test_a_workbook(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Inventory of the museum"],
        [],
        ["ID", "Title ", "Artist", "Date", "Image", "Medium"],
        [12, "Sea", "Monet", datetime.datetime(1880, 5, 1), "1.jpg", "=1+1"],
        [],
        [13.0, "Wood", None, 1881.0, "gone.jpg"],
    ]
    path = write(tmp_path / "t.xlsx", Objects=rows)
    book = openpyxl.load_workbook(path)
    book["Objects"].merge_cells("A1:F1")
    book["Objects"]["A4"].number_format = "00000"
    book.save(path)
    draw(tmp_path / "1.jpg", 1)
    source = table(path)
    sea, wood = source.rows()
    assert isinstance(sea, Row) and isinstance(wood, Row)
    assert (sea.label, sea.key, sea.catalogue.title, sea.catalogue.artist) == (
        "t.xlsx row 4 (1.jpg)",
        "00012",
        "Sea",
        "Monet",
    )
    assert (sea.catalogue.date, wood.catalogue.date, wood.key) == ("1880-05-01", "1881", "13")
    assert contents(await source.picture("1.JPG")) == (tmp_path / "1.jpg").read_bytes()


def test_the_sheet_with_rows_is_read(tmp_path: Path) -> None:
    objects: list[list[object]] = [["image", "title"], ["1.jpg", "A"]]
    path = write(
        tmp_path / "t.xlsx", Notes=[["Nothing but a note"]], Empty=[], Objects=objects, Makers=[["name"], ["Monet"]]
    )
    book = openpyxl.load_workbook(path)
    hidden = book.copy_worksheet(book["Objects"])
    hidden.sheet_state = "hidden"
    book.save(path)
    assert [row.catalogue.title for row in rows_of(path) if isinstance(row, Row)] == ["A"]
    write(tmp_path / "none.xlsx", Paintings=[["image", "title"]])
    with pytest.raises(SourceError, match="has no sheet with rows"):
        rows_of(tmp_path / "none.xlsx")


def test_a_workbook_without_its_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "t.xlsx", A=[["image"], ["1.jpg"]])
    draw(tmp_path / "1.jpg", 1)
    real = builtins.__import__

    def without(name: str, *args: Any) -> Any:
        if name.startswith("openpyxl"):
            raise ImportError(name)
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(SourceError, match=re.escape(f"Run: {how_to_add('excel')}")):
        rows_of(tmp_path / "t.xlsx")
    with pytest.raises(SourceError, match="needs openpyxl"):  # rather than load the pictures without their table
        open_source(str(tmp_path), DEFAULTS)


@pytest.mark.parametrize("content", [b"", b"PK", b"\xd0\xcf\x11\xe0" + bytes(512), b"image,title\n1.jpg,A\n"])
def test_what_is_no_workbook(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.xlsx").write_bytes(content)
    with pytest.raises(SourceError, match="zip archive"):
        rows_of(tmp_path / "t.xlsx")


@pytest.mark.parametrize(
    "part", ["xl/workbook.xml", "xl/worksheets/sheet1.xml", "xl/styles.xml", "[Content_Types].xml"]
)
@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<broken",
        b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]><worksheet>&b;</worksheet>',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>',
    ],
)
def test_hostile_parts_end_the_reading(tmp_path: Path, part: str, content: bytes) -> None:
    path = write(tmp_path / "t.xlsx", A=[["image", "title"], ["1.jpg", "A"]])
    rewritten(path, part, lambda _: content)
    with pytest.raises(SourceError) as error:
        rows_of(path)
    assert "t.xlsx" in str(error.value) and "root:" not in str(error.value)


def test_a_sheet_that_claims_a_million_rows(tmp_path: Path) -> None:
    path = write(tmp_path / "t.xlsx", A=[["image", "title"], ["1.jpg", "A"]])

    def far(sheet: bytes) -> bytes:
        sheet = sheet.replace(b'<dimension ref="A1:B2"', b'<dimension ref="A1:XFD1048576"')
        return sheet.replace(b"</sheetData>", b'<row r="999999999"><c r="XFD999999999"><v>1</v></c></row></sheetData>')

    rewritten(path, "xl/worksheets/sheet1.xml", far)
    assert [row.label for row in rows_of(path)] == ["t.xlsx row 2 (1.jpg)"]


def test_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "t.xlsx", A=[["image", "title"], ["1.jpg", "A"]])
    monkeypatch.setattr(excel_pictures, "MAX_ELEMENTS", 100)
    assert len(rows_of(path)) == 1
    cells = b"<row>" + b"<c><v>1</v></c>" * 100 + b"</row></sheetData>"
    rewritten(path, "xl/worksheets/sheet1.xml", lambda sheet: sheet.replace(b"</sheetData>", cells))
    with pytest.raises(SourceError, match="a row of more than 100 elements"):
        rows_of(path)
    monkeypatch.setattr(excel, "MAX_TEXTS", 1_000)
    write(path, A=[["image", "title"], ["1.jpg", "A"]])
    with pytest.raises(SourceError, match="MiB of texts"):
        rows_of(path)
    monkeypatch.setattr(zipped, "UNSUSPECTED", 1 << 20)
    with zipfile.ZipFile(tmp_path / "bomb.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", bytes(3 << 20))
    with pytest.raises(SourceError, match="would unpack to"):
        rows_of(tmp_path / "bomb.xlsx")


@pytest.mark.anyio
async def test_a_workbook_in_an_archive(tmp_path: Path) -> None:
    write(tmp_path / "t.xlsx", A=[["image", "title"], ["1.jpg", "A"]])
    draw(tmp_path / "1.jpg", 1)
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(tmp_path / "t.xlsx", "x/t.xlsx")
        archive.write(tmp_path / "1.jpg", "x/1.jpg")
    source = table(tmp_path / "all.zip")
    assert [row.image for row in source.rows() if isinstance(row, Row)] == ["1.jpg"]
    await source.aclose()
