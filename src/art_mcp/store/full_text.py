"""Full-text search as SQL: paintings with the words of a query, weighted by how much a word identifies.

A rare word is looked up in the index, which returns every painting that has it. A common word says little, and
fetching all its paintings would take longer than the rest of the search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from art_mcp.store.database import Database

TERMS = 24
"""Maximum number of terms per query; the longest ones are used, and these suffice for a long query."""
MATCHES = 1000
"""A term with at least this many paintings is common: they are not all fetched, and a sample estimates their share."""
ELSEWHERE = 0.7
"""Weight of a match outside title and artist, relative to one inside."""
NAMES = "ts_filter(p.search, '{a}')"
"""SQL of the words of title, artist and number, the same expression as in their index."""
SAMPLE = 500
"""Number of paintings from which the frequency of a term is estimated."""
SAMPLED_FROM = 5_000
"""Number of stored paintings up to which every term is looked up in the index."""


@dataclass(frozen=True, slots=True)
class Words:
    """The full-text part of a query."""

    text: str
    """Normalised by `fold`, like the stored words."""
    phrases: tuple[str, ...] = ()
    """Sequences of adjacent words, normalised as well."""
    weights: Mapping[str, float] = field(default_factory=dict)
    """How much each stem identifies, from 0 to 1; all others, and phrases, have 1."""


async def unknown(database: Database, words: Sequence[str]) -> list[str]:
    """Return the words, normalised by `fold`, that no painting's catalogue entry has."""
    # The planner knows nothing about the words, and would read the table for one that it takes for frequent.
    async with database.transaction(database.planned_by({"enable_seqscan": "off"})) as connection:
        rows = await connection.fetchmany(
            "SELECT EXISTS ("
            "SELECT 1 FROM art_mcp.paintings p WHERE p.search @@ plainto_tsquery('english', $1) LIMIT 1) AS known",
            [(word,) for word in words],
        )
    return [word for word, row in zip(words, rows, strict=True) if not row["known"]]


