from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import anyio
import pytest
from PIL import Image

from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources import zipped
from art_mcp.ingest.sources.folders.folder import PictureFolder
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.table import Table


def jpeg(colour: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (60, 40), colour).save(file, "JPEG")
    return file.getvalue()


SEA, WOOD = jpeg("teal"), jpeg("green")


def pack(path: Path, entries: Mapping[str, bytes | str], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


opened: list[PictureFolder | Table] = []


@pytest.fixture(autouse=True)
def close_archives() -> Iterator[None]:
    yield
    while opened:
        anyio.run(opened.pop().aclose)


def source_at(path: Path) -> PictureFolder | Table:
    source = open_source(str(path), DEFAULTS, [path.parent])
    assert isinstance(source, (PictureFolder, Table))
    opened.append(source)
    return source


@pytest.mark.anyio
async def test_pictures_in_an_archive(tmp_path: Path) -> None:
    entries = {
        "Best of/Sea at night.jpg": SEA,
        "Best of/Dutch/Wood.jpg": WOOD,
        "Best of/Sea at night.json": '{"date": 1880}',
    }
    entries |= {"__MACOSX/Best of/._Sea at night.jpg": b"x", "Best of/.DS_Store": b"x"}
    source = source_at(pack(tmp_path / "Summer.zip", entries))
    rows = [row for row in source.rows() if isinstance(row, Row)]
    assert source.name == "Summer"
    assert [(row.key, row.catalogue.title, row.catalogue.date, row.details) for row in rows] == [
        ("Sea at night.jpg", "Sea at night", "1880", {}),
        ("Dutch/Wood.jpg", "Wood", None, {"Folder": "Dutch"}),
    ]
    assert [await source.picture(row.image) for row in rows] == [SEA, WOOD]
    assert "Skipped as system or program files: __MACOSX." in await source.reading()
    assert [path.name for path in tmp_path.iterdir()] == ["Summer.zip"]


@pytest.mark.anyio
async def test_a_table_in_an_archive(tmp_path: Path) -> None:
    table = "image,title\n1.jpg,Sea\nsub\\2.JPG,Wood\n3.jpg,Gone\n"
    source = source_at(
        pack(tmp_path / "t.zip", {"x/cat.csv": table, "x/images/1.jpg": SEA, "x/images/sub/2.jpg": WOOD})
    )
    rows = [row for row in source.rows() if isinstance(row, Row)]
    assert [row.catalogue.title for row in rows] == ["Sea", "Wood", "Gone"]
    assert [await source.picture(row.image) for row in rows[:2]] == [SEA, WOOD]
    with pytest.raises(ImageError, match=r"Folders searched: images, Images, t\.zip"):
        await source.picture("3.jpg")


def test_names_in_utf8_without_a_mark(tmp_path: Path) -> None:
    path = pack(tmp_path / "t.zip", {"Caf\u00e9.jpg": SEA})
    data = path.read_bytes()
    for signature, at in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        start = data.index(signature) + at
        data = data[:start] + b"\0\0" + data[start + 2 :]
    path.write_bytes(data)
    assert [row.label for row in source_at(path).rows()] == ["Caf\u00e9.jpg"]


def test_entries_that_are_not_read_are_told_and_the_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "t.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("a.jpg", "../up.jpg", "x/../../up.jpg", "/abs.jpg", "C:\\w.jpg", "b/inner.zip"):
            archive.writestr(name, SEA)
        link = zipfile.ZipInfo("link.jpg")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
        archive.writestr("lzma.jpg", SEA, zipfile.ZIP_LZMA)
        archive.writestr("twice.jpg", SEA)
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("twice.jpg", WOOD)
        archive.writestr("locked.jpg", SEA)
    data = bytearray(path.read_bytes())
    data[data.rindex(b"PK\1\2") + 8] |= 1  # encrypted
    path.write_bytes(data)
    found = {row.label: row.reason if isinstance(row, Refusal) else None for row in source_at(path).rows()}
    outside = "Its path leads out of the archive."
    assert found == {
        "a.jpg": None,
        "../up.jpg": outside,
        "x/../../up.jpg": outside,
        "/abs.jpg": outside,
        "C:/w.jpg": outside,
        "b/inner.zip": "It is an archive in an archive.",
        "link.jpg": "It is a symbolic link.",
        "lzma.jpg": "It is compressed by method 14; only Deflate is read.",
        "twice.jpg": "Several files in the archive have this name.",
        "locked.jpg": "It is encrypted.",
    }


@pytest.mark.anyio
async def test_a_table_names_an_entry_that_is_not_read(tmp_path: Path) -> None:
    path = pack(tmp_path / "t.zip", {"t.csv": "image,title\n../up.jpg,A\n", "../up.jpg": SEA})
    with pytest.raises(ImageError):
        await source_at(path).picture("../up.jpg")


@pytest.mark.anyio
async def test_a_damaged_picture_costs_only_itself(tmp_path: Path) -> None:
    path = pack(tmp_path / "t.zip", {"a.jpg": SEA, "b.jpg": WOOD}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(SEA, bytes(len(SEA))))
    source = source_at(path)
    with pytest.raises(ImageError, match=r"a\.jpg is damaged in the archive"):
        await source.picture("a.jpg")
    assert await source.picture("b.jpg") == WOOD


@pytest.mark.anyio
async def test_a_picture_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    source = source_at(pack(tmp_path / "t.zip", {"a.jpg": bytes(30 << 20), "b.jpg": SEA}))
    with pytest.raises(ImageError, match="larger than 20 MiB"):
        await source.picture("a.jpg")


def test_a_bomb_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipped, "UNSUSPECTED", 1 << 20)
    path = pack(tmp_path / "bomb.zip", {f"{n}.jpg": bytes(1 << 20) for n in range(9)})
    with pytest.raises(SourceError, match="would unpack to 9,437,184 bytes"):
        source_at(path)


