from __future__ import annotations

from pathlib import Path

import pytest

from art_mcp.ingest.sources import kinds
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.table import Table

HEADER = "IMAGE_FILE\tDESCRIPTION\tAUTHOR\tTITLE\tTECHNIQUE\tDATE\tTYPE\tSCHOOL\tTIMEFRAME\n"


def works(author: str, start: int, count: int, **changed: str) -> list[str]:
    cells = {"date": "1665", "technique": "Oil on canvas, 60 x 80 cm"} | changed
    return [
        f"{n}.jpg\tWords\t{author}\tTitle\t{cells['technique']}\t{cells['date']}\tlandscape\tDutch\t1651-1700\n"
        for n in range(start, start + count)
    ]


def cleaned(folder: Path) -> list[Row | Refusal]:
    source = open_source(str(folder), Options(clean_semart=True))
    assert isinstance(source, Table)
    return list(source.rows())


@pytest.fixture
def semart(tmp_path: Path) -> Path:
    lines = [
        *works("DELACROIX, Eug?ne", 0, 16),
        *works("DÜRER, Albrecht", 100, 8),
        *works("DURER, Albrecht", 108, 8),
        *works("UNKNOWN MASTER, Dutch", 200, 16),
        *works("HALS, Frans", 300, 15),
        *works("HALS, Frans", 300, 1),  # the same picture again
        *works("HALS, Frans", 320, 1, date=""),
    ]
    for part, some in (("train", lines[:20]), ("val", lines[20:40]), ("test", lines[40:])):
        (tmp_path / f"semart_{part}.csv").write_text(HEADER + "".join(some), encoding="cp1252")
    return tmp_path


def test_the_cleaning_of_the_tutorial(semart: Path) -> None:
    rows = cleaned(semart)
    assert len(rows) == 65
    kept = [row for row in rows if isinstance(row, Row)]
    assert [row.image for row in kept] == [f"{n}.jpg" for n in (*range(16), *range(100, 116))]
    words = kept[0].catalogue
    assert (words.artist, words.technique, words.date, words.school) == (
        "DELACROIX, Eugène",
        "Oil on canvas",
        None,
        None,
    )
    assert (words.type, words.timeframe, kept[16].catalogue.artist) == ("landscape", "1651-1700", "DÜRER, Albrecht")


def test_each_row_that_is_left_out_is_told_with_its_reason(semart: Path) -> None:
    left_out = [row for row in cleaned(semart) if isinstance(row, Refusal)]
    assert {row.reason for row in left_out} == {
        "Cleaned out: its painter is unknown.",
        "Cleaned out: painter has 15 works, needs 16.",
        "Cleaned out: same picture as semart_test.csv line 10 (300.jpg).",
        "Cleaned out: it has no date.",
    }
    assert len(left_out) == 33 and all(row.key is None for row in left_out)


def test_what_is_not_semart_is_not_cleaned(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="lacks SemArt's nine columns"):
        cleaned(tmp_path)
    (tmp_path / "t.csv").write_text("image,title\n1.jpg,T\n")
    with pytest.raises(SourceError, match="lacks SemArt's nine columns"):
        cleaned(tmp_path)


@pytest.mark.anyio
async def test_the_reading_tells_of_the_cleaning(semart: Path) -> None:
    told = await open_source(str(semart), Options(clean_semart=True)).reading()
    assert told is not None and "more than 15 works" in told


def test_every_museum_opens_and_every_kind_is_told(tmp_path: Path) -> None:
    for museum in kinds.MUSEUMS:
        assert open_source(f"{museum}:sea", Options()).name.endswith(": sea")
    (tmp_path / "x.docx").write_bytes(b"")
    with pytest.raises(SourceError) as error:
        open_source(str(tmp_path / "x.docx"), Options())
    told = ("folder", "table", "zip archive", "IIIF", *(f"{museum}:WORDS" for museum in kinds.MUSEUMS))
    assert all(kind in str(error.value) for kind in told)
