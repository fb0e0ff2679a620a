from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image
from support.pictures import contents, draw

from art_mcp.ingest.sources.folders.folder import PictureFolder
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.table import Table


def opened(path: Path) -> PictureFolder | Table:
    source = open_source(str(path), DEFAULTS, [path])
    assert isinstance(source, (PictureFolder, Table))
    return source


def titles(folder: Path) -> dict[str, str | None]:
    return {row.image: row.catalogue.title for row in opened(folder).rows() if isinstance(row, Row)}


@pytest.mark.anyio
async def test_what_systems_and_programs_write_is_left_out(tmp_path: Path) -> None:
    draw(tmp_path / "Sea.jpg", 1)
    system = (
        *("@eaDir/Sea.jpg", "#recycle", "#snapshot/a/b", "$RECYCLE.BIN", "System Volume Information", "lost+found"),
        *("Photos Library.photoslibrary/resources", "Lightroom Previews.lrdata/0", "deep/@eaDir", "__MACOSX"),
        *(".thumbnails", "Thumbs", "@Recycle", "Old.aplibrary"),
    )
    for seed, folder in enumerate(system):
        draw(tmp_path / folder / "x.jpg", seed)
    (tmp_path / "Thumbs.db").write_bytes(b"x")
    (tmp_path / "._Sea.jpg").write_bytes(b"x")
    assert list(titles(tmp_path)) == ["Sea.jpg"]
    told = (await opened(tmp_path).reading()).partition("Skipped as system or program files: ")[2]
    assert told.startswith(
        "#recycle, #snapshot, $RECYCLE.BIN, @Recycle, @eaDir, Lightroom Previews.lrdata, Old.aplibrary"
    )
    assert told.endswith("and 1 more.")


@pytest.mark.anyio
async def test_a_picture_needs_no_ending(tmp_path: Path) -> None:
    for seed, name in enumerate(("IMG_0001", "sub/1950.1.2", "Sea view")):
        draw(tmp_path / f"{name}.jpg", seed)
        (tmp_path / f"{name}.jpg").rename(tmp_path / name)
    (tmp_path / "README").write_text("JPEG files of 2024")
    (tmp_path / "1950.2").mkdir()
    source = opened(tmp_path)
    assert titles(tmp_path) == {"IMG_0001": None, "Sea view": "Sea view", "sub/1950.1.2": None}
    assert contents(await source.picture("sub/1950.1.2")) == (tmp_path / "sub/1950.1.2").read_bytes()


def test_the_words_of_folders_are_details(tmp_path: Path) -> None:
    draw(tmp_path / "Dutch masters" / "landscapes" / "View.jpg", 1)
    draw(tmp_path / "Top.jpg", 2)
    rows = [row for row in opened(tmp_path).rows() if isinstance(row, Row)]
    assert [dict(row.details) for row in rows] == [{}, {"Folder": "Dutch masters / landscapes"}]


def test_linked_folders_and_raw_files_are_told(tmp_path: Path) -> None:
    draw(tmp_path / "a" / "IMG_1.jpg", 1)
    (tmp_path / "a" / "IMG_1.CR2").write_bytes(b"x")  # beside its JPEG
    (tmp_path / "a" / "IMG_2.NEF").write_bytes(b"x")
    (tmp_path / "linked").symlink_to(tmp_path / "a")
    told = {row.label: row.reason for row in opened(tmp_path).rows() if isinstance(row, Refusal)}
    assert told == {
        "a/IMG_2.NEF": "A raw file of a camera is not supported. Convert it to JPEG or PNG.",
        "linked": "It is a link to a folder. To load its pictures, give that folder's path.",
    }


LONG = "A portrait of the artist as a young man in his studio"


