"""Receives a request's body, and limits how many large ones are in memory at once."""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

import anyio
from starlette.types import Message, Receive

from art_mcp.turns import Turns

LARGE = 1024 * 1024
"""Bytes of a body that are received in any case."""
AT_ONCE, AT_ONCE_OF_ONE = 4, 2
"""Large bodies at once, of all callers of this process and of one. Searches by four of 27 MB take 0.7 GB of memory."""
RECEIVE_WITHIN_S = 120
"""Enough for the largest body at 2 Mbit/s, from when it has a place, which a slow sender would otherwise keep."""


class TooSlowError(Exception):
    """A large body did not arrive in time."""


class Body:
    """The body of one request. A large one takes a place for as long as the block lasts.

    Attributes:
        size: bytes that were received.

    Args:
        receive: receives the body.
        places: in which large bodies take turns.
    """

    def __init__(self, receive: Receive, places: Turns) -> None:
        self.size = 0
        self._receive = receive
        self._places = places
        self._holding = AsyncExitStack()
        self._until: float | None = None
        """When all has to be there; None for a body that is not large."""
        self._more = True

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._holding.aclose()

    async def receive(self) -> Message:
        """Receive the next part, in ASGI's form; the first one beyond `LARGE` once there is a place.

        Raises:
            TooSlowError: the body did not arrive in time.
        """
        if self.size > LARGE and self._more and self._until is None:
            await self._holding.enter_async_context(self._places.turn())
            self._until = anyio.current_time() + RECEIVE_WITHIN_S
        if self._until is None or not self._more:
            return self._counted(await self._receive())
        with anyio.move_on_after(self._until - anyio.current_time()):
            return self._counted(await self._receive())
        raise TooSlowError

    def _counted(self, message: Message) -> Message:
        if message["type"] == "http.request":
            self.size += len(message.get("body", b""))
        self._more = bool(message.get("more_body", False))
        return message