def matching(
    text: str, phrases: str, weights: tuple[str, str], where: str, limit: int, on_citus: bool
) -> dict[str, str]:
    """Return SQL for the terms of a query (stemmed words and phrases), their weights, and the candidates that match.

    Args:
        text: placeholder of `Words.text`.
        phrases: placeholder of `Words.phrases`.
        weights: placeholders of the keys and of the values of `Words.weights`.
        where: SQL condition on paintings `p`.
        limit: maximum number of candidates.
        on_citus: whether the statement is for a Citus cluster, which has no LIMIT for each term: there, all paintings
            of a term are found that is not known to be frequent.

    Returns:
        Common table expressions by name; the last is `matching (painting_id)`. They refer to `counted (total)`.
    """
    stems = f"tsvector_to_array(to_tsvector('english', {text}))"
    plain = f"tsvector_to_array(to_tsvector('simple', {text}))"
    share = "(SELECT (1.0 + count(*) FILTER (WHERE search @@ term)) / (1 + count(*)) FROM sampled)"
    together = "(SELECT string_agg(term::text, ' & ')::tsquery FROM asked)"

    def found(condition: str, at_most: str = f"LIMIT {MATCHES}") -> str:
        if on_citus:  # flat, so that only ids leave the shards
            return f"(SELECT p.id FROM art_mcp.paintings p WHERE {condition} AND {where} {at_most}) AS m"
        # OFFSET 0 prevents the planner from reading the index of a broad filter once per term.
        within = f"SELECT * FROM art_mcp.paintings p WHERE {condition} OFFSET 0"
        return f"(SELECT p.id FROM ({within}) AS p WHERE {where} {at_most}) AS m"

    def each(condition: str) -> str:
        return found(condition, "") if on_citus else found(condition)

    return {
        "stored": "SELECT sum(paintings) AS all_paintings FROM art_mcp.collections",
        # || '' decompresses the words of a row once, instead of once per term.
        "sampled": f"SELECT search || '' AS search FROM art_mcp.paintings ORDER BY id LIMIT {SAMPLE}",
        # A query of stop words only ("Who", "Untitled I") is searched unstemmed.
        "lexemes": f"SELECT unnest(CASE WHEN cardinality({stems}) > 0 THEN {stems} ELSE {plain} END) AS lexeme",
        "asked": f"""
            SELECT *, share * all_paintings > {MATCHES} AS frequent FROM (
                SELECT *, CASE WHEN all_paintings > {SAMPLED_FROM} THEN {share} END AS share FROM stored, (
                    SELECT quote_literal(lexeme)::tsquery AS term, (quote_literal(lexeme) || ':A')::tsquery AS titled,
                        coalesce(weight, 1)::float8 AS weight
                    FROM lexemes LEFT JOIN unnest({weights[0]}::text[], {weights[1]}::float8[]) AS w (lexeme, weight)
                    USING (lexeme)
                    UNION ALL
                    SELECT DISTINCT phraseto_tsquery('english', phrase), NULL::tsquery, 1
                    FROM unnest({phrases}::text[]) AS phrase
                    WHERE numnode(phraseto_tsquery('english', phrase)) > 1  -- a single word is a term already
                ) AS terms ORDER BY length(term::text) DESC, term LIMIT {TERMS}
            ) AS shared
        """,
        "matches": f"""
            SELECT term, m.id FROM asked, LATERAL {each("frequent IS NOT TRUE AND p.search @@ term")}
        """,
        "terms": f"""
            SELECT term, titled, weight, frequent IS TRUE OR count(id) >= {MATCHES} AS common
            FROM asked LEFT JOIN matches USING (term) GROUP BY term, titled, weight, frequent
        """,
        # The score of each painting from terms that are not common.
        "gains": f"""
            SELECT id, weight * {ELSEWHERE} AS gain FROM matches JOIN terms USING (term) WHERE NOT common
            UNION ALL
            SELECT m.id, weight * {1 - ELSEWHERE} FROM terms, LATERAL {each(f"NOT common AND {NAMES} @@ term")}
        """,
        # Too many paintings have a common term, so only those that have all terms are added.
        "matching": f"""
            SELECT id AS painting_id FROM (
                SELECT * FROM gains
                UNION ALL
                SELECT id, (SELECT sum(weight) FROM terms WHERE common) FROM {found(f"{NAMES} @@ {together}")}
                WHERE (SELECT bool_or(common) FROM terms)
                UNION ALL
                SELECT id, (SELECT sum(weight) * {ELSEWHERE} FROM terms WHERE common)
                FROM {found(f"search @@ {together}")}
                WHERE (SELECT bool_or(common) AND NOT bool_and(common) FROM terms)
            ) AS found GROUP BY id ORDER BY sum(gain) DESC, id LIMIT {limit}
        """,
    }


def covered() -> str:
    """Return SQL for the `coverage` of each candidate: the share of the terms that it has, by weight (0 to 1).

    It is lower if these terms together do not weigh as much as one that identifies.
    Candidates with none of the terms are left out.
    """
    return f"""
        SELECT
            painting_id,
            sum(gain) / (SELECT nullif(sum(weight), 0) FROM terms) * least(sum(gain) / {ELSEWHERE}, 1) AS coverage
        FROM (
            SELECT painting_id, gain FROM candidates JOIN gains ON id = painting_id
            UNION ALL
            SELECT id, CASE WHEN coalesce(search @@ titled, {NAMES} @@ term) THEN weight ELSE weight * {ELSEWHERE} END
            FROM terms JOIN (
                SELECT id, search || '' AS search FROM art_mcp.paintings
                WHERE id = ANY(ARRAY(SELECT painting_id FROM candidates)) OFFSET 0
            ) AS p ON common AND search @@ term
        ) AS gained GROUP BY painting_id
    """
