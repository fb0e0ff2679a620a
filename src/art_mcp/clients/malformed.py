"""What the formats of clients' files raise."""

from __future__ import annotations


class Malformed(Exception):
    """A text is not of its format.

    Args:
        line: the number of the first line that is wrong, from 1.
    """

    def __init__(self, line: int) -> None:
        super().__init__(f"line {line}")
        self.line = line


class Unchangeable(Exception):
    """A text is written in a way that cannot be changed in place."""
