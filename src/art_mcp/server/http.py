"""Serves MCP over HTTP, to this machine only."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from art_mcp.errors import ArtMcpError
from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.server.gallery.web import page_response
from art_mcp.server.upload_page import UploadPage
from art_mcp.server.uploads import hide_links

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from art_mcp.server.app import ArtServer

MCP_PATH = "/mcp"
MAX_BODY = MAX_BYTES // 3 * 4 + 1024 * 1024
"""Bytes of the largest picture as base64, and of the JSON around it."""
MAX_SESSIONS = 1000
PEEKED = 64 * 1024
"""Bytes of a body that are read to find out whether it begins a session."""
CLOSE_WITHIN_S = 3
"""Seconds after a signal at which open requests are cancelled."""

_NAMES = ("127.0.0.1", "localhost", "[::1]")
# Any port, since through a tunnel the client's differs from the server's; or none, since browsers omit port 80.
_HOSTS = [host for name in _NAMES for host in (name, f"{name}:*")]
SECURITY = TransportSecuritySettings(
    allowed_hosts=_HOSTS,
    allowed_origins=[f"http://{host}" for host in _HOSTS],
)


class ListenError(ArtMcpError):
    """The server cannot listen on the requested address."""


class OnlyThisMachine:
    """Rejects requests of web pages, on every path and before the body is read.

    A browser names the page's own host: in Host if the page's name was rebound to this machine, in Origin if the page
    sends cross-origin requests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._check = TransportSecurityMiddleware(SECURITY)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := await self._check.validate_request(Request(scope))):
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


def http_app(server: ArtServer, **options: Any) -> Starlette:
    """The server as an ASGI application: MCP at `/mcp`, the gallery at `/` and at upload links, and `/health`.

    Clients of protocol versions with a handshake have sessions, because a tool can ask their user only in a session;
    requests of version 2026-07-28 have none, nor have those of clients that name neither. All of them share the same
    services.

    Args:
        server: additional routes are registered on it.
        options: passed to the SDK's `streamable_http_app`.
    """
    server.custom_route("/health", methods=["GET"])(_health)
    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        max_request_body_size=MAX_BODY,
        max_sessions=MAX_SESSIONS,
        transport_security=SECURITY,
        **options,
    )
    app.routes.append(Route("/", _gallery))
    app.routes.extend(UploadPage(lambda: server.services, endpoint=MCP_PATH).routes())
    alone, with_sessions = sessionless(server.twin()), app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with with_sessions(app), alone.run():
            yield

    app.router.lifespan_context = lifespan
    app.add_middleware(WithoutSession, alone=alone.asgi_app)
    app.add_middleware(OnlyThisMachine)
    return app


def sessionless(server: ArtServer) -> StreamableHTTPSessionManager:
    """What serves a server's MCP, each request by itself, whatever the version of the protocol."""
    server.streamable_http_app(stateless_http=True, max_request_body_size=MAX_BODY, transport_security=SECURITY)
    return server.session_manager


class WithoutSession:
    """Serves requests to MCP that name neither a session nor a version, such as Claude's for iOS when it reads a page.

    An `initialize` is one, too, but begins a session.
    """

    def __init__(self, app: ASGIApp, alone: ASGIApp) -> None:
        self._app = app
        self._alone = alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else {}
        app = self._app
        if (
            (scope["type"], scope.get("method"), scope.get("path")) == ("http", "POST", MCP_PATH)
            and MCP_SESSION_ID_HEADER not in headers
            and MCP_PROTOCOL_VERSION_HEADER not in headers
        ):
            body, receive = await _peeked(receive)
            app = self._app if _initializes(body) else self._alone
        await app(scope, receive, send)


async def _peeked(receive: Receive) -> tuple[bytes, Receive]:
    """The first `PEEKED` bytes of a body or a little more, and what receives them again and then the rest."""
    seen: list[Message] = []
    body, more = b"", True
    while more and len(body) <= PEEKED:
        message = await receive()
        seen.append(message)
        body += message.get("body", b"")
        more = message.get("more_body", False)

    async def again() -> Message:
        return seen.pop(0) if seen else await receive()

    return body, again


def _initializes(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("method") == "initialize"


def serve_http(server: ArtServer, host: str, port: int, **options: Any) -> None:
    """Serve until SIGINT or SIGTERM; open requests then have `CLOSE_WITHIN_S` seconds to finish.

    Args:
        server: the server.
        host: a loopback name or address.
        port: 0 for any free port.
        options: as in `http_app`.

    Raises:
        ListenError: the host is not loopback, or the port cannot be bound.
    """
    with listen(host, port) as listener:
        config = uvicorn.Config(
            http_app(server, **options),
            log_config=None,  # the default writes requests to stdout
            lifespan="on",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_WITHIN_S,
        )
        web = uvicorn.Server(config)
        logging.getLogger("uvicorn.error").addFilter(lambda record: not (web.should_exit and _is_cut_off(record)))
        for handler in logging.getLogger().handlers:  # the SDK logs tool results, uvicorn paths
            handler.addFilter(hide_links)
        # After it has shut down, uvicorn raises the signal again. This turns that into a normal exit.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        address, bound = listener.getsockname()[:2]
        name = f"[{address}]" if ":" in address else address
        print(f"art-mcp serves MCP at http://{name}:{bound}{MCP_PATH} (Ctrl-C stops it)", file=sys.stderr, flush=True)
        anyio.run(web.serve, [listener])


def listen(host: str, port: int) -> socket.socket:
    """Open a listening socket on the loopback interface.

    Raises:
        ListenError: the host is not loopback, or the port cannot be bound.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        raise ListenError(f"The host {host!r:.60} does not exist.", "Omit --host, or check its spelling.") from None
    addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
    if not addresses or not all(address.is_loopback for address in addresses):
        raise ListenError(
            f"art-mcp listens on this machine only, not on {host or 'every address'}: it has no access control yet, so "
            "anyone who can reach that address could read and change your collections.",
            "Omit --host; from another machine, use an SSH tunnel (ssh -L "
            f"{port}:127.0.0.1:{port} USER@THIS_MACHINE) and http://127.0.0.1:{port}{MCP_PATH}.",
        )
    family, *_, address = found[0]
    try:
        listener = socket.create_server(address[:2], family=family)
        # Inherited by connections. asyncio sets it only if the socket's protocol is TCP, but here it is 0.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except PermissionError:
        problem = f"No permission to bind port {port}."
    except OSError as error:
        problem = f"Cannot bind port {port} of {host} ({error.strerror}); another server may be running there."
    raise ListenError(problem, "Choose another port with --port; 0 picks a free one.")


async def _gallery(_: Request) -> Response:
    return page_response(MCP_PATH)


async def _health(_: Request) -> JSONResponse:
    """Report that the process responds; checks neither the database nor a model."""
    return JSONResponse({"status": "ok", "version": version("art-mcp")})


def _is_cut_off(record: logging.LogRecord) -> bool:
    """Whether uvicorn logs a request that was cut off by the shutdown; it logs their number, too."""
    cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return bool(cancelled) or record.getMessage().startswith("ASGI callable returned without completing")
