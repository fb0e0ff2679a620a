"""The tool that shows one painting."""

from __future__ import annotations

import base64
import uuid
from typing import TYPE_CHECKING, Annotated, Literal

from mcp.types import CallToolResult, ImageContent, ToolAnnotations
from pydantic import BeforeValidator, Field

from art_mcp.search import MAX_LIMIT
from art_mcp.server.arguments import Similar
from art_mcp.server.results import PaintingResult, answer, painting_result, painting_text
from art_mcp.server.services import ToolContext, services

if TYPE_CHECKING:
    from mcp.server import MCPServer

    from art_mcp.server.services import Services


def register(server: MCPServer[Services]) -> None:
    server.add_tool(
        get_painting,
        title="Show one painting",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        description=(
            "Returns everything that the catalogue says about one painting, and its picture; with similar also the "
            "paintings that look most like it. Take the id from a search; it does not search by title. For more that "
            "are alike, or to say how they should differ, use search_paintings_by_image with painting_id."
        ),
    )


async def get_painting(
    ctx: ToolContext,
    id: Annotated[str, Field(description="Id of a painting, from the results of a search.")],
    size: Annotated[
        Literal["display", "thumbnail", "none"],
        BeforeValidator(lambda size: "display" if size is None else size),
        Field(description="The picture to return: about 1024 pixels, 320 pixels, or none."),
    ] = "display",
    similar: Similar = 0,
) -> Annotated[CallToolResult, PaintingResult]:
    from art_mcp.search.finder import SearchError, unknown_painting
    from art_mcp.store import paintings

    if not 0 <= similar <= MAX_LIMIT:
        raise SearchError(f"similar is {similar:.6g}; it can be 0 to {MAX_LIMIT}.", "Ask for a number in between.")
    painting_id = parse_painting_id(id)
    runtime = services(ctx).runtime
    database = await runtime.database()
    painting = await paintings.get(database, painting_id)
    if painting is None:
        raise unknown_painting(painting_id)
    alike = await (await runtime.finder()).like_painting(painting_id, limit=similar) if similar else None
    result = painting_result(painting, alike)
    pictures = []
    if size != "none":
        rendition = await paintings.rendition(database, painting_id, size)
        if rendition is not None:
            data = base64.b64encode(rendition.data).decode("ascii")
            pictures.append(ImageContent(type="image", data=data, mime_type="image/webp"))
    return answer(result, painting_text(result), *pictures)


def parse_painting_id(text: str) -> uuid.UUID:
    """An id as a model passes it on; one that cannot be an id is told like one that nothing has."""
    from art_mcp.search.finder import unknown_painting

    try:
        return uuid.UUID(text.strip())
    except ValueError:
        raise unknown_painting(text) from None
