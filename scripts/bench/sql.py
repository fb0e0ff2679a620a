"""The ranking alone: against the barest statement that could answer, and against brute force."""

from __future__ import annotations

import statistics
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, TypeAlias

from bench.collection import Collection, use
from bench.questions import near_topics, word_questions
from bench.statements import Statement
from bench.vectors import WIDE
from figures import Figure, in_turns, timed

from art_mcp.normalization import fold
from art_mcp.painting import EVERYTHING, Filters
from art_mcp.space import Leg
from art_mcp.store.full_text import Words
from art_mcp.store.ranking import LegQuery, Ranking, rank
from art_mcp.store.spaces import vector_table

if TYPE_CHECKING:
    import uuid

    from bench.questions import Near

    Chosen: TypeAlias = tuple[str, str]
    """A field to filter by, and the value that it has to have."""

LIMIT = 10
RECALL = f"its recall@{LIMIT}"
FILTERED = 30
"""Questions with filters, each of which is also answered by brute force."""
PIXELS = vector_table(WIDE[Leg.PIXELS])
BAREST = f"SELECT painting_id FROM {PIXELS} ORDER BY vector <=> $1 LIMIT {LIMIT}"


async def sql_figures(collection: Collection, turns: int) -> list[Figure]:
    await use(collection.bare, WIDE)
    questions = await near_topics(collection.rows, turns)
    return [
        *await _single(collection, questions),
        *await _hybrid(collection, questions),
        *await _filtered(collection, questions[:FILTERED]),
    ]


async def _single(collection: Collection, questions: list[Near]) -> list[Figure]:
    # The floor is in the same transaction with the same settings, such as hnsw.ef_search.
    sent = await collection.database.statements(_rank(collection, questions[0]))
    *begin, commit = (each for each in sent if not each.is_query)
    recalls = [
        _recall(await _rank(collection, question), await _brute_force(collection, question)) for question in questions
    ]
    times, floor = await in_turns(
        questions,
        lambda question: _rank(collection, question),
        lambda question: collection.replay([*begin, Statement(BAREST, [question[Leg.PIXELS]]), commit]),
    )
    return [
        timed("SQL, one vector, no filter", times, floor, most=1.2),
        Figure(RECALL, statistics.fmean(recalls), least=0.99),
    ]


async def _hybrid(collection: Collection, questions: list[Near]) -> list[Figure]:
    figures = []
    for name, texts in (await word_questions(collection, len(questions))).items():
        asked = list(zip(questions, texts, strict=True))
        for question, text in asked:
            await _rank(collection, question, Leg.PIXELS, Leg.WORDS, text=text)
        without, both = await in_turns(
            asked,
            lambda each: _rank(collection, each[0], Leg.PIXELS, text=each[1]),
            lambda each: _rank(collection, each[0], Leg.PIXELS, Leg.WORDS, text=each[1]),
        )
        figures.append(timed(f"SQL, pixels and full text, {name} words", without, most=25))
        figures.append(timed(f"SQL, pixels, words and full text, {name} words", both, most=25))
    return figures


async def _filtered(collection: Collection, questions: list[Near]) -> list[Figure]:
    figures = []
    for what, field, share, least in (
        ("a narrow filter", "artist", 0.01, 1),
        ("a middling filter", "type", 0.08, None),
        ("a wide filter", "school", 0.3, None),
    ):
        chosen = await value_of_share(collection, field, share)
        asked = [(question, chosen) for question in questions]
        figures += await _one_filter(collection, what, asked, least)
    for what, field, low, high, least in (
        ("an artist", "artist", 10, 100, 1),
        ("a frequent type", "type", 0.1 * collection.rows, collection.rows, None),
    ):
        asked = [(each, await _furthest(collection, each, field, low, high)) for each in questions]
        figures += await _one_filter(collection, f"{what} far from the question", asked, least)
    return figures


async def _one_filter(
    collection: Collection, what: str, asked: list[tuple[Near, Chosen]], least: float | None
) -> list[Figure]:
    found = [await _rank(collection, question, chosen=chosen) for question, chosen in asked]
    exact = [await _brute_force(collection, question, chosen) for question, chosen in asked]
    times, floor = await in_turns(
        asked,
        lambda each: _rank(collection, each[0], chosen=each[1]),
        lambda each: _brute_force(collection, *each),
    )
    share = statistics.fmean(ranking.total for ranking in found) / collection.rows
    return [
        timed(f"SQL, {what}: {100 * share:.2g} % of all", times, floor),
        Figure(RECALL, statistics.fmean(map(_recall, found, exact)), least=least),
    ]


def _rank(
    collection: Collection,
    question: Near,
    *legs: Leg,
    text: str | None = None,
    chosen: Chosen | None = None,
) -> Awaitable[Ranking]:
    """The product's ranking, by pixels unless other legs are named."""
    return rank(
        collection.database,
        [LegQuery(WIDE[leg], question[leg]) for leg in legs or (Leg.PIXELS,)],
        words=Words(fold(text)) if text else None,
        filters=Filters.read(dict([chosen])) if chosen else EVERYTHING,
        limit=LIMIT,
    )


async def _brute_force(collection: Collection, question: Near, chosen: Chosen | None = None) -> list[uuid.UUID]:
    """The nearest paintings, by comparing all that the filter allows."""
    arguments: list[Any] = [question[Leg.PIXELS]]
    among = ""
    if chosen:
        field, value = chosen
        among = f"JOIN art_mcp.paintings p ON p.id = v.painting_id WHERE {column_of(field)} = $2"
        arguments.append(value)
    # "+ 0", or the index would be walked.
    sql = f"SELECT v.painting_id FROM {PIXELS} v {among} ORDER BY (v.vector <=> $1) + 0 LIMIT {LIMIT}"
    return [row["painting_id"] for row in await collection.replay([Statement(sql, arguments)])]


def _recall(ranking: Ranking, exact: list[uuid.UUID]) -> float:
    """The share of what brute force finds; what is missing from the answer counts against it."""
    return len({hit.painting.id for hit in ranking.hits} & set(exact)) / len(exact)


def column_of(field: str) -> str:
    return "p.artist_keys[1]" if field == "artist" else f"p.{field}_key"


async def value_of_share(collection: Collection, field: str, share: float) -> Chosen:
    """The value that comes nearest to this share of the paintings."""
    value = await collection.bare.fetchval(
        f"SELECT {column_of(field)} FROM art_mcp.paintings p GROUP BY 1 ORDER BY abs(count(*) - $1::float8), 1 LIMIT 1",
        share * collection.rows,
    )
    return field, value


async def _furthest(collection: Collection, question: Near, field: str, low: float, high: float) -> Chosen:
    """The value that `low` to `high` paintings have, and whose nearest painting is furthest from the question."""
    value = await collection.bare.fetchval(
        f"SELECT {column_of(field)} FROM art_mcp.paintings p JOIN {PIXELS} v ON v.painting_id = p.id "
        "GROUP BY 1 HAVING count(*) BETWEEN $2::float8 AND $3::float8 ORDER BY min(v.vector <=> $1) DESC, 1 LIMIT 1",
        question[Leg.PIXELS],
        low,
        high,
    )
    return field, value
