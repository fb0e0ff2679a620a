"""The one statement that ranks paintings for a question, however many legs the question has."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from art_mcp.painting import EVERYTHING, Filters, Hit
from art_mcp.store.filters import condition
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
"""How many paintings show how a question's cosines spread over the collection, and how rare its words are."""
MATCHES = 5000
"""Of paintings with one of the question's words, at most so many are looked at: common words match everything."""
TEXT_WEIGHT = 4.0
"""What a painting gains that has all of the question's words: about as much as the best z-scores of one leg."""
ELSEWHERE = 0.7
"""What a word counts that is found outside title and artist."""
EXACT_UNTIL = 20_000
"""Filtered collections up to this size are compared one by one: an index would be walked past its end."""
STATEMENT_TIMEOUT_MS = 10_000
FULL_TEXT = "text"
"""The name of the full-text leg among a hit's scores."""


@dataclass(frozen=True, slots=True)
class LegQuery:
    """A question as it stands in one space."""

    space: Space
    vector: Vector
    """Unit length, shape (dimensions,)."""
    weight: float = 1.0
    """What its z-scores count; a leg below zero pushes away and proposes nothing."""

    @property
    def name(self) -> str:
        """Among a hit's scores."""
        return self.space.leg.value if self.weight > 0 else f"not_{self.space.leg.value}"


