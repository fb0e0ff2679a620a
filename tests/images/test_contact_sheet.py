"""The contact sheet: it always comes, it fits, and its pictures are whole, in order, with their tops aligned."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from art_mcp.images import fonts, typeface
from art_mcp.images.contact_sheet import Tile
from art_mcp.images.contact_sheet import contact_sheet as draw_sheet
from art_mcp.sample import SAMPLE

COLOURS = ("red", "lime", "blue", "yellow", "magenta")
SHAPES = ("ships-in-a-gale", "moonlit-hills", "autumn-path", "cat-on-the-windowsill", "sunset-over-the-sea")
"""Pictures of the sample: wide, upright, square, nearly square and very wide."""


def contact_sheet(some: Sequence[Tile], heading: str = "", max_bytes: int = 100_000) -> bytes:
    return draw_sheet(some, heading=heading, max_bytes=max_bytes)


def real(name: str) -> Image.Image:
    with Image.open(SAMPLE / "images" / f"{name}.jpg") as picture:
        picture.thumbnail((320, 320))
        return picture.convert("RGB")


def stored(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def thumbnail(colour: str = "red", size: tuple[int, int] = (320, 240)) -> bytes:
    buffer = BytesIO()
    Image.new("RGB", size, colour).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def busy(seed: int) -> bytes:
    """A thumbnail that is as hard to compress as paintings get."""
    small = np.random.default_rng(seed).integers(0, 255, (80, 107, 3), np.uint8)
    buffer = BytesIO()
    Image.fromarray(small).resize((320, 240)).save(buffer, "WEBP", quality=80)
    return buffer.getvalue()


def decoded(data: bytes) -> Image.Image:
    image = Image.open(BytesIO(data))
    image.load()
    assert (image.format, image.mode) == ("JPEG", "RGB")
    return image


def tiles(count: int) -> list[Tile]:
    return [
        Tile(
            i + 1,
            thumbnail(COLOURS[i % 5]),
            f"Painting {i + 1}",
            "Somebody, 1871",
            ("strong", "fair", "weak")[i % 3],
        )
        for i in range(count)
    ]


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 8, 10, 12, 20, 30, 36, 50])
def test_a_sheet_is_no_larger_than_what_models_look_at_and_chats_show(count: int) -> None:
    sheet = decoded(contact_sheet(tiles(count)))
    assert 300 < sheet.width < 1_250 and 200 < sheet.height < 1_000
    assert sheet.width * sheet.height / 750 < (1_000 if count <= 10 else 1_100)
    assert count < 6 or 1 < sheet.width / sheet.height < 2


@pytest.mark.parametrize("count", [2, 7, 23])
def test_pictures_are_whole_in_order_and_aligned_at_the_top(count: int) -> None:
    pictures = [real(SHAPES[number % 5]) for number in range(count)]
    some = [Tile(number, stored(picture), "x") for number, picture in enumerate(pictures, 1)]
    sheet = np.asarray(decoded(contact_sheet(some, max_bytes=1_000_000))).astype(int)
    places = []
    for number, picture in enumerate(pictures):
        other = [*some]
        negative = Image.eval(picture, lambda value: (value + 128) % 256)
        other[number] = replace(some[number], image=stored(negative))
        changed = np.asarray(decoded(contact_sheet(other, max_bytes=1_000_000))).astype(int)
        down, across = np.nonzero(np.abs(sheet - changed).max(-1) > 50)
        top, bottom, left, right = down.min(), down.max() + 1, across.min(), across.max() + 1
        assert abs((right - left) / (bottom - top) - picture.width / picture.height) < 0.05
        assert (
            right - left <= picture.width + 4 and bottom - top <= picture.height + 4
        )  # with its outline, not enlarged
        shown = picture.resize((right - left, bottom - top))
        assert np.abs(sheet[top:bottom, left:right] - np.asarray(shown)).mean() < 16
        places.append((top, left, bottom, right))
    tops = [top for top, *_ in places]
    rows = [[place for place in places if abs(place[0] - top) <= 1] for top in sorted({*tops}) if top - 1 not in tops]
    assert list(chain.from_iterable(rows)) == places  # from left to right and from row to row, with equal tops in each
    assert len(rows) == {2: 1, 7: 2, 23: 4}[count]
    ends = [max(right for *_, right in row) for row in rows]
    assert max(ends) - min(ends) < 0.1 * max(ends)  # rows are full


@pytest.mark.slow
def test_busy_tiles_fit_into_the_bytes_and_their_text_keeps_its_size() -> None:
    crowd = [Tile(i, busy(i), f"A title that is rather long, number {i}", "An artist", "strong") for i in range(1, 51)]
    for some, max_bytes, width in ((crowd, 100_000, 800), (crowd, 60_000, 600), (crowd[:10], 40_000, 500)):
        data = contact_sheet(some, "Everything", max_bytes)
        assert len(data) <= max_bytes
        assert decoded(data).width > width  # the more bytes there are, the more can be seen
    heading = [
        np.asarray(decoded(contact_sheet(some, "Everything", 100_000)))[:50, :160] for some in (crowd, crowd[:10])
    ]
    assert np.abs(np.subtract(*heading, dtype=int)).mean() < 5


def test_a_long_heading_is_one_line_with_an_ellipsis() -> None:
    short, long, longer = (
        decoded(contact_sheet(tiles(count), heading))
        for count, heading in ((4, "“ships”"), (4, "“ships” · " * 3), (4, "“ships” · " * 200))
    )
    assert short.height == long.height == longer.height == decoded(contact_sheet(tiles(4))).height + 36
    assert short.width == longer.width
    one = decoded(contact_sheet(tiles(1), "“a stormy sea with a lighthouse, under moonlight”"))
    assert one.width > decoded(contact_sheet(tiles(1))).width  # as long as it is short, it is read whole


def test_what_cannot_fit_is_said() -> None:
    with pytest.raises(ValueError, match="fits into 100 bytes"):
        contact_sheet(tiles(1), max_bytes=100)


@pytest.mark.parametrize("count", [0, 51])
def test_no_tiles_or_too_many(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 50"):
        contact_sheet(tiles(count))


def test_missing_and_broken_pictures_leave_a_blank() -> None:
    whole = tiles(3)
    holes = [whole[0], Tile(2, None, "Lost"), Tile(3, b"junk", "Broken", relevance="unheard of")]
    sheet = decoded(contact_sheet(holes))
    saturated = np.ptp(np.asarray(sheet).astype(int), axis=2) > 150
    assert saturated[:, : sheet.width * 2 // 5].any()
    assert not saturated[:, sheet.width * 2 // 5 :].any()


def test_a_tile_says_its_number_and_how_well_it_fits() -> None:
    sheets = [
        decoded(contact_sheet([Tile(number, None, "x", relevance=relevance)]))
        for number, relevance in ((7, "strong"), (8, "strong"), (7, "weak"))
    ]
    assert len({sheet.size for sheet in sheets}) == 1
    greens = [(np.asarray(sheet).astype(int) @ (-1, 2, -1) > 60).sum() for sheet in sheets]  # the dot of "strong"
    assert greens[0] == greens[1] > 20 and greens[2] == 0
    differs = np.ptp([np.asarray(sheet).astype(int) for sheet in sheets[:2]], axis=0).sum(-1) > 200
    down, across = np.nonzero(differs)
    assert differs.any() and np.ptp(across) < 20 and np.ptp(down) < 20  # only the number


@pytest.mark.parametrize("size", [(320, 40), (40, 320), (318, 318), (20, 20), (320, 9), (9, 320)])
def test_aspect_is_kept(size: tuple[int, int]) -> None:
    sheet = decoded(contact_sheet([Tile(1, thumbnail("red", size), "x")]))
    saturated = np.ptp(np.asarray(sheet).astype(int), axis=2) > 150
    across, down = int(saturated.any(0).sum()), int(saturated.any(1).sum())
    assert abs(across - size[0]) <= 6
    assert abs(down - size[1]) <= 6


WORDS = [
    "",
    "   ",
    "Cézanne, Łukasz Ørsted, Straße, Šíma, Țuculescu",
    "Грачи прилетели",
    "富嶽三十六景 神奈川沖浪裏",
    "🎨🖼️ Sunflowers 🌻",
    "\u202eevil\u202c \x00\x1b[31m\ud800",
    "Donaudampfschifffahrtsgesellschaftskapitänsmützenständer",
    "word " * 500,
    "x" * 100_000,
    "e" + "\u0301" * 3000,
    "ذات الرداء הנערה",
]


@pytest.fixture
def no_system_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "system_fonts", lambda: dict.fromkeys(fonts.SCRIPTS, ()))


def draw_any_title() -> None:
    odd = [Tile(10**i, thumbnail(), text, text, text) for i, text in enumerate(WORDS)]
    decoded(contact_sheet(odd, "".join(WORDS)[:2000]))
    for text in WORDS:
        decoded(contact_sheet(odd[:1], text))


def test_any_title_can_be_drawn() -> None:
    draw_any_title()


@pytest.mark.usefixtures("no_system_fonts")
def test_any_title_can_be_drawn_without_system_fonts() -> None:
    draw_any_title()


@pytest.mark.usefixtures("no_system_fonts")
def test_what_our_own_font_draws() -> None:
    for text in (
        "Łukasz Ørsted – Cézanne, Ægir, Straße, Šíma, Țuculescu",
        "Грачи прилетели, Щукин",
        "Ο Χορός του Ζαλόγγου",
    ):
        assert typeface.writable(text) == text
        assert {font for _, font in fonts.by_font(text)} == {fonts.NOTO_SANS}
    assert typeface.writable("Wave 神奈川 🌊 (1831)") == "Wave ?  (1831)"
    assert typeface.writable("富嶽三十六景 神奈川") == "[in another script]"


def test_a_system_font_draws_what_ours_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "fonts" / "truetype"
    folder.mkdir(parents=True)
    for name in ("Any.ttf", "AnySans.ttf", "AnySans-Bold.ttf", "NotoSansAny.otf"):
        shutil.copy(fonts.NOTO_SANS, folder / name)
    (folder / "Damaged.ttf").write_bytes(b"junk")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_DATA_DIRS", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "none"))
    monkeypatch.setattr(fonts, "SCRIPTS", {"LATIN": "a", "CJK": "永"})
    fonts.system_fonts.cache_clear()
    found = fonts.system_fonts()
    fonts.system_fonts.cache_clear()
    assert found == {"LATIN": [str(folder / name) for name in ("NotoSansAny.otf", "AnySans.ttf", "Any.ttf")], "CJK": []}


@pytest.mark.parametrize(
    ("script", "title"),
    [
        ("CJK", "富嶽三十六景 神奈川沖浪裏"),
        ("HANGUL", "인왕제색도"),
        ("ARABIC", "ذات الرداء الأحمر, 1937"),
        ("HEBREW", "הנערה עם העגיל (1665)"),
    ],
)
def test_a_title_in_another_script_has_one_font(script: str, title: str) -> None:
    if not fonts.system_fonts()[script]:
        pytest.skip(f"No font here draws {script}.")
    assert typeface.writable(title) == title
    letters = {font for char, font in fonts.by_font(title) if char.isalpha()}
    assert len(letters) == 1 and letters != {fonts.NOTO_SANS}
    # All else looks as on the rest of the sheet.
    assert {font for char, font in fonts.by_font(title) if char in "0123456789,()"} <= {fonts.NOTO_SANS}


def test_lines_fit_and_end_in_an_ellipsis() -> None:
    lines = typeface.lines("The Arrival of the Governess at a Merchant's House and much more besides", 16, 180, 2)
    assert len(lines) == 2
    assert lines[1].endswith("…")
    assert all(typeface.width(line, 16) <= 180 for line in lines)
    assert typeface.lines("Short", 16, 180, 2) == ["Short"]
    assert typeface.lines("", 16, 180, 2) == []
