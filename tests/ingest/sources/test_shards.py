from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.pictures import contents, draw

from art_mcp.ingest.sources import opening
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import DEFAULTS, Row, SourceError
from art_mcp.ingest.sources.tables import shards
from art_mcp.ingest.sources.tables.table import Table


def write(path: Path, titles: Sequence[str], **more: object) -> bytes:
    """Write a shard as Hugging Face's datasets do, with a picture in each row; returns the last picture."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pictures = []
    for title in titles:
        draw(path.parent / "x.jpg", sum(map(ord, title)))
        pictures.append({"bytes": (path.parent / "x.jpg").read_bytes(), "path": f"{title}.jpg"})
        (path.parent / "x.jpg").unlink()
    pq.write_table(pa.table({"image": pictures, "title": titles, **more}), path)
    return pictures[-1]["bytes"]  # type: ignore[return-value]


def table(path: Path) -> Table:
    source = open_source(str(path), DEFAULTS)
    assert isinstance(source, Table)
    return source


async def pictures(source: Table) -> Mapping[str, bytes]:
    """The pictures by title, read in the opposite order, so that tables are closed and opened again."""
    rows = [row for row in source.rows() if isinstance(row, Row)]
    assert len({row.key for row in rows}) == len(rows)
    try:
        return {str(row.catalogue.title): contents(await source.picture(row.image)) for row in reversed(rows)}
    finally:
        await source.aclose()


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A clone of a data set with two splits."""
    write(tmp_path / "set" / "data" / "test-00000-of-00001.parquet", ["T"])
    for number, titles in enumerate((["A", "B"], ["C"], ["D", "E"])):
        write(tmp_path / "set" / "data" / f"train-0000{number}-of-00003.parquet", titles)
    (tmp_path / "set" / "README.md").write_text("A data set")
    return tmp_path / "set"


@pytest.mark.anyio
async def test_a_shard_is_read_with_its_siblings(dataset: Path) -> None:
    source = table(dataset / "data" / "train-00001-of-00003.parquet")
    assert source.name == "train"
    assert (await source.reading()).splitlines() == [
        "Read as one table: train-00000-of-00003.parquet, train-00001-of-00003.parquet, train-00002-of-00003.parquet.",
        "Read: image from image, title from title.",
    ]
    assert [row.label for row in source.rows()][2:4] == [
        "train-00001-of-00003.parquet row 1 (row 1/C.jpg)",
        "train-00002-of-00003.parquet row 1 (row 1/D.jpg)",
    ]
    found = await pictures(source)
    assert [*found] == [*"EDCBA"] and len(set(found.values())) == 5
    assert found["E"] == write(dataset / "again.parquet", ["E"])


@pytest.mark.anyio
@pytest.mark.parametrize("below", ["", "data", "set.zip"])
async def test_a_folder_or_archive_of_shards_is_one_table(dataset: Path, below: str) -> None:
    if below == "set.zip":
        with zipfile.ZipFile(dataset / below, "w") as archive:
            for path in (dataset / "data").iterdir():
                archive.write(path, f"data/{path.name}")
    source = table(dataset / below)
    assert (await source.reading()).startswith("Read as one table: ") and "Missing" not in await source.reading()
    assert sorted(await pictures(source)) == [*"ABCDET"]


@pytest.mark.anyio
async def test_parts_that_spark_writes_are_one_table(tmp_path: Path) -> None:
    for number, title in enumerate("ABC"):
        name = f"part-0000{number}-0b1c2d3e-1111-4222-8333-444455556666-c000.snappy.parquet"
        write(tmp_path / "out.parquet" / name, [title])
    (tmp_path / "out.parquet" / "_SUCCESS").touch()
    assert sorted(await pictures(table(tmp_path / "out.parquet"))) == [*"ABC"]


@pytest.mark.anyio
async def test_shards_that_are_missing_are_told(dataset: Path) -> None:
    (dataset / "data" / "train-00001-of-00003.parquet").unlink()
    for path in (dataset, dataset / "data" / "train-00002-of-00003.parquet"):
        assert "train-00001-of-00003.parquet." in (await table(path).reading()).splitlines()[1]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "is only Git's pointer to a large file"),
        (b"PAR1 and half a download", "is damaged or not a Parquet table"),
    ],
)
@pytest.mark.parametrize("others", [True, False])
def test_a_damaged_shard_is_not_lost(content: bytes, said: str, others: bool, dataset: Path) -> None:
    written = sorted((dataset / "data").glob("*.parquet"))
    for path in written[2:3] if others else written:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=said):
        table(dataset)


def test_another_table_beside_the_shards(dataset: Path) -> None:
    pq.write_table(pa.table({"weight": [1]}), dataset / "data" / "stats.parquet")
    assert len([*table(dataset).rows()]) == 6


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["a.csv"], []),
        (["a-1-of-1.csv"], []),
        (["a-1-of-2.csv", "a-2-of-2.csv"], ["Read as one table: a-1-of-2.csv, a-2-of-2.csv."]),
        (["a-2-of-2.csv"], ["Missing: a-1-of-2.csv."]),
        (
            ["a-0-of-2.csv", "a-2-of-2.csv"],
            ["Read as one table: a-0-of-2.csv, a-2-of-2.csv.", "Missing: a-1-of-2.csv."],
        ),
        (["b-000-of-999999999.csv"], ["more"]),
    ],
)
def test_the_numbers_of_shards(names: list[str], said: list[str]) -> None:
    if said == ["more"]:
        (text,) = shards.reading(names)
        assert text.startswith("Missing: b-001-of-999999999.csv, b-002-") and text.endswith(" and 999,999,986 more.")
    else:
        assert shards.reading(names) == said


def test_shards_of_text_and_other_files(tmp_path: Path) -> None:
    for name in ("t-1-of-2.csv", "t-2-of-2.csv", "t-1-of-3.csv", "u-1-of-2.csv", "t-1-of-2.tsv"):
        (tmp_path / name).write_text(f"image,title\n1.jpg,{name}\n")
    rows = [row for row in table(tmp_path / "t-2-of-2.csv").rows() if isinstance(row, Row)]
    assert [row.catalogue.title for row in rows] == ["t-1-of-2.csv", "t-2-of-2.csv"]


def test_tables_that_are_not_parts_of_one(dataset: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(dataset / "data" / "other.parquet", ["O"], year=[1880])
    with pytest.raises(SourceError, match="set has 5 tables"):
        table(dataset)
    monkeypatch.setattr(opening, "MAX_SHARDS", 4)
    with pytest.raises(SourceError, match="set has 5 tables; at most 4 are read as one"):
        table(dataset)


@pytest.mark.anyio
async def test_a_picture_of_a_table_that_is_not_part_of_the_source(dataset: Path) -> None:
    write(dataset / "data" / "secret.parquet", ["S"])
    source = table(dataset / "data" / "train-00000-of-00003.parquet")
    for name in ("secret.parquet row 1", "../data/secret.parquet row 1/S.jpg"):
        with pytest.raises(Exception, match=r"missing|not in the folder"):
            await source.picture(name)
    await source.aclose()
