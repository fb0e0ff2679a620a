"""Reads the beginning of a request's body before it is known who receives the body."""

from __future__ import annotations

from starlette.types import Message, Receive

PEEKED = 64 * 1024
"""Bytes of a body that are read: enough for a message without a picture."""


async def peeked(receive: Receive) -> tuple[bytes, Receive]:
    """The first `PEEKED` bytes of a body or a little more, and what receives them again and then the rest."""
    seen: list[Message] = []
    body, more = b"", True
    while more and len(body) <= PEEKED:
        message = await receive()
        seen.append(message)
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return seen.pop(0) if seen else await receive()

    return body, again
