"""Paintings as resources, which a client can attach to a chat by URI, without a tool."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mcp.server import MCPServer
from mcp.server.mcpserver.exceptions import ResourceNotFoundError
from mcp.server.mcpserver.resources import ResourceSecurity
from mcp.types import Annotations

from art_mcp import images, search, store
from art_mcp.painting import Painting
from art_mcp.server.answers import fitted
from art_mcp.server.results import painting_result
from art_mcp.server.services import Services, ToolContext, services
from art_mcp.server.tools.painting import parse_painting_id

if TYPE_CHECKING:
    from art_mcp.store.database import Database

MAX_IMAGE = 700_000
"""Bytes; base64 adds a third, and hosts accept 1 MB."""

# The SDK rejects values that look like paths. Exempt ids, so that such a one gets the error of any unknown id.
_IDS = ResourceSecurity(exempt_params={"id"})


def register(server: MCPServer[Services]) -> None:
    server.resource(
        "art://paintings/{id}",
        name="painting",
        title="A painting's catalogue entry",
        description=(
            "The full catalogue entry of one painting, as get_painting returns it. Take the id from a search result."
        ),
        mime_type="application/json",
        annotations=Annotations(audience=["assistant"]),
        security=_IDS,
    )(painting)
    server.resource(
        "art://paintings/{id}/image",
        name="painting_image",
        title="A painting's picture",
        description="The picture of one painting, about 1024 pixels. Take the id from a search result.",
        mime_type="image/jpeg",
        annotations=Annotations(audience=["user", "assistant"]),
        security=_IDS,
    )(painting_image)


async def painting(ctx: ToolContext, id: str) -> str:
    database, found = await _find(ctx, id)
    return fitted(painting_result(found, await store.copies.of(database, found.id))).model_dump_json()


async def painting_image(ctx: ToolContext, id: str) -> bytes:
    database, found = await _find(ctx, id)
    rendition = await store.paintings.rendition(database, found.id, "display")
    if rendition is None:
        raise ResourceNotFoundError(f"No picture of the painting {found.id} is stored. Load its collection again.")
    return await services(ctx).runtime.showing.run(images.rendition.as_jpeg, rendition.data, MAX_IMAGE)


async def _find(ctx: ToolContext, id: str) -> tuple[Database, Painting]:
    try:
        painting_id = parse_painting_id(id)
        database = await services(ctx).runtime.database()
        found = await store.paintings.get(database, painting_id)
        if found is None:
            raise search.finder.unknown_painting(painting_id)
        return database, found
    except search.finder.SearchError as error:
        raise ResourceNotFoundError(str(error)) from None
