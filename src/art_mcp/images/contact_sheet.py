"""Contact sheets: many paintings in one picture, for a person and a model to look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageOps

from art_mcp.images import normal, typeface
from art_mcp.images.encoding import encode, encode_whole
from art_mcp.images.justified import Box, Row, justify
from art_mcp.images.rendition import THUMBNAIL_SIDE, opened
from art_mcp.images.undecoded import ImageError

MAX_TILES = 50

MARGIN = 24
GAP = 16
BELOW = 8
"""Between a picture and its caption, in pixels."""
HEADING = 20
"""Font size of the heading."""
SMALLEST = 12
"""Smallest font size on a sheet."""
MISSING = (300, 240)
"""Size of a blank, as if it were a picture of the most frequent shape."""
ROUNDING = 3
"""Pixels by which a picture is stretched so that the edges in a row are even, which is not seen in the picture."""
SHAPE = 1.4
"""Width of a sheet by its height: chats scale it to the width of a column, so a wide one is hard to read."""
QUALITIES = (82, 74, 66, 58, 50)
TRIES = 4
"""How often a sheet is drawn, each time with smaller pictures, until it fits into its bytes. Its text keeps its size,
so it can be read where that of a sheet that is coarser or scaled down cannot."""

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


def contact_sheet(tiles: Sequence[Tile], *, heading: str = "", max_bytes: int) -> bytes:
    """Draw the numbered pictures with their titles in rows, whole and with their tops aligned, as JPEG.

    The sheet has less than a megapixel, which models view without downscaling. They count about one token per 750
    pixels: about 1,000 for 10 tiles or more. A missing or damaged picture leaves a blank. CPU-bound: call it in a
    thread.

    Args:
        tiles: 1 to 50.
        heading: one line above the pictures.
        max_bytes: size limit, met by a lower quality, then by smaller pictures, and last by scaling the sheet down.

    Raises:
        ValueError: there are no tiles or more than 50, or the sheet does not fit into `max_bytes`.
    """
    if not 1 <= len(tiles) <= MAX_TILES:
        raise ValueError(f"a contact sheet has 1 to {MAX_TILES} tiles, not {len(tiles)}")
    style = next(style for style in _STYLES if len(tiles) <= style.most)
    pictures = [_opened(tile) for tile in tiles]
    area = style.area
    for _ in range(TRIES):
        sheet = _draw(tiles, pictures, heading, style, area)
        drawn = encode_whole(sheet, "JPEG", QUALITIES, max_bytes).data
        if len(drawn) <= max_bytes:
            return drawn
        area = round(area * min(0.9, (max_bytes / len(drawn)) ** 1.5))
    return encode(sheet, "JPEG", QUALITIES[-1:], max_bytes).data


class _Style(NamedTuple):
    """How sheets with up to `most` tiles look; lengths are in pixels."""

    most: int
    area: int
    """Pixels of the whole sheet."""
    title: int
    """Font size of the title."""
    small: int
    """Font size of all other text."""
    lines: int
    """Lines of text below the number: of several, the last is the caption's."""
    narrowest: int
    """Minimum width of a tile."""

    @property
    def caption(self) -> int:
        """Maximum height of the text below a picture."""
        return _leading(self.title) * self.lines + _leading(self.small)


_STYLES = (
    _Style(1, 180_000, 16, 14, 3, 160),
    _Style(4, 460_000, 16, 14, 3, 150),
    _Style(10, 630_000, 14, 13, 3, 120),
    _Style(20, 740_000, 14, 13, 3, 110),
    _Style(30, 700_000, 13, 12, 2, 96),
    _Style(MAX_TILES, 640_000, 12, 12, 1, 84),
)


def _opened(tile: Tile) -> Image.Image | None:
    try:
        return opened(tile.image) if tile.image else None
    except ImageError:
        return None


