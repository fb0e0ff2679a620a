"""The tools that find paintings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from art_mcp.painting import Filters
from art_mcp.search import DEFAULT_LIMIT, MAX_QUERY
from art_mcp.server.arguments import Cursor, Limit, Text, Year
from art_mcp.server.results import SearchResult, answer, search_result, search_text
from art_mcp.server.services import ToolContext, services
from art_mcp.server.tools.painting import parse_painting_id

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from art_mcp.server.services import Services


YEARS = 100_000
"""No painting is further from year 0; a larger number would not fit into the database's."""


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
    artist: Annotated[Text, Field(description="Only this artist, e.g. Pieter Bruegel the Elder.")] = "",
    school: Annotated[Text, Field(description="Only this school, e.g. Dutch.")] = "",
    type: Annotated[Text, Field(description="Only this genre, e.g. landscape or still-life.")] = "",
    technique: Annotated[Text, Field(description="Only this technique, e.g. oil on canvas.")] = "",
    timeframe: Annotated[Text, Field(description="Only this time, as the catalogue writes it, e.g. 1651-1700.")] = "",
    year_from: Annotated[Year, Field(description="Only what may have been made in this year or later.")] = None,
    year_to: Annotated[Year, Field(description="Only what may have been made in this year or earlier.")] = None,
    collection: Annotated[Text, Field(description="Only this collection.")] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Annotated[CallToolResult, SearchResult]:
    filters = _filters(artist, school, type, technique, timeframe, year_from, year_to, collection)
    finder = await services(ctx).runtime.finder()
    result = search_result(await finder.by_text(query, filters=filters, limit=limit, cursor=cursor))
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
    artist: Annotated[Text, Field(description="Only this artist, e.g. Pieter Bruegel the Elder.")] = "",
    school: Annotated[Text, Field(description="Only this school, e.g. Dutch.")] = "",
    type: Annotated[Text, Field(description="Only this genre, e.g. landscape or still-life.")] = "",
    technique: Annotated[Text, Field(description="Only this technique, e.g. oil on canvas.")] = "",
    timeframe: Annotated[Text, Field(description="Only this time, as the catalogue writes it, e.g. 1651-1700.")] = "",
    year_from: Annotated[Year, Field(description="Only what may have been made in this year or later.")] = None,
    year_to: Annotated[Year, Field(description="Only what may have been made in this year or earlier.")] = None,
    collection: Annotated[Text, Field(description="Only this collection.")] = "",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = "",
) -> Annotated[CallToolResult, SearchResult]:
    from art_mcp.search.finder import SearchError

    if bool(image) == bool(painting_id):
        raise SearchError(
            "Both image and painting_id were given." if image else "Neither image nor painting_id was given.",
            "Give exactly one: the absolute path of a picture, or the id of a painting.",
        )
    filters = _filters(artist, school, type, technique, timeframe, year_from, year_to, collection)
    finder = await services(ctx).runtime.finder()
    if image:
        found = await finder.by_image(image, text=text, negative=negative, filters=filters, limit=limit, cursor=cursor)
    else:
        wanted = parse_painting_id(painting_id)
        found = await finder.like_painting(
            wanted, text=text, negative=negative, filters=filters, limit=limit, cursor=cursor
        )
    result = search_result(found)
    return answer(result, search_text(result))


def _filters(
    artist: str,
    school: str,
    type: str,
    technique: str,
    timeframe: str,
    year_from: int | None,
    year_to: int | None,
    collection: str,
) -> Filters:
    years = [None if year is None else min(max(year, -YEARS), YEARS) for year in (year_from, year_to)]
    texts = (artist, school, type, technique, timeframe, collection)
    return Filters(*(text.strip() or None for text in texts), *years)
