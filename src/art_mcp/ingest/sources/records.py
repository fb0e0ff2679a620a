"""The rows of an open table in any format, and what the formats share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from art_mcp.ingest.sources.source import SourceError

MAX_LINE = 1 << 20
"""Maximum length of a line: characters of delimited text, bytes of JSON Lines."""
SAMPLE_BYTES = 1 << 24
"""Number of bytes at the start of a file from which its encoding or columns are determined."""


class NotInstalled(SourceError):
    """A table needs a library that is not installed."""


Cells = Mapping[str, str] | str
"""The cells of a row, by field; or the reason why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Records:
    """The columns and rows of an open table."""

    names: Sequence[str]
    """The names of its columns."""
    read: Callable[[Mapping[str, int]], Iterator[tuple[str, Cells]]]
    """Takes the column index of each field; yields the position and the cells of each non-empty row."""


def is_link(image: str) -> bool:
    """Whether a row names its picture by a URL instead of a file."""
    return re.match(r"\s*https?://", image, re.IGNORECASE) is not None
