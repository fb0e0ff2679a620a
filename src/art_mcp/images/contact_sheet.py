"""Many paintings at one glance, as one picture for chats that show no gallery."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from io import BytesIO
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps

from art_mcp.images.picture import ImageError, read_picture
from art_mcp.images.typeface import Typeface

MAX_TILES = 50

WIDTH = 1520  # models look at no more than about 1,560 pixels a side
MARGIN = 40
GAP = 28
WIDEST_TILE = 320

GROUND = "#f4f2ee"
INK = "#1f1d1a"
SOFT_INK = "#6b665e"
EDGE = "#dcd8d0"
BLANK = "#e7e3db"
RELEVANCE = {"strong": "#2f7d4f", "fair": "#c08a1e", "weak": "#a39d92"}


@dataclass(frozen=True, slots=True)
class Tile:
    """One painting on the sheet."""

    number: int
    """What the reader calls it by."""
    image: bytes | None
    """A small picture in any readable format, or None when there is none."""
    title: str
    caption: str = ""
    """One quiet line, usually artist and date."""
    relevance: str | None = None
    """A word; strong, fair and weak have colours of their own."""


def contact_sheet(tiles: Sequence[Tile], *, heading: str | None = None, max_bytes: int = 200_000) -> bytes:
    """The numbered pictures with their titles in a grid, as JPEG of at most about 1,520 pixels width.

    A picture that is missing or unreadable leaves a blank tile. Takes a while: call it in a thread.

    Args:
        tiles: 1 to 50.
        heading: one line above the grid.
        max_bytes: kept by lower quality first and fewer pixels then.

    Raises:
        ValueError: no tiles, or more than 50, or nothing fits into `max_bytes`.
    """
    if not 1 <= len(tiles) <= MAX_TILES:
        raise ValueError(f"a contact sheet has 1 to {MAX_TILES} tiles, not {len(tiles)}")
    return _jpeg(_draw(tiles, heading), max_bytes)


class _Measures(NamedTuple):
    """Sizes in pixels that follow from the number of tiles."""

    columns: int
    tile: int
    title: int
    caption: int

    @property
    def badge(self) -> int:
        return self.title + 9

    @property
    def leading(self) -> int:
        return round(self.title * 1.3)


def _measures(count: int) -> _Measures:
    if count <= 4:
        columns = count
    else:  # the fullest last row within what is easy on the eye
        few, many = next((a, b) for most, a, b in _COLUMNS if count <= most)
        columns = min(range(few, many + 1), key=lambda c: (-count % c, -c))
    tile = min(WIDEST_TILE, (WIDTH - 2 * MARGIN - (columns - 1) * GAP) // columns)
    title, caption = (18, 15) if columns <= 5 else (16, 14) if columns == 6 else (14, 13)
    return _Measures(columns, tile, title, caption)


_COLUMNS = ((6, 3, 3), (8, 4, 4), (10, 5, 5), (20, 4, 5), (30, 5, 6), (42, 6, 7), (50, 7, 8))


def _draw(tiles: Sequence[Tile], heading: str | None) -> Image.Image:
    m = _measures(len(tiles))
    face = Typeface([heading or "", *(text for tile in tiles for text in (tile.title, tile.caption))])
    rows = [tiles[i : i + m.columns] for i in range(0, len(tiles), m.columns)]
    drawn = [_row(row, m, face) for row in rows]
    width = 2 * MARGIN + m.columns * m.tile + (m.columns - 1) * GAP
    top = MARGIN + (44 if heading else 0)
    height = top + sum(row.height for row in drawn) + GAP * (len(drawn) - 1) + MARGIN
    sheet = Image.new("RGB", (width, height), GROUND)
    if heading:
        for line in face.lines(heading, 24, width - 2 * MARGIN, 1):
            face.draw(ImageDraw.Draw(sheet), (MARGIN, MARGIN + 19), line, 24, INK)
    for row in drawn:
        sheet.paste(row, (MARGIN, top))
        top += row.height + GAP
    return sheet


def _row(tiles: Sequence[Tile], m: _Measures, face: Typeface) -> Image.Image:
    """Pictures stand on a common line, as on a gallery's shelf, with their captions below it."""
    pictures = [_picture(tile, m.tile, face) for tile in tiles]
    shelf = max(picture.height for picture in pictures)
    captions = [_caption(tile, m, face) for tile in tiles]
    height = shelf + 12 + max(caption.height for caption in captions)
    row = Image.new("RGB", (m.columns * m.tile + (m.columns - 1) * GAP, height), GROUND)
    for column, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left = column * (m.tile + GAP)
        row.paste(picture, (left, shelf - picture.height))
        row.paste(caption, (left, shelf + 12))
    return row


