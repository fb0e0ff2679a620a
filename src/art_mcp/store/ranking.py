"""The one statement that ranks paintings for a question, however many legs the question has."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from art_mcp.painting import Hit
from art_mcp.store.paintings import painting_of
from art_mcp.store.spaces import vector_table

if TYPE_CHECKING:
    from art_mcp.space import Space
    from art_mcp.store.database import Database
    from art_mcp.store.paintings import Vector

DEPTH = 200
"""How many nearest paintings each leg proposes, and so how deep the pages of an answer go. It is the same
for every page, or pages would repeat and skip."""
SAMPLE = 1000
"""How many paintings show how a question's cosines spread over the collection."""
STATEMENT_TIMEOUT_MS = 10_000


@dataclass(frozen=True, slots=True)
class LegQuery:
    """A question as it stands in one space."""

    space: Space
    vector: Vector
    """Unit length, shape (dimensions,)."""


@dataclass(frozen=True, slots=True)
class Ranking:
    hits: list[Hit]
    total: int
    """Paintings that could have been found."""
    more: bool
    """Whether hits follow the last one here."""


async def rank(
    database: Database,
    legs: Sequence[LegQuery],
    *,
    limit: int,
    offset: int = 0,
    exclude: uuid.UUID | None = None,
) -> Ranking:
    """Paintings by the sum over the legs of the z-score of their cosine similarity, best first.

    Candidates are the union of each leg's nearest; every candidate is scored exactly on every leg. A leg in
    which a painting has no vector counts as that leg's mean.

    Args:
        limit: hits wanted, from `offset` on.
        exclude: a painting that is not its own answer.
    """
    limit = min(limit, DEPTH - offset)
    async with database.transaction() as connection:
        # ef_search bounds what an HNSW scan returns, so it cannot be less than what is asked for.
        await connection.execute(
            f"SET LOCAL hnsw.ef_search = {DEPTH}; SET LOCAL statement_timeout = {STATEMENT_TIMEOUT_MS}"
        )
        rows = await connection.fetch(
            _statement([leg.space for leg in legs]),
            *(leg.vector for leg in legs),
            exclude,
            limit + 1,
            offset,
        )
    found = [row for row in rows if row["id"] is not None]
    return Ranking(
        hits=[_hit(row, legs) for row in found[:limit]],
        total=rows[0]["total"],
        more=len(found) > limit and offset + limit < DEPTH,
    )


def _statement(spaces: Sequence[Space]) -> str:
    """SQL whose parameters are a vector per leg, then the excluded id, the limit and the offset."""
    after = len(spaces)
    near, spread, cosines, scores, joins = [], [], [], [], []
    for number, space in enumerate(spaces, start=1):
        table, leg = vector_table(space), space.leg.value
        near.append(f"(SELECT painting_id FROM {table} ORDER BY vector <=> ${number} LIMIT {DEPTH})")
        # Ids are hashes, so the first ones are a random sample, and the same one for every page.
        spread.append(
            f"{leg}_spread AS (SELECT avg(cosine) AS mean, "
            f"coalesce(nullif(stddev_pop(cosine), 0), 1) AS deviation "
            f"FROM (SELECT 1 - (vector <=> ${number}) AS cosine "
            f"FROM {table} ORDER BY painting_id LIMIT {SAMPLE}) AS sample)"
        )
        cosines.append(f"1 - ({leg}.vector <=> ${number}) AS {leg}")
        scores.append(f"coalesce((1 - ({leg}.vector <=> ${number}) - {leg}_spread.mean) / {leg}_spread.deviation, 0)")
        joins.append(f"LEFT JOIN {table} AS {leg} USING (painting_id) CROSS JOIN {leg}_spread")
    return f"""
        WITH candidates AS ({" UNION ".join(near)}),
        {", ".join(spread)},
        ranked AS (
            SELECT painting_id, {", ".join(cosines)}, {" + ".join(scores)} AS score
            FROM candidates {" ".join(joins)}
            WHERE painting_id IS DISTINCT FROM ${after + 1}::uuid
            ORDER BY score DESC, painting_id LIMIT ${after + 2} OFFSET ${after + 3}
        )
        SELECT total, ranked.*, paintings.*
        FROM (
            SELECT count(*) AS total FROM art_mcp.paintings WHERE id IS DISTINCT FROM ${after + 1}::uuid
        ) AS counted
        LEFT JOIN (ranked JOIN art_mcp.paintings ON paintings.id = ranked.painting_id) ON true
        ORDER BY score DESC, painting_id
    """


def _hit(row: dict[str, Any], legs: Sequence[LegQuery]) -> Hit:
    cosines = {leg.space.leg.value: row[leg.space.leg.value] for leg in legs}
    return Hit(
        painting=painting_of(row),
        score=row["score"],
        cosines={leg: cosine for leg, cosine in cosines.items() if cosine is not None},
    )
