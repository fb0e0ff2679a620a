"""The rows of an open table in any format, and what the formats share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from art_mcp.images.undecoded import PICTURE_SUFFIXES, RAW_SUFFIXES
from art_mcp.ingest.sources.source import SourceError

MAX_LINE = 1 << 20
"""Maximum length of a line: characters of delimited text, bytes of JSON Lines."""
SAMPLE_BYTES = 1 << 24
"""Number of bytes at the start of a file from which its encoding or columns are determined."""

MEDIA = "xl/media/"
"""What the names of pictures in an Excel workbook begin with. They change whenever it is saved, so they are no keys."""


class NotInstalled(SourceError):
    """A table needs a library that is not installed."""


Cells = Mapping[str, str] | str
"""The cells of a row, by slot; or the reason why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Records:
    """The columns and rows of an open table."""

    names: Sequence[str]
    """The names of its columns."""
    read: Callable[[Mapping[str, int]], Iterator[tuple[str, Cells]]]
    """Takes the column index of each slot; yields the position and the cells of each non-empty row.

    A slot is a field, or a text with what the column is read for before the first space.
    """
    notes: Sequence[str] = ()
    """How the file is read, such as its encoding, in sentences for the user."""


_LINK = re.compile(r"\s*https?://", re.IGNORECASE)
_SUFFIXES = PICTURE_SUFFIXES + RAW_SUFFIXES
_IIIF = re.compile(r"/(?:default|native|color|gray)(?:\.[a-z]+)?$")


def is_link(image: str) -> bool:
    """Whether a row names its picture by a URL instead of a file."""
    return _LINK.match(image) is not None


def is_picture(cell: str) -> bool:
    """Whether a cell ends like the file of a picture, or is a link to one."""
    text = cell.strip()[:1_000].lower()
    first = re.split(r"[|;\r\n]| \(", text, maxsplit=1)[0].strip()
    for name in (text, first, re.split(r"[?#]", first, maxsplit=1)[0]):
        if name.endswith(_SUFFIXES) or (is_link(name) and _IIIF.search(name)):
            return True
    return False
