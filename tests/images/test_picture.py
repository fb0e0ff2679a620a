"""Bytes to a safe, normal picture: what is accepted, what it becomes, and what is refused."""

from __future__ import annotations

import hashlib
import random
import struct
import subprocess
import sys
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageFile

from art_mcp.images import undecoded
from art_mcp.images.picture import Picture, read_picture
from art_mcp.images.undecoded import FORMAT_NAMES, MAX_BYTES, ImageError

pillow_heif.register_heif_opener()


def encoded(image: Image.Image, format_: str, **options: object) -> bytes:
    buffer = BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def read(data: bytes, **options: int) -> Picture:
    return read_picture(data, name="test picture", **options)


def near(pixel: object, expected: tuple[int, int, int], by: int = 3) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(a - b) <= by for a, b in zip(pixel, expected, strict=True))


def quarters(mode: str = "RGB", size: tuple[int, int] = (40, 24)) -> Image.Image:
    """Red, green, blue and white quarters: any turn or flip shows."""
    image = Image.new("RGB", size, "white")
    w, h = size[0] // 2, size[1] // 2
    image.paste("red", (0, 0, w, h))
    image.paste("lime", (w, 0, 2 * w, h))
    image.paste("blue", (0, h, w, 2 * h))
    return image.convert(mode)


def corners(image: Image.Image) -> list[object]:
    """The middles of the four quarters, in reading order."""
    x, y = image.width // 4, image.height // 4
    return [image.getpixel((i, j)) for j in (y, 3 * y) for i in (x, 3 * x)]


RED, LIME, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


# What is accepted


@pytest.mark.parametrize("format_", FORMAT_NAMES)
def test_each_format_becomes_the_same_picture(format_: str) -> None:
    size = (64, 64) if format_ == "ICO" else (64, 48)
    data = encoded(quarters(size=size), format_, **({"sizes": [size]} if format_ == "ICO" else {"quality": 95}))
    picture = read(data)
    assert (picture.format, picture.width, picture.height) == (format_, *size)
    assert picture.sha256 == hashlib.sha256(data).digest()
    assert picture.image.mode == "RGB"
    assert type(picture.image) is Image.Image
    assert all(near(a, b, 12) for a, b in zip(corners(picture.image), [RED, LIME, BLUE, WHITE], strict=True))


def test_a_multi_picture_jpeg_gives_its_first() -> None:
    data = encoded(quarters(), "MPO", save_all=True, append_images=[Image.new("RGB", (40, 24))])
    picture = read(data)
    assert picture.format == "MPO"
    assert near(corners(picture.image)[3], WHITE, 8)


def test_content_counts_and_not_the_name() -> None:
    assert read_picture(encoded(quarters(), "PNG"), name="holiday.jpg").format == "PNG"


def test_a_jpeg_with_something_behind_it_is_a_jpeg() -> None:
    data = encoded(quarters(), "JPEG") + b"PK\x03\x04" + b"<script>alert(1)</script>" * 50
    assert read(data).format == "JPEG"


@pytest.mark.parametrize("data", [b"just some words", b"\0" * 1000, b"{}", b"\xff\xd8\xff"])
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(ImageError) as caught:
        read_picture(data, name="picture.jpg")
    assert caught.value.problem == "picture.jpg is not a picture in a supported format."
    assert caught.value.next_step.startswith(
        "Supported formats are JPEG, PNG, TIFF, WebP, GIF, BMP, ICO, HEIC, AVIF, JPEG 2000."
    )


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\xff\x0a\x12\x34", "a JPEG XL picture, which is not supported"),
        (b"\0\0\0\x0cJXL \r\n\x87\n", "a JPEG XL picture, which is not supported"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "an SVG drawing, which is not supported"),
        (b"<?xml version='1.0'?>\n<!-- x -->\n<svg>", "an SVG drawing, which is not supported"),
        (b"8BPS\0\1", "a Photoshop document, which is not supported"),
        (b"8BPS\0\2", "a Photoshop document, which is not supported"),
        (b"%PDF-1.7\n1 0 obj", "a PDF document, which is not supported"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "a PostScript document, which is not supported"),
        (b"P6\n20 20\n255\n" + bytes(1200), "a PNM picture, which is not supported"),
        (b"\0\0\0\x18ftypcrx \0\0\0\1", "a camera's raw file, which is not supported"),
        (b"FUJIFILMCCD-RAW 0201", "a camera's raw file, which is not supported"),
        (
            b"II*\0\x10\0\0\0CR\2\0".ljust(16) + struct.pack("<HHHIIHHII", 2, 256, 4, 1, 99, 257, 4, 1, 99) + bytes(4),
            "a camera's raw file, which is not supported",
        ),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "a damaged or incomplete HEIC or AVIF picture"),
        (b"\0\0\0\x18ftypmp42", "a video"),
        (b"<!DOCTYPE html><html><svg>", "a web page"),
        (b"PK\3\4" + bytes(30), "an archive"),
    ],
)
def test_formats_that_are_not_read_are_named(data: bytes, what: str) -> None:
    with pytest.raises(ImageError) as caught:
        read_picture(data, name="picture.jpg")
    assert caught.value.problem == f"picture.jpg is {what}."
    assert caught.value.next_step


