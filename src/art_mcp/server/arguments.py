"""How tools take their arguments: hosts send null for what is left out, and numbers as text."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from art_mcp.painting import Filters, readable
from art_mcp.search import DEFAULT_LIMIT, MAX_LIMIT


def _text(value: object) -> object:
    return "" if value is None else value


def _count(default: int) -> BeforeValidator:
    def read(value: object) -> object:
        if isinstance(value, bool):
            raise ValueError("input should be a whole number")
        return default if value is None else value

    return BeforeValidator(read)


Text = Annotated[str, BeforeValidator(_text)]
"""Text that may be left out, and is empty then. Not `str | None`: the SDK would read JSON out of such text."""

# The bounds stand in the schema for the model to see, but are checked in search/, whose errors say more.
Limit = Annotated[
    int,
    _count(DEFAULT_LIMIT),
    Field(description="Hits on a page.", json_schema_extra={"minimum": 1, "maximum": MAX_LIMIT}),
]
Similar = Annotated[
    int,
    _count(0),
    Field(
        description="How many paintings that look like it to list besides.",
        json_schema_extra={"minimum": 0, "maximum": MAX_LIMIT},
    ),
]
Artist = Annotated[Text, Field(description="Only this artist, e.g. Pieter Bruegel the Elder.")]
School = Annotated[Text, Field(description="Only this school, e.g. Dutch.")]
Type = Annotated[Text, Field(description="Only this genre, e.g. landscape or still-life.")]
Technique = Annotated[Text, Field(description="Only this technique, e.g. oil on canvas.")]
Timeframe = Annotated[Text, Field(description="Only this time, as the catalogue writes it, e.g. 1651-1700.")]
YearFrom = Annotated[
    int | None, Field(description="Only what may have been made in this year (negative is BC) or later.")
]
YearTo = Annotated[int | None, Field(description="Only what may have been made in this year or earlier.")]
Collection = Annotated[Text, Field(description="Only this collection.")]
Cursor = Annotated[Text, Field(description="next_cursor of the previous page of the same question.")]

YEARS = 100_000
"""No painting is further from year 0; a larger number would not fit into the database's."""


def filters(
    artist: str,
    school: str,
    type: str,
    technique: str,
    timeframe: str,
    year_from: int | None,
    year_to: int | None,
    collection: str,
) -> Filters:
    """The filters that a tool was given; what is empty is left out."""
    years = [None if year is None else min(max(year, -YEARS), YEARS) for year in (year_from, year_to)]
    texts = (artist, school, type, technique, timeframe, collection)
    return Filters(*(readable(text) or None for text in texts), *years)
