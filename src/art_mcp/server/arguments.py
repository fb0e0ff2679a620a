"""Types of tool arguments. Hosts send null for omitted arguments, and numbers as text."""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, WithJsonSchema

from art_mcp.search import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAINTINGS

DEFAULT_SIZE = 512
MAX_SIZE = 4096
"""Pixels per side; the largest display picture that the settings allow."""


def _text(value: object) -> object:
    return "" if value is None else value


HUGE = 10**12
"""Larger numbers, which may have hundreds of digits, are clamped to this."""


def _bounded(value: object) -> object:
    return max(-HUGE, min(value, HUGE)) if isinstance(value, int) else value


def _count(default: int) -> BeforeValidator:
    def read(value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("input should be a whole number")
        return default if value is None else _bounded(value)

    return BeforeValidator(read)


Text = Annotated[str, BeforeValidator(_text)]
"""Optional text, empty if omitted. Not `str | None`: the SDK would parse such text as JSON."""

Image = Annotated[
    str,
    BeforeValidator(lambda given: json.dumps(given) if isinstance(given, dict) else _text(given)),
    Field(
        description="A picture: absolute path in a folder that the server may read, https link, data: URI, or "
        "upload handle.",
        json_schema_extra={"x-mcp-file": {"accept": ["image/*"]}},
    ),
]
# ChatGPT fills in the arguments that `openai/fileParams` names, if their schema has exactly these properties.
ImageFile = Annotated[
    dict[str, Any] | None,
    WithJsonSchema(
        {
            "type": "object",
            "properties": {name: {"type": "string"} for name in ("download_url", "file_id", "mime_type", "file_name")},
            "required": ["download_url", "file_id"],
            "description": "A picture attached in ChatGPT.",
        }
    ),
]
PaintingIds = Annotated[
    list[str] | None,
    BeforeValidator(lambda given: re.findall(r"[^\s,]+", given) if isinstance(given, str) else given),
    Field(
        description="Ids of paintings, each of which a hit should resemble.",
        json_schema_extra={"minItems": 2, "maxItems": MAX_PAINTINGS},
    ),
]


def _column_names(given: object) -> object:
    """Read an object, JSON text of one, or pairs like title=Naam."""
    if isinstance(given, str):
        if not given.strip().startswith("{"):
            given = [part for part in given.split("\n") if part.strip()]
        else:
            try:
                given = json.loads(given)
            except RecursionError:
                raise ValueError("input is nested too deep") from None
    if isinstance(given, list) and all(isinstance(part, str) for part in given):
        return {field.strip(): name for field, _, name in (part.partition("=") for part in given)}
    return given


ColumnNames = Annotated[
    dict[str, str] | None,
    BeforeValidator(_column_names),
    Field(
        description='A table\'s column by field, if a plan shows a wrong one: {"title": "Naam"}, or a pattern: '
        '{"image": "https://host/{id}.jpg"}.',
        json_schema_extra={"additionalProperties": {"type": "string"}},
    ),
]
Flag = Annotated[bool, BeforeValidator(bool)]
"""On or off; null is off."""
Number = Annotated[int | None, BeforeValidator(_bounded)]
# The bounds are in the schema for the model to see, but are checked in search/, whose errors say more.
Limit = Annotated[
    int,
    _count(DEFAULT_LIMIT),
    Field(description="Hits per page.", json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT}),
]
Similar = Annotated[
    int,
    _count(0),
    Field(
        description="Number of similar paintings to list.",
        json_schema_extra={"minimum": 0, "maximum": MAX_LIMIT},
    ),
]
Pictures = Annotated[
    bool,
    BeforeValidator(lambda given: True if given is None else given),
    Field(description="Add the contact sheet."),
]
Size = Annotated[
    int,
    _count(DEFAULT_SIZE),
    Field(
        description="Longer side of the picture in pixels; 0 for no picture.",
        json_schema_extra={"minimum": 0, "maximum": MAX_SIZE},
    ),
]
RegionOf = Annotated[
    Text,
    BeforeValidator(lambda given: ",".join(map(str, given)) if isinstance(given, list) else given),
    Field(description="Only a part, for detail: x,y,width,height as fractions. 0.5,0,0.5,1 is the right half."),
]
Cursor = Annotated[Text, Field(description="next_cursor of the previous page.")]


def shorten_schema(schema: dict[str, Any]) -> None:
    """Remove what a model does not need from the schema of a tool's arguments, since every chat includes it."""
    schema.pop("title", None)
    for argument in schema["properties"].values():
        argument.pop("title", None)
        if argument.get("default", 0) in ("", None):
            del argument["default"]
        kinds = [kind for kind in argument.pop("anyOf", ()) if kind != {"type": "null"}]
        argument.update(kinds[0] if len(kinds) == 1 else {"anyOf": kinds} if kinds else {})
