"""Groups the rows that were refused for the same reason, so that one sentence reports a thousand of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath

EXAMPLES = 3
"""Number of rows that are named for a reason."""
MAX_REASONS = 1_000
"""Maximum number of different reasons."""
_NAMED = re.compile(r"\((.*)\)$")


@dataclass(slots=True)
class Group:
    """Rows that were refused, or stored without their picture, for the same reason."""

    reason: str
    rows: int
    examples: list[str]
    """Labels of the first rows."""

    def __str__(self) -> str:
        if self.rows == 1:
            return f"{self.examples[0]}: {self.reason}"
        what, stop, more = self.reason.partition(". ")
        named = ", ".join(self.examples)
        return f"{what.removesuffix('.')}: {self.rows:,} rows, e.g. {named}.{' ' if stop else ''}{more}"


class Refusals:
    """Collects refused rows by reason, in the order in which the reasons first occur."""

    def __init__(self, refused: Iterable[tuple[str, str]] = ()) -> None:
        self._groups: dict[str, Group] = {}
        self._common: dict[str, str] = {}
        self.rows = 0
        for label, reason in refused:
            self.add(label, reason)

    def add(self, label: str, reason: str) -> None:
        """Add a row by its label; names and numbers of its own do not make a reason of its own."""
        self.rows += 1
        named = match[1] if (match := _NAMED.search(label)) else label
        common = reason
        for own in (named, PurePosixPath(named).name):
            if own:
                common = common.replace(own, "The file" if common.startswith(own) else "the file")
        key = re.sub(r"\d[\d,.]*\b", "#", common)
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) < MAX_REASONS:
                self._groups[key] = Group(reason, 1, [label])
                self._common[key] = common
            return
        group.reason = self._common[key]
        group.rows += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(label)

    def first(self, most: int) -> tuple[list[Group], int]:
        """The first reasons, and the number of rows that have others."""
        groups = list(self._groups.values())[:most]
        return groups, self.rows - sum(group.rows for group in groups)
