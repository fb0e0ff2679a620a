from __future__ import annotations

import json
import struct
from pathlib import Path

import pytest
from PIL import Image, PngImagePlugin

from art_mcp.ingest.sources.folders import picture_metadata
from art_mcp.ingest.sources.folders.folder import PictureFolder
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Row


def rows_of(folder: Path) -> dict[str, Row]:
    source = open_source(str(folder), DEFAULTS, [folder])
    assert isinstance(source, PictureFolder)
    return {row.image: row for row in source.rows() if isinstance(row, Row)}


def xmp(body: str, before: str = "") -> bytes:
    return (
        f'{before}<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" '
        'xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
        f'<rdf:Description rdf:about="" photoshop:Credit="Städel Museum">{body}</rdf:Description></rdf:RDF></x:xmpmeta>'
    ).encode()


TITLE = (
    '<dc:title><rdf:Alt><rdf:li xml:lang="de">Der Geograph</rdf:li>'
    '<rdf:li xml:lang="x-default">The Geographer</rdf:li></rdf:Alt></dc:title>'
)
CREATOR = "<dc:creator><rdf:Seq><rdf:li>Johannes Vermeer</rdf:li></rdf:Seq></dc:creator>"
WORK = (
    "<e:ArtworkOrObject><rdf:Bag><rdf:li rdf:parseType='Resource'><e:AOTitle><rdf:Alt><rdf:li xml:lang='x-default'>"
    "The Astronomer</rdf:li></rdf:Alt></e:AOTitle><e:AODateCreated>1668</e:AODateCreated></rdf:li></rdf:Bag>"
    "</e:ArtworkOrObject>"
)


def iptc(**records: bytes) -> bytes:
    """An APP13 segment as Photoshop writes it."""
    tags = {"title": 5, "date": 55, "time": 60, "by": 80, "credit": 110, "caption": 120}
    data = b"".join(struct.pack(">BBBH", 0x1C, 2, tags[n], len(value)) + value for n, value in records.items())
    block = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(data)) + data + b"\0" * (len(data) % 2)
    body = b"Photoshop 3.0\0" + block
    return b"\xff\xed" + struct.pack(">H", len(body) + 2) + body


def jpeg(path: Path, *, segment: bytes = b"", exif: dict[int, str] | None = None, **saved: object) -> None:
    tags = Image.Exif()
    for tag, text in (exif or {}).items():
        tags[tag] = text
    Image.new("RGB", (64, 64), "teal").save(path, "JPEG", exif=tags, **saved)
    data = path.read_bytes()
    path.write_bytes(data[:2] + segment + data[2:])


def test_xmp_goes_before_iptc_and_iptc_before_exif(tmp_path: Path) -> None:
    segment = iptc(title=b"Schlaf", by=b"Wrong", date=b"16690000", caption="Ein Mädchen".encode("cp1252"))
    jpeg(tmp_path / "a.jpg", segment=segment, exif={315: "Worse", 33432: "Public domain"}, xmp=xmp(CREATOR))
    row = rows_of(tmp_path)["a.jpg"]
    assert (row.catalogue.title, row.catalogue.artist) == ("Schlaf", "Johannes Vermeer")
    assert (row.catalogue.date, row.catalogue.description) == ("1669", "Ein Mädchen")
    assert (row.holding.rights, row.holding.credit) == ("Public domain", "Städel Museum")


def test_the_default_language_and_the_work_before_its_photograph(tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg", xmp=xmp(TITLE + CREATOR))
    jpeg(tmp_path / "b.jpg", xmp=xmp(TITLE + CREATOR + WORK))
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp(TITLE).decode())
    Image.new("RGB", (64, 64)).save(tmp_path / "c.png", pnginfo=info)
    Image.new("RGB", (64, 64)).save(tmp_path / "d.tif", tiffinfo={700: xmp(TITLE), 315: "Jan"})
    rows = rows_of(tmp_path)
    assert (rows["a.jpg"].catalogue.title, rows["a.jpg"].catalogue.artist) == ("The Geographer", "Johannes Vermeer")
    work = rows["b.jpg"].catalogue
    assert (work.title, work.artist, work.date) == ("The Astronomer", None, "1668")
    assert rows["c.png"].catalogue.title == "The Geographer"
    assert (rows["d.tif"].catalogue.title, rows["d.tif"].catalogue.artist) == ("The Geographer", "Jan")