@pytest.mark.parametrize(
    ("picture", "sidecar", "known", "title"),
    [
        ("IMG_1.jpg", "IMG_1.jpg.supplemental-metadata.json", "IMG_1.jpg", "Harbour"),
        ("IMG_1.jpg", "IMG_1.jpg.suppl.json", "IMG_1.jpg", "Harbour"),
        ("IMG_1.jpg", "IMG_1.jpg.s.json", "IMG_1.jpg", "Harbour"),
        ("IMG_1.jpg", "IMG_1.jpg..json", "IMG_1.jpg", "Harbour"),
        ("IMG_1.jpg", "IMG_1.jpg.json", "IMG_1.jpg", "Harbour"),
        ("IMG_1(2).jpg", "IMG_1.jpg.supplemental-metadata(2).json", "IMG_1.jpg", "Harbour"),
        ("IMG_1(2).jpg", "IMG_1.jpg(2).json", "IMG_1.jpg", "Harbour"),
        ("IMG_1(2).jpg", "IMG_1(2).jpg.supplemental-metadata.json", "IMG_1(2).jpg", "Harbour"),
        ("IMG_1-edited.jpg", "IMG_1.jpg.supplemental-metadata.json", "IMG_1.jpg", "Harbour"),
        ("IMG_1.JPG", "img_1.jpg.supplemental-metadata.json", "IMG_1.JPG", "Harbour"),
        (f"{LONG[:47]}.jpg", f"{LONG[:46]}.json", f"{LONG}.jpg", LONG),
        ("IMG_1.jpg", "metadata.json", "Album", None),
        ("IMG_1.jpg", "IMG_2.jpg.supplemental-metadata.json", "IMG_2.jpg", None),
    ],
)
def test_sidecars_of_google_takeout(tmp_path: Path, picture: str, sidecar: str, known: str, title: str | None) -> None:
    draw(tmp_path / picture, 1)
    taken = {"timestamp": "1555555555", "formatted": "18 Apr 2019"}
    content = {"title": known, "description": "Harbour", "photoTakenTime": taken, "url": "https://photos.example/x"}
    (tmp_path / sidecar).write_text(json.dumps(content))
    (row,) = opened(tmp_path).rows()
    assert isinstance(row, Row)
    assert (row.catalogue.title, row.catalogue.date) == (title, None)
    assert row.holding.page == ("https://photos.example/x" if title else None)


@pytest.mark.parametrize(
    "description",
    [
        '{"shape": [64, 64, 3]}',
        "ImageJ=1.53c\nunit=micron\nloop=false\n",
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/"><Image/></OME>',
        '[{"tile": 1}]',
        "SONY DSC",
    ],
)
def test_what_programs_write_describes_no_painting(tmp_path: Path, description: str) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "Sea_at_night.tif", tiffinfo={270: description})
    (row,) = opened(tmp_path).rows()
    assert isinstance(row, Row)
    assert (row.catalogue.title, row.catalogue.description) == ("Sea at night", None)


def test_a_title_in_brackets_is_a_title(tmp_path: Path) -> None:
    Image.new("RGB", (64, 64)).save(tmp_path / "1.tif", tiffinfo={270: "[Portrait of a Man]"})
    assert titles(tmp_path) == {"1.tif": "[Portrait of a Man]"}


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("health.csv", "day,steps\n1,2\n"),
        ("notes.txt", "Bought in Delft.\n"),
        ("empty.csv", ""),
        ("broken.json", "{"),
        ("artists.csv", "name,born\nMonet,1840\n"),
    ],
)
async def test_a_stray_table_does_not_stop_a_folder_of_pictures(tmp_path: Path, name: str, content: str) -> None:
    draw(tmp_path / "Sea.jpg", 1)
    (tmp_path / name).write_text(content)
    assert titles(tmp_path) == {"Sea.jpg": "Sea"}
    assert f"Not read, because no column names pictures: {name}." in await opened(tmp_path).reading()


@pytest.mark.anyio
async def test_of_several_tables_the_one_that_names_pictures_is_read(tmp_path: Path) -> None:
    draw(tmp_path / "1.jpg", 1)
    (tmp_path / "works.csv").write_text("image,title\n1.jpg,Sea\n")
    (tmp_path / "artists.csv").write_text("name,born\nMonet,1840\n")
    assert titles(tmp_path) == {"1.jpg": "Sea"}
    assert "Not read, because no column names pictures: artists.csv." in await opened(tmp_path).reading()
    (tmp_path / "more.csv").write_text("image,title\n1.jpg,Sea\n")
    with pytest.raises(SourceError, match=r"has 2 tables \(more\.csv, works\.csv\)"):
        opened(tmp_path)


def test_a_table_without_pictures_beside_none_is_read(tmp_path: Path) -> None:
    (tmp_path / "works.csv").write_text("title,artist\nSea,Monet\n")
    (tmp_path / "readme.txt").write_text("Hello\n")
    assert titles(tmp_path) == {"": "Sea"}


def test_files_beside_pictures_are_no_tables(tmp_path: Path) -> None:
    draw(tmp_path / "1.jpg", 1)
    (tmp_path / "1.txt").write_text("image,title\n1.jpg,Wrong\n")  # captions, as trainers of models write
    (tmp_path / "1.json").write_text('[{"image": "1.jpg", "title": "Wrong"}]')
    assert titles(tmp_path) == {"1.jpg": None}


def test_a_catalogue_whose_numbers_are_the_names_of_pictures(tmp_path: Path) -> None:
    for seed, name in enumerate(("INV-12.jpg", "sub/inv_7.png", "other.jpg")):
        draw(tmp_path / name, seed)
    (tmp_path / "works.csv").write_text("Inv. no,Title\nINV-12,Sea\ninv_7,Wood\nINV-99,Gone\n")
    rows = [row for row in opened(tmp_path).rows() if isinstance(row, Row)]
    assert [(row.image, row.key, row.catalogue.number) for row in rows] == [
        (number, number, number) for number in ("INV-12", "inv_7", "INV-99")
    ]
