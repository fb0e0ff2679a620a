"""Anything at all as a reference, a link, a data URI or a file: it is understood or refused, and nothing else happens.

`scripts/fuzz_pictures.py` does the same for as long as one likes.
"""

from __future__ import annotations

import base64
import re
import uuid
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from PIL import Image

from art_mcp.images import data_uri
from art_mcp.images.decoding import Decoder
from art_mcp.images.fetch import PORTS, Fetcher
from art_mcp.images.picture import Picture, read_picture
from art_mcp.images.reference import Kind, Reference
from art_mcp.images.undecoded import FORMATS, MAX_BYTES, ImageError

pytestmark = pytest.mark.slow

few = settings(
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
many = settings(few, max_examples=1500)

PARTS = """
https:// http:// HTTPS: file:// file: data: data:image/png;base64, ;base64, ;name= art://paintings/ upload: blob:
sandbox: C:\\ \\\\ // / .. ~ % %00 %2e %ff : @ # ? [ ] [::1] 127.0.0.1 localhost example.org :443 :0 <> { } AAAA ====
"" image.png [image1] 0f8fad5b-d9cb-469f-a165-70867728950e {"download_url":"https://e.org"} \u202e ＠ ｈｔｔｐｓ：
"""
PIECES = st.sampled_from([*PARTS.split(), " ", "\0", "\n", "\ud800"])
WRITTEN = st.lists(PIECES | st.text(max_size=8), max_size=8).map("".join)
JSON = st.none() | st.booleans() | st.integers() | WRITTEN | st.lists(WRITTEN, max_size=2)
OBJECTS = st.fixed_dictionaries(
    {}, optional={name: JSON for name in ("download_url", "file_id", "file_name", "mime_type", "more")}
)


def told(error: ImageError) -> None:
    """An error is two sentences on one line, however long or odd what they speak of is."""
    said = str(error)
    assert said.isprintable() and error.problem.endswith(".") and error.next_step.endswith(".")
    assert len(said) < 600


@many
@given(WRITTEN | OBJECTS)
@example("https://[")
@example("data:" + "a" * 2000)
@example("{" * 5000)
def test_anything_is_a_reference_or_refused(written: str | dict[str, Any]) -> None:
    try:
        reference = Reference.parse(written)
    except ImageError as error:
        told(error)
        return
    assert reference.name.isprintable() and 0 < len(reference.name) < 120
    match reference.kind:
        case Kind.FILE:
            assert Path(reference.value).is_absolute() and "\0" not in reference.value
            assert not reference.value.startswith(("//", "\\\\"))
        case Kind.URL:
            assert reference.value.lower().startswith("https:")
        case Kind.DATA:
            assert reference.value.lower().startswith("data:")
        case Kind.PAINTING:
            assert str(uuid.UUID(reference.value)) == reference.value
        case Kind.UPLOAD:
            assert reference.value.lower().startswith("upload:")


@many
@given(WRITTEN.map(lambda rest: f"https:{rest}") | WRITTEN, st.none() | WRITTEN)
@example("https://example.org:0/", None)
@example("https://[fe80::1%ü]/", None)
@example("https://example.org/", "//user@10.0.0.1:22/")
def test_any_link_can_be_followed_or_is_refused(link: str, location: str | None) -> None:
    fetcher = Fetcher()
    try:
        checked = fetcher._checked(link)
        if location is not None:
            checked = fetcher._checked(location, checked)
    except ImageError as error:
        told(error)
        return
    assert checked.scheme == "https" and not checked.userinfo and (checked.port or 443) in PORTS and checked.port != 0
    assert re.fullmatch(rb"[a-z0-9._-]+|[0-9A-Fa-f:.]+(%[A-Za-z0-9.-]+)?", checked.raw_host)


@few
@given(st.sampled_from(["data:,", "data:;base64,", "data:image/png;base64,", "data:;name=x,", "data:"]), WRITTEN)
def test_any_data_uri_is_decoded_or_refused(head: str, rest: str) -> None:
    try:
        assert 0 < len(data_uri.decode(head + rest, name=data_uri.name_in(head + rest))) <= MAX_BYTES
    except ImageError as error:
        told(error)


@few
@given(st.binary(min_size=1, max_size=300))
def test_whatever_was_encoded_is_decoded(data: bytes) -> None:
    for code in (base64.b64encode(data), base64.urlsafe_b64encode(data), base64.b64encode(data).rstrip(b"=")):
        assert data_uri.decode(f"data:image/png;base64,{code.decode()}", name="x") == data


def files() -> list[bytes]:
    """A small picture in each format, and in some of the ways in which formats can be odd."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 255, (24, 32, 3), np.uint8))
    exif = Image.Exif()
    exif[0x0112] = 6
    ways: list[tuple[Image.Image, str, dict[str, Any]]] = [
        (noise, "JPEG", {"exif": exif, "icc_profile": b"profile" * 20}),
        (noise, "JPEG", {"progressive": True}),
        (noise.convert("CMYK"), "JPEG", {}),
        (noise, "PNG", {"exif": exif}),
        (noise.convert("P"), "PNG", {"transparency": b"\0\x80"}),
        (Image.fromarray(np.full((24, 32), 999, np.uint16)), "PNG", {}),
        (noise, "GIF", {"save_all": True, "append_images": [noise]}),
        (noise, "BMP", {}),
        (noise, "WEBP", {"exif": exif}),
        (noise, "WEBP", {"lossless": True}),
        (noise, "TIFF", {"exif": exif}),
        (noise, "TIFF", {"compression": "tiff_lzw"}),
        (noise, "TIFF", {"compression": "jpeg"}),
        (Image.fromarray(np.full((24, 32), 0.5, np.float32)), "TIFF", {}),
        (noise.resize((32, 32)), "ICO", {"sizes": [(32, 32)]}),
        (noise.resize((32, 32)), "ICO", {"sizes": [(32, 32)], "bitmap_format": "bmp"}),
        (noise, "MPO", {"save_all": True, "append_images": [noise]}),
    ]
    made = []
    for image, format_, options in ways:
        buffer = BytesIO()
        image.save(buffer, format_, **options)
        made.append(buffer.getvalue())
    return made


FILES = files()
BYTES = st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real file with bytes changed, parts doubled or left out, or another's end."""
    data = bytearray(draw(st.sampled_from(FILES)))
    early = st.integers(0, min(len(data), 600) - 1)
    for at, byte in draw(st.lists(st.tuples(early | st.integers(0, len(data) - 1), BYTES), max_size=12)):
        data[at] = byte
    match draw(st.sampled_from(["whole", "whole", "cut", "doubled", "missing", "grafted"])):
        case "cut":
            del data[draw(st.integers(1, len(data) - 1)) :]
        case "doubled" | "missing" as how:
            start = draw(st.integers(0, len(data) - 1))
            end = draw(st.integers(start, min(len(data), start + 200)))
            data[start:end] = data[start:end] * 2 if how == "doubled" else b""
        case "grafted":
            at = draw(st.integers(1, len(data) - 1))
            data[at:] = draw(st.sampled_from(FILES))[at:]
    return bytes(data) or b"\0"


def sound(picture: Picture, max_side: int) -> None:
    assert picture.image.mode == "RGB" and type(picture.image) is Image.Image
    assert min(picture.image.size) >= 1 and max(picture.image.size) <= max_side
    assert picture.format in FORMATS and len(picture.sha256) == 32 and min(picture.width, picture.height) >= 10
    assert len(picture.image.tobytes()) == 3 * picture.image.width * picture.image.height


@settings(few, max_examples=600)
@given(damaged() | st.binary(min_size=1, max_size=2000), st.sampled_from([20, 1024]))
def test_any_file_is_a_picture_or_refused(data: bytes, max_side: int) -> None:
    try:
        picture = read_picture(data, name="x", max_side=max_side)
    except ImageError as error:
        told(error)
    else:
        sound(picture, max_side)


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    decoder = Decoder(workers=1)
    yield decoder
    decoder.close()


@few
@given(data=damaged())
def test_in_a_process_of_its_own_it_is_the_same(data: bytes, decoder: Decoder) -> None:
    here: Picture | str
    there: Picture | str
    try:
        here = read_picture(data, name="x")
    except ImageError as error:
        here = str(error)
    try:
        there = decoder.read(data, name="x")
    except ImageError as error:
        there = str(error)
    if isinstance(here, Picture) and isinstance(there, Picture):
        assert there.image.tobytes() == here.image.tobytes() and there.sha256 == here.sha256
    else:
        assert there == here