def test_the_clock_of_a_camera_dates_no_painting(tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg", segment=iptc(date=b"20190504", time=b"120000+0000"), exif={306: "2019:05:04 12:00:00"})
    assert rows_of(tmp_path)["a.jpg"].catalogue.date is None


@pytest.mark.parametrize(
    "noise",
    ["OLYMPUS DIGITAL CAMERA         ", "SONY DSC", "KODAK Digital Still Camera", "DCIM\\100", "Exif_JPEG_PICTURE"],
)
def test_what_cameras_write_is_no_title(tmp_path: Path, noise: str) -> None:
    jpeg(tmp_path / "Sea_at_night.jpg", exif={270: noise})
    assert rows_of(tmp_path)["Sea_at_night.jpg"].catalogue.title == "Sea at night"


def test_a_short_description_is_the_title_where_there_is_none(tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg", exif={270: "Nikon at the beach"})
    jpeg(tmp_path / "b.jpg", exif={270: "long " * 50})
    rows = rows_of(tmp_path)
    assert (rows["a.jpg"].catalogue.title, rows["a.jpg"].catalogue.description) == ("Nikon at the beach", None)
    assert rows["b.jpg"].catalogue.title == "b"


def test_sidecars_go_before_what_is_embedded(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.JPG", "c.jpg", "d.jpg"):
        jpeg(tmp_path / name, xmp=xmp(TITLE + CREATOR))
    (tmp_path / "a.xmp").write_bytes(xmp(TITLE.replace("Geographer", "Lacemaker")))
    (tmp_path / "b.JPG.json").write_text(json.dumps({"Title": "View", "Year": 1660, "Artist": {"name": "V."}}))
    (tmp_path / "b.xmp").write_bytes(xmp(TITLE))
    (tmp_path / "c.jpg.json").write_text(json.dumps({"title": "c.jpg", "id": "A 1"}))
    (tmp_path / "d.json").write_text("{broken")
    rows = rows_of(tmp_path)
    assert (rows["a.jpg"].catalogue.title, rows["a.jpg"].catalogue.artist) == ("The Lacemaker", "Johannes Vermeer")
    b = rows["b.JPG"].catalogue
    assert (b.title, b.date, b.artist) == ("View", "1660", "V.")
    assert (rows["c.jpg"].catalogue.title, rows["c.jpg"].key) == ("The Geographer", "A 1")
    assert rows["d.jpg"].catalogue.title == "The Geographer"


LAUGHS = "<!DOCTYPE x [<!ENTITY a 'ha'>" + "".join(f"<!ENTITY a{n} '{'&a;' * 10}'>" for n in range(9)) + "]>"


@pytest.mark.parametrize(
    "packet",
    [
        xmp(TITLE, LAUGHS),
        xmp(TITLE)[:-30],
        b"\xff\xfe" + xmp(TITLE),
        b"<?xml version='1.0' encoding='nonsense'?>" + xmp(TITLE),
        b"<a>" * 60_000,
        xmp(TITLE.replace("The Geographer", "t" * 2_000).replace("Der Geograph", "")),
    ],
    ids=["billion laughs", "cut off", "encoding", "no encoding", "deep", "long"],
)
def test_hostile_metadata_never_lose_the_picture(tmp_path: Path, packet: bytes) -> None:
    jpeg(tmp_path / "a.jpg")
    (tmp_path / "a.xmp").write_bytes(packet)
    jpeg(tmp_path / "b.jpg", **({"xmp": packet} if len(packet) < 65_000 else {}))
    assert [row.catalogue.title for row in rows_of(tmp_path).values()] == ["a", "b"]


def test_names_that_look_like_noise_are_titles_where_they_stand_as_titles(tmp_path: Path) -> None:
    jpeg(tmp_path / "a.jpg", xmp=xmp(TITLE.replace("The Geographer", "Untitled")))
    assert rows_of(tmp_path)["a.jpg"].catalogue.title == "Untitled"


def test_hostile_sidecars_of_json(tmp_path: Path) -> None:
    hostile = {"a": "[" * 100_000, "b": '{"title": "' + "t" * 300_000 + '"}', "c": '{"title": "\\ud800"}', "d": "[1]"}
    for name, content in hostile.items():
        jpeg(tmp_path / f"{name}.jpg")
        (tmp_path / f"{name}.json").write_text(content)
    assert [row.catalogue.title for row in rows_of(tmp_path).values()] == ["a", "b", "c", "d"]


def test_a_sidecar_behind_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    jpeg(folder / "a.jpg")
    (tmp_path / "secret.json").write_text('{"title": "secret"}')
    (folder / "a.json").symlink_to(tmp_path / "secret.json")
    assert rows_of(folder)["a.jpg"].catalogue.title == "a"


def test_no_more_of_a_picture_is_read_than_its_head(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    comment = b"\xff\xfe" + struct.pack(">H", 65_000) + b"x" * 64_998
    jpeg(path, segment=comment * 40, xmp=xmp(TITLE))  # 2.6 MB before the title
    with path.open("rb") as file:
        assert picture_metadata.read_picture_metadata(file) == {}
        assert file.tell() <= picture_metadata.MAX_READ + 16_384
    assert rows_of(tmp_path)["a.jpg"].catalogue.title == "a"
