"""Finds the paintings that an evaluation asks for: by the names that a table has for them, or drawn at random."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from art_mcp.painting import EVERYTHING, Filters, Painting
from art_mcp.store.database import Database
from art_mcp.store.filters import condition
from art_mcp.store.paintings import READ_FIELDS, painting_of

FILE_NAME = r"regexp_replace(p.image_name, '^.*/', '')"
_COLUMNS = ", ".join(f"p.{field}" for field in READ_FIELDS)


async def named(database: Database, names: Sequence[str], filters: Filters = EVERYTHING) -> list[Painting]:
    """Return the paintings whose id, key in the source, picture, or picture's file name is one of these names."""
    ids = []
    for name in names:
        try:
            ids.append(uuid.UUID(name))
        except ValueError:
            continue
    given = "ANY($1::text[])"
    values: list[Any] = [list(names), ids]
    where = condition(filters, values)
    # Arrays are hashed in a custom plan, so the time does not grow with the number of names.
    async with database.transaction({"plan_cache_mode": "force_custom_plan"}) as connection:
        rows = await connection.fetch(
            f"SELECT {_COLUMNS} FROM art_mcp.paintings p WHERE {where} AND (p.id = ANY($2::uuid[]) "
            f"OR p.source_key = {given} OR p.image_name = {given} OR {FILE_NAME} = {given})",
            *values,
        )
    return [painting_of(row) for row in rows]


async def draw(database: Database, count: int, filters: Filters = EVERYTHING) -> list[Painting]:
    """Return up to `count` random paintings, the same ones each time."""
    values: list[Any] = [count]
    where = condition(filters, values)
    # Not by the id, since the ranking estimates its z-scores from the first ids.
    rows = await database.fetch(
        f"SELECT {_COLUMNS} FROM art_mcp.paintings p WHERE {where} ORDER BY md5(p.id::text) LIMIT $1", *values
    )
    return [painting_of(row) for row in rows]
