"""What a chat is shown of a kept picture: the right part, never enlarged, never too heavy."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageColor

from art_mcp.images.excerpt import BY_EXAMPLE, Region, excerpt
from art_mcp.images.undecoded import ImageError


def ramp(width: int, height: int) -> bytes:
    """A rendition that is redder to the right and greener to the bottom."""
    y, x = np.mgrid[0:height, 0:width]
    pixels = np.stack([255 * x / width, 255 * y / height, np.zeros_like(x)], -1).astype(np.uint8)
    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "WEBP", quality=95)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("size", "region", "shown"),
    [
        (512, "0,0,1,1", (512, 256)),
        (4096, "0,0,1,1", (800, 400)),
        (4096, "0.5,0.5,0.5,0.5", (400, 200)),
        (100, "0,0,0.5,1", (100, 100)),
        (4096, "0.98,0.98,0.02,0.02", (16, 8)),
        (4096, "0.3,0.3,0.7,0.7", (560, 280)),  # 0.3 + 0.7 is more than 1 in binary fractions of some lengths
        (1, "0,0,1,1", (1, 1)),
    ],
)
def test_the_part_that_was_asked_for(size: int, region: str, shown: tuple[int, int]) -> None:
    part = Region.parse(region)
    data, width, height = excerpt(ramp(800, 400), size=size, region=part, max_bytes=600_000)
    image = Image.open(BytesIO(data))
    assert image.format == "JPEG" and image.size == (width, height) == shown
    middle = np.asarray(image.convert("RGB")).astype(float).mean((0, 1))
    assert abs(middle[0] - 255 * (part.x + part.width / 2)) < 8
    assert abs(middle[1] - 255 * (part.y + part.height / 2)) < 8


def test_it_keeps_to_its_bytes() -> None:
    grains = np.random.default_rng(1).integers(0, 256, (600, 800, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(grains).save(buffer, "WEBP", quality=90)
    for max_bytes in (100_000, 20_000):
        data, width, height = excerpt(buffer.getvalue(), size=800, max_bytes=max_bytes)
        assert len(data) <= max_bytes
        assert Image.open(BytesIO(data)).size == (width, height)
        assert abs(width / height - 4 / 3) < 0.02


def test_regions_of_several_pictures_in_turns() -> None:
    pictures = {colour: BytesIO() for colour in ("red", "lime", "blue")}
    for colour, buffer in pictures.items():
        Image.new("RGB", (900, 600), colour).save(buffer, "JPEG")
    for _ in range(2):
        for region in ("0,0,0.5,0.5", "0.5,0.5,0.5,0.5"):
            for colour, buffer in pictures.items():
                shown = excerpt(buffer.getvalue(), size=4096, region=Region.parse(region), max_bytes=600_000)
                image = Image.open(BytesIO(shown.data))
                assert image.size == (450, 300)
                assert np.allclose(image.getpixel((200, 100)), ImageColor.getrgb(colour), atol=3)


@pytest.mark.parametrize("form", ["JPEG", "WEBP"])
def test_a_large_picture_is_as_sharp_as_if_all_of_it_was_decoded(form: str) -> None:
    y, x = np.mgrid[0:1500, 0:2000]
    stripes = (127.5 + 100 * np.sin(x / 12) * np.sin(y / 12)).astype(np.uint8)  # periods of 75 pixels, 19 as shown
    picture = Image.fromarray(stripes).convert("RGB")
    buffer = BytesIO()
    picture.save(buffer, form, quality=95)
    shown = excerpt(buffer.getvalue(), size=500, max_bytes=600_000)
    assert shown[1:] == (500, 375)
    image = np.asarray(Image.open(BytesIO(shown.data)), float)
    expected = np.asarray(picture.resize((500, 375), Image.Resampling.LANCZOS), float)
    assert np.abs(image - expected).max() < 12


@pytest.mark.parametrize("text", ["0.1,0.2,0.3,0.4", " 0.1, 0.2, 0.3, 0.4 ", "[0.1,0.2,0.3,0.4]", ".1,.2,3e-1,0.40"])
def test_spellings_of_a_region(text: str) -> None:
    region = Region.parse(text)
    assert region == Region(0.1, 0.2, 0.3, 0.4) and str(region) == "0.1,0.2,0.3,0.4"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("left", "which is not four numbers"),
        ("0.1,0.2,0.3", "which is not four numbers"),
        ("0,0,1,1,1", "which is not four numbers"),
        ("0;0;1;1", "which is not four numbers"),
        ("0,0,1," + "0" * 10_000_000 + "1", "which is not four numbers"),
        ("x" * 5000, "which is not four numbers"),
        ("0,0,nan,1", "not all between 0 and 1"),
        ("0,0,inf,1", "not all between 0 and 1"),
        ("-0.1,0,1,1", "not all between 0 and 1"),
        ("0,0,512,512", "not all between 0 and 1"),
        ("0.5,0,0.6,1", "extends beyond the picture"),
        ("1,1,0.5,0.5", "extends beyond the picture"),
        ("0,0,0.01,1", "at least 0.02"),
        ("0,0,0,0", "at least 0.02"),
    ],
)
def test_a_region_that_is_none_is_told_with_an_example(text: str, said: str) -> None:
    with pytest.raises(ImageError) as caught:
        Region.parse(text)
    assert caught.value.problem.startswith(f"region is {text[:3]!r}"[:13]) and said in caught.value.problem
    assert len(caught.value.problem) < 150
    assert caught.value.next_step == BY_EXAMPLE
    Region.parse(BY_EXAMPLE.split(": ")[1].split()[0])  # what the example shows is one
