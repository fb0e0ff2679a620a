"""Converts values of JSON and Parquet to the text that a catalogue would contain."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from art_mcp.ingest.sources.tables.column_names import words

MAX_DEPTH = 8
MAX_PARTS = 1_000
# Endings of the keys whose value represents a whole object, as in {"full_name": "Rembrandt", "born": 1606}; the first
# with a value is used. A link is the address of a picture or page only.
NAMES = (
    *("name", "displayname", "fullname", "title", "content", "label", "preflabel", "value", "text", "term", "caption"),
    *("literal", "date", "def", "none", "en", "eng", "english"),
)
ADDRESSES = ("value", "url", "uri", "href", "src", "link", "path", "file", "filename", "content", "id")
IDS = ("value", "id", "oid", "identifier", "number")
WRAPPERS = frozenset(("fields", "properties", "attributes", "_source", "node"))
"""Keys of an object that holds the columns of a record, for Airtable, GeoJSON, JSON:API, Elasticsearch and GraphQL."""
_LANGUAGE = re.compile(r"@?[a-z]{2,3}([-_][A-Za-z]{2,4})?")


def coerce(field: str, value: Any) -> str:
    """Convert a value to the text of a field; empty for null and NaN, and for an object without a name.

    The items of a list are joined by commas, makers by semicolons, except that only the first of several pictures is
    used, and a vector becomes a JSON list.

    Args:
        field: name of the field, or of the slot: the text before the first space is the field.
    """
    field = field.partition(" ")[0]
    if field == "vector" and isinstance(value, (list, tuple)):
        return json.dumps(value, default=str)
    return _Coercion(field).text(value, MAX_DEPTH)


class _Coercion:
    def __init__(self, field: str) -> None:
        self._first_only = field == "image"
        self._between = "; " if field == "artist" else ", "
        addressed = dict.fromkeys(("image", "page"), (ADDRESSES,))
        self._keys = {**addressed, "key": (IDS,), "number": (IDS,), "sample": (NAMES, ADDRESSES)}.get(field, (NAMES,))

    def text(self, value: Any, depth: int) -> str:
        if value is None or depth == 0 or value != value:  # only NaN differs from itself
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
            return str(int(value))  # a column of years with missing values holds floats
        if isinstance(value, bytes):
            return value.decode("utf-8", "surrogateescape")
        if isinstance(value, (list, tuple, set)):
            return self._joined(value, depth)
        if isinstance(value, dict):
            return self._of_object(value, depth)
        return str(value)

    def _joined(self, value: Any, depth: int) -> str:
        texts = (text for part in list(value)[:MAX_PARTS] if (text := self.text(part, depth - 1).strip()))
        return next(texts, "") if self._first_only else self._between.join(dict.fromkeys(texts))

    def _of_object(self, value: Mapping[Any, Any], depth: int) -> str:
        for part in self._named(value):
            if text := self.text(part, depth - 1):
                below = value.get("children")
                return self._joined([text, *below], depth) if isinstance(below, list) else text
        if below := value.get("children"):
            return self.text(below, depth - 1)
        if value and all(_is_translation(key, part) for key, part in value.items()):
            return next(filter(None, (self.text(part, depth - 1) for part in value.values())), "")
        return ""

    def _named(self, value: Mapping[Any, Any]) -> Iterator[Any]:
        """The values of an object's keys that name it, the best first: a whole key, then a key that ends so."""
        known = [(words(str(key)), part) for key, part in list(value.items())[:MAX_PARTS]]
        for names in self._keys:
            for name in names:
                yield from (part for said, part in known if "".join(said) == name)
            for name in names:
                if len(name) > 2:
                    yield from (part for said, part in known if said and said[-1] == name)


def flattened(found: Mapping[str, Any], depth: int = MAX_DEPTH) -> dict[str, Any]:
    """An object with the parts of those of its values that are objects without a name, as in "dates.earliest"."""
    flat: dict[str, Any] = {}
    wrapped = {key for key in WRAPPERS & found.keys() if isinstance(found[key], dict)} if depth else set()
    for key, value in found.items():
        if key in wrapped:
            flat |= flattened(value, depth - 1)
        elif wrapped and key == "type":  # that of the record
            continue
        elif isinstance(value, dict) and depth and len(flat) < MAX_PARTS and not _is_named(value):
            flat |= {f"{key}.{name}": part for name, part in flattened(value, depth - 1).items()}
        else:
            flat[key] = value
    return flat


def _is_named(value: Mapping[str, Any]) -> bool:
    """Whether an object has a text that stands for it, apart from the objects in it."""
    return bool(coerce("sample", {key: part for key, part in value.items() if not _has_objects(part)}))


def _has_objects(part: Any) -> bool:
    return isinstance(part, dict) or (isinstance(part, list) and any(isinstance(each, dict) for each in part))


def _is_translation(key: Any, part: Any) -> bool:
    """Whether a key of an object is a language, and its value a text in it."""
    is_language = isinstance(key, str) and key != "id" and _LANGUAGE.fullmatch(key) is not None
    return is_language and isinstance(part, (str, list))
