from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.pictures import draw

from art_mcp.ingest.listing import item_of
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Options, Refusal, Row, SourceError


def source_at(path: Path, within: Sequence[Path] | None = None) -> LocalSource:
    source = open_source(str(path), DEFAULTS, within)
    assert isinstance(source, LocalSource)
    return source


HEADER = "IMAGE_FILE\tDESCRIPTION\tAUTHOR\tTITLE\tTECHNIQUE\tDATE\tTYPE\tSCHOOL\tTIMEFRAME\n"


def line(name: str = "1.jpg", title: str = "A title", description: str = "Words") -> str:
    return f"{name}\t{description}\tRUISDAEL, Jacob\t{title}\tOil on canvas\tc. 1665\tlandscape\tDutch\t1651-1700\n"


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., list[Row | Refusal]]:
    def write_and_read(content: str | bytes, name: str = "table.tsv", encoding: str = "utf-8") -> list[Row | Refusal]:
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return list(source_at(path).rows())

    return write_and_read


def test_semart_columns(write: Callable[..., list[Row | Refusal]]) -> None:
    (row,) = write(HEADER + line())
    assert isinstance(row, Row)
    assert (row.key, row.image, row.label) == ("1.jpg", "1.jpg", "table.tsv line 2 (1.jpg)")
    assert row.catalogue.as_dict() == {
        "title": "A title",
        "artist": "RUISDAEL, Jacob",
        "date": "c. 1665",
        "school": "Dutch",
        "type": "landscape",
        "technique": "Oil on canvas",
        "timeframe": "1651-1700",
        "description": "Words",
        "number": None,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str, write: Callable[..., list[Row | Refusal]]) -> None:
    (row,) = write(HEADER + line(title="Café “Arlésienne” – Œuvre"), encoding=encoding)
    assert isinstance(row, Row)
    assert row.catalogue.title == "Café “Arlésienne” – Œuvre"


def test_a_line_in_another_encoding_refuses_only_itself(write: Callable[..., list[Row | Refusal]]) -> None:
    good = [line(f"{n}.jpg", title=f"Élan {n}").encode() for n in range(4)]
    rows = write(HEADER.encode() + good[0] + good[1] + line("bad.jpg", "Élan").encode("cp1252") + good[2] + good[3])
    assert [isinstance(row, Row) for row in rows] == [True, True, False, True, True]
    assert rows[2] == Refusal(
        "table.tsv line 4", "Its title has bytes that are not text in the file's encoding.", "bad.jpg"
    )


def test_a_byte_that_cp1252_does_not_have_refuses_only_its_row(write: Callable[..., list[Row | Refusal]]) -> None:
    good = line(title="Élan").encode("cp1252")
    rows = write(HEADER.encode() + good + line("2.jpg", "bad \x81").encode("latin-1") + line("3.jpg").encode())
    assert [type(row) for row in rows] == [Row, Refusal, Row]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_and_other_headers(delimiter: str, write: Callable[..., list[Row | Refusal]]) -> None:
    text = delimiter.join(["Accession Number", "File name", "Artist", "Title", "Medium", "Other"]) + "\n"
    text += delimiter.join(["A-1", "1.jpg", '"VELDE, Willem"', '"Ships; a ""calm"""', "Oil", "x"]) + "\n"
    (row,) = write(text, name="table.csv")
    assert isinstance(row, Row)
    assert (row.key, row.image) == ("A-1", "1.jpg")
    assert (row.catalogue.artist, row.catalogue.title) == ("VELDE, Willem", 'Ships; a "calm"')


