"""What the page is told about a result beyond its data, in `_meta`, which models do not read.

That is the call that led to it, and the shape and colour of each picture, which stand in until the picture comes.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from art_mcp import images, store

if TYPE_CHECKING:
    from mcp.types import CallToolResult

    from art_mcp.painting import Rendition
    from art_mcp.runtime import Runtime

KEY = "art-mcp/gallery"
MAX_ARGUMENT = 2_000
"""Characters of an argument as JSON; longer ones, which are pictures, are left out."""


async def of(runtime: Runtime, ids: Collection[uuid.UUID], shown: Rendition | None = None) -> dict[str, Any]:
    """The metadata of a result with these paintings.

    Args:
        shown: the display picture of the first one, if it is shown alone.

    Returns:
        By id the thumbnail's width and height in pixels and its mean colour, then those of `shown`; nothing of a
        painting without a picture.
    """
    kept = await store.paintings.renditions(await runtime.database(), ids, "thumbnail")

    def look() -> dict[str, list[int | str]]:
        seen = {id_: images.rendition.mean_colour(each.data) for id_, each in kept.items()}
        return {str(id_): [kept[id_].width, kept[id_].height, colour] for id_, colour in seen.items() if colour}

    tiles = await anyio.to_thread.run_sync(look, limiter=runtime.showing)
    if shown and (tile := tiles.get(str(next(iter(ids))))):
        tile += [shown.width, shown.height]
    return {KEY: {"tiles": tiles}}


def add_call(result: CallToolResult, tool: str, arguments: Mapping[str, Any]) -> None:
    """Add the call to the hints of a result that has some."""
    if result.meta and KEY in result.meta:
        kept = {name: value for name, value in arguments.items() if len(json.dumps(value)) <= MAX_ARGUMENT}
        result.meta[KEY]["asked"] = {"tool": tool, "arguments": kept}
