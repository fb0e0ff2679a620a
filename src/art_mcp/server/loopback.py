"""A web server for one user on the loopback interface, which all users of the machine share."""

from __future__ import annotations

import asyncio

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp

from art_mcp.server.app import ArtServer
from art_mcp.server.connection import Connection
from art_mcp.server.gallery.web import Hidden
from art_mcp.server.http import OnlyAddressed, sessionless

HOST = "127.0.0.1"
MAX_CONNECTIONS = 64
"""Further ones are closed at once, so that nobody on this machine can exhaust the process's file descriptors."""
CLOSE_WITHIN_S = 1
"""Seconds that requests in progress have when the process ends."""


def gallery_app(server: ArtServer, secret: str, *routes: Route) -> Starlette:
    """The gallery as an application: the routes that serve its page, and MCP for the page under a secret path."""
    manager = sessionless(server)
    app = Starlette(
        routes=[*routes, Route("/{secret}/mcp", Hidden(manager.asgi_app, secret))],
        middleware=[Middleware(OnlyAddressed)],
        lifespan=lambda _: manager.run(),
    )
    app.router.redirect_slashes = False
    return app


def configured(app: ASGIApp) -> uvicorn.Config:
    """The web server for an application whose paths are secrets, so that it logs none of them."""
    return uvicorn.Config(
        app,
        http=_OneOfFew,
        ws="none",
        lifespan="on",
        log_config=None,  # the default writes to stdout
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=CLOSE_WITHIN_S,
    )


class _OneOfFew(Connection):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > MAX_CONNECTIONS:
            transport.abort()
