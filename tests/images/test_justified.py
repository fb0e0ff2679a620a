"""Justified rows: full, in order, of nearly one height, and nothing larger than it is."""

from __future__ import annotations

import random

import pytest

from art_mcp.images.justified import LEAST, LOWEST, Box, Row, justify

GAP, BELOW = 16, 80


def rows(boxes: list[Box], area: int, shape: float = 1.4, tallest: int = 320) -> list[Row]:
    return justify(boxes, area=area, shape=shape, gap=GAP, below=BELOW, tallest=tallest)


def width(row: Row) -> int:
    return sum(row.places[-1])


@pytest.mark.parametrize("seed", range(20))
def test_rows_are_full_and_fill_the_area(seed: int) -> None:
    random_ = random.Random(seed)
    boxes = [Box(random_.choice((0.7, 0.8, 1.0, 1.3, 1.6, 2.2)), 90, 320) for _ in range(random_.randint(12, 50))]
    placed = rows(boxes, 800_000)
    assert sum(len(row.places) for row in placed) == len(boxes)
    assert max(map(width, placed)) - min(map(width, placed)) <= 0.1 * max(map(width, placed))
    height = sum(row.height + BELOW for row in placed)
    assert 0.8 * 800_000 < max(map(width, placed)) * height < 1.25 * 800_000
    assert 0.9 < max(map(width, placed)) / height < 2.2
    for row in placed:
        for (left, wide), (following, _) in zip(row.places, row.places[1:], strict=False):
            assert left + wide + GAP == following


def test_pictures_of_a_row_have_one_height() -> None:
    boxes = [Box(ratio, 50, 600) for ratio in (0.7, 1.5, 1.0, 1.3, 0.8, 1.9, 1.2)]
    placed = rows(boxes, 400_000)
    wide = [wide for row in placed for _, wide in row.places]
    heights = [row.height for row in placed for _ in row.places]
    for box, across, height in zip(boxes, wide, heights, strict=True):
        assert abs(across / height - box.ratio) < 0.02


def test_nothing_is_enlarged_or_too_narrow_to_write_under() -> None:
    boxes = [Box(80.0, 120, 320), Box(0.01, 120, 20), Box(1.0, 120, 64)]
    ((height, places),) = rows(boxes, 200_000)
    assert [wide for _, wide in places] == [320, 120, 120] and height <= 320


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_pictures_are_one_row(count: int) -> None:
    (row,) = rows([Box(1.3, 120, 320)] * count, 460_000)
    assert len(row.places) == count and all(wide <= 320 for _, wide in row.places)


def test_an_area_that_is_too_small_is_exceeded() -> None:
    placed = rows([Box(1.3, 90, 320)] * 50, 1_000)
    assert min(row.height for row in placed) >= round(LOWEST * LEAST)
