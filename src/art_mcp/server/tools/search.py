"""The tools that find paintings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from art_mcp.search import DEFAULT_LIMIT, MAX_QUERY
from art_mcp.server.arguments import (
    Artist,
    Collection,
    Cursor,
    Limit,
    School,
    Technique,
    Text,
    Timeframe,
    Type,
    YearFrom,
    YearTo,
    filters,
)
from art_mcp.server.results import SearchResult, answer, search_result, search_text
from art_mcp.server.services import ToolContext, services
from art_mcp.server.tools.painting import parse_painting_id

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from art_mcp.server.services import Services


def register(server: MCPServer[Services]) -> None:
    read_only = ToolAnnotations(read_only_hint=True, open_world_hint=False)
    server.add_tool(
        search_paintings_by_text,
        title="Find paintings by description",
        annotations=read_only,
        description=(
            "Finds paintings that fit a description of what they show, such as 'a stormy sea under moonlight', or "
            "that match words of the catalogue, such as a title or an artist. Returns a page of catalogue entries "
            "with ids, best first. It does not answer questions about art, and negation ('no people') has no "
            "effect. To start from a picture use search_paintings_by_image; to see one hit use get_painting."
        ),
    )
    server.add_tool(
        search_paintings_by_image,
        title="Find paintings that look like a picture",
        annotations=read_only,
        description=(
            "Finds paintings that look like a picture: a file, or a painting of the collection by its id. Give "
            "exactly one of image and painting_id; text and negative steer it ('like this, but at night'). "
            "Returns a page of catalogue entries with ids, most alike first. "
            "It compares what is seen, not who painted it. To start from words use search_paintings_by_text."
        ),
    )


async def search_paintings_by_text(
    ctx: ToolContext,
    query: Annotated[
        str,
        Field(description="What is looked for, in plain English words.", json_schema_extra={"maxLength": MAX_QUERY}),
    ],
    artist: Artist = "",
    school: School = "",
    type: Type = "",
    technique: Technique = "",
    timeframe: Timeframe = "",
    year_from: YearFrom = None,
    year_to: YearTo = None,
    collection: Collection = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Annotated[CallToolResult, SearchResult]:
    chosen = filters(artist, school, type, technique, timeframe, year_from, year_to, collection)
    finder = await services(ctx).runtime.finder()
    result = search_result(await finder.by_text(query, filters=chosen, limit=limit, cursor=cursor))
    return answer(result, search_text(result))


async def search_paintings_by_image(
    ctx: ToolContext,
    image: Annotated[
        Text,
        Field(description="Absolute path (or file:// URI) of a picture in a folder that the server may read."),
    ] = "",
    painting_id: Annotated[Text, Field(description="Id of a painting, from the results of another search.")] = "",
    text: Annotated[Text, Field(description="What they should show besides, e.g. at night, in the snow.")] = "",
    negative: Annotated[Text, Field(description="What they should not show, e.g. people.")] = "",
    artist: Artist = "",
    school: School = "",
    type: Type = "",
    technique: Technique = "",
    timeframe: Timeframe = "",
    year_from: YearFrom = None,
    year_to: YearTo = None,
    collection: Collection = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Annotated[CallToolResult, SearchResult]:
    from art_mcp.search.finder import SearchError

    if bool(image) == bool(painting_id):
        raise SearchError(
            "Both image and painting_id were given." if image else "Neither image nor painting_id was given.",
            "Give exactly one: the absolute path of a picture, or the id of a painting.",
        )
    chosen = filters(artist, school, type, technique, timeframe, year_from, year_to, collection)
    finder = await services(ctx).runtime.finder()
    if image:
        found = await finder.by_image(image, text=text, negative=negative, filters=chosen, limit=limit, cursor=cursor)
    else:
        wanted = parse_painting_id(painting_id)
        found = await finder.like_painting(
            wanted, text=text, negative=negative, filters=chosen, limit=limit, cursor=cursor
        )
    result = search_result(found)
    return answer(result, search_text(result))
