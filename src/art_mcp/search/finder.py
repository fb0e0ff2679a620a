"""Turns a query into ranked paintings."""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeAlias

from art_mcp.background.cosines import PICTURES
from art_mcp.errors import ArtMcpError
from art_mcp.images.reference import Kind, Reference
from art_mcp.normalization import normalize
from art_mcp.painting import EVERYTHING, Filters, Hit, Relevance
from art_mcp.search import DEFAULT_LIMIT, MAX_LIMIT, MAX_PAINTINGS, MAX_QUERY, SORTS
from art_mcp.search import cursor as cursors
from art_mcp.search.absent_artist import absent_artist
from art_mcp.search.cursor import Start
from art_mcp.search.did_you_mean import did_you_mean
from art_mcp.search.filter_values import nothing_yet, resolve
from art_mcp.search.language import ENGLISH_ONLY, is_hardly_english
from art_mcp.search.question import ORDERS
from art_mcp.search.relevance import PAINTINGS, PICTURE, STEERED, TEXT, judge, judge_named
from art_mcp.search.steering import changed_little, steering_legs
from art_mcp.search.text_query import read_question, text_query
from art_mcp.search.wall_photo import query_vector
from art_mcp.space import Leg, Space, Vector
from art_mcp.store import collection_sizes, paintings
from art_mcp.store.browsing import browse
from art_mcp.store.copies import of as copies_of
from art_mcp.store.database import Database
from art_mcp.store.order import Order
from art_mcp.store.ranking import FULL_TEXT, LegQuery, Ranking, rank
from art_mcp.vision.provider import Provider, Vectors, VisionError
from art_mcp.vision.retiring import RetiredError

if TYPE_CHECKING:
    from art_mcp.images.loader import PictureLoader
    from art_mcp.images.undecoded import Source


WHOLE = 0.99
"""Full-text score above which a title or an artist's name has every word of a query; it is 1, but for rounding."""
PART = "Only a part of the picture was searched for, because it matches better than the whole."

Rate: TypeAlias = Callable[[Hit], Relevance | None]


class SearchError(ArtMcpError):
    """A query is invalid, or cannot be answered."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A page of hits, best first."""

    hits: list[tuple[Hit, Relevance | None]]
    """With how well they match; None without a query."""
    offset: int
    """Number of hits on the previous pages."""
    total: int
    """Number of paintings that match the filters, each copy counted."""
    next_cursor: str | None
    cut: bool
    """Whether the ranking ends with this page although more paintings match the filters."""
    note: str | None
    """What the reader should know, e.g. what could not be searched, and why."""
    taken: str | None = None
    """Which stored values and which file were taken for those given."""


