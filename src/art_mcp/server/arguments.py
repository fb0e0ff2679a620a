"""Types of tool arguments, as hosts really send them: numbers as text, text as lists, and nothing in many forms."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from art_mcp.search import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAINTINGS, SORTS

DEFAULT_SIZE = 512
MAX_SIZE = 4096
"""Pixels per side; the largest display picture that the settings allow."""


def given(arguments: Mapping[str, Any], required: Collection[str]) -> dict[str, Any]:
    """The arguments without optional ones that say nothing: null, empty text, and lists and objects of such values.

    Hosts that require a value for every argument fill in these. Of some numbers, 0 says nothing, too: see `Number`.
    """
    return {name: value for name, value in arguments.items() if name in required or not _is_nothing(value)}


def _is_nothing(value: object) -> bool:
    if isinstance(value, dict | list):
        return all(map(_is_nothing, value.values() if isinstance(value, dict) else value))
    return value is None or (isinstance(value, str) and not value.strip())


HUGE = 10**12
"""Larger numbers, which may have hundreds of digits, are clamped to this."""


def _whole(value: object) -> object:
    if isinstance(value, bool):
        raise PydanticCustomError("int_type", "must be a whole number")
    return max(-HUGE, min(value, HUGE)) if isinstance(value, int) else value


Whole = Annotated[int, BeforeValidator(_whole)]
Text = str
"""Optional text, empty if omitted. Not `str | None`: the SDK would parse such text as JSON."""

Image = Annotated[
    str,
    BeforeValidator(lambda given: json.dumps(given) if isinstance(given, dict) else given),
    Field(
        description="Absolute path in a folder that the server may read, https link, data: URI, or upload handle.",
        json_schema_extra={"x-mcp-file": {"accept": ["image/*"]}},
    ),
]
# ChatGPT fills in the arguments that `openai/fileParams` names, if their schema has exactly these properties. A text
# is accepted too, since models give the path here.
ImageFile = Annotated[
    dict[str, Any] | str | None,
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
    BeforeValidator(lambda given: [each for each in given if each != ""] if isinstance(given, list) else given),
    Field(
        description="Hits should resemble each of them.",
        json_schema_extra={"minItems": 2, "maxItems": MAX_PAINTINGS},
    ),
]


def _pairs(given: object) -> object:
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
        given = {field.strip(): name for field, _, name in (part.partition("=") for part in given)}
    if isinstance(given, dict):
        return {name: str(value) if type(value) in (int, float) else value for name, value in given.items()}
    return given


Pairs = Annotated[dict[str, str] | None, BeforeValidator(_pairs)]
ColumnNames = Annotated[
    Pairs,
    Field(
        description='A table\'s column by field, if a plan shows a wrong one: {"title": "Naam"}, or a pattern: '
        '{"image": "https://host/{id}.jpg"}.',
    ),
]
Number = Annotated[int | None, BeforeValidator(_whole), AfterValidator(lambda number: number or None)]
"""A whole number, of which 0 says nothing: there is no year 0, and nobody asks for 0 rows."""
# The bounds are in the schema for the model to see, but are checked in search/, whose errors say more.
Limit = Annotated[
    int,
    BeforeValidator(_whole),
    AfterValidator(lambda limit: limit or DEFAULT_LIMIT),
    Field(description="Hits per page.", json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT}),
]
Similar = Annotated[
    int,
    BeforeValidator(_whole),
    Field(
        description="Similar paintings to list.",
        json_schema_extra={"minimum": 0, "maximum": MAX_LIMIT},
    ),
]
Pictures = Annotated[bool, Field(description="Add the contact sheet.")]
Size = Annotated[
    int,
    BeforeValidator(_whole),
    Field(
        description="Longer side in pixels; 0 for no picture.",
        json_schema_extra={"minimum": 0, "maximum": MAX_SIZE},
    ),
]


def _region(given: object) -> object:
    """A region as text; hosts send lists and objects, too."""
    sides = ("x", "y", "width", "height")
    if isinstance(given, dict):
        given = [given[side] for side in sides] if given.keys() == set(sides) else list(given.values())
    return ",".join(map(str, given)) if isinstance(given, list) else given


RegionOf = Annotated[
    Text,
    BeforeValidator(_region),
    Field(description="Only a part: x,y,width,height as fractions; 0.5,0,0.5,1 is the right half."),
]
Sort = Annotated[Text, Field(description="-year is newest first.", json_schema_extra={"enum": list(SORTS)})]
Cursor = Annotated[Text, Field(description="next_cursor of the previous page.")]


def shorten_schema(schema: dict[str, Any]) -> None:
    """Remove what a model does not need from the schema of a tool's arguments, since every chat includes it."""
    schema.pop("title", None)
    for argument in schema["properties"].values():
        argument.pop("title", None)
        if argument.get("default", 0) in ("", None):
            del argument["default"]
        if argument.get("anyOf", [{}])[0].get("type") in ("array", "object"):  # an empty one says nothing
            argument.update(argument.pop("anyOf")[0])
