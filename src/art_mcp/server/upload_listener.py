"""Serves the upload page where the server itself is reached over stdio: on loopback, while a link is open."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from uvicorn.protocols.http.h11_impl import H11Protocol

from art_mcp.server.http import OnlyThisMachine, listen
from art_mcp.server.upload_page import UploadPage
from art_mcp.server.uploads import hide_links

if TYPE_CHECKING:
    import socket

    from anyio.abc import TaskGroup

    from art_mcp.server.services import Services

log = logging.getLogger(__name__)

HOST = "127.0.0.1"
MAX_CONNECTIONS = 64
"""Further ones are closed at once, so that nobody on this machine can take all files that the process may open."""
IDLE_S = 10
"""A connection without a request in progress, whether none has come or it was answered, is closed within twice this."""
LOOK_EVERY_S = 1
CLOSE_WITHIN_S = 1
"""Seconds that uploads in progress have when the process ends."""


class UploadListener:
    """Listens on a free port of `HOST` from the first link on, and ends when no link is open any more.

    Args:
        services: returns the server's services while it runs.
        tasks: it runs in this task group, and ends when that is cancelled.
    """

    def __init__(self, services: Callable[[], Services], tasks: TaskGroup) -> None:
        self._services = services
        self._tasks = tasks
        self._origin = ""

    def origin(self) -> str:
        """The origin of the page's URL, e.g. `http://127.0.0.1:40123`; starts to listen if it does not yet.

        The caller creates a link before the next `await`, since there is nothing to listen for without one.

        Raises:
            ListenError: this machine does not allow it.
        """
        if not self._origin:
            for handler in logging.getLogger().handlers:  # the SDK logs tool results
                handler.addFilter(hide_links)
            listener = listen(HOST, 0)
            self._origin = f"http://{HOST}:{listener.getsockname()[1]}"
            self._tasks.start_soon(self._serve, listener)
        return self._origin

    async def _serve(self, listener: socket.socket) -> None:
        web = _Web(
            uvicorn.Config(
                Starlette(routes=UploadPage(self._services).routes(), middleware=[Middleware(OnlyThisMachine)]),
                http=_Connection,
                ws="none",
                lifespan="off",
                log_config=None,  # the default writes to stdout
                access_log=False,
                proxy_headers=False,
                server_header=False,
                timeout_graceful_shutdown=CLOSE_WITHIN_S,
            )
        )
        serving = asyncio.create_task(web.serve([listener]))
        try:
            while self._services().uploads.awaits_any:
                if (await asyncio.wait([serving], timeout=LOOK_EVERY_S))[0]:
                    break
        finally:
            self._origin = ""
            web.should_exit = True
            with anyio.CancelScope(shield=True):
                await asyncio.wait([serving])
            if error := serving.exception():  # chats go on without the page
                log.error("The upload page has failed", exc_info=error)


class _Web(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which is not this server's own."""
        yield


class _Connection(H11Protocol):
    """Holds on to no connection that sends nothing; uvicorn limits only the time after a response."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
        else:
            self.loop.call_later(IDLE_S, self._close_if_idle)

    def _close_if_idle(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
        elif not self.transport.is_closing():
            self.loop.call_later(IDLE_S, self._close_if_idle)