@pytest.mark.parametrize("format_", ["TGA", "PCX", "SGI"])
def test_formats_that_pillow_knows_and_we_do_not_are_refused(format_: str) -> None:
    with pytest.raises(ImageError, match="not a picture in a supported format"):
        read(encoded(quarters(), format_))


def test_the_name_in_an_error_is_tame() -> None:
    with pytest.raises(ImageError) as caught:
        read_picture(b"x", name="a\u202e\n\x1b[31mb" + "c" * 500)
    assert caught.value.problem.startswith("a[31mbccc")
    assert len(caught.value.problem) < 200
    assert caught.value.problem.isprintable()


# Normalisation


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF", "HEIF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_stand_upright(format_: str, orientation: int) -> None:
    lies = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    stored = quarters(size=(64, 32))
    if orientation in lies:
        stored = stored.transpose(lies[orientation])
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored.info["exif"] = exif.tobytes()  # where the encoder of HEIC finds it
    picture = read(encoded(stored, format_, **({} if format_ == "HEIF" else {"exif": exif})))
    assert (picture.width, picture.height) == (64, 32)
    assert picture.image.size == (64, 32)
    assert all(near(a, b, 30) for a, b in zip(corners(picture.image), [RED, LIME, BLUE, WHITE], strict=True))


def test_a_lying_picture_is_bounded_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read(encoded(Image.new("RGB", (3000, 1500)), "JPEG", exif=exif), max_side=500)
    assert (picture.width, picture.height) == (1500, 3000)
    assert picture.image.size == (250, 500)


@pytest.mark.parametrize("exif", [b"Exif\0\0II*\0\xff\xff\xff\xff", b"Exif\0\0" + b"\xff" * 60, b"junk"])
def test_broken_exif_is_ignored(exif: bytes) -> None:
    assert read(encoded(quarters(), "JPEG", exif=exif)).image.size == (40, 24)


def test_transparency_goes_on_white() -> None:
    rgba = Image.new("RGBA", (20, 20), (255, 0, 0, 0))
    rgba.paste((255, 0, 0, 128), (10, 0, 20, 20))
    picture = read(encoded(rgba, "PNG"))
    assert picture.image.getpixel((5, 5)) == WHITE
    assert near(picture.image.getpixel((15, 5)), (255, 127, 127))
    grey = read(encoded(Image.new("LA", (20, 20), (0, 64)), "PNG"))
    assert near(grey.image.getpixel((5, 5)), (191, 191, 191))


def test_palettes_with_and_without_transparency() -> None:
    assert corners(read(encoded(quarters("P"), "PNG")).image) == [RED, LIME, BLUE, WHITE]
    palette = Image.new("P", (20, 20), 1)
    palette.putpalette([0, 0, 0, 0, 0, 255])
    palette.paste(0, (0, 0, 10, 20))
    for format_, transparency in (("PNG", 0), ("PNG", b"\0\xff"), ("GIF", 0)):
        picture = read(encoded(palette, format_, transparency=transparency))
        assert [picture.image.getpixel((x, 5)) for x in (5, 15)] == [WHITE, BLUE]


def test_a_transparent_colour_of_an_rgb_png() -> None:
    picture = read(encoded(Image.new("RGB", (20, 20), (1, 2, 3)), "PNG", transparency=(1, 2, 3)))
    assert picture.image.getpixel((5, 5)) == WHITE


