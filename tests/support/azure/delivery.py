"""How an answer reaches the client, or does not; and what ASGI needs for that."""

from __future__ import annotations

import math
import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

import anyio

from support.azure.answers import Answer, Delivery

if TYPE_CHECKING:
    from starlette.types import Message, Receive, Scope, Send

DRIP_BYTES, DRIP_EVERY_S = 64, 0.1
"""A vector takes some 20 s this way."""
BEFORE_RESET_S = 0.05
"""For the client to see that an answer has begun."""


async def read(receive: Receive) -> bytes | None:
    """The whole body; None if the client went away before its end."""
    body = bytearray()
    while (message := await receive())["type"] == "http.request":
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)
    return None


async def pause(receive: Receive, seconds: float) -> bool:
    """Let time pass after the body was read; True, and at once, if the client goes away."""
    if not seconds:
        return False
    with anyio.move_on_after(seconds):
        while (await receive())["type"] != "http.disconnect":
            pass
        return True
    return False


async def deliver(answer: Answer, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer in its own way; returns when that is done, or when the client has gone."""
    if answer.delivery is Delivery.NEVER:
        await pause(receive, math.inf)
        return
    length = len(answer.body)
    headers = {**answer.headers, "content-length": str(length)}
    head = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": head})
    if answer.delivery is Delivery.RESET:
        await send(_body(answer.body[: length // 2], more=True))
        await pause(receive, BEFORE_RESET_S)
        _reset(scope)
        await pause(receive, math.inf)
        return
    if answer.delivery is Delivery.DRIP:
        for start in range(0, length, DRIP_BYTES):
            await send(_body(answer.body[start : start + DRIP_BYTES], more=True))
            if await pause(receive, DRIP_EVERY_S):
                return
        await send(_body(b""))
    else:
        await send(_body(answer.body))


def _body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.response.body", "body": content, "more_body": more}


def _reset(scope: Scope) -> None:
    """Close the connection as a crash does: no end is announced, and what was not read yet is lost."""
    transport = scope["state"]["transport"]  # from `serving`
    with suppress(OSError):  # the client was faster
        transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
