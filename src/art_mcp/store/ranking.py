"""SQL statements that rank paintings for a query with any number of legs, or find only the nearest ones."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from art_mcp.background.cosines import Background
from art_mcp.painting import EVERYTHING, Filters, Hit
from art_mcp.space import Leg, Space, Vector
from art_mcp.steps import step
from art_mcp.store.connection import Record
from art_mcp.store.copies import MEMBERS_OF_PAGE, OTHERS, copies_of
from art_mcp.store.database import Database
from art_mcp.store.filters import condition
from art_mcp.store.full_text import Words, covered, matching
from art_mcp.store.paintings import READ_FIELDS, painting_of
from art_mcp.store.preference import Preference, ranked
from art_mcp.store.spaces import vector_table

DEPTH = 200
"""Maximum number of hits of a query, over all pages."""
NEAREST = DEPTH + 1
"""Candidates per leg, one of which may be the excluded painting. The number is the same for every page; otherwise
pages would repeat or skip hits."""
EF_SEARCH = 400
"""Paintings that an HNSW index compares for a leg, at least `NEAREST`, since a scan returns no more. Twice as many as
that raise recall@10 of a million paintings from 0.80 to 0.90 and take 4 ms more."""
SAMPLE = 500
"""Number of paintings from which the mean and deviation of the cosines are estimated for a leg without background."""
TEXT_WEIGHT = 6.0
"""Score of a painting that has all words of the query and is identified by them: more than most z-scores of one leg."""
EXACT_UNTIL = 10_000
"""Largest number of filtered paintings that is compared exactly, since an index scan would find too few of them."""
STATEMENT_TIMEOUT_MS = 10_000
FULL_TEXT = "text"
"""Name of the full-text leg in the scores of a hit."""


@dataclass(frozen=True, slots=True)
class LegQuery:
    """The part of a query in one space."""

    space: Space
    vector: Vector
    """Unit length, shape (dimensions,)."""
    weight: float = 1.0
    """Factor of the z-scores; a leg with a negative weight lowers similar paintings and adds no candidates."""
    steers: bool = False
    """Whether the leg is an addition to the query, not the query itself."""
    background: Background | None = None
    """Distribution of the cosines, less `hub`, with paintings that do not fit; None to sample the collection."""
    number: int = 1
    """Tells apart legs of one part: those of several paintings, all of which a hit should be similar to."""

    @property
    def part(self) -> str:
        """What the leg is of the query; the prefix marks what does not say how well a hit fits it."""
        return ("not_" if self.weight < 0 else "also_" if self.steers else "") + self.space.leg.value

    @property
    def name(self) -> str:
        """Name in the scores of a hit."""
        return self.part + (f"_{self.number}" if self.number > 1 else "")


@dataclass(frozen=True, slots=True)
class Ranking:
    hits: list[Hit]
    total: int
    """Number of paintings that pass the filters, without the excluded ones."""
    folded: int
    """Number of those that are no hits on any page, because they are copies of a hit or of an excluded one."""
    more: bool
    """Whether there is a next page."""
    asked: bool = False
    """Whether any painting fulfils the preference."""


async def rank(
    database: Database,
    legs: Sequence[LegQuery],
    *,
    words: Words | None = None,
    filters: Filters = EVERYTHING,
    limit: int,
    offset: int = 0,
    exclude: Collection[uuid.UUID] = (),
    preference: Preference | None = None,
) -> Ranking:
    """Rank paintings by the weighted sum over the legs of the z-score of their cosine similarity, best first.

    Candidates are the union of each leg's nearest neighbours; every candidate is scored exactly on every leg. The
    z-score is over the leg's background, so the score does not depend on the collection. A painting without a vector in
    a leg gets the mean of that leg. Full text adds the share of the query's words that the catalogue entry has,
    weighted by how much they identify; a z-score would be meaningless, because most paintings have none of them.

    Of the legs of one part, only the least z-score counts, so that a hit has what all of them show. The nearest
    neighbours of the sum of their vectors are candidates too.

    Of the copies of a painting, only the best is a hit, and the others are listed with it.

    Args:
        limit: maximum number of hits, starting at `offset`.
        exclude: paintings to leave out, with their copies: those whose similar paintings are searched.
        preference: which paintings come first, whatever their scores; only with `words`.
    """
    limit = min(limit, DEPTH - offset)
    plain = filters == EVERYTHING and preference is None
    names = [leg.name for leg in legs] + ([FULL_TEXT] if words else [])

    async def page(candidates: int) -> Ranking:
        values: list[Any] = []
        statement = _statement(
            legs, words, filters, exclude, preference, offset, limit + 1, candidates, values, database.on_citus
        )
        async with database.transaction(search_settings(database, plain)) as connection:
            rows = await connection.fetch(statement, *values)
        hits = [hit_of(row, names) for row in rows if row["id"] is not None]
        more = len(hits) > limit and offset + limit < DEPTH
        asked = rows[0].get("any_asked", False)
        return Ranking(hits[:limit], rows[0]["total"], rows[0]["folded"], more, asked)

    # A single leg without filters comes from the index in final order, so few rows are read, unless most are copies.
    few = 2 * (offset + limit + 1) if _is_alone(legs, words) and plain else NEAREST
    with step("rank paintings", {"db.system.name": "postgresql", "art_mcp.legs": names, "art_mcp.limit": limit}):
        found = await page(min(few, NEAREST))
        return await page(NEAREST) if found.folded and not found.more and few < NEAREST else found


async def nearest(database: Database, space: Space, vectors: Sequence[Vector]) -> list[float]:
    """Return the cosine similarity of each vector and its nearest painting, without filters; empty without paintings.

    Args:
        vectors: unit length, shape (n, dimensions).
    """
    table = vector_table(space)
    best = [
        f"(SELECT 1 - (v.vector <=> ${number}) FROM {table} v ORDER BY v.vector <=> ${number} LIMIT 1)"
        for number in range(1, len(vectors) + 1)
    ]
    async with database.transaction(search_settings(database)) as connection:
        row = await connection.fetchrow(f"SELECT {', '.join(best)}", *vectors)
    return [cosine for cosine in row or () if cosine is not None]


def search_settings(database: Database, plain: bool = True) -> Mapping[str, object]:
    """Return the PostgreSQL settings of a search, `plain` if it has neither filters nor a preference."""
    # Starting parallel workers takes longer than most searches.
    settings: dict[str, object] = {
        "statement_timeout": STATEMENT_TIMEOUT_MS,
        "hnsw.ef_search": EF_SEARCH,
        "max_parallel_workers_per_gather": 0,
        "jit": "off",
        # Planning takes 2 ms. Without filters and preference one generic plan fits all; else it depends on values.
        # Citus has no generic plan of a query that reads several shards.
        "plan_cache_mode": f"force_{'generic' if plain and not database.on_citus else 'custom'}_plan",
    }
    if database.iterative_scan and not plain:
        settings["hnsw.iterative_scan"] = "relaxed_order"
    return database.planned_by(settings)


def _statement(
    legs: Sequence[LegQuery],
    words: Words | None,
    filters: Filters,
    exclude: Collection[uuid.UUID],
    preference: Preference | None,
    offset: int,
    limit: int,
    candidates: int,
    values: list[Any],
    on_citus: bool,
) -> str:
    """Return the SQL, and append its parameters to `values`.

    A table of paintings is read in a common table expression of its own, which joins it only with tables of paintings
    by their id, and with small ones: so a Citus cluster reads it on all shards at once, and nothing else from them.
    """

    def bind(value: Any) -> str:
        values.append(value)
        return f"${len(values)}"

    where = condition(filters, values)
    but = bind(list(exclude)) if exclude else ""
    parts = {"counted": counted(filters, where, but)}
    distances = {leg.name: f"<=> {bind(leg.vector)}" for leg in legs}
    alone = _is_alone(legs, words)
    for leg in legs:
        if leg.weight > 0:
            parts |= _nearest(leg.name, vector_table(leg.space), f"(v.vector {distances[leg.name]})", where, candidates)
    if words:
        weights = bind(list(words.weights)), bind(list(words.weights.values()))
        parts |= matching(bind(words.text), bind(list(words.phrases)), weights, where, NEAREST, on_citus)
    wishes = preference.wishes(values) if preference else []
    preferred = _preferred(legs, distances, preference, wishes, where) if preference and wishes else {}
    parts |= preferred
    more = [name for name in preferred if name.endswith(("wished", "wished_near"))]
    for part, group in _parts(legs).items():
        if len(group) > 1:  # what resembles all of them may be among the nearest of none
            between, table = bind(sum(leg.vector for leg in group)), vector_table(group[0].space)
            parts |= _nearest(f"{part}_between", table, f"(v.vector <=> {between})", where, candidates)
            more.append(f"{part}_between_near")
    if alone:
        parts["scored"] = _alone(legs[0])
    else:
        backgrounds = {leg.name: [bind(value) for value in leg.background] for leg in legs if leg.background}
        parts |= _together(legs, distances, backgrounds, bool(words), more)
    ranking, order, any_asked = "scored", "score DESC, painting_id", ""
    if preference:
        parts |= ranked(preference, wishes)
        ranking, order = "ranked", "place"
    if preferred:
        any_asked = "EXISTS (SELECT 1 FROM wished) AS any_asked, "
    parts |= _copied(ranking, order, but)
    parts["page"] = (
        f"SELECT s.*, work FROM (SELECT * FROM {ranking} {_except(but)}) s LEFT JOIN copied USING (painting_id) "
        f"WHERE hidden IS NOT TRUE ORDER BY {order} LIMIT {limit:d} OFFSET {offset:d}"
    )
    parts["members"] = MEMBERS_OF_PAGE
    parts["shown"] = (
        f"SELECT page.*, {', '.join(f'p.{field}' for field in READ_FIELDS)} "
        "FROM page JOIN art_mcp.paintings p ON p.id = page.painting_id"
    )
    return f"""
        WITH {", ".join(f"{name} AS MATERIALIZED ({part})" for name, part in parts.items())}
        SELECT counted.total, {any_asked}(SELECT count(*) FROM copied WHERE hidden) AS folded,
            {OTHERS}, shown.*
        FROM counted LEFT JOIN shown ON true
        ORDER BY {order}
    """


def counted(filters: Filters, where: str, but: str = "") -> str:
    """Return SQL for the number of paintings that pass the filters, without the excluded ones."""
    count = f"SELECT count(*) FROM art_mcp.paintings p WHERE {where}"
    excluded = f" - ({count} AND p.id = ANY({but}))" if but else ""
    if filters == Filters(collection=filters.collection):
        count = f"SELECT coalesce(sum(n), 0)::bigint FROM art_mcp.collections AS p (collection, n) WHERE {where}"
    return f"SELECT ({count}){excluded} AS total"


def _copied(ranking: str, order: str, but: str) -> dict[str, str]:
    """Return SQL for the candidates that have copies, and whether each is hidden: by a better one, or as excluded."""
    excluded = {"excluded": f"SELECT work FROM art_mcp.copies WHERE painting_id = ANY({but})"} if but else {}
    is_excluded = "OR work IN (SELECT work FROM excluded)" if but else ""
    return excluded | {
        "grouped": f"SELECT {ranking}.*, work FROM {ranking} JOIN art_mcp.copies USING (painting_id) {_except(but)}",
        "copied": f"SELECT painting_id, work, row_number() OVER (PARTITION BY work ORDER BY {order}) > 1 {is_excluded} "
        "AS hidden FROM grouped",
    }


def _except(but: str) -> str:
    return f"WHERE painting_id <> ALL({but})" if but else ""


def _nearest(name: str, table: str, distance: str, where: str, limit: int, counted: str = "counted") -> dict[str, str]:
    """Return SQL for the candidates of a leg, at most `limit`; `counted` is the table with their total number."""
    columns = f"SELECT v.painting_id, {distance} AS distance FROM"
    if where == "true":
        return {f"{name}_near": f"{columns} {table} v ORDER BY {distance} LIMIT {limit}"}
    few = f"SELECT p.id FROM art_mcp.paintings p WHERE {where} AND (SELECT count(*) < {limit} FROM {name}_indexed)"
    return {
        # Scans the index until enough rows pass the filter or pgvector's scan limit ends it; skipped if few rows pass.
        f"{name}_indexed": f"{columns} {table} v JOIN art_mcp.paintings p ON p.id = v.painting_id WHERE {where} "
        f"AND (SELECT total > {EXACT_UNTIL} FROM {counted}) ORDER BY {distance} LIMIT {limit}",
        # An array, because the planner misjudges how many rows pass a filter on years, and would scan the whole table.
        # "+ 0" prevents the planner from using the index here as well.
        f"{name}_near": f"SELECT * FROM {name}_indexed UNION ({columns} {table} v "
        f"WHERE v.painting_id = ANY(ARRAY({few})) ORDER BY {distance} + 0 LIMIT {limit})",
    }


def _is_alone(legs: Sequence[LegQuery], words: Words | None) -> bool:
    """Whether a single cosine is the score."""
    return len(legs) == 1 and not words and legs[0].background is None


def _parts(legs: Sequence[LegQuery]) -> dict[str, list[LegQuery]]:
    """Group legs by what they are of the query."""
    parts = defaultdict(list)
    for leg in legs:
        parts[leg.part].append(leg)
    return parts


def _alone(leg: LegQuery) -> str:
    """Return SQL that scores a single leg by cosine similarity, since a z-score would not change the order."""
    return f"SELECT painting_id, 1 - distance AS {leg.name}, 1 - distance AS score FROM {leg.name}_near"


def _preferred(
    legs: Sequence[LegQuery], distances: Mapping[str, str], preference: Preference, wishes: list[str], where: str
) -> dict[str, str]:
    """Return SQL for the candidates that fulfil a preference: all, or the nearest of each leg if there are too many.

    What fulfils only the most important wish comes next, so there are candidates for it as well.
    """
    parts = {}
    for prefix, some in {"": wishes, **({"first_": wishes[:1]} if wishes[1:] else {})}.items():
        parts[f"{prefix}wished"] = preference.asked(some, where, NEAREST)
        every = " AND ".join([where, *some])
        some_of_them = f"SELECT 1 FROM art_mcp.paintings p WHERE {every} LIMIT {EXACT_UNTIL + 1}"
        parts[f"{prefix}many"] = f"SELECT count(*) AS total FROM ({some_of_them}) AS m"
        for leg in legs if preference.selects else ():
            name, table, distance = f"{prefix}{leg.name}", vector_table(leg.space), f"(v.vector {distances[leg.name]})"
            if_many = f"{every} AND (SELECT total > {NEAREST} FROM {prefix}many)"
            parts |= _nearest(f"{name}_wished", table, distance, if_many, NEAREST, f"{prefix}many")
    return parts


def _together(
    legs: Sequence[LegQuery],
    distances: Mapping[str, str],
    backgrounds: Mapping[str, Sequence[str]],
    words: bool,
    more: Sequence[str] = (),
) -> dict[str, str]:
    """Return SQL for the exact score of every candidate on each leg, and their weighted sum.

    Args:
        backgrounds: placeholders of the background of each leg that has one.
        more: tables with further candidates.
    """
    parts, exact, near, columns, joins = {}, {}, [], [], []
    scores = defaultdict(list)
    for leg in legs:
        name, table = leg.name, vector_table(leg.space)
        if leg.weight > 0:
            near.append(f"SELECT painting_id FROM {name}_near")
        cosine = f"1 - (vector {distances[name]})"
        if name in backgrounds:
            mean, deviation, hub = (f"{placeholder}::float8" for placeholder in backgrounds[name])
            cosine = f"{cosine} - coalesce(hub, {hub})"
        else:
            # Ids are hashes, so the first ones are a random sample, and the same one for every page.
            parts[f"{name}_spread"] = (
                "SELECT avg(cosine) AS mean, coalesce(nullif(stddev_pop(cosine), 0), 1) AS deviation FROM "
                f"(SELECT 1 - (vector {distances[name]}) AS cosine FROM {table} ORDER BY painting_id LIMIT {SAMPLE}) s"
            )
            mean, deviation = f"{name}_spread.mean", f"{name}_spread.deviation"
        exact[f"{name}_exact"] = (
            f"SELECT painting_id, {cosine} AS {name} FROM {table} "
            "WHERE painting_id = ANY(ARRAY(SELECT painting_id FROM candidates))"
        )
        columns.append(name)
        scores[leg.part].append(f"{leg.weight} * coalesce(({name} - {mean}) / {deviation}, 0)")
        joins.append(f"LEFT JOIN {name}_exact USING (painting_id)")
    near += [f"SELECT painting_id FROM {table}" for table in more]
    parts["candidates"] = " UNION ".join(near + ["SELECT painting_id FROM matching"] * words)
    parts |= exact
    score = [f"least({', '.join(part)})" for part in scores.values()]
    if words:
        parts["covered"] = covered()
        columns.append(f"coalesce(coverage, 0) AS {FULL_TEXT}")
        if Leg.WORDS in distances:
            # A painting without catalogue text has one z-score instead of two. It counts as much more as the sum of two
            # spreads more, so that chance gives both kinds of paintings a good score equally often.
            score = [f"({' + '.join(score)}) * CASE WHEN {Leg.WORDS} IS NULL THEN sqrt(2) ELSE 1 END"]
        score.append(f"{TEXT_WEIGHT} * {FULL_TEXT}")
        joins.append("LEFT JOIN covered USING (painting_id)")
    parts["compared"] = f"SELECT painting_id, {', '.join(columns)} FROM candidates {' '.join(joins)}"
    sources = ", ".join(["compared", *(f"{leg.name}_spread" for leg in legs if leg.name not in backgrounds)])
    parts["scored"] = f"SELECT compared.*, {' + '.join(score)} AS score FROM {sources}"
    return parts


def hit_of(row: Record, names: Sequence[str]) -> Hit:
    """Build a hit from a row with the columns `READ_FIELDS`, `score`, `copies` and a score by each of the names."""
    scores = {name: row[name] for name in names}
    return Hit(
        painting=painting_of(row),
        score=row["score"],
        legs={name: score for name, score in scores.items() if score is not None},
        copies=copies_of(row),
        asked=row.get("asked", False),
    )
