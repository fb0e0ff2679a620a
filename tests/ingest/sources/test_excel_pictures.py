"""Pictures in Excel workbooks, the links behind their cells, and the choice of sheets."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path

import openpyxl
import pytest
from openpyxl.drawing.image import Image as SheetImage
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.worksheet.worksheet import Worksheet
from PIL import Image
from support.pictures import contents, draw

from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, Row, SourceError
from art_mcp.ingest.sources.tables import excel_pictures
from art_mcp.ingest.sources.tables.table import Table

LINK = "https://museum.example/1.jpg"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RICH = "http://schemas.microsoft.com/office/spreadsheetml/2017/richdata"


def table(path: Path, **options: str | Mapping[str, str]) -> Table:
    source = open_source(str(path), Options(**options))  # type: ignore[arg-type]
    assert isinstance(source, Table)
    return source


def rows_of(path: Path, **options: str | Mapping[str, str]) -> list[Row]:
    return [row for row in table(path, **options).rows() if isinstance(row, Row)]


def jpeg(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (80, 60), colour).save(file, "JPEG")
    return file.getvalue()


def put(sheet: Worksheet, cell: str, colour: str, offset: int = 0) -> None:
    """Lay a picture on a sheet, its corner `offset` points below that of the cell."""
    picture = SheetImage(io.BytesIO(jpeg(colour)))
    row, column = openpyxl.utils.cell.coordinate_to_tuple(cell)
    corner = AnchorMarker(col=column - 1, row=row - 1, rowOff=12_700 * offset)
    picture.anchor = OneCellAnchor(_from=corner, ext=XDRPositiveSize2D(762_000, 571_500))
    sheet.add_image(picture)


def rewritten(path: Path, change: Callable[[dict[str, bytes]], object]) -> None:
    """Change the parts of a workbook."""
    with zipfile.ZipFile(path) as old:
        parts = {name: old.read(name) for name in old.namelist()}
    change(parts)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name, content in parts.items():
            new.writestr(name, content)


@pytest.fixture
def sheet() -> Worksheet:
    sheet = openpyxl.Workbook().active
    assert isinstance(sheet, Worksheet)
    sheet.append(["Title", "Artist", "Photo"])
    return sheet


def save(sheet: Worksheet, path: Path) -> Path:
    assert sheet.parent is not None
    sheet.parent.save(path)
    return path


@pytest.mark.parametrize(
    ("text", "target", "image"),
    [
        ("see photo", LINK, LINK),
        (None, LINK, LINK),
        ("https://museum.example/…", LINK, LINK),
        ("1.jpg", LINK, LINK),
        ("photo", "images\\1.jpg", "images\\1.jpg"),
        ("photo", "file:///C:/My%20photos/1.jpg", "file:///C:/My photos/1.jpg"),
        ("1.jpg", "mailto:anna@museum.example", "1.jpg"),
        (f'=HYPERLINK("{LINK}","photo")', None, LINK),
        (f'=hyperlink( "{LINK}" )', None, LINK),
        ('=HYPERLINK("https://museum.example/"&A2&".jpg","photo")', None, "https://museum.example/Sea.jpg"),
        ('=HYPERLINK(CONCATENATE("https://museum.example/", $A$2, ".jpg"))', None, "https://museum.example/Sea.jpg"),
        ('=IMAGE("https://museum.example/"&B2&"/"&A2)', None, "https://museum.example/Monet/Sea"),
        ('=HYPERLINK("https://museum.example/"&A3,"photo")', None, ""),
        ('=HYPERLINK("https://museum.example/"&Z2,"photo")', None, ""),
        ('=HYPERLINK(VLOOKUP(A2,B:C,2),"photo")', None, ""),
        (f'=IMAGE("{LINK}")', None, LINK),
        (f'=_xlfn.IMAGE("{LINK}","a view",1)', None, LINK),
        ('=IMAGE("file:///etc/passwd")', None, ""),
    ],
)
def test_the_address_behind_a_cell(
    text: str | None, target: str | None, image: str, sheet: Worksheet, tmp_path: Path
) -> None:
    sheet.append(["Sea", "Monet", text])
    if target:
        sheet["C2"].hyperlink = target
    (row,) = rows_of(save(sheet, tmp_path / "t.xlsx"))
    assert (row.image, row.catalogue.title, [*filter(None, row.details.values())]) == (image, "Sea", [])


def test_a_formula_that_is_shared_by_the_cells_of_a_column(sheet: Worksheet, tmp_path: Path) -> None:
    for number in (2, 3):
        sheet.append([f"Sea {number}", "Monet", f'=HYPERLINK("https://museum.example/"&A{number},"photo")'])
    path = save(sheet, tmp_path / "t.xlsx")

    def share(parts: dict[str, bytes]) -> None:
        xml = parts["xl/worksheets/sheet1.xml"].decode()
        first, second = re.findall(r"<f>.*?</f>", xml)
        xml = xml.replace(first, first.replace("<f>", '<f t="shared" ref="C2:C3" si="0">'))
        parts["xl/worksheets/sheet1.xml"] = xml.replace(second, '<f t="shared" si="0"/>').encode()

    rewritten(path, share)
    assert [row.image for row in rows_of(path)] == ["https://museum.example/Sea 2", "https://museum.example/Sea 3"]


def test_formulas_without_a_stored_result_are_told(sheet: Worksheet, tmp_path: Path) -> None:
    sheet.append(["Sea", "Monet", '=CONCATENATE("1",".jpg")'])
    sheet.append(["Wood", '="Co"&"rot"', f'=HYPERLINK("{LINK}","photo")'])
    reading = table(save(sheet, tmp_path / "t.xlsx"))._reading()
    assert (
        "Formulas without a stored result, which are not read: C2, B3. Open the workbook in Excel and save it."
        in reading
    )


@pytest.mark.anyio
async def test_a_file_that_is_there_comes_before_its_link(sheet: Worksheet, tmp_path: Path) -> None:
    draw(tmp_path / "1.jpg", 1)
    sheet.append(["Sea", "Monet", "1.jpg"])
    sheet.append(["Wood", "Corot", "gone.jpg"])
    sheet["C2"].hyperlink = sheet["C3"].hyperlink = LINK
    source = table(save(sheet, tmp_path / "t.xlsx"))
    sea, wood = (row.image for row in source.rows() if isinstance(row, Row))
    assert contents(await source.picture(sea)) == (tmp_path / "1.jpg").read_bytes()
    assert wood == LINK


def test_links_of_other_columns_are_columns(sheet: Worksheet, tmp_path: Path) -> None:
    for number in (1, 2):
        sheet.append([f"Sea {number}", "Monet", f"{number}.jpg"])
        sheet.cell(number + 1, 1).hyperlink = f"https://museum.example/object/{number}"
    sheet["B2"].hyperlink = "#Makers!A1"
    path = save(sheet, tmp_path / "t.xlsx")
    assert [row.details for row in rows_of(path)] == [
        {"Link of Title": "https://museum.example/object/1"},
        {"Link of Title": "https://museum.example/object/2"},
    ]
    (first, _) = rows_of(path, columns={"page": "Link of Title"})
    assert (first.holding.page, first.catalogue.title) == ("https://museum.example/object/1", "Sea 1")


def test_a_link_to_the_picture_behind_the_title(tmp_path: Path) -> None:
    sheet = openpyxl.Workbook().active
    assert isinstance(sheet, Worksheet)
    sheet.append(["Title", "Artist"])
    for number in (1, 2):
        sheet.append([f"Sea {number}", "Monet"])
        sheet.cell(number + 1, 1).hyperlink = LINK.replace("1.jpg", f"{number}.jpg")
    rows = rows_of(save(sheet, tmp_path / "t.xlsx"))
    assert [(row.image, row.catalogue.title) for row in rows] == [
        (LINK, "Sea 1"),
        (LINK.replace("1.jpg", "2.jpg"), "Sea 2"),
    ]


def test_a_link_of_a_range_of_cells(sheet: Worksheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        sheet.append(["Sea", "Monet", "photo"])
    sheet["C2"].hyperlink = LINK
    path = save(sheet, tmp_path / "t.xlsx")
    part = "xl/worksheets/sheet1.xml"
    rewritten(path, lambda parts: parts.update({part: parts[part].replace(b'ref="C2"', b'ref="C2:XFD1048576"')}))
    assert [row.image for row in rows_of(path)] == [LINK] * 4
    monkeypatch.setattr(excel_pictures, "MAX_LINKED", 2)
    assert [row.image for row in rows_of(path)] == [LINK, LINK, "photo", "photo"]


@pytest.mark.anyio
@pytest.mark.parametrize("place", ["t.xlsx", "t.zip", "folder"])
async def test_pictures_on_a_sheet_belong_to_the_row_in_which_they_begin(
    place: str, sheet: Worksheet, tmp_path: Path
) -> None:
    for number in range(2, 6):
        sheet.append([f"Sea {number}", "Monet"])
        sheet.row_dimensions[number].height = 60
    put(sheet, "A1", "black")  # a logo
    put(sheet, "C2", "teal", offset=10)
    put(sheet, "C3", "green", offset=55)  # almost in the next row
    put(sheet, "E5", "red")
    put(sheet, "D5", "blue")
    put(sheet, "C9", "white")  # in no row of the table
    (tmp_path / "folder").mkdir()
    path = save(sheet, tmp_path / "folder" / "t.xlsx" if place == "folder" else tmp_path / "t.xlsx")
    if place == "t.zip":
        with zipfile.ZipFile(tmp_path / place, "w") as archive:
            archive.write(path, "t.xlsx")
    source = table(tmp_path / place)
    assert (await source.reading()).splitlines()[:3] == [
        "Rows with several pictures, of which the first is taken: 1.",
        "Pictures in rows without a text, which are not read: 1.",
        "Read: image from Photo (where empty, from Picture in the sheet), title from Title, artist from Artist.",
    ]
    rows = [row for row in source.rows() if isinstance(row, Row)]
    pictures = [await source.picture(row.image) if row.image else None for row in rows]
    assert pictures == [jpeg("teal"), None, jpeg("green"), jpeg("blue")]
    await source.aclose()


def test_a_painting_keeps_its_key_when_rows_are_added(sheet: Worksheet, tmp_path: Path) -> None:
    keys = []
    for rows in (["Sea", "Wood"], ["Hay", "Sea", "Wood"]):
        sheet.delete_rows(2, 9)
        sheet._images.clear()  # type: ignore[attr-defined]
        for number, title in enumerate(rows, 2):
            sheet.append([title, "Monet"])
            put(sheet, f"C{number}", "teal")
        keys.append({row.catalogue.title: row.key for row in rows_of(save(sheet, tmp_path / "t.xlsx"))})
    assert keys[0] == {"Sea": "Monet, Sea", "Wood": "Monet, Wood"} == {title: keys[1][title] for title in keys[0]}


def test_namesakes_with_different_pictures_are_different_paintings(sheet: Worksheet, tmp_path: Path) -> None:
    for number, colour in enumerate(("teal", "green"), 2):
        sheet.append(["Untitled", "Monet"])
        put(sheet, f"C{number}", colour)
    rows = rows_of(save(sheet, tmp_path / "t.xlsx"))
    assert [row.key for row in rows] == ["Monet, Untitled", "Monet, Untitled (2)"]


def test_named_files_come_before_pictures_on_the_sheet(sheet: Worksheet, tmp_path: Path) -> None:
    sheet.append(["Sea", "Monet", "1.jpg"])
    sheet.append(["Wood", "Monet"])
    put(sheet, "D2", "teal")
    put(sheet, "D3", "green")
    assert [row.image for row in rows_of(save(sheet, tmp_path / "t.xlsx"))] == ["1.jpg", "xl/media/image2.jpeg"]


def in_cells(parts: dict[str, bytes]) -> None:
    """Make pictures the values of C2 and C3, as Excel's "Place in Cell" and XlsxWriter's embed_image do."""
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for number, colour in ((1, "teal"), (2, "green")):
        before, row, after = sheet.partition(f'<row r="{number + 1}"')
        cell = f'<c r="C{number + 1}" t="e" vm="{number}"><v>#VALUE!</v></c>'
        sheet = before + row + after.replace("</row>", f"{cell}</row>", 1)
        parts[f"xl/media/image{number}.jpeg"] = jpeg(colour)
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    blocks = "".join(f'<bk><extLst><ext uri="{{3e28}}"><xlrd:rvb i="{i}"/></ext></extLst></bk>' for i in range(3))
    uses = "".join(f'<bk><rc t="2" v="{i}"/></bk>' for i in (1, 2))
    parts["xl/metadata.xml"] = (
        f'<metadata xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:xlrd="{RICH}">'
        '<metadataTypes count="2"><metadataType name="XLDAPR"/><metadataType name="XLRICHVALUE"/></metadataTypes>'
        f'<futureMetadata name="XLRICHVALUE">{blocks}</futureMetadata><valueMetadata>{uses}</valueMetadata></metadata>'
    ).encode()
    values = '<rv s="0"><v>EUR</v></rv><rv s="1"><v>5</v><v>1</v></rv><rv s="1"><v>5</v><v>0</v></rv>'
    parts["xl/richData/rdrichvalue.xml"] = f'<rvData xmlns="{RICH}">{values}</rvData>'.encode()
    parts["xl/richData/rdrichvaluestructure.xml"] = (
        f'<rvStructures xmlns="{RICH}"><s t="_currency"><k n="code"/></s><s t="_localImage"><k n="CalcOrigin" t="i"/>'
        '<k n="_rvRel:LocalImageIdentifier" t="i"/></s></rvStructures>'
    ).encode()
    parts["xl/richData/richValueRel.xml"] = (
        f'<richValueRels xmlns="{RICH}rel" xmlns:r="{RELATIONS}"><rel r:id="a"/><rel r:id="b"/></richValueRels>'
    ).encode()
    parts["xl/richData/_rels/richValueRel.xml.rels"] = (
        b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        b'<Relationship Id="b" Target="../media/image1.jpeg"/><Relationship Id="a" Target="/xl/media/image2.jpeg"/>'
        b"</Relationships>"
    )


@pytest.fixture
def in_cell(sheet: Worksheet, tmp_path: Path) -> Path:
    """A workbook with pictures in two cells."""
    sheet.append(["Sea", "Monet"])
    sheet.append(["Wood", "Monet"])
    path = save(sheet, tmp_path / "t.xlsx")
    rewritten(path, in_cells)
    return path


@pytest.mark.anyio
async def test_pictures_in_cells(in_cell: Path) -> None:
    source = table(in_cell)
    rows = [row for row in source.rows() if isinstance(row, Row)]
    assert [(row.catalogue.title, await source.picture(row.image)) for row in rows] == [
        ("Sea", jpeg("teal")),
        ("Wood", jpeg("green")),
    ]
    await source.aclose()


@pytest.mark.anyio
async def test_pictures_in_cells_of_wps_office(sheet: Worksheet, tmp_path: Path) -> None:
    sheet.append(["Sea", "Monet", "SEA"])
    sheet.append(["Wood", "Monet", "WOOD"])
    path = save(sheet, tmp_path / "t.xlsx")

    def change(parts: dict[str, bytes]) -> None:
        part = parts["xl/worksheets/sheet1.xml"].decode()
        for number, name in ((2, "ID_5EA"), (3, "ID_GONE")):
            value = f'DISPIMG("{name}",1)'.replace('"', "&quot;")
            cell = f'<c r="C{number}" t="str"><f>_xlfn.{value}</f><v>={value}</v></c>'
            part = re.sub(rf'<c r="C{number}".*?</c>', cell, part)
        parts["xl/worksheets/sheet1.xml"] = part.encode()
        parts["xl/cellimages.xml"] = (
            '<etc:cellImages xmlns:etc="http://www.wps.cn/officeDocument/2017/etCustomData" '
            'xmlns:xdr="http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing" '
            f'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" xmlns:r="{RELATIONS}">'
            '<etc:cellImage><xdr:pic><xdr:nvPicPr><xdr:cNvPr id="2" name="ID_5EA"/></xdr:nvPicPr><xdr:blipFill>'
            '<a:blip r:embed="rId1"/></xdr:blipFill></xdr:pic></etc:cellImage><etc:cellImage/></etc:cellImages>'
        ).encode()
        parts["xl/_rels/cellimages.xml.rels"] = (
            b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            b'<Relationship Id="rId1" Target="media/image1.jpeg"/></Relationships>'
        )
        parts["xl/media/image1.jpeg"] = jpeg("teal")

    rewritten(path, change)
    source = table(path)
    sea, wood = (row for row in source.rows() if isinstance(row, Row))
    assert (await source.picture(sea.image), wood.image) == (jpeg("teal"), "")
    assert not any([*sea.details.values(), *wood.details.values()])
    await source.aclose()


@pytest.mark.parametrize(
    "part",
    [
        *("xl/metadata.xml", "xl/richData/rdrichvalue.xml", "xl/richData/rdrichvaluestructure.xml"),
        *("xl/richData/richValueRel.xml", "xl/richData/_rels/richValueRel.xml.rels"),
    ],
)
@pytest.mark.parametrize("content", [None, b"<x/>", b"<broken", b'<!DOCTYPE x [<!ENTITY a "ha">]><x>&a;</x>'])
def test_damaged_rich_values(part: str, content: bytes | None, in_cell: Path) -> None:
    rewritten(in_cell, lambda parts: parts.pop(part) if content is None else parts.update({part: content}))
    if content in (None, b"<x/>"):
        assert [row.image for row in rows_of(in_cell)] == ["", ""]
    else:
        with pytest.raises(SourceError, match="is damaged"):
            rows_of(in_cell)


@pytest.mark.anyio
async def test_a_picture_leads_to_nothing_but_a_picture(sheet: Worksheet, tmp_path: Path) -> None:
    """The relation of a picture is changed to lead to other parts, to the web, and to files of this machine."""
    sheet.append(["Sea", "Monet"])
    put(sheet, "C2", "teal")
    path = save(sheet, tmp_path / "t.xlsx")
    part = "xl/drawings/_rels/drawing1.xml.rels"

    here = b'Target="/xl/media/image1.jpeg"'

    def lead(target: str, mode: str = "External") -> list[str]:
        there = f'Target="{target}" TargetMode="{mode}"'.encode()
        rewritten(path, lambda parts: parts.update({part: parts[part].replace(here, there)}))
        found = [row.image for row in rows_of(path)]
        rewritten(path, lambda parts: parts.update({part: parts[part].replace(there, here)}))
        return found

    assert lead("../media/image1.jpeg", "Internal") == ["xl/media/image1.jpeg"]
    assert lead(LINK) == [LINK]  # fetched like any link, when it is loaded
    assert lead("file:///etc/passwd") == lead("\\\\server\\share\\1.jpg") == [""]
    assert lead("../workbook.xml", "Internal") == lead("../../../../etc/passwd", "Internal") == [""]
    source = table(path)
    for name in ("xl/media/none.png", "xl/media/../workbook.xml"):
        with pytest.raises(ImageError, match="is missing"):
            await source.picture(name)
    await source.aclose()


@pytest.mark.anyio
async def test_a_picture_that_is_damaged_or_too_large(sheet: Worksheet, tmp_path: Path) -> None:
    sheet.append(["Sea", "Monet"])
    put(sheet, "C2", "teal")
    path = save(sheet, tmp_path / "t.xlsx")

    async def said() -> str:
        source = table(path)
        with pytest.raises(ImageError) as error:
            await source.picture("xl/media/image1.jpeg")
        await source.aclose()
        return str(error.value)

    sound = path.read_bytes()
    data = bytearray(sound)
    at = data.index(b"xl/media/image1.jpeg") + 40
    data[at : at + 200] = bytes(200)
    path.write_bytes(data)
    assert (await said()).startswith("The picture image1.jpeg in t.xlsx is damaged.")
    path.write_bytes(sound)
    rewritten(path, lambda parts: parts.update({"xl/media/image1.jpeg": bytes(21 << 20)}))
    assert (await said()).startswith("The picture image1.jpeg in t.xlsx is larger than 20 MiB.")


def test_workbooks_that_would_exhaust_memory(sheet: Worksheet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(2, 50):
        sheet.append(["Sea", "Monet", f'=HYPERLINK("{LINK}")'])
        put(sheet, f"D{number}", "teal")
    path = save(sheet, tmp_path / "t.xlsx")
    assert len(rows_of(path)) == 48
    monkeypatch.setattr(excel_pictures, "MAX_TEXTS", 5_000)
    with pytest.raises(SourceError, match=r"t\.xlsx has more than 0 MiB of texts"):
        rows_of(path)
    monkeypatch.setattr(excel_pictures, "MAX_TEXTS", 1 << 26)
    monkeypatch.setattr(excel_pictures, "MAX_PART", 5_000)
    with pytest.raises(SourceError, match=r"t\.xlsx has more than 0 MiB in drawing1\.xml"):
        rows_of(path)


@pytest.fixture
def museum(tmp_path: Path) -> Path:
    """A workbook with two alike sheets, one of other data, and a hidden one."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, rows in {
        "Oils": [["Our paintings"], [], ["Title", "File"], ["Sea", "1.jpg"]],
        "Drawings": [["title", "FILE"], ["Wood", "2.jpg"]],
        "Makers": [["Name", "Born"], ["Monet", "1840"]],
        "Old": [["Title", "Scan", "Year"], ["Hay", "3.jpg", "1880"]],
    }.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(row)
    book["Old"].sheet_state = "hidden"
    book.save(tmp_path / "museum.xlsx")
    return tmp_path / "museum.xlsx"


