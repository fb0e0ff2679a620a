"""A connection over HTTP that is closed if no request arrives."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

IDLE_S = 10
"""A connection without a request in progress is closed within twice this: none has come whole, or it was answered."""


class Connection(H11Protocol):
    """uvicorn limits only the time between a response and the first byte of the next request.

    Always h11, which limits the head of a request to 64 KiB, also if httptools is installed.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(IDLE_S, self._close_if_idle, None)

    def _close_if_idle(self, seen: object) -> None:
        """Close it if no request is in progress, and none has come since it was `seen` to wait after this one."""
        waits = self.cycle is None or self.cycle.response_complete
        if waits and seen is self.cycle:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.loop.call_later(IDLE_S, self._close_if_idle, self.cycle if waits else self)
