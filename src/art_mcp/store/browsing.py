"""Pages of the paintings that match some filters, in an order that no query gives."""

from __future__ import annotations

from typing import Any

from art_mcp.painting import Filters
from art_mcp.steps import step
from art_mcp.store.copies import MEMBERS_OF_PAGE, OTHERS
from art_mcp.store.database import Database
from art_mcp.store.filters import condition
from art_mcp.store.order import Order, sort_key
from art_mcp.store.paintings import READ_FIELDS
from art_mcp.store.ranking import STATEMENT_TIMEOUT_MS, Ranking, counted, hit_of


async def browse(
    database: Database, filters: Filters, order: Order, *, seed: int = 0, limit: int, offset: int = 0
) -> Ranking:
    """Return a page of paintings in an order, those of equal rank always in the same.

    Of the copies of a painting, one is shown, and the others are listed with it.

    Args:
        seed: of the random order.
        limit: maximum number of paintings, starting at `offset`.
    """
    values: list[Any] = []
    where = condition(filters, values)
    key = sort_key(order, seed)
    statement = f"""
        WITH counted AS MATERIALIZED ({counted(filters, where)}), grouped AS MATERIALIZED (
            SELECT painting_id, work FROM art_mcp.copies JOIN art_mcp.paintings p ON p.id = painting_id WHERE {where}
        ), hidden AS MATERIALIZED (
            SELECT painting_id FROM (
                SELECT painting_id, row_number() OVER (PARTITION BY work ORDER BY painting_id) > 1 AS hidden
                FROM grouped
            ) AS c WHERE hidden
        ), placed AS MATERIALIZED (
            SELECT p.id AS painting_id, {key} AS place FROM art_mcp.paintings p
            WHERE {where} AND p.id <> ALL(ARRAY(SELECT painting_id FROM hidden))
            ORDER BY {key}, p.id LIMIT {limit + 1:d} OFFSET {offset:d}
        ), page AS MATERIALIZED (
            SELECT painting_id, place, work FROM placed LEFT JOIN grouped USING (painting_id)
        ), members AS MATERIALIZED ({MEMBERS_OF_PAGE}), shown AS MATERIALIZED (
            SELECT page.*, {", ".join(f"p.{field}" for field in READ_FIELDS)}
            FROM page JOIN art_mcp.paintings p ON p.id = page.painting_id
        )
        SELECT counted.total, (SELECT count(*) FROM hidden) AS folded, 0.0::float8 AS score, {OTHERS}, shown.*
        FROM counted LEFT JOIN shown ON true
        ORDER BY place, id
    """
    settings = {"statement_timeout": STATEMENT_TIMEOUT_MS, "max_parallel_workers_per_gather": 0}
    with step("list paintings", {"db.system.name": "postgresql", "art_mcp.limit": limit}):
        async with database.transaction(database.planned_by(settings)) as connection:
            rows = await connection.fetch(statement, *values)
    hits = [hit_of(row, ()) for row in rows if row["id"] is not None]
    return Ranking(hits[:limit], rows[0]["total"], rows[0]["folded"], len(hits) > limit)
