"""Builds tool results: text, structured data and pictures, within the limits of hosts."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar

from mcp.types import CallToolResult, ImageContent, TextContent

from art_mcp.server.results import Result

MAX_ANSWER = 39_000
"""Maximum bytes of the data and of the text, each: hosts truncate results beyond 10,000 tokens of about 4 bytes."""
MAX_WHOLE = 140_000
"""Maximum characters of the text, the data and the picture: Claude replaces a result of about 150,000 by a pointer to a
file, which shows nothing. A few thousand more are around them."""
LONGEST = (12_000, 4_000, 1_000, 300, 150, 80, 60)
"""Maximum bytes of each string in a result that is too long, tried in this order; ids and cursors are shorter."""
CUT = "… [cut]"

R = TypeVar("R", bound=Result)


def answer(result: R, say: Callable[[R], str], *pictures: bytes, meta: dict[str, Any] | None = None) -> CallToolResult:
    """Build a tool result. Hosts read either the text or the data, so each is complete.

    Args:
        say: formats a result as text.
        pictures: JPEG; they are returned as image content, never inside the data.
        meta: for the gallery; models do not read it.
    """
    result = fitted(result)
    shown = [base64.b64encode(picture).decode("ascii") for picture in pictures]
    return CallToolResult(
        content=[
            TextContent(type="text", text=say(result)),
            *(ImageContent(type="image", data=data, mime_type="image/jpeg") for data in shown),
        ],
        structured_content=result.model_dump(mode="json"),
        _meta=meta,
    )


def room(result: R, say: Callable[[R], str]) -> int:
    """The bytes that a picture may have next to a result's text and data, of `MAX_WHOLE` characters."""
    result = fitted(result)
    taken = len(json.dumps(say(result))) + len(json.dumps(result.model_dump(mode="json")))
    return (MAX_WHOLE - taken) // 4 * 3  # base64 makes 4 characters of 3 bytes


def fitted(result: R) -> R:
    """Truncate the strings of a result as little as it takes to fit, and mark where they are cut."""
    data = result.model_dump(mode="json")
    for longest in LONGEST:
        if len(json.dumps(data)) <= MAX_ANSWER:
            break
        data = _cut(data, longest)
        result = type(result).model_validate(data)
    return result


def _cut(data: Any, longest: int) -> Any:
    if isinstance(data, dict):
        return {key: _cut(value, longest) for key, value in data.items()}
    if isinstance(data, list):
        return [_cut(value, longest) for value in data]
    if not isinstance(data, str) or _bytes(data) <= longest:
        return data
    kept, room = 0, longest - _bytes(CUT)
    while (room := room - _bytes(data[kept])) >= 0:
        kept += 1
    return data[:kept].rstrip() + CUT


def _bytes(text: str) -> int:
    """The size in JSON with non-ASCII characters escaped, which is the most that a host can count."""
    return len(json.dumps(text)) - 2
