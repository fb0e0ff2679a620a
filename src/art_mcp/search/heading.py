"""What was searched for, in a line: the heading of a contact sheet."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import asdict, replace

from art_mcp.painting import EVERYTHING, YEAR_FILTERS, Filters
from art_mcp.search.years import shown_year
from art_mcp.store import paintings
from art_mcp.store.database import Database


async def heading(
    database: Database,
    words: str = "",
    *,
    like: Sequence[uuid.UUID | str] = (),
    without: str = "",
    filters: Filters = EVERYTHING,
) -> str:
    """Say what was searched for: “ships in a storm” · Turner · 1800–1850, or: Like The Wave, “at night”, not “people”.

    Args:
        words: the query, or what steers a search by pictures.
        like: ids of paintings, and names of other pictures.
        without: what the hits should not show.
    """
    names = [await _title(database, each) if isinstance(each, uuid.UUID) else _lower(each) for each in like]
    asked = [f"Like {' and '.join(names)}"] if names else []
    asked += [_quoted(words)] if words.strip() else []
    asked += [f"not {_quoted(without)}"] if without.strip() else []
    given = asdict(replace(filters, where=None)) | {name: f"{name}: {value}" for name, value in filters.where or ()}
    values = [value for name, value in given.items() if value is not None and name not in YEAR_FILTERS]
    only = [value if isinstance(value, str) else " or ".join(value) for value in values]
    parts = [", ".join(asked), *only, _years(filters.year_from, filters.year_to)]
    return " · ".join(part for part in parts if part) or "All paintings"


async def _title(database: Database, painting_id: uuid.UUID) -> str:
    painting = await paintings.get(database, painting_id)
    return painting.name if painting else "a painting"


def _lower(name: str) -> str:
    """A picture's name inside a sentence: The uploaded picture, but not the file The Wave.jpg."""
    return re.sub(r"^The (?=[a-z])", "the ", name)


def _quoted(words: str) -> str:
    text = " ".join(words.split())
    return text if re.search('["“”]', text) else f"“{text}”"


def _years(first: int | None, last: int | None) -> str:
    if first is not None and last is not None:
        return shown_year(first) if first == last else f"{shown_year(first)}–{shown_year(last)}"
    if first is not None:
        return f"from {shown_year(first)}"
    return f"to {shown_year(last)}" if last is not None else ""
