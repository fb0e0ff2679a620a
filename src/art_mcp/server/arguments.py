"""How tools take their arguments: hosts send null for what is left out, and numbers as text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from art_mcp.search import DEFAULT_LIMIT, MAX_LIMIT


def _text(value: object) -> object:
    return "" if value is None else value


def _limit(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("input should be a whole number")
    return DEFAULT_LIMIT if value is None else value


Text = Annotated[str, BeforeValidator(_text)]
"""Text that may be left out, and is empty then. Not `str | None`: the SDK would read JSON out of such text."""

# The bounds stand in the schema for the model to see, but are checked in search/, whose errors say more.
Limit = Annotated[
    int,
    BeforeValidator(_limit),
    Field(description="Hits on a page.", json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT}),
]
Year = Annotated[int | None, Field(description="A year; negative is BC.")]
Cursor = Annotated[Text, Field(description="next_cursor of the previous page of the same question.")]
