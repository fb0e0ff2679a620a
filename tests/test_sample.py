"""The sample collection: complete, catalogued as SemArt is, always the same, and of pictures that differ."""

from __future__ import annotations

import csv
import io
import itertools
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from art_mcp.sample import draw_scene, write_sample

COLUMNS = ["IMAGE_FILE", "DESCRIPTION", "AUTHOR", "TITLE", "TECHNIQUE", "DATE", "TYPE", "SCHOOL", "TIMEFRAME"]
TYPES = {
    "landscape",
    "still-life",
    "portrait",
    "genre",
    "religious",
    "interior",
    "study",
    "historical",
    "mythological",
    "other",
}


@pytest.fixture(scope="session")
def rows(drawn: tuple[Path, list[tuple[int, int]]]) -> list[dict[str, str]]:
    with drawn[0].open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_table_is_shaped_like_semart(rows: list[dict[str, str]]) -> None:
    assert len(rows) >= 24
    for row in rows:
        assert list(row) == COLUMNS
        assert all(value and value == value.strip() for value in row.values())
        assert row["TYPE"] in TYPES
        first, last = map(int, row["TIMEFRAME"].split("-"))
        assert first <= int(row["DATE"][-4:]) <= last == first + 49
    assert len({row["TITLE"] for row in rows}) == len({row["IMAGE_FILE"] for row in rows}) == len(rows)


def test_the_table_does_not_pretend(rows: list[dict[str, str]]) -> None:
    assert all("Drawn by art-mcp's sample script" in row["DESCRIPTION"] for row in rows)
    assert all(row["TECHNIQUE"].startswith("Digital") for row in rows)


def test_every_picture_decodes_at_its_stated_size(
    drawn: tuple[Path, list[tuple[int, int]]], rows: list[dict[str, str]]
) -> None:
    folder = drawn[0].parent / "images"
    assert {path.name for path in folder.iterdir()} == {row["IMAGE_FILE"] for row in rows}
    for row in rows:
        with Image.open(folder / row["IMAGE_FILE"]) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert 600 <= max(picture.size) <= 800
            assert f"{picture.width}x{picture.height} px" in row["TECHNIQUE"]


def test_progress_counts_every_painting(drawn: tuple[Path, list[tuple[int, int]]], rows: list[dict[str, str]]) -> None:
    assert drawn[1] == [(done, len(rows)) for done in range(1, len(rows) + 1)]


@pytest.mark.parametrize("number", [2, 7])
def test_a_scene_is_always_drawn_the_same(
    number: int, drawn: tuple[Path, list[tuple[int, int]]], rows: list[dict[str, str]]
) -> None:
    once, again = draw_scene(number), draw_scene(number)
    assert once.tobytes() == again.tobytes()
    saved = io.BytesIO()
    once.save(saved, "JPEG", quality=92)
    assert saved.getvalue() == (drawn[0].parent / "images" / rows[number]["IMAGE_FILE"]).read_bytes()


def test_a_second_call_finds_the_sample_drawn(
    drawn: tuple[Path, list[tuple[int, int]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr("art_mcp.sample.ProcessPoolExecutor", refuse)
    assert write_sample(drawn[0].parent, progress=refuse) == drawn[0]


@pytest.mark.parametrize("loss", ["picture", "version"])
def test_an_incomplete_or_older_sample_is_drawn_again(
    loss: str, drawn: tuple[Path, list[tuple[int, int]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DrawingError(Exception):
        pass

    def draw(*_: object, **__: object) -> None:
        raise DrawingError

    text = drawn[0].read_text("utf-8")
    (tmp_path / "catalogue.tsv").write_text(
        text.replace("version 1", "version 0") if loss == "version" else text, "utf-8"
    )
    (tmp_path / "images").mkdir()
    for path in (drawn[0].parent / "images").iterdir():
        if loss == "version" or path.name != "bowl-of-fruit.jpg":
            (tmp_path / "images" / path.name).touch()
    monkeypatch.setattr("art_mcp.sample.ProcessPoolExecutor", draw)
    with pytest.raises(DrawingError):
        write_sample(tmp_path)


def test_no_two_paintings_look_alike(drawn: tuple[Path, list[tuple[int, int]]], rows: list[dict[str, str]]) -> None:
    small = {}
    for row in rows:
        with Image.open(drawn[0].parent / "images" / row["IMAGE_FILE"]) as picture:
            small[row["TITLE"]] = np.asarray(picture.resize((16, 16), Image.Resampling.BOX), np.float32)
    for one, other in itertools.combinations(small, 2):
        assert np.abs(small[one] - small[other]).mean() > 12, f"{one} and {other}"