def test_one_bit() -> None:
    image = Image.new("1", (20, 20), 0)
    image.paste(1, (10, 0, 20, 20))
    for format_ in ("PNG", "TIFF", "BMP"):
        picture = read(encoded(image, format_))
        assert [picture.image.getpixel((x, 5)) for x in (5, 15)] == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_sixteen_bits_are_scaled(format_: str) -> None:
    ramp = np.tile(np.array([0, 257, 32896, 65535], np.uint16).repeat(10), (20, 1))
    picture = read(encoded(Image.fromarray(ramp), format_))
    assert [picture.image.getpixel((x, 5))[0] for x in (5, 15, 25, 35)] == [0, 1, 128, 255]


def tiff(*tags: tuple[int, int], samples: bytes) -> bytes:
    """A big-endian grey TIFF of 20 x 20 pixels, uncompressed, with some tags of one's own."""
    wanted = {
        256: 20,
        257: 20,
        258: 8,
        259: 1,
        262: 1,
        277: 1,
        278: 20,
        279: len(samples),
        273: 400,
        **dict(tags),
    }
    entries = b"".join(struct.pack(">HHII", tag, 4, 1, wanted[tag]) for tag in sorted(wanted))
    return (b"MM\0*\0\0\0\x08" + struct.pack(">H", len(wanted)) + entries).ljust(400, b"\0") + samples


def test_big_endian_sixteen_bits() -> None:
    data = tiff((258, 16), samples=np.full((20, 20), 32896, ">u2").tobytes())
    assert read(data).image.getpixel((5, 5)) == (128, 128, 128)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.0, 255.0), (-3.0, 3.0)])
def test_floating_point_is_scaled(low: float, high: float) -> None:
    values = np.full((20, 20), low, np.float32)
    values[:, 10:] = high
    values[3, 3] = np.nan
    picture = read(encoded(Image.fromarray(values), "TIFF"))
    assert [picture.image.getpixel((x, 5)) for x in (5, 15)] == [(0, 0, 0), WHITE]
    values[0, 0] = np.inf
    with pytest.raises(ImageError, match="damaged"):
        read(encoded(Image.fromarray(values), "TIFF"))


def test_thirty_two_bit_integers_are_scaled() -> None:
    values = np.full((20, 20), 0, np.int32)
    values[:, 10:] = 65535
    picture = read(encoded(Image.fromarray(values), "TIFF"))
    assert [picture.image.getpixel((x, 5)) for x in (5, 15)] == [(0, 0, 0), WHITE]


@pytest.mark.parametrize("format_", ["JPEG", "TIFF"])
def test_cmyk(format_: str) -> None:
    image = Image.new("CMYK", (40, 20), (0, 255, 255, 0))
    image.paste((0, 0, 0, 0), (20, 0, 40, 20))
    picture = read(encoded(image, format_, **({"quality": 95} if format_ == "JPEG" else {})))
    assert near(picture.image.getpixel((8, 8)), RED, 6)
    assert near(picture.image.getpixel((32, 8)), WHITE, 6)


def lab_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile() -> bytes:
    """sRGB with the colorants of red and blue exchanged, so that a conversion cannot go unseen."""
    data = srgb_profile()
    return data.replace(b"rXYZ", b"tmpX").replace(b"bXYZ", b"rXYZ").replace(b"tmpX", b"bXYZ")


def test_an_icc_profile_is_applied_and_not_kept() -> None:
    picture = read(encoded(quarters(), "PNG", icc_profile=swapped_profile()))
    assert all(near(a, b) for a, b in zip(corners(picture.image), [BLUE, LIME, RED, WHITE], strict=True))
    assert picture.image.info == {}
    unchanged = read(encoded(quarters(), "PNG", icc_profile=srgb_profile()))
    assert all(near(a, b) for a, b in zip(corners(unchanged.image), [RED, LIME, BLUE, WHITE], strict=True))


@pytest.mark.parametrize("mode", ["L", "P", "1", "RGBA"])
def test_a_colour_profile_fits_every_mode_but_cmyk(mode: str) -> None:
    image = Image.new(mode, (20, 20), 0 if mode != "RGBA" else (0, 0, 0, 255))
    assert near(read(encoded(image, "PNG", icc_profile=swapped_profile())).image.getpixel((5, 5)), (0, 0, 0))