def test_line_breaks_in_quotes(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write(HEADER + line(description='"one\r\ntwo\nthree"') + line("2.jpg"))
    assert [row.label for row in rows] == ["table.tsv line 2 (1.jpg)", "table.tsv line 5 (2.jpg)"]
    assert rows[0].catalogue.description == "one two three"


def test_a_quote_that_never_closes_loses_only_its_line(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write(HEADER + line() + line("2.jpg", title='"never') + "".join(line(f"{n}.jpg") for n in range(3, 9)))
    assert rows[1] == Refusal("table.tsv line 3", "A quote is opened and never closed.")
    assert [row.image for row in rows if isinstance(row, Row)] == ["1.jpg", *(f"{n}.jpg" for n in range(3, 9))]


def test_a_stray_quote_does_not_take_the_next_rows_with_it(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write(HEADER + line(title='"Open') + line("2.jpg") + line("3.jpg", title='Close"') + line("4.jpg"))
    assert [type(row) for row in rows] == [Refusal, Row, Row, Row]
    rows = write(HEADER + line(title='"') + line("2.jpg", title='"') + line("3.jpg"))
    assert [type(row) for row in rows] == [Refusal, Refusal, Row]


@pytest.mark.parametrize(
    "content",
    [
        "\n\n \nimage,title\n1.jpg,A\n",
        "Our paintings, 2024\n\nimage,title\n1.jpg,A\n",
        "Title: our paintings\nimage,title\n1.jpg,A\n",
        ",,\nExport of 3 May,,\nimage,title,\n1.jpg,A,\n",
        "image,title\n1.jpg,A,\n",
        "image,title\n1.jpg,A,,,,\n\n",
        "image,title,,\n1.jpg,A,,\n",
        '"image","ti\ntle"\n1.jpg,A\n'.replace("ti\ntle", "Title\nof work"),
        "sep=,\nimage,title\n1.jpg,A\n",
        "Maker,,Object\nimage,title,\n1.jpg,A,\n",
        "image,title\n1.jpg,A\nimage,title\n",
    ],
)
def test_lines_above_the_header_and_empty_cells(content: str, write: Callable[..., list[Row | Refusal]]) -> None:
    (row,) = write(content, name="table.csv")
    assert isinstance(row, Row)
    assert (row.image, row.catalogue.title, dict(row.details)) == ("1.jpg", "A", {})


def test_a_column_of_pictures_alone_has_its_name_above(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write("image\n1.jpg\n2.jpg\n")
    assert [row.image for row in rows if isinstance(row, Row)] == ["1.jpg", "2.jpg"]


def test_a_header_of_ten_thousand_columns(write: Callable[..., list[Row | Refusal]]) -> None:
    names = ["image", "title", *(f"c{n}" for n in range(20_000))]
    (row,) = write("\t".join(names) + "\n" + "\t".join(["1.jpg", "A", *("x" for _ in names[2:])]) + "\n")
    assert isinstance(row, Row) and row.catalogue.title == "A"
    assert 40 <= len(row.details) <= 100


@given(
    st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [
                    '"',
                    ",",
                    ";",
                    "\t",
                    "\n",
                    "\r\n",
                    "image",
                    "title",
                    "artist",
                    "1.jpg",
                    "é",
                    "\udce9",
                    "\0",
                    "<b>",
                    "[",
                    " ",
                ]
            ),
            max_size=60,
        ).map(lambda parts: "".join(parts).encode("utf-8", "surrogateescape")),
    ),
    st.sampled_from([None, "utf-8", "utf-16", "cp1252", "gbk"]),
)
def test_any_bytes_are_a_table_or_an_error(content: bytes, encoding: str | None) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder, "t.csv")
        path.write_bytes(content)
        source = open_source(str(path), Options(encoding=encoding))
        try:
            rows = list(source.rows())
            told = anyio.run(source.reading)
        except SourceError as error:
            told = str(error)
            rows = []
    told.encode()
    for row in rows:
        assert isinstance(row, Row | Refusal)
        item = item_of("t", row)
        stored = json.dumps([item.label, item.row, item.refusal], ensure_ascii=False)
        stored.encode()
        assert "\\u0000" not in stored


