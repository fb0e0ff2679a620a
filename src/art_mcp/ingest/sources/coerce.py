"""Converts values of JSON and Parquet to the text that a catalogue would contain."""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 4
MAX_PARTS = 1_000
# Keys whose value represents a whole object, as in {"name": "Rembrandt", "born": 1606}; the first with a value is used.
NAMES = ("name", "title", "label", "value", "text", "url", "path", "id")


def coerce(field: str, value: Any) -> str:
    """Convert a value to the text of a field; empty for null and NaN.

    The items of a list are joined by commas, except that only the first of several pictures is used, and a vector
    becomes a JSON list.
    """
    if field == "vector" and isinstance(value, list):
        return json.dumps(value)
    if field == "image" and isinstance(value, list):
        value = next(iter(value), None)
    return _coerce(value, MAX_DEPTH)


def _coerce(value: Any, depth: int) -> str:
    if value is None or depth == 0 or value != value:  # only NaN differs from itself
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))  # a column of years with missing values holds floats
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if isinstance(value, (list, tuple)):
        return ", ".join(text for part in value[:MAX_PARTS] if (text := _coerce(part, depth - 1).strip()))
    if isinstance(value, dict):
        for name in NAMES:
            if text := _coerce(value.get(name), depth - 1):
                return text
        parts = list(value.items())[:MAX_PARTS]
        return ", ".join(f"{name}: {text}" for name, part in parts if (text := _coerce(part, depth - 1)))
    return str(value)
