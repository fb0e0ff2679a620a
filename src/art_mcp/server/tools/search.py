"""The tools that find paintings."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Annotated, Any

from mcp.server import MCPServer
from mcp.types import CallToolResult, InputRequiredResult, ToolAnnotations
from pydantic import Field

from art_mcp import search, store
from art_mcp import server as serving
from art_mcp.images.undecoded import Source
from art_mcp.painting import Filters
from art_mcp.search import DEFAULT_LIMIT, MAX_PAINTINGS, MAX_QUERY, MAX_SHEET
from art_mcp.server.answers import answer, room
from art_mcp.server.arguments import Cursor, Image, ImageFile, Limit, PaintingIds, Pictures, Sort, Text
from art_mcp.server.filters import with_filters
from art_mcp.server.gallery import SHOWN_IN_GALLERY, hints
from art_mcp.server.hosts import shows_pictures
from art_mcp.server.results import NOTHING_FITS, SearchResult, SimilarResult, search_result, search_text
from art_mcp.server.services import Services, ToolContext, services
from art_mcp.server.tools.painting import parse_painting_id

if TYPE_CHECKING:
    from art_mcp.search.finder import Answer


def register(server: MCPServer[Services]) -> None:
    read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    server.add_tool(
        search_paintings_by_text,
        title="Find paintings by description",
        annotations=read_only,
        description=(
            "Finds paintings that match a description of what they show, such as 'a stormy sea under moonlight', or "
            "words in the catalogue, such as a title or an artist. Works by an artist and from years that the query "
            "names ('ships by Turner before 1840') come first. Without a query, lists all that match the filters. "
            "Returns a page of catalogue entries with ids, and a contact sheet: one picture of them all, numbered "
            "alike. Negation ('no people') has no effect. To search by a picture use search_paintings_by_image."
        ),
        meta=SHOWN_IN_GALLERY,
    )
    server.add_tool(
        search_paintings_by_image,
        title="Find paintings that look like a picture",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=True),
        description=(
            "Finds paintings that look like a picture, like a painting in the collection, or like several at once. "
            "Give exactly one of image, image_file, painting_id and painting_ids; text and negative steer it a little "
            "('like this, but at night'). Returns a page of catalogue entries with ids, most similar first, and a "
            "contact sheet. Without any of the four it says how the user can upload a picture that only the chat has. "
            "It compares appearance, not artists. To search by words use search_paintings_by_text."
        ),
        meta={"openai/fileParams": ["image_file"], **SHOWN_IN_GALLERY},
    )


@with_filters
async def search_paintings_by_text(
    ctx: ToolContext,
    query: Annotated[
        Text,
        Field(
            description="In plain English words.",
            json_schema_extra={"maxLength": MAX_QUERY},
        ),
    ] = "",
    *,
    filters: Filters,
    sort: Sort = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
    pictures: Pictures = True,
) -> Annotated[CallToolResult, SearchResult]:
    found = await services(ctx).runtime.ask(
        lambda finder: finder.by_text(query, filters=filters, sort=sort, limit=limit, cursor=cursor)
    )
    return await _answer(ctx, found, pictures, {"words": query, "filters": filters})


@with_filters
async def search_paintings_by_image(
    ctx: ToolContext,
    *,
    image: Image = "",
    image_file: ImageFile = None,
    painting_id: Annotated[Text, Field(description="From a search result.")] = "",
    painting_ids: PaintingIds = None,
    text: Annotated[Text, Field(description="What they should also show, e.g. at night.")] = "",
    negative: Annotated[Text, Field(description="What they should not show, e.g. people.")] = "",
    filters: Filters,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
    pictures: Pictures = True,
) -> Annotated[CallToolResult, SimilarResult] | InputRequiredResult:
    starts = {"image": image, "image_file": image_file, "painting_id": painting_id, "painting_ids": painting_ids}
    note = ""
    named = [name for name, value in starts.items() if value]
    if len(named) != 1:
        error = search.finder.SearchError(
            f"Both {' and '.join(named[:2])} were given." if named else "Neither image nor painting_id was given.",
            "Give exactly one: a picture's absolute path or https link as image, the id of a painting as painting_id, "
            f"or 2 to {MAX_PAINTINGS} ids as painting_ids.",
        )
        if named:
            raise error
        asked = await serving.handover.asked_for(ctx)
        if isinstance(asked, InputRequiredResult):
            return asked
        if asked is None:
            raise serving.handover.with_link(ctx, error)
        image, note = asked, f"To search with the user's picture again, give image={asked}."
    ids = [parse_painting_id(each) for each in painting_ids or filter(None, [painting_id])]
    if painting_ids and len(set(ids)) == 1:
        raise search.finder.SearchError(
            "painting_ids names 1 painting only.", f"Give 2 to {MAX_PAINTINGS} different ids, or one as painting_id."
        )
    steered: dict[str, Any] = {"text": text, "negative": negative, "filters": filters, "limit": limit, "cursor": cursor}
    if ids:
        found = await services(ctx).runtime.ask(lambda finder: finder.like_painting(*ids, **steered))
        like: list[uuid.UUID | str] = [*ids]
    else:
        picture = await serving.handover.handed_over(ctx, image or image_file or "")
        found = await services(ctx).runtime.ask(lambda finder: finder.by_image(picture, **steered))
        like = [picture.name if isinstance(picture, Source) else uuid.UUID(picture.value)]
    searched = {"words": text, "like": like, "without": negative, "filters": filters}
    return await _answer(ctx, found, pictures, searched, note)


async def _answer(
    ctx: ToolContext, found: Answer, pictures: bool, searched: dict[str, Any], note: str = ""
) -> CallToolResult:
    result, runtime, suggested = search_result(found), services(ctx).runtime, services(ctx).suggested
    if result.note and result.note.endswith(NOTHING_FITS) and not suggested.is_set():
        suggested.set()
        if suggestion := await runtime.suggestion():
            result.note += f" {suggestion}"
    result.note = " ".join(filter(None, [result.note, note])) or None
    database = await runtime.database()
    thumbnails = await store.paintings.thumbnails(database, [hit.painting.id for hit, _ in found.hits])
    sheet = None
    if thumbnails and pictures and shows_pictures(ctx):
        heading = await search.heading.heading(database, **searched)
        max_bytes = min(MAX_SHEET, room(result, search_text))
        sheet = await search.contact_sheet.contact_sheet_of(
            found, thumbnails, turns=runtime.showing, heading=heading, max_bytes=max_bytes
        )
    shown = [sheet] if sheet else []
    return answer(result, search_text, *shown, meta=await hints.of(runtime, thumbnails))