def _picture(tile: Tile, side: int, face: Typeface) -> Image.Image:
    try:
        if tile.image:
            picture = read_picture(tile.image, name=f"tile {tile.number}", max_side=side - 2)
            return ImageOps.expand(picture.image, 1, EDGE)  # so that pale drawings end somewhere
    except ImageError:
        pass
    blank = Image.new("RGB", (side, side * 3 // 4), BLANK)
    draw = ImageDraw.Draw(blank)
    draw.rectangle((0, 0, blank.width - 1, blank.height - 1), outline=EDGE)
    text = "no picture"
    face.draw(draw, ((side - face.width(text, 14)) / 2, blank.height / 2 + 5), text, 14, SOFT_INK)
    return blank


def _caption(tile: Tile, m: _Measures, face: Typeface) -> Image.Image:
    """A number, and beside it the title, the quiet line and the relevance."""
    indent = m.badge + 9
    room = m.tile - indent
    titles = face.lines(tile.title, m.title, room, 2) or ["Untitled"]
    quiet = face.lines(tile.caption, m.caption, room, 1)
    lines = [(line, m.title, INK) for line in titles] + [(line, m.caption, SOFT_INK) for line in quiet]
    image = Image.new("RGB", (m.tile, m.leading * (len(lines) + 1) + 6), GROUND)
    draw = ImageDraw.Draw(image)
    image.paste(INK, (0, 0), _disc(m.badge))
    number, size = str(tile.number), m.caption - 1
    face.draw(draw, ((m.badge - face.width(number, size)) / 2, m.badge / 2 + size * 0.36), number, size, GROUND)
    y = m.badge / 2 + m.title * 0.36
    for line, size, colour in lines:
        face.draw(draw, (indent, y), line, size, colour)
        y += m.leading
    if tile.relevance:
        dot = m.caption // 2 + 1
        colour = RELEVANCE.get(tile.relevance, SOFT_INK)
        image.paste(colour, (indent, round(y - m.caption * 0.36 - dot / 2)), _disc(dot))
        for line in face.lines(tile.relevance, m.caption, room - dot - 7, 1):
            face.draw(draw, (indent + dot + 7, y), line, m.caption, SOFT_INK)
    return image


@cache
def _disc(diameter: int) -> Image.Image:
    """A smooth round mask."""
    large = Image.new("L", (diameter * 8, diameter * 8))
    ImageDraw.Draw(large).ellipse((0, 0, diameter * 8 - 1, diameter * 8 - 1), fill=255)
    return large.reduce(8)


def _jpeg(sheet: Image.Image, max_bytes: int) -> bytes:
    while min(sheet.size) >= 64:
        for quality in (86, 74, 62):
            buffer = BytesIO()
            sheet.save(buffer, "JPEG", quality=quality, progressive=True)
            if buffer.tell() <= max_bytes:
                return buffer.getvalue()
        sheet = sheet.resize((sheet.width * 4 // 5, sheet.height * 4 // 5), Image.Resampling.LANCZOS)
    raise ValueError(f"no contact sheet fits into {max_bytes} bytes")
