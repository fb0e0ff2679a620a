"""The rows of a table, whatever its format, and what all formats share."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

MAX_LINE = 1 << 20
SAMPLE_BYTES = 1 << 24
"""How much of a file is read to find out its encoding or its columns, in bytes."""

Cells = Mapping[str, str] | str
"""What a row says, by field; or the reason why it cannot be read."""


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of a table that is open."""

    names: Sequence[str]
    """The names of its columns."""
    read: Callable[[Mapping[str, int]], Iterator[tuple[str, Cells]]]
    """Takes the index of each field's column; yields each row that is not empty, after where it stands in the file."""


def is_link(image: str) -> bool:
    """Whether a row names its picture by an address instead of a file."""
    return re.match(r"\s*https?://", image, re.IGNORECASE) is not None
