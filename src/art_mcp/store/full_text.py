"""Full text as SQL: which paintings have a question's words, rare words counting more.

A word that few paintings have is looked up in the index, and so it is known exactly who has it. One that many
have says little, and to fetch them all would take longer than the rest of the search.
"""

from __future__ import annotations

from dataclasses import dataclass

TERMS = 24
"""Of a question's words the longest are looked for: a long question has enough of them."""
MATCHES = 1000
"""A word that more paintings have is common: not all of them are looked at, and a sample says how common it is."""
ELSEWHERE = 0.7
"""What a word counts that is found outside title and artist."""
NAMES = "ts_filter(p.search, '{a}')"
"""The words of title and artist, as they are indexed."""
SAMPLE = 500
"""Paintings whose words show how common a word is."""
SAMPLED_FROM = 5_000
"""In a smaller collection every word is looked up."""


@dataclass(frozen=True, slots=True)
class Words:
    """A question's words for full text."""

    text: str
    """Folded, as stored words are."""
    phrases: tuple[str, ...] = ()
    """Parts that have to stand together; folded too."""


def matching(text: str, phrases: str, where: str, limit: int) -> dict[str, str]:
    """The question's terms, each stemmed word and each phrase with its weight, and the paintings they propose.

    Args:
        text: the parameter that is `Words.text`.
        phrases: that of `Words.phrases`.
        where: a condition on paintings `p`.
        limit: how many paintings are proposed.

    Returns:
        Named parts of a WITH; `matching (painting_id)` is the last, and `counted (total)` has to stand before.
    """
    stems = f"tsvector_to_array(to_tsvector('english', {text}))"
    plain = f"tsvector_to_array(to_tsvector('simple', {text}))"
    share = "(SELECT (1.0 + count(*) FILTER (WHERE search @@ term)) / (1 + count(*)) FROM sampled)"
    together = "(SELECT string_agg(term::text, ' & ')::tsquery FROM asked)"

    def found(condition: str) -> str:
        # "OFFSET 0", or a wide filter would be read from its own index for every term.
        within = f"SELECT * FROM art_mcp.paintings p WHERE {condition} OFFSET 0"
        return f"(SELECT p.id FROM ({within}) AS p WHERE {where} LIMIT {MATCHES}) AS m"

    return {
        "stored": "SELECT sum(paintings) AS all_paintings FROM art_mcp.collections",
        # "|| ''" unpacks the words of a row once, and not again for every term.
        "sampled": f"SELECT search || '' AS search FROM art_mcp.paintings ORDER BY id LIMIT {SAMPLE}",
        # A question of stop words alone ("Who", "Untitled I") is asked as it stands.
        "lexemes": f"SELECT unnest(CASE WHEN cardinality({stems}) > 0 THEN {stems} ELSE {plain} END) AS lexeme",
        "asked": f"""
            SELECT *, share * all_paintings > {MATCHES} AS frequent FROM (
                SELECT *, CASE WHEN all_paintings > {SAMPLED_FROM} THEN {share} END AS share FROM stored, (
                    SELECT quote_literal(lexeme)::tsquery AS term, (quote_literal(lexeme) || ':A')::tsquery AS titled
                    FROM lexemes
                    UNION ALL
                    SELECT DISTINCT phraseto_tsquery('english', phrase), NULL::tsquery
                    FROM unnest({phrases}::text[]) AS phrase
                    WHERE numnode(phraseto_tsquery('english', phrase)) > 1  -- one word is a term already
                ) AS terms ORDER BY length(term::text) DESC, term LIMIT {TERMS}
            ) AS shared
        """,
        "matches": f"""
            SELECT term, m.id FROM asked, LATERAL {found("frequent IS NOT TRUE AND p.search @@ term")}
        """,
        "terms": f"""
            SELECT *, ln(
                1 + CASE WHEN common THEN 1 / coalesce(share, {share})
                    ELSE greatest(total, matched) / (1.0 + matched) END
            )::float8 AS weight FROM counted, (
                SELECT term, titled, share, count(id) AS matched, frequent IS TRUE OR count(id) = {MATCHES} AS common
                FROM asked LEFT JOIN matches USING (term) GROUP BY term, titled, share, frequent
            ) AS counts
        """,
        # What paintings gain by the terms that are not common.
        "gains": f"""
            SELECT id, weight * {ELSEWHERE} AS gain FROM matches JOIN terms USING (term) WHERE NOT common
            UNION ALL
            SELECT m.id, weight * {1 - ELSEWHERE} FROM terms, LATERAL {found(f"NOT common AND {NAMES} @@ term")}
        """,
        # Of the many that have a common term only those are looked at that have all the terms.
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
    """Of `candidates`, the share of the question's terms, by weight, that their words have, as `coverage`: 0 to 1.

    Paintings that have none of the terms are left out.
    """
    return f"""
        SELECT painting_id, sum(gain) / (SELECT sum(weight) FROM terms) AS coverage FROM (
            SELECT painting_id, gain FROM candidates JOIN gains ON id = painting_id
            UNION ALL
            SELECT id, CASE WHEN coalesce(search @@ titled, {NAMES} @@ term) THEN weight ELSE weight * {ELSEWHERE} END
            FROM terms JOIN (
                SELECT id, search || '' AS search FROM art_mcp.paintings
                WHERE id = ANY(ARRAY(SELECT painting_id FROM candidates)) OFFSET 0
            ) AS p ON common AND search @@ term
        ) AS gained GROUP BY painting_id
    """