@pytest.mark.anyio
async def test_sheets_with_the_same_columns_are_one_table(museum: Path) -> None:
    rows = rows_of(museum)
    assert [(row.label, row.catalogue.title, row.details) for row in rows] == [
        ("museum.xlsx Oils row 4 (1.jpg)", "Sea", {"Sheet": "Oils"}),
        ("museum.xlsx Drawings row 2 (2.jpg)", "Wood", {"Sheet": "Drawings"}),
    ]
    assert (await table(museum).reading()).splitlines() == [
        "Sheets read as one table: Oils, Drawings.",
        "Sheets not read: Makers, Old (hidden).",
        "Skipped above the header: Our paintings.",
        "Read: image from File, title from Title.",
        "Kept with each painting: Sheet.",
    ]


@pytest.mark.anyio
async def test_a_sheet_can_be_chosen(museum: Path) -> None:
    for name, title in (("Drawings", "Wood"), (" oils ", "Sea"), ("OLD", "Hay"), ("Makers", None)):
        assert [row.catalogue.title for row in rows_of(museum, sheet=name)] == [title]
    assert (await table(museum, sheet="Old").reading()).splitlines()[:2] == [
        "Sheet: Old.",
        "Sheets not read: Oils, Drawings, Makers.",
    ]
    with pytest.raises(SourceError, match=r"has no sheet 'Prints' with rows\. Those with rows are: Oils, Drawings, M"):
        rows_of(museum, sheet="Prints")


def test_sheets_with_different_columns(museum: Path) -> None:
    book = openpyxl.load_workbook(museum)
    book["Old"].sheet_state = "visible"
    book["Old"]["B1"] = "Image"
    book["Old"].title = "Old ones"
    book.move_sheet("Old ones", -3)
    book.save(museum)
    with pytest.raises(SourceError, match=r"has 4 sheets with rows \(Old ones, Oils, Drawings, Makers\)\.") as error:
        rows_of(museum)
    assert str(error.value).endswith("Choose one, for example with sheet Old ones.")
    assert error.value.on_command_line.endswith("Choose one, for example with --sheet 'Old ones'.")


def test_a_sheet_of_what_has_none(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("image,title\n1.jpg,Sea\n")
    with pytest.raises(SourceError, match=r"t\.csv is not an Excel workbook, so it has no sheets") as error:
        rows_of(tmp_path / "t.csv", sheet="Oils")
    assert error.value.on_command_line.endswith("Leave out --sheet Oils.")
