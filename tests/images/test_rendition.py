"""The small pictures that are kept: their sizes, their looks, and nothing private in them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from art_mcp.images.picture import Picture, read_picture
from art_mcp.images.rendition import Rendition, as_jpeg, opened, render
from art_mcp.images.undecoded import ImageError


def picture(width: int, height: int, **options: object) -> Picture:
    """A soft landscape with some grain, as paintings have."""
    y, x = np.mgrid[0:height, 0:width]
    grain = np.random.default_rng(5).normal(0, 6, (height, width))
    waves = [128 + 90 * np.sin(x / 37 + k) * np.cos(y / 53) + grain for k in range(3)]
    buffer = BytesIO()
    Image.fromarray(np.clip(np.stack(waves, -1), 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=95, **options)
    return read_picture(buffer.getvalue(), name="landscape.jpg", max_side=2048)


def decoded(rendition: Rendition) -> Image.Image:
    image = Image.open(BytesIO(rendition.data))
    image.load()
    return image


def test_a_thumbnail_and_a_display_picture() -> None:
    renditions = render(picture(1300, 867))
    assert [(r.kind, r.width, r.height) for r in renditions] == [
        ("thumbnail", 320, 213),
        ("display", 1024, 683),
    ]
    for rendition in renditions:
        image = decoded(rendition)
        assert (image.format, image.mode, image.size) == ("JPEG", "RGB", (rendition.width, rendition.height))
    assert 5_000 < len(renditions[0].data) < 30_000


def test_the_display_size_is_a_setting() -> None:
    assert [r.width for r in render(picture(1300, 867), display_size=1200)] == [320, 1200]
    assert [r.width for r in render(picture(1300, 867), display_size=200)] == [200, 200]


@pytest.mark.parametrize(("size", "small"), [((100, 80), (100, 80)), ((1600, 10), (320, 2)), ((10, 1600), (2, 320))])
def test_nothing_is_enlarged_and_no_side_vanishes(size: tuple[int, int], small: tuple[int, int]) -> None:
    thumbnail, _ = render(picture(*size))
    assert (thumbnail.width, thumbnail.height) == small


def test_it_looks_like_the_picture() -> None:
    source = picture(1024, 700)
    shown = np.asarray(decoded(render(source)[1])).astype(float)
    assert np.abs(shown - np.asarray(source.image)).mean() < 6


def test_the_same_picture_gives_the_same_bytes() -> None:
    assert render(picture(900, 600)) == render(picture(900, 600))


def test_no_metadata_travels_on() -> None:
    exif = Image.Exif()
    exif[0x010E] = "secret place"
    source = picture(900, 600, exif=exif, comment=b"secret")
    source.image.info = {"icc_profile": b"secret", "exif": b"secret", "xmp": b"secret"}
    for rendition in render(source):
        assert b"secret" not in rendition.data
        assert not {"exif", "icc_profile", "xmp"} & set(decoded(rendition).info)


def test_what_is_too_heavy_is_made_as_jpeg_and_the_rest_left_as_it_is() -> None:
    _, display = render(picture(1300, 867))
    assert as_jpeg(display.data, len(display.data)) is display.data
    light = as_jpeg(display.data, len(display.data) // 3)
    assert len(light) <= len(display.data) // 3
    with Image.open(BytesIO(light)) as image:
        assert image.format == "JPEG" and image.width < 1024


def test_what_an_older_version_stored_is_read_and_shown_as_jpeg() -> None:
    buffer = BytesIO()
    source = picture(900, 600).image
    source.save(buffer, "WEBP", quality=82)
    assert opened(buffer.getvalue()).size == (900, 600)
    with Image.open(BytesIO(as_jpeg(buffer.getvalue(), 1 << 20))) as image:
        assert (image.format, image.size) == ("JPEG", (900, 600))
        assert np.abs(np.asarray(image).astype(float) - np.asarray(source)).mean() < 8


@pytest.mark.parametrize("data", [b"", b"x", b"RIFF\x04\0\0\0WEBP"])
def test_a_damaged_rendition_is_told(data: bytes) -> None:
    with pytest.raises(ImageError, match="The stored picture is damaged"):
        opened(data)


def test_only_a_rendition_is_opened() -> None:
    buffer = BytesIO()
    picture(100, 80).image.save(buffer, "PNG")
    with pytest.raises(ImageError, match="damaged"):
        opened(buffer.getvalue())
