"""A connection over HTTP that is closed if no request arrives."""

from __future__ import annotations

import asyncio

from uvicorn.protocols.http.h11_impl import H11Protocol

KEEP_ALIVE_S = 75
"""How long a connection is kept between requests. Clients and proxies close unused ones earlier (httpx after 5 s, nginx
after 60 s), so that no request crosses with our closing, which would lose it."""
UNSENT_S = 10
"""A connection on which no request comes whole is closed within twice this."""


class Connection(H11Protocol):
    """uvicorn limits only the time between a response and the first byte of the next request.

    Always h11, which limits the head of a request to 64 KiB, also if httptools is installed.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.loop.call_later(UNSENT_S, self._close_if_unsent, None)

    def _close_if_unsent(self, seen: object) -> None:
        """Close it if a request has begun to come, or should have, since it was `seen` to wait after this one."""
        answered = self.cycle is None or self.cycle.response_complete
        waits = answered and self.timeout_keep_alive_task is None  # which uvicorn ends at the first byte
        if waits and seen is self.cycle:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.loop.call_later(UNSENT_S, self._close_if_unsent, self.cycle if waits else self)
