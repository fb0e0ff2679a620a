"""What every format of table gives, and what all of them share."""

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
class Sheet:
    """A table that is open."""

    names: Sequence[str]
    """Of its columns."""
    records: Callable[[Mapping[str, int]], Iterator[tuple[str, Cells]]]
    """Each row that is not empty, with where it stands; takes the index of the column of each field."""


def is_link(image: str) -> bool:
    """Whether a row names its picture by an address instead of a file."""
    return re.match(r"\s*https?://", image, re.IGNORECASE) is not None
