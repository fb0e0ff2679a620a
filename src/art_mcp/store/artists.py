"""The artists of the stored paintings, looked up by the words of a question, which may be misspelt."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from art_mcp.painting import Filters
from art_mcp.store.filters import condition
from art_mcp.store.full_text import NAMES

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database

FOUND = 1_000
"""Maximum number of artists that a question is compared with."""
COUNTED = 50
"""Paintings up to which the use of a word is counted."""


@dataclass(frozen=True, slots=True)
class Artist:
    """An artist of at least one painting that passes the filters."""

    key: str
    """`artist_key` of the paintings."""
    name: str
    """In reading order, if the catalogue's order is known: Claude Monet."""
    catalogued: str
    """As one of the paintings has it: MONET, Claude."""


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a word occurs in the collection, counted up to `COUNTED`."""

    by: int
    """Paintings whose artist has it in the name."""
    titled: int
    """Paintings by others whose title has it."""
    elsewhere: bool
    """Whether the catalogue entry of any painting by others has it."""


async def add(connection: Connection, keys: Collection[str]) -> None:
    """Add artists by their keys, in the transaction that stores their paintings."""
    # Sorted, so that two writers cannot deadlock; those that are there are not locked.
    await connection.execute(
        "INSERT INTO art_mcp.artists (key) SELECT new FROM unnest($1::text[]) AS new "
        "WHERE NOT EXISTS (SELECT FROM art_mcp.artists WHERE key = new) ORDER BY 1 ON CONFLICT DO NOTHING",
        sorted(keys),
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
    where = condition(filters, values)
    async with database.connection() as connection:
        rows = await connection.fetch(
            f"""
            WITH found AS MATERIALIZED (
                -- Not "spellings && $1", for which the planner would compare the spellings of every artist.
                SELECT key FROM unnest($1::text[]) AS form JOIN art_mcp.artists ON spellings @> ARRAY[form]
                UNION
                SELECT key FROM unnest($2::text[], $3::text[]) AS pair (a, b)
                JOIN art_mcp.artists ON spellings @> ARRAY[a, b]
                LIMIT {FOUND}
            )
            SELECT key, name, catalogued FROM found, LATERAL (
                SELECT coalesce(artist_name, artist) AS name, artist AS catalogued FROM art_mcp.paintings p
                WHERE p.artist_key = key AND {where} LIMIT 1
            ) AS one ORDER BY key
            """,
            *values,
        )
    return [Artist(**row) for row in rows]


async def usage(database: Database, words: Collection[str]) -> dict[str, Usage]:
    """Count the use of words, which are normalised by `fold`, in the whole collection."""
    if not words:
        return {}
    own = "word = ANY(string_to_array(p.artist_key, ' '))"

    def using(column: str, condition: str) -> str:
        return f"SELECT FROM art_mcp.paintings p WHERE {column} @@ term AND {condition} LIMIT {COUNTED}"

    # The planner knows nothing about the words. It would expect many paintings, and read the table until it has enough.
    async with database.transaction({"enable_seqscan": "off"}) as connection:
        rows = await connection.fetch(
            f"""
            SELECT word, (SELECT count(*) FROM ({using(NAMES, own)}) AS c) AS by,
                (SELECT count(*) FROM ({using(NAMES, f"({own}) IS NOT TRUE")}) AS c) AS titled,
                EXISTS ({using("p.search", f"({own}) IS NOT TRUE")}) AS elsewhere
            FROM (SELECT word, quote_literal(word)::tsquery AS term FROM unnest($1::text[]) AS word) AS asked
            """,
            sorted(words),
        )
    return {row["word"]: Usage(row["by"], row["titled"], row["elsewhere"]) for row in rows}