def test_invisible_and_control_characters_are_dropped(write: Callable[..., list[Row | Refusal]]) -> None:
    (row,) = write(HEADER + line(title='"Sea\n2. Forged - Rembrandt\u202e\u200b\x07 \U000e0041"'))
    assert isinstance(row, Row)
    assert row.catalogue.title == "Sea 2. Forged - Rembrandt"


def test_ids_do_not_depend_on_how_a_system_spells_accents(write: Callable[..., list[Row | Refusal]]) -> None:
    (composed,), (decomposed,) = (write(HEADER + line(name)) for name in ("\u00e9.jpg", "e\u0301.jpg"))
    assert composed.key == decomposed.key and composed.image != decomposed.image


def test_a_note_to_spreadsheets_and_delimiters_in_quotes(write: Callable[..., list[Row | Refusal]]) -> None:
    (row,) = write('sep=;\n"IMAGE_FILE";"TITLE";"other, or not, or what"\n1.jpg;One, two, three;x\n')
    assert isinstance(row, Row)
    assert row.catalogue.title == "One, two, three"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_may_not_be_read_is_reported(tmp_path: Path) -> None:
    draw(tmp_path / "a.png", 1)
    (tmp_path / "closed").mkdir(mode=0)
    rows = list(source_at(tmp_path).rows())
    (tmp_path / "closed").chmod(0o700)
    unreadable = "The folder cannot be read (Permission denied). Check its permissions."
    assert rows[1] == Refusal("closed", unreadable)
    tmp_path.chmod(0)
    (row,) = source_at(tmp_path).rows()
    tmp_path.chmod(0o700)
    assert row == Refusal(tmp_path.name, unreadable)


