"""The artists of the stored paintings, looked up by the words of a question, which may be misspelt."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from art_mcp.painting import Filters, Painting, filter_key
from art_mcp.store.connection import Connection
from art_mcp.store.database import Database
from art_mcp.store.filters import condition
from art_mcp.store.full_text import NAMES

FOUND = 1_000
"""Maximum number of artists that a question is compared with."""
MAX_BYTES = 2_000
"""Maximum size of the keys of a painting's artists, since PostgreSQL indexes no more than 2,704 bytes."""
COUNTED = 50
"""Paintings up to which the use of a word is counted."""


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist of at least one painting that passes the filters."""

    key: str
    """One of the `artist_keys` of the paintings."""
    name: str
    """In reading order, if the catalogue's order is known: Claude Monet."""
    catalogued: str
    """As the catalogue of the first of the paintings had it: MONET, Claude."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a word occurs in the collection, counted up to `COUNTED`."""

    by: int
    """Paintings whose artist has it in the name."""
    titled: int
    """Paintings by others whose title has it."""
    elsewhere: bool
    """Whether the catalogue entry of any painting by others has it."""


def keys(painting: Painting) -> list[str]:
    """Return the keys by which the artists of a painting are found, each once, within what an index can hold."""
    found = dict.fromkeys(key for name in painting.artists if (key := filter_key("artist", name)))
    size = 0
    return [key for key in found if (size := size + len(key.encode()) + 8) <= MAX_BYTES]


async def add(connection: Connection, paintings: Collection[Painting]) -> None:
    """Add the artists of paintings, in the transaction that stores these."""
    new: dict[str, tuple[str, str]] = {}
    for painting in paintings:
        catalogued = [part.strip() for part in re.split("[;|]", painting.catalogue.artist or "")]
        if len(catalogued) != len(painting.artists):
            catalogued = list(painting.artists)
        for name, as_catalogued in zip(painting.artists, catalogued, strict=True):
            new.setdefault(filter_key("artist", name) or "", (name, as_catalogued))
    new.pop("", None)
    # Sorted, so that two writers cannot deadlock; existing ones are not locked.
    await connection.execute(
        "INSERT INTO art_mcp.artists (key, name, catalogued) "
        "SELECT * FROM unnest($1::text[], $2::text[], $3::text[]) AS new (key, name, catalogued) "
        "WHERE NOT EXISTS (SELECT 1 FROM art_mcp.artists a WHERE a.key = new.key) ORDER BY 1 ON CONFLICT DO NOTHING",
        list(new),
        [name for name, _ in new.values()],
        [catalogued for _, catalogued in new.values()],
    )


async def named(
    database: Database, forms: Collection[str], pairs: Sequence[tuple[str, str]], filters: Filters
) -> list[Artist]:
    """Return the artists that a question may name.

    Args:
        forms: spellings of words, one of which a name has to share.
        pairs: words that are too frequent in names to be looked up alone; a name has to have both.
        filters: an artist must have a painting that passes them.
    """
    if not forms and not pairs:
        return []
    values: list[Any] = [list(forms), [a for a, _ in pairs], [b for _, b in pairs]]
    # The planner knows nothing about the keys. It would expect many paintings of each, and read the table, or the index
    # of a filter, until it has one, for each artist anew.
    planned = {f"enable_{scan}": "off" for scan in ("seqscan", "indexscan", "indexonlyscan")}
    where = f"p.artist_keys @> ARRAY[key] AND ({condition(filters, values)}) IS TRUE"
    # One of each is enough, but a Citus cluster cannot limit it.
    limit = "" if database.on_citus else "LIMIT 1"
    async with database.transaction(database.planned_by(planned)) as connection:
        rows = await connection.fetch(
            f"""
            WITH found AS MATERIALIZED (
                -- Not "spellings && $1", for which the planner would compare the spellings of every artist.
                SELECT key, name, catalogued FROM unnest($1::text[]) AS form
                JOIN art_mcp.artists ON spellings @> ARRAY[form]
                UNION
                SELECT key, name, catalogued FROM unnest($2::text[], $3::text[]) AS pair (a, b)
                JOIN art_mcp.artists ON spellings @> ARRAY[a, b]
                LIMIT {FOUND}
            ), painted AS MATERIALIZED (
                SELECT DISTINCT key
                FROM found, LATERAL (SELECT 1 FROM art_mcp.paintings p WHERE {where} {limit}) AS one
            )
            SELECT found.* FROM found JOIN painted USING (key) ORDER BY key
            """,
            *values,
        )
    return [Artist(**row) for row in rows]


async def everyone(database: Database) -> list[Artist]:
    """Return all artists, also those whose paintings have been removed."""
    rows = await database.fetch("SELECT key, name, catalogued FROM art_mcp.artists ORDER BY key")
    return [Artist(**row) for row in rows]


async def usage(database: Database, words: Collection[str]) -> dict[str, Usage]:
    """Count the use of words, which are normalised by `fold`, in the whole collection."""
    if not words:
        return {}
    own = "$1 = ANY(string_to_array(array_to_string(p.artist_keys, ' '), ' '))"

    def using(column: str, condition: str) -> str:
        term = f"{column} @@ quote_literal($1)::tsquery"
        return f"SELECT 1 FROM art_mcp.paintings p WHERE {term} AND {condition} LIMIT {COUNTED}"

    # The planner knows nothing about the words. It would expect many paintings, and read the table until it has enough.
    async with database.transaction(database.planned_by({"enable_seqscan": "off"})) as connection:
        rows = await connection.fetchmany(
            f"""
            SELECT $1 AS word, (SELECT count(*) FROM ({using(NAMES, own)}) AS c) AS by,
                (SELECT count(*) FROM ({using(NAMES, f"({own}) IS NOT TRUE")}) AS c) AS titled,
                EXISTS ({using("p.search", f"({own}) IS NOT TRUE")}) AS elsewhere
            """,
            [(word,) for word in sorted(words)],
        )
    return {row["word"]: Usage(row["by"], row["titled"], row["elsewhere"]) for row in rows}
