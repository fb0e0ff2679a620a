"""Serves the gallery where the server itself is reached over stdio: on loopback, from an upload link on."""

from __future__ import annotations

import asyncio
import logging
import math
import secrets
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic

import anyio
import uvicorn
from anyio.abc import TaskGroup
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from art_mcp.server.app import ArtServer
from art_mcp.server.http import listen
from art_mcp.server.loopback import HOST, configured, gallery_app
from art_mcp.server.upload_page import UploadPage
from art_mcp.server.uploads import hide_links

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1
PAGE_S = 30 * 60
"""Seconds after the last use of a page at which nobody is expected to come back to it."""


class UploadListener:
    """Listens on a free port of `HOST` from the first link on; ends when no link is open and no page is used any more.

    Args:
        server: the server, which runs.
        tasks: it runs in this task group, and ends when that is cancelled.
    """

    def __init__(self, server: ArtServer, tasks: TaskGroup) -> None:
        self._server = server
        self._tasks = tasks
        self._origin = ""
        self._secret = secrets.token_urlsafe(24)

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
        page = UploadPage(lambda: self._server.services, endpoint=f"/{self._secret}/mcp")
        watched = _Watched(gallery_app(self._server.for_page(), self._secret, *page.routes()))
        web = _Web(configured(watched))
        serving = asyncio.create_task(web.serve([listener]))
        try:
            while self._server.services.uploads.awaits_any or monotonic() - watched.used < PAGE_S:
                if (await asyncio.wait([serving], timeout=LOOK_EVERY_S))[0]:
                    break
        finally:
            self._origin = ""
            web.should_exit = True
            with anyio.CancelScope(shield=True):
                await asyncio.wait([serving])
            if error := serving.exception():  # chats continue without the page
                log.error("The upload page has failed", exc_info=error)


class _Watched:
    """Notes when it last served a request, for which one has to know a link or the page's secret."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self.used = -math.inf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def note(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] < 400:
                self.used = monotonic()
            await send(message)

        await self._app(scope, receive, note)


class _Web(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to the process, which is not this server's own."""
        yield