@pytest.mark.parametrize("profile", [b"junk", srgb_profile()[:200], b"\0" * 5000, lab_profile()])
def test_a_broken_or_foreign_profile_is_ignored(profile: bytes) -> None:
    for data in (
        encoded(quarters(), "PNG", icc_profile=profile),
        encoded(quarters("CMYK"), "JPEG", icc_profile=profile, quality=95),
    ):
        picture = read(data)
        assert all(near(a, b, 40) for a, b in zip(corners(picture.image), [RED, LIME, BLUE, WHITE], strict=True))


def test_first_frame_only() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "lime")]
    for format_, options in (("GIF", {}), ("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {})):
        data = encoded(frames[0], format_, save_all=True, append_images=frames[1:], **options)
        assert near(read(data).image.getpixel((5, 5)), RED)


def test_the_result_is_bounded_and_never_enlarged() -> None:
    assert read(encoded(Image.new("RGB", (3001, 999)), "PNG"), max_side=500).image.size == (500, 166)
    assert read(encoded(Image.new("RGB", (300, 200)), "PNG"), max_side=500).image.size == (300, 200)
    assert read(encoded(Image.new("RGB", (16000, 10)), "PNG"), max_side=500).image.size == (500, 1)


@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
@pytest.mark.parametrize("size", [(2048, 1024), (2052, 1029), (1023, 1500), (513, 512)])
def test_shrinking_keeps_every_part_in_its_place(format_: str, size: tuple[int, int]) -> None:
    across = np.linspace(0, 255, size[0])[None, :].repeat(size[1], 0)
    down = np.linspace(0, 255, size[1])[:, None].repeat(size[0], 1)
    source = Image.fromarray(np.stack([across, down, np.zeros_like(down)], -1).astype(np.uint8))
    picture = read(encoded(source, format_, **({"quality": 95} if format_ == "JPEG" else {})), max_side=256)
    width, height = picture.image.size
    assert max(width, height) == 256
    pixels = np.asarray(picture.image).astype(float)
    assert np.abs(pixels[height // 2, :, 0] - np.linspace(0, 255, width)).max() < 4
    assert np.abs(pixels[:, width // 2, 1] - np.linspace(0, 255, height)).max() < 4


def test_the_same_bytes_give_the_same_pixels() -> None:
    noise = np.random.default_rng(3).integers(0, 255, (700, 900, 3), np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG")
    assert read(data, max_side=300).image.tobytes() == read(data, max_side=300).image.tobytes()


# Bounds


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises a size and holds next to nothing."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    )


def test_bytes() -> None:
    data = encoded(quarters(), "PNG")
    assert read(data.ljust(MAX_BYTES, b"\0")).format == "PNG"
    with pytest.raises(ImageError, match="larger than 20 MiB"):
        read(data.ljust(MAX_BYTES + 1, b"\0"))
    with pytest.raises(ImageError, match="is empty"):
        read(b"")


def test_sides() -> None:
    assert read(encoded(Image.new("RGB", (10, 10)), "PNG")).width == 10
    for size in ((9, 10), (10, 9), (1, 1)):
        with pytest.raises(ImageError, match="too small"):
            read(encoded(Image.new("RGB", size), "PNG"))
    assert read(encoded(Image.new("L", (16000, 10)), "PNG")).width == 16000
    for size in ((16001, 10), (10, 16001)):
        with pytest.raises(ImageError, match="16,000 pixels per side"):
            read(encoded(Image.new("L", size), "PNG"))


@pytest.mark.parametrize("size", [(16000, 3126), (8000, 8000), (15000, 15000), (2**31 - 1, 2**31 - 1)])
def test_pixels_are_counted_before_decoding(size: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    def load(image: ImageFile.ImageFile) -> None:
        raise AssertionError("decoded")

    monkeypatch.setattr(ImageFile.ImageFile, "load", load)
    with pytest.raises(ImageError, match="50 million in total"):
        read(png_header(*size))


def test_a_jpeg_may_have_more_pixels() -> None:
    data = encoded(Image.new("L", (10000, 9900), 77), "JPEG")
    picture = read(data, max_side=64)
    assert (picture.width, picture.height) == (10000, 9900)
    assert near(picture.image.getpixel((9, 9)), (77, 77, 77))
    start = data.index(b"\xff\xc0") + 5
    with pytest.raises(ImageError, match="100 million in total"):
        read(data[:start] + struct.pack(">HH", 10001, 10000) + data[start + 4 :])


def test_an_icon_that_lies_about_its_size() -> None:
    inside = png_header(8000, 8000)
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22) + inside
    with pytest.raises(ImageError, match="50 million in total"):
        read(icon)
    bitmap = struct.pack("<IiiHHIIiiII", 40, 9000, 18000, 1, 8, 1, 0, 0, 0, 0, 0)
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 8, len(bitmap), 22) + bitmap
    with pytest.raises(ImageError, match="50 million in total"):
        read(icon)


def test_an_icon_that_is_smaller_than_it_says() -> None:
    inside = encoded(Image.new("RGBA", (5, 5)), "PNG")
    icon = struct.pack("<HHH", 0, 1, 1) + struct.pack("<BBBBHHII", 16, 16, 0, 0, 1, 32, len(inside), 22) + inside
    with pytest.raises(ImageError, match="5 x 5 pixels, too small"):
        read(icon)


def test_a_tiff_with_a_tile_far_larger_than_itself() -> None:
    with pytest.raises(ImageError, match="50 million in total"):
        read(tiff((322, 60_000), (323, 60_000), (324, 400), (325, 400), samples=bytes(400)))


@pytest.mark.parametrize(
    ("format_", "box", "at"), [("AVIF", b"ispe", 8), ("HEIF", b"ispe", 8), ("JPEG2000", b"ihdr", 4)]
)
@pytest.mark.parametrize("size", [(60_000, 60_000), (2**31 - 1, 2**31 - 1), (0, 0)])
def test_boxes_that_lie_about_the_size(format_: str, box: bytes, at: int, size: tuple[int, int]) -> None:
    data = bytearray(encoded(quarters(), format_))
    start = data.index(box) + at
    data[start : start + 8] = struct.pack(">II", *size)
    began = time.thread_time()
    with pytest.raises(ImageError):
        read(bytes(data))
    assert time.thread_time() - began < 2


@pytest.mark.parametrize("levels", [1, 6])
def test_a_jpeg2000_is_halved_while_it_is_decoded_as_often_as_it_can_be(levels: int) -> None:
    across = np.linspace(0, 255, 2000)[None, :, None].repeat(1000, 0).repeat(3, 2).astype(np.uint8)
    for options in ({}, {"no_jp2": True}):
        data = encoded(Image.fromarray(across), "JPEG2000", num_resolutions=levels, **options)
        picture = read(data, max_side=100)
        assert (picture.width, picture.height, picture.image.size) == (2000, 1000, (100, 50))
        assert np.abs(np.asarray(picture.image)[25, :, 0] - np.linspace(0, 255, 100)).max() < 5


@pytest.mark.slow
@pytest.mark.parametrize(("format_", "options"), [("JPEG", {}), ("PNG", {"compress_level": 1})])
def test_files_on_this_machine_may_have_more_pixels(format_: str, options: dict[str, int]) -> None:
    image = Image.new("L", (12_000, 10_000), 77)
    data = encoded(image, format_, **options)
    with pytest.raises(ImageError, match="million in total"):
        read(data)
    picture = read_picture(data, name="x", local=True, max_side=100)
    assert (picture.width, picture.image.size, picture.image.getpixel((9, 9))) == (12_000, (100, 83), (77, 77, 77))
    limit = "100 million" if format_ == "JPEG" else "4,000 million"
    with pytest.raises(ImageError, match=limit):
        big = encoded(image, "JPEG", progressive=True) if format_ == "JPEG" else png_header(99_000, 99_000)
        read_picture(big, name="x", local=True)


def test_a_jpeg_of_endless_passes() -> None:
    data = encoded(Image.new("L", (10000, 9000)), "JPEG", progressive=True)
    scan = data.rindex(b"\xff\xda")
    with pytest.raises(ImageError, match="would take too long"):
        read(data[:-2] + data[scan:-2] * 60 + data[-2:])


def test_a_film_behind_a_large_jpeg_is_not_taken_for_passes() -> None:
    photo = encoded(Image.new("L", (10000, 9000)), "JPEG")
    film = np.random.default_rng(1).bytes(8 << 20) + b"\xff\xda" * 100
    assert read(photo + film).width == 10000


def text_bomb() -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    plain = encoded(quarters(), "PNG")
    bomb = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9))
    return plain[:33] + bomb + plain[33:]


def many_frames() -> bytes:
    """100,000 frames of a canvas of 4 million pixels, in 2 MB."""
    first = encoded(Image.new("P", (2000, 2000)), "GIF")
    frame = b"\x21\xf9\x04\0\0\0\0\0\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0"
    return first[:-1] + frame * 100_000 + b";"


PEAK = """
import sys
from art_mcp.images.picture import read_picture
from art_mcp.images.undecoded import ImageError
def status(key):
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key))
with open(sys.argv[1], "rb") as file:
    data = file.read()
before = status("VmRSS")
try:
    read_picture(data, name="x")
except ImageError:
    pass
print((status("VmHWM") - before) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")
@pytest.mark.parametrize(
    ("bomb", "megabytes"),
    [(text_bomb, 16), (lambda: png_header(15900, 3100), 230), (many_frames, 64)],
    ids=["text", "pixels", "frames"],
)
def test_bombs_leave_memory_alone(bomb: object, megabytes: int, tmp_path: Path) -> None:
    path = tmp_path / "bomb"
    path.write_bytes(bomb())  # type: ignore[operator]
    run = subprocess.run(
        [sys.executable, "-c", PEAK, str(path)], capture_output=True, text=True, timeout=120, check=True
    )
    assert int(run.stdout) <= megabytes
    assert run.stderr == ""


# Damage


@pytest.mark.parametrize("format_", [each for each in FORMAT_NAMES if each != "ICO"])
def test_truncated_pictures_are_refused(format_: str) -> None:
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (200, 200, 3), np.uint8))
    data = encoded(noise, format_)
    for share in (0.1, 0.5, 0.9):
        with pytest.raises(ImageError):
            read(data[: int(len(data) * share)])


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("max_side", [1024, 100])
def test_a_jpeg_without_its_end_is_read_if_its_pixels_are_there(progressive: bool, max_side: int) -> None:
    noise = np.random.default_rng(1).integers(0, 255, (300, 400, 3), np.uint8)
    data = encoded(Image.fromarray(noise), "JPEG", progressive=progressive)
    whole = read(data, max_side=max_side).image.tobytes()
    for cut in (data[:-2], data[:-1], data[:-2] + bytes(50)):
        assert read(cut, max_side=max_side).image.tobytes() == whole
    for share in (0.3, 0.6, 0.99):
        with pytest.raises(ImageError, match="damaged or incomplete"):
            read(data[: int(len(data) * share)], max_side=max_side)


def test_any_damage_is_an_image_error() -> None:
    """Several hundred seeded mutations; warnings are errors here too."""
    rng = random.Random(20)
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (30, 40, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "words"
    seeds = [
        encoded(noise, "JPEG", exif=exif, icc_profile=srgb_profile()),
        encoded(noise, "JPEG", progressive=True),
        encoded(noise.convert("CMYK"), "JPEG"),
        encoded(noise, "PNG", exif=exif, icc_profile=srgb_profile()),
        encoded(noise.convert("P"), "PNG", transparency=b"\0\x80"),
        encoded(noise, "GIF"),
        encoded(noise, "BMP"),
        encoded(noise, "WEBP", exif=exif),
        encoded(noise, "TIFF", exif=exif),
        encoded(noise, "TIFF", compression="tiff_lzw"),
        encoded(noise.resize((32, 32)), "ICO", sizes=[(32, 32)]),
        encoded(noise.resize((32, 32)), "ICO", sizes=[(32, 32)], bitmap_format="bmp"),
        encoded(noise, "MPO", save_all=True, append_images=[noise]),
        encoded(noise, "AVIF", exif=exif),
        encoded(noise, "JPEG2000"),
        encoded(noise, "HEIF", exif=exif),
    ]
    for round_ in range(50):
        for seed in seeds:
            data = bytearray(seed)
            for _ in range(rng.choice((1, 2, 8, 40))):
                at = rng.randrange(min(len(data), rng.choice((64, 600, len(data)))))
                data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
            if round_ % 5 == 0:
                del data[rng.randrange(len(data)) :]
            start = time.thread_time()
            try:
                picture = read(bytes(data))
            except ImageError:
                pass
            else:
                assert picture.image.mode == "RGB"
                assert max(picture.image.size) <= 1024
            assert time.thread_time() - start < 5


def test_many_threads_at_once_warn_nobody() -> None:
    broken = [encoded(quarters(), "JPEG", exif=b"Exif\0\0" + b"\xff" * n) for n in range(8, 40)]
    with ThreadPoolExecutor(8) as pool:
        pictures = list(pool.map(read, broken * 4))
    assert all(picture.image.size == (40, 24) for picture in pictures)
    assert undecoded._quiet_readers == 0
