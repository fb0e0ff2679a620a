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


async def serve_eras(
    serve: Serve,
    received: MemoryObjectReceiveStream[Received],
    sent: MemoryObjectSendStream[SessionMessage],
) -> None:
    """Serve until `received` ends, in the era that the client settles on; closes both streams.

    If `initialize` comes while discovery is being answered, the answer is dropped: the client no longer waits for it.

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
    only_discovered, discovered = True, False
    async with forward:
        while message is not None:
            method = _requested(message)
            if method == "initialize" and discovered and only_discovered:
                return message
            discovered = discovered or method == "server/discover"
            only_discovered = only_discovered and method in (None, "server/discover")
            try:
                await forward.send(message)
            except anyio.BrokenResourceError:  # the era's server has ended, and so does this
                return None
            message = await _next(received)
    return None


async def _next(received: MemoryObjectReceiveStream[Received]) -> Received | None:
    try:
        return await received.receive()
    except anyio.EndOfStream:
        return None


def _requested(message: Received) -> str | None:
    """The method of a request; None for anything else."""
    request = message.message if isinstance(message, SessionMessage) else None
    return request.method if isinstance(request, JSONRPCRequest) else None
