"""The tool that describes the collection."""

from __future__ import annotations

from typing import Annotated

from mcp.server import MCPServer
from mcp.types import CallToolResult, ToolAnnotations

from art_mcp.painting import Filters
from art_mcp.server.answers import answer
from art_mcp.server.description import description
from art_mcp.server.filters import with_filters
from art_mcp.server.results import CollectionResult, collection_text
from art_mcp.server.services import Services, ToolContext, services


def register(server: MCPServer[Services]) -> None:
    server.add_tool(
        describe_collection,
        title="Survey the collection",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        description=(
            "Describes the collection, with the same filters as the searches: number of paintings, range of years, the "
            "most frequent values of each filter with their counts, and those of other details. For paintings use "
            "search_paintings_by_text."
        ),
    )


@with_filters
async def describe_collection(ctx: ToolContext, filters: Filters) -> Annotated[CallToolResult, CollectionResult]:
    return answer(await description(services(ctx).runtime, filters), collection_text)
