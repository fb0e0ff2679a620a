"""What a text is searched by: the artists and years that it names, the vectors of its words, and its full text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from art_mcp.background.cosines import background
from art_mcp.background.words import weights
from art_mcp.normalization import fold
from art_mcp.painting import Filters
from art_mcp.search.question import Asked, Question
from art_mcp.space import Leg, Space, Vector
from art_mcp.store import artists
from art_mcp.store.database import Database
from art_mcp.store.full_text import Words
from art_mcp.store.order import Order
from art_mcp.store.ranking import LegQuery
from art_mcp.vision.provider import Provider, Vectors


async def read_question(database: Database, text: str, filters: Filters, sort: Order | None = None) -> Asked:
    """What a normalised text asks for, with the artists of the collection that it names."""
    read = Question(text)
    found = await artists.named(database, *read.look_up, filters)
    return read.asked(found, await artists.usage(database, read.doubts(found)), sort)


def text_query(
    provider: Provider, spaces: Mapping[Leg, Space], vectors: Mapping[Leg, Vectors], asked: Asked
) -> tuple[list[LegQuery], Words]:
    """What the words of a question are searched by: their vectors, shape (1, dimensions), and their full text."""
    legs = [words_leg(provider, spaces[leg], vectors[leg][0]) for leg in vectors]
    folded = fold(asked.words)
    return legs, Words(folded, tuple(map(fold, asked.phrases)), weights(folded))


def words_leg(provider: Provider, space: Space, vector: Vector, **options: Any) -> LegQuery:
    """The part of a query in one space whose vector was made from words."""
    known = background(space, vector)
    if known is None and space.leg is Leg.PIXELS:
        known = provider.pixels_background
    return LegQuery(space, vector, background=known, **options)