def test_an_archive_of_too_many_entries_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = pack(tmp_path / "many.zip", {f"{n}.jpg": b"" for n in range(20)})
    monkeypatch.setattr(zipped, "MAX_ENTRIES", 10)
    with pytest.raises(SourceError, match="has 20 entries; at most 10 are read"):
        source_at(path)


def test_a_directory_that_claims_to_be_huge_is_not_read(tmp_path: Path) -> None:
    path = pack(tmp_path / "t.zip", {"a.jpg": SEA})
    data = bytearray(path.read_bytes())
    end = data.rindex(b"PK\5\6")
    data[end + 12 : end + 16] = struct.pack("<I", 1 << 30)
    path.write_bytes(data)
    with pytest.raises(SourceError, match="has too many entries"):
        source_at(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"PK\5\6" + bytes(18), b"x" * 100_000, b"PK\3\4" + bytes(50)])
def test_what_is_no_archive(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t.zip").write_bytes(content)
    try:
        assert list(source_at(tmp_path / "t.zip").rows()) == []
    except SourceError as error:
        assert "not a zip archive" in str(error)


def test_an_archive_behind_a_link_out_of_the_allowed_folders(tmp_path: Path) -> None:
    pack(tmp_path / "outside.zip", {"a.jpg": SEA})
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "t.zip").symlink_to(tmp_path / "outside.zip")
    with pytest.raises(SourceError, match="outside the folders that may be read"):
        source_at(tmp_path / "in" / "t.zip")


def test_a_damaged_table_in_an_archive_is_told(tmp_path: Path) -> None:
    table = b"image,title\n1.jpg,Sea\n"
    path = pack(tmp_path / "t.zip", {"t.csv": table}, zipfile.ZIP_STORED)
    path.write_bytes(path.read_bytes().replace(table, table.replace(b"Sea", b"sea")))
    with pytest.raises(SourceError, match=r"t\.csv is damaged"):
        list(source_at(path).rows())