def test_a_table_behind_a_link_out_of_the_allowed_folders(tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text(HEADER + line())
    (tmp_path / "allowed").mkdir()
    (tmp_path / "allowed" / "table.csv").symlink_to(tmp_path / "outside.csv")
    assert len(list(source_at(tmp_path / "allowed").rows())) == 1
    with pytest.raises(SourceError, match=r"table\.csv is outside the folders that may be read"):
        list(source_at(tmp_path / "allowed", [tmp_path / "allowed"]).rows())


def test_text_after_a_closing_quote_is_kept(write: Callable[..., list[Row | Refusal]]) -> None:
    (row,) = write(HEADER + line(title='"The Milkmaid" (detail)'))
    assert isinstance(row, Row)
    assert row.catalogue.title == "The Milkmaid (detail)"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("2.jpg\tonly two\n", "It has 2 columns, the header has 9."),
        (line("2.jpg")[:-1] + "\tmore\n", "It has 10 columns, the header has 9."),
        (line("2.jpg", title="a\0b"), "Its title holds a NUL character."),
        (line("2.jpg" * 300), "Its image has 1,500 characters; at most 1,000 are stored."),
        (line("2.jpg", description="d" * 3_000_000), "The line is longer than 1,048,576 characters."),
        ("\tWords\t\t\tOil\t\t\t\tx\n".replace("Words", ""), "It names no picture, and has no title and no artist."),
    ],
)
def test_a_bad_row_refuses_only_itself(bad: str, reason: str, write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write(HEADER + line() + bad + line("3.jpg"))
    assert [type(row) for row in rows] == [Row, Refusal, Row]
    assert rows[1].reason == reason
    assert rows[1].label.startswith("table.tsv line 3")


def test_a_text_that_is_too_long_is_cut_and_its_row_kept(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write(HEADER + line("1.jpg", title="t" * 1_001) + line("2.jpg", description="d " * 400_000))
    first, second = rows
    assert isinstance(first, Row) and isinstance(second, Row)
    assert first.catalogue.title == "t" * 999 + "…"
    assert first.notes == ("Its title was cut after 1,000 characters.",)
    assert second.catalogue.description is not None and len(second.catalogue.description) == 50_000
    assert second.notes == ("Its description was cut after 50,000 characters.",)


def test_a_row_without_a_picture_is_a_row(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write(HEADER + line(" ") + line("2.jpg"))
    assert [(row.image, row.key) for row in rows if isinstance(row, Row)] == [
        ("", "RUISDAEL, Jacob, A title, c. 1665"),
        ("2.jpg", "2.jpg"),
    ]
    assert rows[0].label == "table.tsv line 2 (A title)"


def test_empty_lines_are_no_rows(write: Callable[..., list[Row | Refusal]]) -> None:
    assert len(write(HEADER + "\n" + line() + "\n\t\t\n")) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (" \n,,\n", "has no lines of text"),
        ("WEIGHT\tPRICE\na\tb\n", "names the picture's file, a title or an artist; it has the columns: WEIGHT, PRICE"),
        ("IMAGE\tTITLE\tImage\na\tb\tc\n", "has the column 'IMAGE' twice"),
        (b"\xff\xfeI\x00M\x00A", "is cut off or is not utf-16"),
    ],
)
def test_a_table_that_cannot_be_read(
    content: str | bytes, said: str, write: Callable[..., list[Row | Refusal]]
) -> None:
    with pytest.raises(SourceError, match=said):
        write(content)


def test_semart_parts_in_a_folder_are_one_collection(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        (tmp_path / f"semart_{part}.csv").write_text(HEADER + line(f"{part}.jpg"), encoding="cp1252")
    (tmp_path / "other.csv").write_text("x")
    source = source_at(tmp_path)
    assert source.name == tmp_path.name
    assert [row.image for row in source.rows()] == ["train.jpg", "val.jpg", "test.jpg"]
    assert [folder.name for folder in source.picture_folders] == ["images", "Images", tmp_path.name]


def test_a_folder_with_one_table_is_that_table_and_with_two_is_ambiguous(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("image,title\n1.jpg,T\n")
    assert [row.catalogue.title for row in source_at(tmp_path).rows()] == ["T"]
    (tmp_path / "b.tsv").write_text("image\n")
    with pytest.raises(SourceError, match=r"has 2 tables \(a.csv, b.tsv\)\. Give the path of the one"):
        source_at(tmp_path)


def test_a_folder_of_pictures(tmp_path: Path) -> None:
    for name in ("b/Sea_at_night.jpg", "a.PNG", ".hidden/no.jpg", "b/.no.jpg", "Œuvre é.webp"):
        draw(tmp_path / name, 1)
    for name in ("notes.txt", "photo.jxl", "b/drawing.svg"):
        (tmp_path / name).write_bytes(b"x")
    rows = list(source_at(tmp_path).rows())
    assert [(row.key, row.catalogue.title) for row in rows if isinstance(row, Row)] == [
        ("a.PNG", "a"),
        ("Œuvre é.webp", "Œuvre é"),
        ("b/Sea_at_night.jpg", "Sea at night"),
    ]
    assert [row.label for row in rows if isinstance(row, Refusal)] == ["photo.jxl", "b/drawing.svg"]
    assert "JXL is not supported. Convert" in rows[1].reason


def test_rows_without_pictures_and_ids_are_kept_apart(write: Callable[..., list[Row | Refusal]]) -> None:
    rows = write("artist,title,medium\nMonet,Sea,oil\nMonet,Sea,ink\nMonet,Sea,oil\nMonet,Wood,oil\n", name="t.csv")
    sea, other, again, wood = (row.key for row in rows)
    assert (other, again) == (f"{sea} (2)", sea) and wood != sea


def test_what_is_no_source(tmp_path: Path) -> None:
    for name, said in (
        ("x.docx", "neither a folder nor a table"),
        ("x.xls", "an old Excel workbook, which is not read"),
    ):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(SourceError, match=said):
            source_at(tmp_path / name)
    with pytest.raises(SourceError, match=r"^There is no file or folder none\."):
        source_at(tmp_path / "none")