class Finder:
    """Searches the collection.

    Args:
        spaces: the active spaces; those that `provider` does not fill can be searched only by a painting's id.
        loader: loads the picture of a query.
    """

    def __init__(self, database: Database, provider: Provider, spaces: Sequence[Space], loader: PictureLoader) -> None:
        self._database = database
        self._provider = provider
        self._spaces: Mapping[Leg, Space] = {space.leg: space for space in spaces}
        self._names = tuple(sorted(space.name for space in spaces))
        """Part of every cursor's fingerprint, so that all pages of a result are from one ranking."""
        self._loader = loader

    async def by_text(
        self,
        query: str = "",
        *,
        filters: Filters = EVERYTHING,
        sort: str = "relevance",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Answer:
        """Find paintings that match a description by their pixels, their catalogue's meaning, or its words.

        Works by artists and from years that the query names come first; the rest of the query is searched. Without a
        query, list all paintings that match the filters.

        Args:
            query: a description in plain words, with phrases in quotes; at most 2,000 characters.
            filters: which paintings to search.
            sort: one of `SORTS`. If there is a query, only hits that fit it are sorted.
            limit: hits per page, 1 to 50.
            cursor: `next_cursor` of the previous page of the same query.

        Raises:
            ArtMcpError: the query is invalid, or the database failed.
        """
        text = _checked_text("query", query)
        order = _order(sort)
        _check_limit(limit)
        if not re.search(r"[^\W_]|[^\x00-\x7f]", text):  # "*" asks for everything, too
            return await self._browse(filters, order or "oldest", limit, cursor)
        chosen, taken = await resolve(self._database, filters)
        asked = await read_question(self._database, text, chosen, order)
        question = (self._names, "text", text, filters, asked.preference)
        start = cursors.decode(question, cursor, order=order)
        vectors, note = await self._text_vectors(asked.words)
        legs, words = text_query(self._provider, self._spaces, vectors, asked)
        ranking = await rank(
            self._database,
            legs,
            words=words,
            filters=chosen,
            limit=limit,
            offset=start.offset,
            preference=asked.preference and replace(asked.preference, seed=start.seed),
        )
        rate = partial(judge_named, asked=asked) if ranking.asked and asked.names_all else partial(judge, bounds=TEXT)
        unread = asked.rest if asked.preference else asked.words
        # A title that is found as such needs no translation.
        if note is None and not start.offset and not any(hit.legs.get(FULL_TEXT, 0) > WHOLE for hit in ranking.hits):
            note = self._english_only(unread)
        meant = None
        if not start.offset:
            meant = await did_you_mean(self._database, asked.words) or await absent_artist(self._database, unread)
        return await self._answer(question, start, ranking, rate, taken, asked.note(ranking.asked), meant, note)

    async def _browse(self, filters: Filters, order: Order, limit: int, cursor: str | None) -> Answer:
        """List the paintings that match the filters, without a query."""
        question = ("browse", order, filters)
        start = cursors.decode(question, cursor, order=order, depth=None)
        chosen, taken = await resolve(self._database, filters)
        ranking = await browse(self._database, chosen, order, seed=start.seed, limit=limit, offset=start.offset)
        note = f"Without a query, the paintings are {ORDERS[order]}."
        return await self._answer(question, start, ranking, lambda hit: None, taken, note)

    async def by_image(
        self,
        image: str | Mapping[str, Any] | Reference | Source,
        *,
        text: str = "",
        negative: str = "",
        filters: Filters = EVERYTHING,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Answer:
        """Find paintings that look like a picture, steered by words: like this, but at night.

        For a photo of a painting on a wall, the painting itself is searched for: see `query_vector`.

        Args:
            image: a reference in any form that `Reference.parse` accepts, or the bytes. A painting of the collection is
                passed on to `like_painting`.
            text: what the results should also show; empty for the picture alone.
            negative: what the results should not show.

        Raises:
            ArtMcpError: the picture or the query is invalid, or the model or the database failed.
        """
        if isinstance(image, (str, Mapping)):
            image = Reference.parse(image)
        if isinstance(image, Reference) and image.kind is Kind.PAINTING:
            painting_id = uuid.UUID(image.value)
            return await self.like_painting(
                painting_id, text=text, negative=negative, filters=filters, limit=limit, cursor=cursor
            )
        source = await self._loader.load(image) if isinstance(image, Reference) else image
        picture = await self._loader.picture(source)
        question = (self._names, "image", picture.sha256.hex(), text, negative, filters)
        _check_limit(limit)
        start = cursors.decode(question, cursor)
        space = self._picture_space()
        if not self._fills(space.leg):
            raise SearchError(
                f"This database cannot be searched by a picture. {self._not_here(space.leg)}",
                "Search by words, or by a painting's id.",
            )
        chosen, taken = await resolve(self._database, filters)
        query = await query_vector(self._database, self._provider, space, picture)
        legs, rate = await self._picture_query([LegQuery(space, query.vector)], text, negative)
        ranking = await rank(self._database, legs, filters=chosen, limit=limit, offset=start.offset)
        fits = any(rate(hit) is not Relevance.WEAK for hit in ranking.hits)
        notes = (
            source.note,
            taken,
            PART if query.is_part and fits else None,
            self._words_note(legs, ranking, text, negative),
        )
        return await self._answer(question, start, ranking, rate, taken, *notes)

    async def like_painting(
        self,
        *painting_ids: uuid.UUID,
        text: str = "",
        negative: str = "",
        filters: Filters = EVERYTHING,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Answer:
        """Find other paintings that look like one of the collection, or like all of several, steered as in `by_image`.

        Copies of these paintings are no hits; the note says how many there are.

        Args:
            painting_ids: 1 to 5 paintings, in any order; repeated ones count once.

        Raises:
            ArtMcpError: there is no such painting, the query is invalid, or the model or the database failed.
        """
        ids = sorted(set(painting_ids))
        if len(ids) > MAX_PAINTINGS:
            raise SearchError(
                f"{len(ids)} paintings were given, but the limit is {MAX_PAINTINGS}.", "Choose the most important."
            )
        question = (self._names, "painting", *(each.hex for each in ids), text, negative, filters)
        _check_limit(limit)
        start = cursors.decode(question, cursor)
        chosen, taken = await resolve(self._database, filters)
        space = self._picture_space()
        pictures = [
            LegQuery(space, await self._stored_vector(space, each), number=number) for number, each in enumerate(ids, 1)
        ]
        legs, rate = await self._picture_query(pictures, text, negative)
        ranking = await rank(self._database, legs, filters=chosen, limit=limit, offset=start.offset, exclude=ids)
        copies = {copy.id for each in ids for copy in await copies_of(self._database, each)}.difference(ids)
        these = "these paintings" if ids[1:] else "this painting"
        note = f"Left out: copies of {these} ({len(copies)}), which get_painting names." if copies else None
        return await self._answer(
            question, start, ranking, rate, taken, note, self._words_note(legs, ranking, text, negative)
        )

    async def _stored_vector(self, space: Space, painting_id: uuid.UUID) -> Vector:
        vector = await paintings.vector(self._database, space, painting_id)
        if vector is not None:
            return vector
        painting = await paintings.get(self._database, painting_id)
        if painting is None:
            raise unknown_painting(painting_id)
        if painting.image_sha256 is None:
            raise SearchError(
                f"The painting {painting_id} cannot be compared, because it has no picture.",
                "Choose another painting, or load its collection again with the picture.",
            )
        raise SearchError(
            f"The painting {painting_id} cannot be compared, because it has no vector yet.",
            f"Create it with `art-mcp reembed --painting {painting_id}`, or choose another painting.",
        )

    async def _text_vectors(self, text: str) -> tuple[Mapping[Leg, Vectors], str | None]:
        """Embed a query for the legs that can be searched, and return a note on those that cannot."""
        note = None
        try:
            vectors = await self._provider.embed_queries([text])
        except RetiredError:
            raise
        except VisionError as error:
            vectors, note = error.made, f"Only the catalogue text was searched, not the pictures. {error}"
        asked = {leg: vectors[leg] for leg in (Leg.PIXELS, Leg.WORDS) if leg in vectors and self._fills(leg)}
        if note is None and Leg.PIXELS in self._spaces and Leg.PIXELS not in asked:
            note = f"Only the catalogue text was searched, not the pictures. {self._not_here(Leg.PIXELS)}"
        return asked, note

    def _fills(self, leg: Leg) -> bool:
        """Whether the provider's vectors are comparable with those in the database."""
        return leg in self._spaces and self._provider.spaces.get(leg) == self._spaces[leg]

    def _not_here(self, leg: Leg) -> str:
        return f"The pictures were embedded by {self._spaces[leg].made_by}, which is not configured here."

    def _english_only(self, *texts: str) -> str | None:
        """A note if a text is hardly English, but the model that embeds it understands nothing else."""
        if not self._fills(Leg.PIXELS) or self._spaces[Leg.PIXELS].provider != "local":
            return None
        return ENGLISH_ONLY if any(map(is_hardly_english, texts)) else None

    def _words_note(self, legs: Sequence[LegQuery], ranking: Ranking, *texts: str) -> str | None:
        """A note on the words that steer a search by a picture."""
        return self._english_only(*texts) or changed_little(legs, ranking)

    async def _picture_query(
        self, pictures: Sequence[LegQuery], text: str, negative: str
    ) -> tuple[list[LegQuery], Rate]:
        """The legs of pictures and the words that steer them, and what rates their hits."""
        steering = await self._steering(text, negative)
        if not steering and len(pictures) == 1:
            return [*pictures], partial(judge, bounds=PICTURE)
        compared = [replace(leg, background=PICTURES) for leg in pictures]
        return [*compared, *steering], partial(judge, bounds=STEERED if steering else PAINTINGS)

    async def _steering(self, text: str, negative: str) -> list[LegQuery]:
        """The legs that steering words add."""
        text, negative = _checked_text("text", text), _checked_text("negative", negative)
        if not (text or negative) or Leg.PIXELS not in self._spaces:
            return []
        if not self._fills(Leg.PIXELS):
            raise SearchError(
                f"Words cannot steer this search. {self._not_here(Leg.PIXELS)}", "Omit text and negative."
            )
        return await steering_legs(self._provider, self._spaces[Leg.PIXELS], text, negative)

    def _picture_space(self) -> Space:
        return self._spaces.get(Leg.LOOK) or self._spaces[Leg.PIXELS]

    async def _answer(
        self,
        question: tuple[object, ...],
        start: Start,
        ranking: Ranking,
        rate: Rate,
        taken: str | None,
        *notes: str | None,
    ) -> Answer:
        if not ranking.total and not await collection_sizes.sizes(self._database):
            raise nothing_yet()
        following = start.offset + len(ranking.hits)
        return Answer(
            hits=[(hit, rate(hit)) for hit in ranking.hits],
            offset=start.offset,
            total=ranking.total,
            next_cursor=cursors.encode(question, start._replace(offset=following)) if ranking.more else None,
            cut=not ranking.more and following + ranking.folded < ranking.total,
            note=" ".join(filter(None, notes)) or None,
            taken=taken,
        )


def unknown_painting(painting_id: object) -> SearchError:
    """The error for an id that no painting has."""
    return SearchError(
        f"There is no painting with the id {str(painting_id)!r:.60}.",
        "Take an id from the results of a search.",
    )


def _checked_text(name: str, given: str) -> str:
    text = normalize(given).strip()
    if len(text) > MAX_QUERY:
        raise SearchError(
            f"The {name} has {len(text):,} characters, but the limit is {MAX_QUERY:,}.",
            "Shorten it to a sentence or two.",
        )
    if "\0" in text or any(unicodedata.category(character) == "Cs" for character in text):
        raise SearchError(f"The {name} contains characters that are not text.", "Type it again.")
    return text


def _order(sort: str) -> Order | None:
    if (sort or "relevance") not in SORTS:
        *names, last = SORTS
        raise SearchError(f"sort is {sort!r:.60}.", f"Choose {', '.join(names)} or {last}.")
    return SORTS[sort or "relevance"]


def _check_limit(limit: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise SearchError(
            f"limit is {limit:.6g}, but must be from 1 to {MAX_LIMIT}.",
            "Choose a limit in this range; the next page has more results.",
        )
