"""The steps of a call that take time, for what measures them, if anything does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

Attributes: TypeAlias = Mapping[str, str | int | Sequence[str]]
"""By names of OpenTelemetry's conventions, or `art_mcp.*`. They tell neither questions nor pictures."""
Measure: TypeAlias = Callable[[str, Attributes], AbstractContextManager[object]]

_measure: Measure | None = None


def measure_with(measure: Measure | None) -> None:
    """Let steps be measured from now on, or no longer."""
    global _measure
    _measure = measure


def step(name: str, attributes: Attributes) -> AbstractContextManager[object]:
    """The context in which a step is carried out."""
    return _measure(name, attributes) if _measure else nullcontext()
