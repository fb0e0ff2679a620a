"""Serves one client over stdio, whichever protocol era it settles on.

The SDK pins the era by the first request. A client that has asked `server/discover`, has waited for a second while the
server was starting, and then falls back to `initialize` would be refused. Discovery commits a client to nothing, so an
`initialize` that follows nothing else opens the connection again.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

import anyio
from anyio.abc import TaskGroup
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import JSONRPCRequest

Received: TypeAlias = SessionMessage | Exception
Serve: TypeAlias = Callable[
    [MemoryObjectReceiveStream[Received], MemoryObjectSendStream[SessionMessage]], Coroutine[Any, Any, None]
]

HELD_BACK_S = 0.03
"""Seconds that `server/discover` is held back: longer than it takes to read a message that has already arrived."""


async def serve_eras(
    serve: Serve,
    received: MemoryObjectReceiveStream[Received],
    sent: MemoryObjectSendStream[SessionMessage],
) -> None:
    """Serve until `received` ends, in the era that the client settles on; closes both streams.

    Discovery is not answered if `initialize` follows at once, since both have waited for the server to start: the
    client no longer expects that answer, and may report it as an error.

    Args:
        serve: serves one era, and closes the streams that it is given.
    """
    async with received, sent:
        first: Received | None = await _next(received)
        while first is not None:
            async with anyio.create_task_group() as serving:
                first = await _relay(first, received, _start(serving, serve, sent.clone()))


def _start(
    serving: TaskGroup, serve: Serve, sent: MemoryObjectSendStream[SessionMessage]
) -> MemoryObjectSendStream[Received]:
    forward, forwarded = anyio.create_memory_object_stream[Received]()
    serving.start_soon(serve, forwarded, sent)
    return forward


async def _relay(
    first: Received, received: MemoryObjectReceiveStream[Received], forward: MemoryObjectSendStream[Received]
) -> Received | None:
    """Forward messages; return an `initialize` for which the connection has to be opened again, or None at the end."""
    message: Received | None = first
    discovered, settled = False, False
    async with forward:
        while message is not None:
            method = _requested(message)
            if method == "initialize" and discovered and not settled:
                return message
            discovered = discovered or method == "server/discover"
            settled = settled or method not in (None, "server/discover")
            following: list[Received | None] = []
            if method == "server/discover" and not settled:
                with anyio.move_on_after(HELD_BACK_S):
                    following = [await _next(received)]
            if following and _requested(following[0]) == "initialize":
                return following[0]
            try:
                await forward.send(message)
            except anyio.BrokenResourceError:  # the era's server has ended, and so does this
                return None
            message = following[0] if following else await _next(received)
    return None


async def _next(received: MemoryObjectReceiveStream[Received]) -> Received | None:
    try:
        return await received.receive()
    except anyio.EndOfStream:
        return None


def _requested(message: Received | None) -> str | None:
    """The method of a request; None for anything else."""
    request = message.message if isinstance(message, SessionMessage) else None
    return request.method if isinstance(request, JSONRPCRequest) else None
