"""Contact sheets: many paintings in one picture, for a person and a model to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps

from art_mcp.images import typeface
from art_mcp.images.encoding import encode
from art_mcp.images.rendition import bounded, opened
from art_mcp.images.undecoded import ImageError

MAX_TILES = 50

MARGIN = 20
GAP = 14
QUALITIES = (82, 74, 66, 58)

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
    """The number by which the reader refers to it."""
    image: bytes | None
    """A rendition, or None if none is stored."""
    title: str
    caption: str = ""
    """One secondary line, usually artist and date."""
    relevance: str | None = None
    """One word; strong, fair and weak each have a colour."""


def contact_sheet(tiles: Sequence[Tile], *, heading: str | None = None, max_bytes: int = 200_000) -> bytes:
    """Draw the numbered pictures with their titles in a grid, as JPEG.

    The sheet is at most about 1,350 pixels wide and 1.2 megapixels, which models view without downscaling. They count
    about one token per 750 pixels: 850 tokens for 10 tiles, 1,600 for 50. A missing or damaged picture leaves a blank
    tile. CPU-bound: call it in a thread.

    Args:
        tiles: 1 to 50.
        heading: one line above the grid.
        max_bytes: size limit, met by lowering the quality first and the resolution second.

    Raises:
        ValueError: there are no tiles or more than 50, or the sheet does not fit into `max_bytes`.
    """
    if not 1 <= len(tiles) <= MAX_TILES:
        raise ValueError(f"a contact sheet has 1 to {MAX_TILES} tiles, not {len(tiles)}")
    return encode(_draw(tiles, heading), "JPEG", QUALITIES, max_bytes).data


class _Grid(NamedTuple):
    """The layout of sheets with up to `most` tiles; sizes are in pixels."""

    most: int
    columns: tuple[int, ...]
    """Candidate column counts; the one with the fullest last row is used."""
    width: int
    """Width of a tile."""
    height: int
    """Maximum height of a picture."""
    title: int
    """Font size of the title."""
    small: int
    """Font size of all other text."""
    lines: int
    """Lines of text below a picture: up to two for the title, the rest for the caption."""


_GRIDS = (
    _Grid(1, (1,), 320, 320, 16, 14, 3),
    *(_Grid(count, (count,), 280, 260, 16, 14, 3) for count in (2, 3, 4)),
    _Grid(6, (3,), 240, 220, 15, 13, 3),
    _Grid(8, (4,), 216, 196, 15, 13, 3),
    _Grid(10, (5,), 200, 180, 14, 13, 3),
    _Grid(20, (5, 4), 190, 160, 14, 13, 3),
    _Grid(30, (6, 5), 160, 130, 13, 12, 2),
    _Grid(MAX_TILES, (10, 9, 8), 116, 102, 12, 12, 2),
)


def _draw(tiles: Sequence[Tile], heading: str | None) -> Image.Image:
    grid = next(grid for grid in _GRIDS if len(tiles) <= grid.most)
    columns = min(grid.columns, key=lambda columns: -len(tiles) % columns)
    rows = [_row(tiles[i : i + columns], grid) for i in range(0, len(tiles), columns)]
    width = 2 * MARGIN + columns * grid.width + (columns - 1) * GAP
    top = MARGIN + (36 if heading else 0)
    height = top + sum(row.height for row in rows) + GAP * (len(rows) - 1) + MARGIN
    sheet = Image.new("RGB", (width, height), GROUND)
    if heading:
        for line in typeface.lines(heading, 20, width - 2 * MARGIN, 1):
            typeface.write(ImageDraw.Draw(sheet), (MARGIN, MARGIN + 16), line, 20, INK)
    for row in rows:
        sheet.paste(row, (MARGIN, top))
        top += row.height + GAP
    return sheet


def _row(tiles: Sequence[Tile], grid: _Grid) -> Image.Image:
    """Draw a row: pictures aligned at the bottom edge, captions below."""
    pictures = [_picture(tile, grid) for tile in tiles]
    shelf = max(picture.height for picture in pictures)
    captions = [_caption(tile, grid) for tile in tiles]
    height = shelf + 7 + max(caption.height for caption in captions)
    row = Image.new("RGB", (len(tiles) * (grid.width + GAP) - GAP, height), GROUND)
    for column, (picture, caption) in enumerate(zip(pictures, captions, strict=True)):
        left = column * (grid.width + GAP)
        row.paste(picture, (left, shelf - picture.height))
        row.paste(caption, (left, shelf + 7))
    return row


def _picture(tile: Tile, grid: _Grid) -> Image.Image:
    try:
        if tile.image:
            picture = bounded(opened(tile.image), grid.width - 2, grid.height - 2)
            return ImageOps.expand(picture, 1, EDGE)  # outlines pale drawings
    except ImageError:
        pass
    blank = Image.new("RGB", (grid.width, grid.width * 2 // 3), BLANK)
    draw = ImageDraw.Draw(blank)
    draw.rectangle((0, 0, blank.width - 1, blank.height - 1), outline=EDGE)
    text = "no picture"
    left = (grid.width - typeface.width(text, grid.small)) / 2
    typeface.write(draw, (left, blank.height / 2 + 5), text, grid.small, SOFT_INK)
    return blank


def _caption(tile: Tile, grid: _Grid) -> Image.Image:
    """Draw the number and the relevance, then the title, then the caption."""
    titles = typeface.lines(tile.title, grid.title, grid.width, 2) or ["Untitled"]
    quiet = typeface.lines(tile.caption, grid.small, grid.width, grid.lines - len(titles))
    lines = [(line, grid.title, INK) for line in titles] + [(line, grid.small, SOFT_INK) for line in quiet]
    badge = grid.small + 6
    image = Image.new("RGB", (grid.width, badge + 3 + sum(_leading(size) for _, size, _ in lines)), GROUND)
    draw = ImageDraw.Draw(image)

    number, middle = str(tile.number), badge / 2 + grid.small * 0.36
    length = typeface.width(number, grid.small)
    wide = max(badge, round(length) + 12)
    image.paste(INK, (0, 0), _pill(wide, badge))
    typeface.write(draw, ((wide - length) / 2, middle), number, grid.small, GROUND)
    if tile.relevance:
        left, dot = wide + 8, grid.small // 2 + 3
        image.paste(RELEVANCE.get(tile.relevance, SOFT_INK), (left, (badge - dot) // 2), _pill(dot, dot))
        for line in typeface.lines(tile.relevance, grid.small, grid.width - left - dot - 5, 1):
            typeface.write(draw, (left + dot + 5, middle), line, grid.small, SOFT_INK)

    top = badge + 3
    for line, size, colour in lines:
        top += _leading(size)
        typeface.write(draw, (0, top - size * 0.3), line, size, colour)
    return image


def _leading(size: int) -> int:
    return round(size * 1.28)


@lru_cache(64)
def _pill(width: int, height: int) -> Image.Image:
    """An antialiased mask with rounded ends."""
    large = Image.new("L", (width * 8, height * 8))
    ImageDraw.Draw(large).rounded_rectangle((0, 0, width * 8 - 1, height * 8 - 1), height * 4, fill=255)
    return large.reduce(8)
