"""The sample collection: complete, catalogued as SemArt is, as its script draws it, and of pictures that differ."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import draw_sample
import numpy as np
import pytest
from PIL import Image

from art_mcp.sample import CAPTIONS, SAMPLE, SIZE

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
def rows(sample: Path) -> list[dict[str, str]]:
    with sample.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def small(picture: Image.Image) -> np.ndarray:
    """What of a picture is seen from afar, shape (16, 16, 3)."""
    return np.asarray(picture.resize((16, 16), Image.Resampling.BOX), np.float32)


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


def test_the_table_is_what_the_script_writes(rows: list[dict[str, str]]) -> None:
    assert [tuple(row) for row in rows[:1]] + [tuple(row.values()) for row in rows] == list(draw_sample.rows())


def test_each_picture_has_two_captions_that_are_not_its_title(rows: list[dict[str, str]]) -> None:
    with (SAMPLE / CAPTIONS).open(encoding="utf-8", newline="") as file:
        captions = list(csv.DictReader(file))
    assert [row["IMAGE_FILE"] for row in captions] == [row["IMAGE_FILE"] for row in rows for _ in range(2)]
    assert len({row["CAPTION"] for row in captions}) == 2 * len(rows) == 2 * SIZE
    titles = {row["IMAGE_FILE"]: row["TITLE"].lower() for row in rows}
    for row in captions:
        assert titles[row["IMAGE_FILE"]] not in row["CAPTION"].lower()
        assert "," not in row["CAPTION"] and 7 <= len(row["CAPTION"].split()) <= 20, row


def test_every_picture_decodes_at_its_stated_size(sample: Path, rows: list[dict[str, str]]) -> None:
    folder = sample.parent / "images"
    assert {path.name for path in folder.iterdir()} == {row["IMAGE_FILE"] for row in rows}
    for row in rows:
        with Image.open(folder / row["IMAGE_FILE"]) as picture:
            picture.load()
            assert picture.format == "JPEG"
            assert 600 <= max(picture.size) <= 800
            assert f"{picture.width}x{picture.height} px" in row["TECHNIQUE"]


@pytest.mark.parametrize("number", [2, 7])
def test_a_picture_is_what_the_script_draws(number: int, sample: Path, rows: list[dict[str, str]]) -> None:
    """Stroke for stroke with the same Pillow and NumPy; from afar with any, as pictures that differ do by 12."""
    once, again = draw_sample.draw_scene(number), draw_sample.draw_scene(number)
    assert once.tobytes() == again.tobytes()
    with Image.open(sample.parent / "images" / rows[number]["IMAGE_FILE"]) as picture:
        assert picture.size == once.size
        assert np.abs(small(picture) - small(once)).mean() < 2


def test_no_two_paintings_look_alike(sample: Path, rows: list[dict[str, str]]) -> None:
    seen = {}
    for row in rows:
        with Image.open(sample.parent / "images" / row["IMAGE_FILE"]) as picture:
            seen[row["TITLE"]] = small(picture)
    for one, other in itertools.combinations(seen, 2):
        assert np.abs(seen[one] - seen[other]).mean() > 12, f"{one} and {other}"
