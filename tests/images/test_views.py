"""Views of a photo: the painting that hangs in it, straight and without the wall."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
from PIL import Image, ImageDraw
from support.walls import ASKEW, CUT_OFF, STRAIGHT, Corners, jpeg, on_wall

from art_mcp.images.picture import Picture, read_picture
from art_mcp.images.views import MAX_VIEWS, VIEW_SIDE, views


def landscape() -> Image.Image:
    """A hill, a sun and a house, unlike themselves upside down or mirrored."""
    image = Image.new("RGB", (400, 300), "#9db8c8")
    draw = ImageDraw.Draw(image)
    draw.ellipse((280, 30, 350, 100), "#f0d060")
    draw.polygon([(0, 220), (150, 120), (400, 250), (400, 300), (0, 300)], "#507040")
    draw.rectangle((60, 180, 130, 240), "#a04030")
    return image


def picture(image: Image.Image) -> Picture:
    return read_picture(jpeg(image), name="photo.jpg")


def likeness(view: Picture, painting: Image.Image) -> float:
    """The correlation of their grey values."""
    side = (64, 64)
    pixels = [np.asarray(each.convert("L").resize(side), float).ravel() for each in (view.image, painting)]
    return float(np.corrcoef(*pixels)[0, 1])


@pytest.mark.parametrize("stripes", [False, True])
@pytest.mark.parametrize("corners", [STRAIGHT, ASKEW])
def test_a_painting_on_a_wall_is_seen_from_straight_in_front(corners: Corners, stripes: bool) -> None:
    photo = on_wall(landscape(), corners, stripes=stripes)
    found = views(picture(photo))
    assert max(likeness(view, landscape()) for view in found) > 0.8
    assert likeness(picture(photo), landscape()) < 0.5


def test_a_painting_that_the_photo_cuts_off_ends_at_its_border() -> None:
    found = views(picture(on_wall(landscape(), CUT_OFF)))
    seen = landscape().crop((0, 0, 334, 300))  # five sixths of it are left of the photo's border
    assert max(likeness(view, seen) for view in found) > 0.9


def test_views_are_the_same_every_time_and_none_is_another() -> None:
    photo = picture(on_wall(landscape()))
    first, second = views(photo), views(photo)
    assert 1 < len(first) <= MAX_VIEWS
    assert [view.image.tobytes() for view in first] == [view.image.tobytes() for view in second]
    assert [view.sha256 for view in first] == [view.sha256 for view in second]
    assert len({photo.sha256, *(view.sha256 for view in first)}) == len(first) + 1
    assert len({view.image.tobytes() for view in first}) == len(first)


@pytest.mark.parametrize("size", [(10, 10), (1024, 10), (10, 1024), (31, 31), (640, 480)])
def test_where_no_edges_are_there_is_nothing_to_see(size: tuple[int, int]) -> None:
    assert views(picture(Image.new("RGB", size, "#808080"))) == []


@pytest.mark.parametrize("size", [(1024, 1024), (1024, 140), (140, 1024), (40, 33)])
def test_however_many_edges_there_are_views_are_few_and_small(size: tuple[int, int]) -> None:
    busy = Image.effect_noise(size, 200).convert("RGB")
    photo = picture(busy)
    tracemalloc.start()
    try:
        found = views(photo)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) <= MAX_VIEWS
    assert {(view.image.size, view.image.mode) for view in found} <= {((VIEW_SIDE, VIEW_SIDE), "RGB")}
    assert peak < 100_000_000
