"""TIFFs as museums have them: separate channels, tiles, 16 bits and more, copies in other sizes; and hostile ones."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from numpy.typing import NDArray
from PIL import Image
from tiffs import tiff, tiff_bombs

from art_mcp.images import tiff as module
from art_mcp.images.decoding import Decoder
from art_mcp.images.local_file import LocalFile
from art_mcp.images.picture import glance, read_picture
from art_mcp.images.undecoded import MAX_BYTES, ImageError

FORMS = [
    {},
    {"rows": 7},
    {"tile": 16},
    {"planar": True},
    {"planar": True, "rows": 7},
    {"planar": True, "tile": 16},
    {"thumbnail": True},
    {"smaller": True},
]


def ramp(width: int = 50, height: int = 40, channels: int = 3, dtype: str = "<u2", most: float = 65535) -> NDArray[Any]:
    """Each channel grows in another direction."""
    x, y = np.linspace(0, 1, width)[None, :], np.linspace(0, 1, height)[:, None]
    made = [x + 0 * y, 0 * x + y, 1 - x + 0 * y, (x + y) / 2, 0.5 + 0 * x * y]
    return (np.stack(made[:channels], -1) * most).astype(dtype)


def pixels(data: bytes, **options: int) -> NDArray[np.float64]:
    return np.asarray(read_picture(data, name="x.tif", **options).image, np.float64)


@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "<u2", ">u2", "<f4", ">f4"])
@pytest.mark.parametrize("form", FORMS, ids=str)
def test_the_same_samples_in_any_form_give_the_same_pixels(form: dict[str, Any], dtype: str, big: bool) -> None:
    most = {"u1": 255, "<u2": 65535, ">u2": 65535}.get(dtype, 1)
    samples = ramp(dtype=dtype, most=most)
    picture = read_picture(tiff(samples, big=big, **form), name="x.tif")
    assert (picture.width, picture.height, picture.format) == (50, 40, "TIFF")
    assert np.abs(np.asarray(picture.image, np.float64) - samples.astype(np.float64) * 255 / most).max() < 0.51


@pytest.mark.parametrize("form", [{}, {"planar": True}, {"tile": 64}, {"planar": True, "tile": 64}], ids=str)
def test_large_ones_are_averaged_in_place(form: dict[str, Any]) -> None:
    samples = ramp(1001, 703)
    read = pixels(tiff(samples, **form), max_side=100)
    assert read.shape == (70, 100, 3)
    assert np.abs(read - ramp(100, 70, dtype="f8", most=255)).max() < 4


@pytest.mark.parametrize("planar", [False, True])
@pytest.mark.parametrize("dtype", ["u1", "<u2"])
def test_cmyk_and_opacity(dtype: str, planar: bool) -> None:
    most = 255 if dtype == "u1" else 65535
    ink = np.zeros((20, 20, 4), dtype)
    ink[..., 1:3] = most  # magenta and yellow
    assert np.abs(pixels(tiff(ink, planar=planar, t262=[5])) - [255, 0, 0]).max() <= 1
    red = np.zeros((20, 20, 4), dtype)
    red[..., 0] = most
    for kind, expected in ((2, (255, 255, 255)), (0, (255, 0, 0))):  # transparent; something unspecified
        assert np.abs(pixels(tiff(red, planar=planar, t338=[kind])) - expected).max() <= 1


def test_grey_with_white_as_zero() -> None:
    assert pixels(tiff(np.full((20, 20, 1), 65535, "<u2"), t262=[0]))[5, 5].tolist() == [0, 0, 0]
    assert pixels(tiff(np.full((20, 20, 1), 65535, "<u2")))[5, 5].tolist() == [255, 255, 255]


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "lzma"])
def test_compressions(compression: str) -> None:
    image = Image.fromarray(ramp(dtype="u1", most=255))
    buffer = BytesIO()
    image.save(buffer, "TIFF", compression=compression)
    assert np.array_equal(pixels(buffer.getvalue()), np.asarray(image))


def test_a_turned_one_stands_upright_at_the_size_of_the_whole() -> None:
    picture = read_picture(tiff(ramp(400, 300), smaller=True, t274=[6]), name="x.tif", max_side=100)
    assert (picture.width, picture.height, picture.image.size) == (300, 400, (75, 100))


# Which picture it is


def found(*pictures: dict[str, int]) -> list[module.Directory]:
    names = {"width": 256, "height": 257, "kind": 254}
    made = []
    for page, each in enumerate(pictures):
        tags = {number: (each[name],) for name, number in names.items() if name in each}
        made.append(module.Directory(page, each.get("sub", -1), 0, tags, False))
    return made


@pytest.mark.parametrize(
    ("pictures", "page"),
    [
        ([{"width": 800, "height": 600}], 0),
        ([{"width": 80, "height": 60, "kind": 1}, {"width": 800, "height": 600}], 1),
        ([{"width": 80, "height": 60}, {"width": 800, "height": 600}], 1),  # a thumbnail that does not say so
        ([{"width": 800, "height": 600}, {"width": 900, "height": 700}], 0),  # two pages
        ([{"width": 800, "height": 600}, {"width": 80, "height": 60}], 0),
        ([{"width": 9000, "height": 6000, "kind": 4}, {"width": 800, "height": 600}], 1),  # a mask
        ([{"width": 80, "height": 60, "kind": 1}, {"width": 40, "height": 30, "kind": 1}], 0),
        ([{"width": 80, "height": 60, "kind": 1}, {"width": 800, "height": 600, "sub": 0}], 1),
    ],
)
def test_the_picture_is_the_first_that_is_no_thumbnail(pictures: list[dict[str, int]], page: int) -> None:
    assert module.whole(found(*pictures)).page == page


def test_the_smallest_copy_that_is_enough() -> None:
    sizes = [(8000, 6000), (4000, 3000), (2000, 1500), (1001, 751), (1500, 500)]
    copies = found(*({"width": w, "height": h, "kind": int(w < 8000)} for w, h in sizes))
    chosen = [module.enough(copies, copies[0], side).size for side in (500, 1001, 1002, 4000, 4001, 9000)]
    assert chosen == [(1001, 751), (1001, 751), (2000, 1500), (4000, 3000), (8000, 6000), (8000, 6000)]
    pages = found({"width": 800, "height": 600}, {"width": 400, "height": 300})
    assert module.enough(pages, pages[0], 100).page == 0  # another page, not a copy


def test_a_camera_s_raw_file_is_named() -> None:
    grey = ramp(channels=1)
    for data in (tiff(grey, t50706=[1]), tiff(grey, t262=[32803])):
        with pytest.raises(ImageError, match="is a camera's raw file"):
            read_picture(data, name="x.dng")


# Damage


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_truncated_ones_are_refused(form: dict[str, Any]) -> None:
    """The directory stands behind the pixels; so cut something out of them and the offsets point behind the end."""
    made = tiff(ramp(), **form)
    for data in (made[: len(made) // 2], made[:-30], made[:8]):
        with pytest.raises(ImageError):
            read_picture(data, name="x.tif")


def test_offsets_behind_the_end_are_refused() -> None:
    for form in ({}, {"planar": True}):
        count = 3 if form else 1
        with pytest.raises(ImageError, match="damaged or incomplete"):
            read_picture(tiff(ramp(), t273=[9_000_000] * count, **form), name="x.tif")


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate"])
def test_damaged_samples_are_refused(compression: str) -> None:
    buffer = BytesIO()
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
    Image.fromarray(noise).save(buffer, "TIFF", compression=compression)
    data = bytearray(buffer.getvalue())
    third = len(data) // 3
    data[third : third + 3000] = bytes((value * 7 + 1) % 256 for value in data[third : third + 3000])
    with pytest.raises(ImageError, match="damaged or incomplete"):
        read_picture(bytes(data), name="x.tif")


@pytest.mark.slow
def test_bombs_end_soon_in_little_memory() -> None:
    for bomb in tiff_bombs():
        decoder = Decoder(workers=1, within=15)
        try:
            assert max(decoder.read(bomb, name="x.tif").image.size) <= 1024
        except ImageError as error:
            assert "crashed" not in error.problem and "takes more than" not in error.problem
        assert peak_mb() < 400
        decoder.close()


def test_endless_chains_and_circles_of_directories_end() -> None:
    loop, own, chain, *_ = tiff_bombs()
    assert len(module.directories(BytesIO(loop))) == 1
    assert len(module.directories(BytesIO(own))) == 1
    assert len(module.directories(BytesIO(chain))) == module.MAX_DIRECTORIES
    for data in (b"", b"II*\0", b"II*\0\x08\0\0\0", struct.pack("<2sHIH", b"II", 42, 8, 65535)):
        with pytest.raises(module.NotTiffError):
            module.directories(BytesIO(data))


# Files on this machine


WIDTH, HEIGHT = 8_400, 8_000


def master(path: Path, *, planar: bool) -> LocalFile:
    """400 MB of 16 bits in one strip, or in one for each channel: the lower half is white, or red if planar."""
    start, size = 4096, 6 * WIDTH * HEIGHT
    offsets = [start + each * size // 3 for each in range(3)] if planar else [start]
    tags = {"t256": [WIDTH], "t257": [HEIGHT], "t278": [HEIGHT], "t273": offsets, "t279": [size // len(offsets)] * 3}
    with path.open("wb") as file:
        file.write(tiff(ramp(8, 8), planar=planar, **(tags if planar else {**tags, "t279": [size]})))
        assert file.tell() < start
        half = size // 6 if planar else size // 2
        file.seek(start + half)
        file.write(b"\xff" * half)
        file.truncate(start + size)
    return LocalFile.at(path, [path.parent])


@pytest.mark.slow
@pytest.mark.parametrize("planar", [False, True])
def test_a_master_of_400_mb_is_read_in_little_memory(planar: bool, tmp_path: Path) -> None:
    local = master(tmp_path / "master.tif", planar=planar)
    assert local.size > 400_000_000
    glance(local, name="master.tif")
    decoder = Decoder(workers=1)
    picture = decoder.read(local, name="master.tif")
    assert (picture.width, picture.height, picture.image.size) == (WIDTH, HEIGHT, (1024, 975))
    assert picture.sha256 == local.sha256
    assert picture.image.getpixel((500, 100)) == (0, 0, 0)
    assert picture.image.getpixel((500, 900)) == ((255, 0, 0) if planar else (255, 255, 255))
    assert peak_mb() < 300
    decoder.close()


def peak_mb() -> float:
    """Of the worker process; 0 where the system does not tell."""
    (worker,) = psutil.Process().children()
    status = Path(f"/proc/{worker.pid}/status")
    if not status.exists():
        return 0
    return next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) / 1024


def test_a_file_on_this_machine_may_have_more_pixels_and_bytes(tmp_path: Path) -> None:
    path = tmp_path / "wide.tif"
    path.write_bytes(tiff(np.full((400, 20_000, 3), 99, np.uint8)))
    local = LocalFile.at(path, [tmp_path])
    assert local.size > MAX_BYTES
    decoder = Decoder(workers=1)
    picture = decoder.read(local, name="wide.tif")
    assert (picture.width, picture.image.size, picture.image.getpixel((9, 9))) == (20_000, (1024, 20), (99, 99, 99))
    decoder.close()
    small = tiff(np.full((10, 20_000, 1), 99, np.uint8))
    with pytest.raises(ImageError, match="16,000 pixels per side"):
        read_picture(small, name="x.tif")
    assert read_picture(small, name="x.tif", local=True).width == 20_000
