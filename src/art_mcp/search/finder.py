"""From a question to ranked paintings."""

from __future__ import annotations

import unicodedata
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import anyio.to_thread

from art_mcp.errors import ArtMcpError
from art_mcp.images.picture import read_picture
from art_mcp.painting import Hit, Relevance
from art_mcp.search import DEFAULT_LIMIT, MAX_LIMIT, MAX_QUERY
from art_mcp.search import cursor as cursors
from art_mcp.search.relevance import judge
from art_mcp.space import Leg, Space
from art_mcp.store import paintings
from art_mcp.store.ranking import LegQuery, Ranking, rank

if TYPE_CHECKING:
    from art_mcp.images.reference import PictureLoader
    from art_mcp.store.database import Database
    from art_mcp.vision.provider import Provider


class SearchError(ArtMcpError):
    """A question cannot be answered as it was asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of hits, best first."""

    hits: list[tuple[Hit, Relevance]]
    offset: int
    """Hits on the pages before."""
    total: int
    """Paintings that could have been found."""
    next_cursor: str | None
    cut: bool
    """The ranking ends with this page, though there are more paintings."""


class Finder:
    """Answers questions about the collection.

    Args:
        spaces: the active spaces that `provider` fills.
        loader: reads the picture that a question brings along.
    """

    def __init__(self, database: Database, provider: Provider, spaces: Sequence[Space], loader: PictureLoader) -> None:
        self._database = database
        self._provider = provider
        self._spaces: Mapping[Leg, Space] = {space.leg: space for space in spaces}
        self._loader = loader

    async def by_text(self, query: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer:
        """Paintings that fit a description, by pixels and by the catalogue's words together.

        Args:
            query: what is looked for, in plain words; 1 to 2,000 characters.
            limit: hits on a page, 1 to 50.
            cursor: of the previous page of the same query.

        Raises:
            ArtMcpError: what is wrong with the question, the model or the database.
        """
        text = unicodedata.normalize("NFC", query).strip()
        if not text:
            raise SearchError("The query is empty.", "Describe what the painting shows, or who painted it.")
        if len(text) > MAX_QUERY:
            raise SearchError(
                f"The query has {len(text):,} characters; at most {MAX_QUERY:,} are read.",
                "Say it in a sentence or two.",
            )
        if "\0" in text or any(unicodedata.category(character) == "Cs" for character in text):
            raise SearchError("The query holds characters that are not text.", "Type it again.")
        question = ("text", text)
        _check_limit(limit)
        offset = cursors.decode(question, cursor)
        vectors = await self._provider.embed_queries([text])
        legs = [
            LegQuery(self._spaces[leg], vectors[leg][0])
            for leg in (Leg.PIXELS, Leg.WORDS)
            if leg in self._spaces and leg in vectors
        ]
        return self._answer(question, offset, await rank(self._database, legs, limit=limit, offset=offset))

    async def by_image(self, image: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Answer:
        """Paintings that look like a picture.

        Args:
            image: a reference to the picture: the absolute path of a file in an allowed folder.

        Raises:
            ArtMcpError: what is wrong with the picture, the question, the model or the database.
        """
        source = await self._loader.load(image)
        picture = await anyio.to_thread.run_sync(partial(read_picture, source.data, name=source.name))
        question = ("image", picture.sha256.hex())
        _check_limit(limit)
        offset = cursors.decode(question, cursor)
        space = self._picture_space()
        vectors = await self._provider.embed_images([picture])
        legs = [LegQuery(space, vectors[space.leg][0])]
        return self._answer(question, offset, await rank(self._database, legs, limit=limit, offset=offset))

    async def like_painting(
        self, painting_id: uuid.UUID, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Answer:
        """Other paintings that look like one of the collection; no embedding is made.

        Raises:
            ArtMcpError: there is no such painting, or what is wrong with the question or the database.
        """
        question = ("painting", painting_id.hex)
        _check_limit(limit)
        offset = cursors.decode(question, cursor)
        space = self._picture_space()
        vector = await paintings.vector(self._database, space, painting_id)
        if vector is None:
            raise unknown_painting(painting_id)
        ranking = await rank(self._database, [LegQuery(space, vector)], limit=limit, offset=offset, exclude=painting_id)
        return self._answer(question, offset, ranking)

    def _picture_space(self) -> Space:
        return self._spaces.get(Leg.LOOK) or self._spaces[Leg.PIXELS]

    def _answer(self, question: tuple[object, ...], offset: int, ranking: Ranking) -> Answer:
        if not ranking.total and question[0] != "painting":
            raise SearchError(
                "There are no paintings yet.",
                "Load some with the tool ingest_collection or with `art-mcp ingest FOLDER`.",
            )
        following = offset + len(ranking.hits)
        return Answer(
            hits=[(hit, judge(hit)) for hit in ranking.hits],
            offset=offset,
            total=ranking.total,
            next_cursor=cursors.encode(question, following) if ranking.more else None,
            cut=not ranking.more and following < ranking.total,
        )


def unknown_painting(painting_id: object) -> SearchError:
    """The error for an id that no painting has."""
    return SearchError(
        f"There is no painting with the id {str(painting_id)!r:.60}.",
        "Take an id from the results of a search.",
    )


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise SearchError(
            f"limit is {limit:.6g}; it can be 1 to {MAX_LIMIT}.",
            "Ask for a number in between, and pass next_cursor as cursor to get the next page.",
        )
