"""What the modules that change a text in place share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


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


def newline_of(text: str) -> str:
    """The line break of a text: that of Windows if it has one."""
    return "\r\n" if "\r\n" in text else "\n"


def nested(path: Sequence[str], value: Any) -> Any:
    """A value in an object for each key of a path."""
    for key in reversed(path):
        value = {key: value}
    return value