@dataclass(frozen=True, slots=True)
class Words:
    """A question's words for full text."""

    text: str
    """Folded, as stored words are."""
    phrases: tuple[str, ...] = ()
    """Parts that have to stand together; folded too."""


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
    words: Words | None = None,
    filters: Filters = EVERYTHING,
    limit: int,
    offset: int = 0,
    exclude: uuid.UUID | None = None,
) -> Ranking:
    """Paintings by the weighted sum over the legs of the z-score of their cosine similarity, best first.

    Candidates are the union of each leg's nearest; every candidate is scored exactly on every leg. A leg in
    which a painting has no vector counts as that leg's mean. Full text adds the share of the question's words
    that the catalogue has, rare words counting more (inverse document frequency): most paintings have none,
    so a z-score would say nothing.

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
        values: list[Any] = []
        where = condition(filters, exclude, values)
        total = await connection.fetchval(f"SELECT count(*) FROM art_mcp.paintings p WHERE {where}", *values)
        if not total:
            return Ranking([], 0, False)
        narrow = where != "true" and total <= EXACT_UNTIL
        if where != "true" and not narrow and database.iterative_scan:
            await connection.execute("SET LOCAL hnsw.iterative_scan = relaxed_order")
        statement = _statement(legs, words, where, narrow, values)
        rows = await connection.fetch(f"{statement} LIMIT {limit + 1} OFFSET {offset}", *values)
    names = [leg.name for leg in legs] + ([FULL_TEXT] if words else [])
    return Ranking([_hit(row, names) for row in rows[:limit]], total, len(rows) > limit and offset + limit < DEPTH)


def _statement(legs: Sequence[LegQuery], words: Words | None, where: str, narrow: bool, values: list[Any]) -> str:
    """The SQL; what it binds is appended to `values`, which `where` has begun."""

    def bind(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    filtered = where != "true"
    # Materialised, so that a narrow filter is an exact scan of its paintings and never a walk through the index.
    parts = [f"allowed AS MATERIALIZED (SELECT id FROM art_mcp.paintings p WHERE {where})"] if narrow else []
    near, columns, score, joins = [], [], [], []
    for leg in legs:
        name, table, vector = leg.name, vector_table(leg.space), bind(leg.vector)
        among = ""
        if narrow:
            among = "JOIN allowed ON allowed.id = v.painting_id"
        elif filtered:
            among = f"JOIN art_mcp.paintings p ON p.id = v.painting_id AND {where}"
        if leg.weight > 0:
            near.append(f"(SELECT v.painting_id FROM {table} v {among} ORDER BY v.vector <=> {vector} LIMIT {DEPTH})")
        # Ids are hashes, so the first ones are a random sample, and the same one for every page.
        parts.append(
            f"{name}_spread AS (SELECT avg(cosine) AS mean, "
            "coalesce(nullif(stddev_pop(cosine), 0), 1) AS deviation "
            f"FROM (SELECT 1 - (vector <=> {vector}) AS cosine "
            f"FROM {table} ORDER BY painting_id LIMIT {SAMPLE}) AS sample)"
        )
        cosine = f"(1 - ({name}.vector <=> {vector}))"
        columns.append(f"{cosine} AS {name}")
        score.append(f"{leg.weight} * coalesce(({cosine} - {name}_spread.mean) / {name}_spread.deviation, 0)")
        joins.append(f"LEFT JOIN {table} AS {name} ON {name}.painting_id = c.painting_id CROSS JOIN {name}_spread")
    if words:
        parts += _term_parts(bind(words.text), bind(list(words.phrases)))
        matching = f"p.search @@ (SELECT any_term FROM terms_together) AND {where}"
        near.append(
            f"(SELECT m.id FROM (SELECT id, search FROM art_mcp.paintings p WHERE {matching} LIMIT {MATCHES}) AS m "
            f"ORDER BY {_coverage('m.search')} DESC, m.id LIMIT {DEPTH})"
        )
        columns.append(f"{_coverage('p.search')} AS {FULL_TEXT}")
        score.append(f"{TEXT_WEIGHT} * {_coverage('p.search')}")
    parts.append(f"candidates (painting_id) AS ({' UNION '.join(near)})")
    return f"""
        WITH {", ".join(parts)}
        SELECT p.*, {", ".join(columns)}, {" + ".join(score)} AS score
        FROM candidates c JOIN art_mcp.paintings p ON p.id = c.painting_id {" ".join(joins)}
        WHERE {where} ORDER BY score DESC, p.id
    """


def _term_parts(text: str, phrases: str) -> list[str]:
    """Tables of the question's terms: each stemmed word and each phrase, with its weight."""
    stems = f"tsvector_to_array(to_tsvector('english', {text}))"
    plain = f"tsvector_to_array(to_tsvector('simple', {text}))"
    return [
        f"sampled AS MATERIALIZED (SELECT search FROM art_mcp.paintings ORDER BY id LIMIT {SAMPLE})",
        # A question of stop words alone ("Who", "Untitled I") is asked as it stands.
        f"lexemes AS (SELECT unnest(CASE WHEN cardinality({stems}) > 0 THEN {stems} ELSE {plain} END) AS lexeme)",
        f"""terms AS (
            SELECT term, titled, ln(1 + (SELECT count(*) FROM sampled)::float8
                / (1 + (SELECT count(*) FROM sampled WHERE sampled.search @@ term))) AS weight
            FROM (
                SELECT quote_literal(lexeme)::tsquery AS term, (quote_literal(lexeme) || ':A')::tsquery AS titled
                FROM lexemes
                UNION ALL
                SELECT phrase, phrase FROM unnest({phrases}::text[]) AS words,
                    phraseto_tsquery('english', words) AS phrase WHERE numnode(phrase) > 0
            ) AS asked
        )""",
        "terms_together AS (SELECT string_agg(term::text, ' | ')::tsquery AS any_term FROM terms)",
    ]


def _coverage(search: str) -> str:
    """The share of the question's terms, by weight, that a painting's words have: 0 to 1."""
    found = f"CASE WHEN {search} @@ titled THEN 1.0 WHEN {search} @@ term THEN {ELSEWHERE} ELSE 0 END"
    return f"coalesce((SELECT sum(weight * {found}) / nullif(sum(weight), 0) FROM terms), 0)"


def _hit(row: Mapping[str, Any], names: Sequence[str]) -> Hit:
    scores = {name: row[name] for name in names}
    return Hit(
        painting=painting_of(row),
        score=row["score"],
        legs={name: score for name, score in scores.items() if score is not None},
    )
