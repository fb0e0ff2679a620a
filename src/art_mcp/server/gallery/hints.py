"""What the page gets with a result beyond its data, in `_meta`, which models do not read.

That is the call that led to it, and the shape and colour of each picture, which are shown until the picture comes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from art_mcp import images

if TYPE_CHECKING:
    import uuid

    from mcp.types import CallToolResult

    from art_mcp.painting import Rendition
    from art_mcp.runtime import Runtime

KEY = "art-mcp/gallery"
MAX_ARGUMENT = 2_000
"""Characters of an argument as JSON; longer ones, which are pictures, are left out."""


async def of(
    runtime: Runtime, thumbnails: Mapping[uuid.UUID, Rendition], display: tuple[uuid.UUID, Rendition] | None = None
) -> dict[str, Any]:
    """The metadata of a result with these thumbnails.

    Args:
        display: the display picture of the painting that is shown alone, and its id.

    Returns:
        By id the thumbnail's width and height in pixels and its mean colour, then those of `display`; nothing of a
        painting without a picture.
    """

    def look() -> dict[str, list[int | str]]:
        seen = {id_: images.rendition.mean_colour(each.data) for id_, each in thumbnails.items()}
        return {
            str(id_): [thumbnails[id_].width, thumbnails[id_].height, colour] for id_, colour in seen.items() if colour
        }

    tiles = await runtime.showing.run(look)
    if display and (tile := tiles.get(str(display[0]))):
        tile += [display[1].width, display[1].height]
    return {KEY: {"tiles": tiles}}


def add_call(result: CallToolResult, tool: str, arguments: Mapping[str, Any]) -> None:
    """Add the call to the hints of a result that has some."""
    if result.meta and KEY in result.meta:
        kept = {name: value for name, value in arguments.items() if _is_short(value)}
        result.meta[KEY]["asked"] = {"tool": tool, "arguments": kept}


def _is_short(value: object) -> bool:
    # A picture of 20 MB is not written as JSON only to see its length.
    return not (isinstance(value, str) and len(value) > MAX_ARGUMENT) and len(json.dumps(value)) <= MAX_ARGUMENT
