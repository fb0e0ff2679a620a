"""The tool by which the gallery gets its pictures."""

from __future__ import annotations

import base64
import uuid
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Annotated

from mcp.server import MCPServer
from mcp.types import CallToolResult, TextContent, ToolAnnotations
from pydantic import Field

from art_mcp import images, search, store
from art_mcp.images.undecoded import ImageError
from art_mcp.painting import Rendition
from art_mcp.search import MAX_LIMIT
from art_mcp.server.arguments import Text, Whole
from art_mcp.server.gallery import FOR_GALLERY_ONLY
from art_mcp.server.services import Services, ToolContext, services
from art_mcp.server.tools.painting import parse_painting_id

if TYPE_CHECKING:
    from art_mcp.images.encoding import Encoded
    from art_mcp.images.excerpt import Region

MAX_CHARACTERS = 100_000
"""Of a result: Claude replaces one of more than about 150,000 by a pointer to a file."""
ENTRY = 150
"""Characters of a result for each picture, in addition to its data."""
MAX_ID = 64
"""Characters of an id that are repeated."""
THUMBNAIL = 320
"""Pixels per side of the stored thumbnails."""
LARGEST = 1024
"""Pixels per side; of a larger picture, a result has room for a region only."""


def register(server: MCPServer[Services]) -> None:
    server.add_tool(
        gallery_pictures,
        title="Pictures for the gallery",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        description="Internal: the gallery page gets its pictures here. Use get_painting instead.",
        meta=FOR_GALLERY_ONLY,
    )


async def gallery_pictures(
    ctx: ToolContext,
    ids: Annotated[list[str], Field(json_schema_extra={"maxItems": MAX_LIMIT})],
    size: Whole = THUMBNAIL,
    region: Text = "",
) -> CallToolResult:
    if len(ids) > MAX_LIMIT:
        raise search.finder.SearchError(f"ids has {len(ids)} ids.", f"Give at most {MAX_LIMIT}.")
    size = size or THUMBNAIL
    if size < 1:
        raise search.finder.SearchError(f"size is {size:.6g}.", "Give the longer side in pixels.")
    part = images.excerpt.Region.parse(region) if region else None
    runtime = services(ctx).runtime
    database = await runtime.database()
    asked: dict[str, uuid.UUID | None] = {}
    for id_ in ids:
        asked[id_] = None
        with suppress(search.finder.SearchError):
            asked[id_] = parse_painting_id(id_)
    large = size > THUMBNAIL or part is not None
    known = [painting_id for painting_id in asked.values() if painting_id and not large]
    thumbnails = await store.paintings.thumbnails(database, known) if known else {}
    pictures: list[dict[str, str | int]] = []
    missing: list[str] = []
    room = MAX_CHARACTERS
    for id_, painting_id in asked.items():
        kept = thumbnails.get(painting_id) if painting_id else None
        if painting_id and large:
            kept = await store.paintings.rendition(database, painting_id, "display")
            kept = kept or await store.paintings.rendition(database, painting_id, "thumbnail")
        encode = partial(_encoded, kept, min(size, LARGEST), part)
        encoded = await runtime.showing.run(encode)
        data = base64.b64encode(encoded.data).decode("ascii") if encoded else ""
        room -= len(data) + ENTRY
        if room < 0:  # the page asks for the rest again
            break
        if encoded:
            pictures.append({"id": id_[:MAX_ID], "width": encoded.width, "height": encoded.height, "data": data})
        else:
            missing.append(id_[:MAX_ID])
    return CallToolResult(
        content=[TextContent(type="text", text=f"{len(pictures)} pictures for the gallery.")],
        structured_content={"pictures": pictures, "missing": missing},
    )


def _encoded(kept: Rendition | None, size: int, region: Region | None) -> Encoded | None:
    """A stored picture as the gallery shows it, small enough for a result; None if there is none or it is damaged."""
    if kept is None:
        return None
    max_bytes = (MAX_CHARACTERS - ENTRY) // 4 * 3
    if region is None and max(kept.width, kept.height) <= size and len(kept.data) <= max_bytes:
        return images.encoding.Encoded(kept.data, kept.width, kept.height)
    try:
        return images.excerpt.excerpt(kept.data, size=size, region=region, max_bytes=max_bytes)
    except ImageError:
        return None