def _draw(
    tiles: Sequence[Tile], pictures: Sequence[Image.Image | None], heading: str, style: _Style, area: int
) -> Image.Image:
    sizes = [picture.size if picture else MISSING for picture in pictures]
    boxes = [Box(width / height, style.narrowest, width + 2) for width, height in sizes]
    below = BELOW + style.caption + GAP
    rows = justify(boxes, area=area, shape=SHAPE, gap=GAP, below=below, tallest=THUMBNAIL_SIDE)
    left = iter(zip(tiles, pictures, strict=True))
    drawn = [_row(row, list(islice(left, len(row.places))), style) for row in rows]
    heading = typeface.writable(heading)
    top = MARGIN + (HEADING + GAP if heading else 0)
    width = max(*(row.width for row in drawn), min(HEADING * 24, round(typeface.width(heading, HEADING) + 1)))
    height = top + sum(row.height + GAP for row in drawn) - GAP + MARGIN
    sheet = Image.new("RGB", (width + 2 * MARGIN, height), GROUND)
    for line in typeface.lines(heading, HEADING, width, 1):
        typeface.write(ImageDraw.Draw(sheet), (MARGIN, MARGIN + HEADING * 0.75), line, HEADING, INK)
    for each in drawn:
        sheet.paste(each, (MARGIN, top))
        top += each.height + GAP
    return sheet


def _row(row: Row, shown: Sequence[tuple[Tile, Image.Image | None]], style: _Style) -> Image.Image:
    """Draw a row: pictures aligned at the top edge, each with its caption below."""
    parts = [
        (left, _picture(picture, width, row.height), _caption(tile, width, style))
        for (left, width), (tile, picture) in zip(row.places, shown, strict=True)
    ]
    height = max(picture.height + BELOW + caption.height for _, picture, caption in parts)
    image = Image.new("RGB", (sum(row.places[-1]), height), GROUND)
    for left, picture, caption in parts:
        image.paste(picture, (left, 0))
        image.paste(caption, (left, picture.height + BELOW))
    return image


def _picture(picture: Image.Image | None, width: int, height: int) -> Image.Image:
    """Scale a picture to its place, with an outline, which pale drawings need; without one, draw a blank."""
    if picture is None:
        blank = Image.new("RGB", (width, height), BLANK)
        text = "No picture"
        at = (width - typeface.width(text, SMALLEST)) / 2, (height + SMALLEST * 0.7) / 2
        typeface.write(ImageDraw.Draw(blank), at, text, SMALLEST, SOFT_INK)
        return blank
    place = width - 2, height - 2
    fitting = normal.bounded(picture.size, *place)
    stretched = max(place[0] - fitting[0], place[1] - fitting[1]) <= ROUNDING
    return ImageOps.expand(picture.resize(place if stretched else fitting, Image.Resampling.LANCZOS), 1, EDGE)


def _caption(tile: Tile, width: int, style: _Style) -> Image.Image:
    """Draw the number and the relevance, then the title, then the caption."""
    titles = typeface.lines(tile.title, style.title, width, max(1, style.lines - 1)) or ["Untitled"]
    quiet = typeface.lines(tile.caption, style.small, width, style.lines - len(titles))
    lines = [(line, style.title, INK) for line in titles] + [(line, style.small, SOFT_INK) for line in quiet]
    base = round(style.title * 0.98)
    image = Image.new("RGB", (width, _leading(style.title) + sum(_leading(size) for _, size, _ in lines)), GROUND)
    draw = ImageDraw.Draw(image)

    number = str(tile.number)
    typeface.write(draw, (0, base), number, style.title, INK)
    if tile.relevance:
        dot = style.small // 2 + 2
        left = round(typeface.width(number, style.title)) + 8
        image.paste(RELEVANCE.get(tile.relevance, SOFT_INK), (left, base - dot + 1), _disc(dot))
        left += dot + 5
        for line in typeface.lines(tile.relevance, style.small, width - left, 1):
            typeface.write(draw, (left, base), line, style.small, SOFT_INK)

    top = _leading(style.title)
    for line, size, colour in lines:
        top += _leading(size)
        typeface.write(draw, (0, top - size * 0.3), line, size, colour)
    return image


def _leading(size: int) -> int:
    return round(size * 1.28)


@lru_cache
def _disc(size: int) -> Image.Image:
    """An antialiased mask."""
    large = Image.new("L", (size * 8, size * 8))
    ImageDraw.Draw(large).ellipse((0, 0, size * 8 - 1, size * 8 - 1), fill=255)
    return large.reduce(8)
