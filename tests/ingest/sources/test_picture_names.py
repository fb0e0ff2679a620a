from __future__ import annotations

import csv
import unicodedata
import zipfile
from pathlib import Path

import pytest
from support.pictures import contents, draw

from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources import zipped
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, Row, SourceError
from art_mcp.ingest.sources.tables import picture_names
from art_mcp.ingest.sources.tables.picture_names import meanings
from art_mcp.ingest.sources.tables.table import Table

PICTURES = (
    *("1.jpg", "2.jpg", "INV-12.jpg", "sub/7.jpg", "Café.jpg", "Straße.jpg", "photo (1).jpg", "Monet, Claude.jpg"),
    *("100% cotton.jpg", "x.1.jpg", "q;r.jpg", "a/b/z.jpg", "a/dup.jpg", "a/b/dup.jpg", "m.jpg", "m.tif", "1998.jpg"),
    "D 4.tif.jpg",
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `museum` with pictures in `images`, each of another size, and a picture outside."""
    for seed, name in enumerate(PICTURES):
        draw(tmp_path / "museum" / "images" / name, seed)
    draw(tmp_path / "outside.jpg", 99)
    return tmp_path / "museum"


def table(folder: Path, *cells: str, within: list[Path] | None = None, images: Path | None = None) -> Table:
    with (folder / "table.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["id", "image"], *enumerate(cells)])
    source = open_source(str(folder / "table.csv"), Options(images=str(images) if images else None), within)
    assert isinstance(source, Table)
    return source


async def picture(source: Table) -> bytes:
    (row,) = source.rows()
    assert isinstance(row, Row)
    try:
        return contents(await source.picture(row.image))
    finally:
        await source.aclose()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        ("images\\1.jpg", "1.jpg"),
        ("sub\\7.jpg", "sub/7.jpg"),
        ("SUB/7.JPG", "sub/7.jpg"),
        ("7.jpg", "sub/7.jpg"),
        ("7", "sub/7.jpg"),
        (unicodedata.normalize("NFD", "Café.jpg"), "Café.jpg"),
        ("Cafe.jpg", "Café.jpg"),
        ("STRASSE.JPG", "Straße.jpg"),
        ("100%_cotton.jpg", "100% cotton.jpg"),
        ("Café .jpg", "Café.jpg"),
        ("x.1.tif", "x.1.jpg"),
        ("Monet&#44; Claude.jpg", "Monet, Claude.jpg"),
        ("2.jpg (original)", "2.jpg"),
        ("D_4.tif", "D 4.tif.jpg"),
        ("INV-12", "INV-12.jpg"),
        ("inv-12.tif", "INV-12.jpg"),
        ("1.JPEG", "1.jpg"),
        ("m.tiff", "m.tif"),
        ("x.1", "x.1.jpg"),
        ("1.jpg|2.jpg", "1.jpg"),
        ("gone.jpg; 2.jpg", "2.jpg"),
        ("2.jpg, 1.jpg", "2.jpg"),
        ("2.jpg,1.jpg", "2.jpg"),
        ("2.jpg\n1.jpg", "2.jpg"),
        ('["2.jpg", "1.jpg"]', "2.jpg"),
        ("Monet, Claude.jpg", "Monet, Claude.jpg"),
        ("q;r.jpg", "q;r.jpg"),
        ("100% cotton.jpg", "100% cotton.jpg"),
        ("photo%20(1).jpg", "photo (1).jpg"),
        ("INV%2D12.jpg", "INV-12.jpg"),
        ("1.jpg (https://dl.example.com/x.jpg)", "1.jpg"),
        ("photo (1).jpg (https://x.example/1.jpg),2.jpg (https://x.example/2.jpg)", "photo (1).jpg"),
        ("1.jpg\u200b", "1.jpg"),
        ("\ufeff1.jpg\u200e", "1.jpg"),
        ("photo\u202f(1).jpg", "photo (1).jpg"),
        ("photo\u00a0(1).jpg", "photo (1).jpg"),
        ("file:///home/anna/images/1.jpg", "1.jpg"),
        ("file:///C:/Users/Anna/sub/7.jpg", "sub/7.jpg"),
        ("file://localhost/x/photo%20(1).jpg", "photo (1).jpg"),
        ("C:\\Users\\Anna\\Pictures\\sub\\7.jpg", "sub/7.jpg"),
        ("/Users/anna/Desktop/z.jpg", "a/b/z.jpg"),
        ("\\\\nas\\share\\2.jpg", "2.jpg"),
        ("~/Pictures/2.jpg", "2.jpg"),
        ("./images//2.jpg", "2.jpg"),
        ("../images/2.jpg", "2.jpg"),
        ("b\\dup.jpg", "a/b/dup.jpg"),
        ("1.jpg?width=200", "1.jpg"),
    ],
)
async def test_a_cell_names_a_picture(folder: Path, cell: str, meant: str) -> None:
    assert await picture(table(folder, cell)) == (folder / "images" / meant).read_bytes()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("dup.jpg", "2 files have the picture's name, such as a/dup.jpg and a/b/dup.jpg"),
        ("m", "such as m.jpg and m.tif"),
        ("1998.12", "The picture is missing"),  # an inventory number, not a file with the ending .12
        ("other/7.jpg", "The picture is missing"),  # another folder's
        ("gone.jpg", "Folders searched: images, Images, museum"),
        ("x" * 900, "The picture is missing"),
        ("|" * 900, "The picture is missing"),
        ("../../outside.jpg", "outside the folders that may be read"),
        ("../outside.jpg", "outside the folders that may be read"),
        ("..\\outside.jpg", "The picture is missing"),
        ("file:///etc/passwd", "outside the folders that may be read"),
        ("%2e%2e/outside.jpg", "outside the folders that may be read"),
        ("1.jpg/../../../outside.jpg", "outside the folders that may be read"),
    ],
)
async def test_a_cell_that_names_none(folder: Path, cell: str, said: str) -> None:
    with pytest.raises(ImageError) as error:
        await picture(table(folder, cell))
    assert said in str(error.value) and str(folder.parent) not in str(error.value)


@pytest.mark.anyio
async def test_what_lies_outside_makes_no_difference(folder: Path) -> None:
    """A name that leads out finds the same files here, whether or not there is one outside."""
    draw(folder / "images" / "outside.jpg", 5)
    for cell in ("../outside.jpg", str(folder.parent / "outside.jpg"), "../absent.jpg/../outside.jpg"):
        assert await picture(table(folder, cell)) == (folder / "images" / "outside.jpg").read_bytes()


@pytest.mark.anyio
async def test_links_out_of_the_folder_are_not_followed(folder: Path) -> None:
    (folder / "images" / "link.jpg").symlink_to(folder.parent / "outside.jpg")
    (folder / "images" / "linked").symlink_to(folder.parent)
    for cell in ("link.jpg", "LINK.JPG", "linked/outside.jpg", "LINKED\\OUTSIDE.JPG"):
        with pytest.raises(ImageError):
            await picture(table(folder, cell))


@pytest.mark.anyio
async def test_a_folder_of_pictures_that_links_out_of_the_allowed_folders_is_not_listed(tmp_path: Path) -> None:
    draw(tmp_path / "secret" / "name.jpg", 1)
    (tmp_path / "open").mkdir()
    (tmp_path / "open" / "images").symlink_to(tmp_path / "secret")
    with pytest.raises(ImageError, match="missing"):
        await picture(table(tmp_path / "open", "NAME", within=[tmp_path / "open"]))
    assert await picture(table(tmp_path / "open", "NAME")) == (tmp_path / "secret" / "name.jpg").read_bytes()


@pytest.mark.anyio
async def test_another_folder_with_the_pictures(folder: Path, tmp_path: Path) -> None:
    draw(tmp_path / "photos" / "deep" / "1.jpg", 50)
    for images, meant in ((tmp_path / "photos", "photos/deep/1.jpg"), (None, "museum/images/1.jpg")):
        assert await picture(table(folder, "1.jpg", images=images)) == (tmp_path / meant).read_bytes()


@pytest.mark.anyio
async def test_a_zip_archive_with_the_pictures(folder: Path, tmp_path: Path) -> None:
    photo = (folder / "images" / "2.jpg").read_bytes()
    with zipfile.ZipFile(tmp_path / "photos.zip", "w") as archive:
        archive.writestr("export/deep/photo 7.jpg", photo)
        archive.writestr("export/../../up.jpg", photo)
    before = sorted(tmp_path.rglob("*"))
    source = table(folder, "Photo%207.JPG", images=tmp_path / "photos.zip", within=[tmp_path])
    assert await source.picture("Photo%207.JPG") == photo
    with pytest.raises(ImageError, match=r"Folders searched: photos\.zip, images, Images, museum"):
        await source.picture("gone.jpg")
    with pytest.raises(ImageError, match=r"up\.jpg is outside the folders that may be read"):
        await source.picture("export/../../up.jpg")
    await source.aclose()
    assert sorted(tmp_path.rglob("*")) == sorted([*before, folder / "table.csv"])


def test_an_archive_of_pictures_that_cannot_be_read_safely(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("1.jpg", bytes(1_000_000))
    monkeypatch.setattr(zipped, "UNSUSPECTED", 1_000)
    with pytest.raises(SourceError, match=r"bomb\.zip of 1,\d+ bytes would unpack to 1,000,000 bytes"):
        table(folder, "1.jpg", images=tmp_path / "bomb.zip")
    with pytest.raises(SourceError, match=r"bomb\.zip is outside the folders that may be read"):
        table(folder, "1.jpg", images=tmp_path / "bomb.zip", within=[folder])


def test_a_folder_of_pictures_that_cannot_be_taken(folder: Path, tmp_path: Path) -> None:
    (folder / "broken.zip").write_bytes(b"PK")
    for source, images, within, said in (
        (folder / "table.csv", tmp_path / "none", None, "There is no folder or zip archive none"),
        (folder / "table.csv", tmp_path / "none", [folder], "none is outside the folders that may be read"),
        (folder / "table.csv", tmp_path, [folder], "is outside the folders that may be read"),
        (folder / "table.csv", folder / "table.csv", None, "There is no folder or zip archive table.csv"),
        (folder / "table.csv", folder / "broken.zip", None, "broken.zip is not a zip archive, or is damaged"),
        (folder / "images", folder, None, "images is not a table"),
    ):
        (folder / "table.csv").write_text("image\n")
        with pytest.raises(SourceError, match=said):
            open_source(str(source), Options(images=str(images)), within)


def test_a_link_is_taken_only_where_its_file_is_not_there(folder: Path) -> None:
    cells = ("1.jpg (https://x.example/1.jpg)", "none.jpg (https://x.example/2.jpg)", "https://x.example/3.jpg")
    cells += ("![a view](https://x.example/4.jpg)", "https://x.example/5.jpg|https://x.example/6.jpg")
    images = [row.image for row in table(folder, *cells).rows() if isinstance(row, Row)]
    assert images == [cells[0], "https://x.example/2.jpg", cells[2], "https://x.example/4.jpg", cells[4]]
    assert meanings(cells[4]) == ["https://x.example/5.jpg", "https://x.example/6.jpg"]


@pytest.mark.anyio
async def test_names_beyond_the_limit_are_found_by_their_exact_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(picture_names, "MAX_FILES", 0)
    assert await picture(table(folder, "a/b/z.jpg")) == (folder / "images/a/b/z.jpg").read_bytes()


def test_a_link_may_lack_its_beginning() -> None:
    assert meanings("//x.example/1.jpg") == ["//x.example/1.jpg", "https://x.example/1.jpg"]
    assert meanings("www.museum.example/1.jpg")[-1] == "https://www.museum.example/1.jpg"
    assert meanings("//server/share/1.jpg") == ["//server/share/1.jpg"]
    assert meanings("www.1.jpg") == ["www.1.jpg"]
