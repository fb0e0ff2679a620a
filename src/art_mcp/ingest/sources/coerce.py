"""Values that are not text, such as those of JSON, as a catalogue would write them."""

from __future__ import annotations

import json
from typing import Any

MOST_DEEP = 4
MOST_PARTS = 1_000
# What an object is called by where it stands for one thing: {"name": "Rembrandt", "born": 1606}.
NAMES = ("name", "title", "label", "value", "text", "url", "path", "id")


def coerce(field: str, value: Any) -> str:
    """A value as the text of a field; empty if it is nothing.

    A list's parts are joined by commas, but of several pictures the first counts, and a vector keeps its brackets.
    """
    if field == "vector" and isinstance(value, list):
        return json.dumps(value)
    if field == "image" and isinstance(value, list):
        value = next(iter(value), None)
    return _coerce(value, MOST_DEEP)


def _coerce(value: Any, deep: int) -> str:
    if value is None or deep == 0 or value != value:  # NaN alone is unlike itself
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))  # a year in a column that lacks some
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, (list, tuple)):
        return ", ".join(text for part in value[:MOST_PARTS] if (text := _coerce(part, deep - 1).strip()))
    if isinstance(value, dict):
        for name in NAMES:
            if text := _coerce(value.get(name), deep - 1):
                return text
        parts = list(value.items())[:MOST_PARTS]
        return ", ".join(f"{name}: {text}" for name, part in parts if (text := _coerce(part, deep - 1)))
    return str(value)
