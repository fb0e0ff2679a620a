from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables import gzipped
from art_mcp.ingest.sources.tables.table import Table


def rows_of(path: Path) -> list[Row | Refusal]:
    source = open_source(str(path), DEFAULTS)
    assert isinstance(source, Table) and source.name == path.name.split(".")[0]
    return list(source.rows())


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv.gz", "image,title\n1.jpg,Café\n"),
        ("t.TSV.GZ", "image\ttitle\n1.jpg\tCafé\n"),
        ("t.jsonl.gz", '{"image": "1.jpg", "title": "Café"}\n'),
        ("t.json.gz", '[{"image": "1.jpg", "title": "Café"}]'),
    ],
)
def test_packed_tables(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_bytes(gzip.compress(content.encode()))
    (row,) = rows_of(tmp_path / name)
    assert isinstance(row, Row) and (row.image, row.catalogue.title) == ("1.jpg", "Café")


def test_a_bomb_ends_the_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzipped, "UNSUSPECTED", 1 << 20)
    line = json.dumps({"image": "1.jpg", "title": "x" * 1_000}) + "\n"
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(line.encode() * 5_000))  # 5 MB in 9 KB
    with pytest.raises(SourceError, match="unpacks to too many bytes"):
        rows_of(tmp_path / "t.jsonl.gz")


def test_a_small_table_may_repeat_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gzipped, "MAX_RATIO", 1)
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress(b"image,title\n" + b"1.jpg,A\n" * 10_000))
    assert len(rows_of(tmp_path / "t.csv.gz")) == 10_000


@pytest.mark.parametrize(
    "change", [lambda data: data[:-20], lambda data: b"x" + data, lambda data: data[:40] + b"\xff" * 40]
)
def test_a_damaged_file_is_told(tmp_path: Path, change: object) -> None:
    packed = gzip.compress("\n".join(["image,title", *(f"{n}.jpg,{n * 7919}" for n in range(5_000))]).encode())
    assert callable(change)
    (tmp_path / "t.csv.gz").write_bytes(change(packed))
    with pytest.raises(SourceError, match="is damaged"):
        rows_of(tmp_path / "t.csv.gz")
