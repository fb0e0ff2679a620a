"""Asks a question by each leg alone, and by all of them as a search does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from art_mcp.evaluation.question import Question
from art_mcp.images.picture import Picture
from art_mcp.normalization import normalize
from art_mcp.painting import EVERYTHING, Filters, Hit
from art_mcp.search.text_query import read_question, text_query
from art_mcp.search.wall_photo import query_vector
from art_mcp.space import Leg, Space, Vector
from art_mcp.store.database import Database
from art_mcp.store.full_text import Words
from art_mcp.store.preference import Preference
from art_mcp.store.ranking import DEPTH, LegQuery, rank
from art_mcp.vision.provider import Provider

SEARCH: Final = "search"
"""The line of all legs together, as a search ranks them; the other lines have the names of their leg."""
FULL_TEXT: Final = "full text"


@dataclass(frozen=True, slots=True)
class Asked:
    """What one question found."""

    hits: Mapping[str, Sequence[Hit]]
    """At most `DEPTH` hits, best first, by line."""
    vectors: Mapping[Space, Vector]
    """The vectors that it was asked by."""


class Asker:
    """Asks questions of one database.

    Args:
        spaces: the active spaces; only those that `provider` fills are asked.
        filters: which paintings to search.
    """

    def __init__(
        self, database: Database, provider: Provider, spaces: Sequence[Space], filters: Filters = EVERYTHING
    ) -> None:
        self.database = database
        self._provider = provider
        self._spaces = {space.leg: space for space in spaces if provider.spaces.get(space.leg) == space}
        self._filters = filters

    @property
    def compares_pictures(self) -> bool:
        """Whether pictures can be asked for."""
        return Leg.LOOK in self._spaces or Leg.PIXELS in self._spaces

    async def ask(self, question: Question) -> Asked:
        """Embed a question once, and rank the paintings for each line.

        Raises:
            ArtMcpError: the model or the database failed; a `VisionError` with the fault INPUT concerns this question.
        """
        if isinstance(question.asked, str):
            return await self._by_text(normalize(question.asked).strip())
        return await self._by_picture(question.asked)

    async def _by_text(self, text: str) -> Asked:
        asked = await read_question(self.database, text, self._filters)
        made = await self._provider.embed_queries([asked.words])
        made = {leg: made[leg] for leg in (Leg.PIXELS, Leg.WORDS) if leg in made and leg in self._spaces}
        legs, words = text_query(self._provider, self._spaces, made, asked)
        hits = {SEARCH: await self._rank(legs, words, asked.preference)}
        for leg in legs:
            hits[leg.name] = await self._rank([leg])
        hits[FULL_TEXT] = await self._rank([], words)
        return Asked(hits, {leg.space: leg.vector for leg in legs})

    async def _by_picture(self, picture: Picture) -> Asked:
        (made,) = await self._provider.embed_images([picture], urgent=True)
        vectors = {space: made.vectors[space] for leg in (Leg.LOOK, Leg.PIXELS) if (space := self._spaces.get(leg))}
        space = next(iter(vectors))
        asked = vectors[space]
        if not self._provider.limits.billed:  # for a paid one, the vector is the same, and would be paid for again
            asked = (await query_vector(self.database, self._provider, space, picture)).vector
        hits = {SEARCH: await self._rank([LegQuery(space, asked)])}
        for space, vector in vectors.items():
            hits[space.leg.value] = await self._rank([LegQuery(space, vector)])
        return Asked(hits, vectors)

    async def _rank(
        self, legs: Sequence[LegQuery], words: Words | None = None, preference: Preference | None = None
    ) -> Sequence[Hit]:
        ranking = await rank(
            self.database, legs, words=words, filters=self._filters, limit=DEPTH, preference=preference
        )
        return ranking.hits
