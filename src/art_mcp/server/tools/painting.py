"""The tool that shows one painting."""

from __future__ import annotations

import re
import uuid
from functools import partial
from typing import Annotated

from mcp.server import MCPServer
from mcp.types import CallToolResult, ToolAnnotations
from pydantic import Field

from art_mcp import images, search, store
from art_mcp.images.undecoded import ImageError
from art_mcp.search import MAX_LIMIT
from art_mcp.server.answers import answer, room
from art_mcp.server.arguments import DEFAULT_SIZE, MAX_SIZE, RegionOf, Similar, Size
from art_mcp.server.gallery import SHOWN_IN_GALLERY, hints
from art_mcp.server.hosts import shows_pictures
from art_mcp.server.results import PaintingResult, painting_result, painting_text
from art_mcp.server.services import Services, ToolContext, services

_ADDRESS = re.compile(r"^art://paintings/([^/]+)(?:/image)?/?$", re.IGNORECASE)

MAX_LARGE = 600_000
"""Bytes of a picture that was asked for at more than the default size."""


def register(server: MCPServer[Services]) -> None:
    server.add_tool(
        get_painting,
        title="Show one painting",
        annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False),
        description=(
            "Returns the full catalogue entry of one painting, and its picture or a region of it for detail; similar "
            "adds the paintings that look most like it. Take the id from a search; it does not search by title."
        ),
        meta=SHOWN_IN_GALLERY,
    )


async def get_painting(
    ctx: ToolContext,
    id: Annotated[str, Field(description="From a search result.")],
    size: Size = DEFAULT_SIZE,
    region: RegionOf = "",
    similar: Similar = 0,
) -> Annotated[CallToolResult, PaintingResult]:
    if not 0 <= similar <= MAX_LIMIT:
        raise search.finder.SearchError(
            f"similar is {similar:.6g}, but must be from 0 to {MAX_LIMIT}.", "Pass a number in this range."
        )
    if not 0 <= size <= MAX_SIZE:
        raise search.finder.SearchError(
            f"size is {size:.6g}, but must be from 0 to {MAX_SIZE} pixels.", "Pass 512, or 0 for no picture."
        )
    part = images.excerpt.Region.parse(region) if region else None
    painting_id = parse_painting_id(id)
    runtime = services(ctx).runtime
    database = await runtime.database()
    painting = await store.paintings.get(database, painting_id)
    if painting is None:
        raise search.finder.unknown_painting(painting_id)
    alike, note = None, None
    if similar:
        try:
            alike = await runtime.ask(lambda finder: finder.like_painting(painting_id, limit=similar))
        except search.finder.SearchError as error:
            note = f"No similar paintings are listed. {error}"
    result = painting_result(painting, await store.copies.of(database, painting_id), alike, note)
    kept = await store.paintings.rendition(database, painting_id, "display")
    pictures = []
    if not size or not shows_pictures(ctx):
        pass
    elif not kept:
        result.shown = "Nothing: no picture is stored."
    else:
        max_bytes = room(result, painting_text) if size <= DEFAULT_SIZE else MAX_LARGE
        show = partial(images.excerpt.excerpt, kept.data, size=size, region=part, max_bytes=max_bytes)
        try:
            picture = await runtime.showing.run(show)
        except ImageError as error:
            result.shown = f"Nothing. {error}"
        else:
            shown = f"The region {part}" if part else "The whole picture"
            result.shown = f"{shown}, {picture.width} x {picture.height} pixels."
            pictures = [picture.data]
    ids = [painting_id, *(hit.painting.id for hit, _ in (alike.hits if alike else ()))]
    thumbnails = await store.paintings.thumbnails(database, ids)
    meta = await hints.of(runtime, thumbnails, (painting_id, kept) if kept else None)
    return answer(result, painting_text, *pictures, meta=meta)


def parse_painting_id(text: str) -> uuid.UUID:
    """Parse an id, or the address of a resource, from a model; a malformed one gets the error of an unknown one."""
    try:
        return uuid.UUID(_ADDRESS.sub(r"\1", text.strip()))
    except ValueError:
        raise search.finder.unknown_painting(text) from None
