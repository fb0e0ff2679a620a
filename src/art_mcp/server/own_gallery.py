"""Serves the gallery to the browser of the person who has started it, without a chat."""

from __future__ import annotations

import hmac
import secrets
import signal
import sys
from collections.abc import Callable

import anyio
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from art_mcp.server.app import ArtServer
from art_mcp.server.gallery.web import HEADERS, Hidden, page_response
from art_mcp.server.http import listen
from art_mcp.server.loopback import HOST, configured, gallery_app


def serve_gallery(server: ArtServer, port: int, show: Callable[[str, str], None]) -> None:
    """Serve until SIGINT or SIGTERM.

    Args:
        server: built for the page.
        port: 0 for any free port.
        show: is called with the gallery's address, and with one that leads there once.

    Raises:
        ListenError: the port cannot be bound.
    """
    with listen(HOST, port) as listener:
        app = _App(server)
        web = uvicorn.Server(configured(app.asgi))
        # After it has shut down, uvicorn raises the signal again. This turns that into a normal exit.
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: sys.exit(0))
        origin = f"http://{HOST}:{listener.getsockname()[1]}"
        show(origin + app.path, origin + app.entrance)  # a browser that is faster than the server waits for it
        anyio.run(web.serve, [listener])


class _App:
    """The gallery under a secret path, and an entrance to it.

    A browser is started with the address of the entrance, which other users of the machine can see in its command line,
    but which leads only its first visitor to the gallery.
    """

    def __init__(self, server: ArtServer) -> None:
        secret, self._ticket = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.path, self.entrance = f"/{secret}/", f"/enter/{self._ticket}"
        self._endpoint = f"/{secret}/mcp"
        self.asgi = gallery_app(
            server, secret, Route("/enter/{ticket}", self._enter), Route("/{secret}/", Hidden(self._page, secret))
        )

    async def _enter(self, request: Request) -> Response:
        if self._ticket and hmac.compare_digest(request.path_params["ticket"].encode(), self._ticket.encode()):
            self._ticket = ""
            return RedirectResponse(self.path, 303, HEADERS)
        return PlainTextResponse("This address works only once. Use the one that art-mcp printed.", 404)

    async def _page(self, scope: Scope, receive: Receive, send: Send) -> None:
        await page_response(self._endpoint)(scope, receive, send)
