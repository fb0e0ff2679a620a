"""Serving over HTTP, to this machine only."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from starlette.requests import Request
from starlette.responses import JSONResponse

from art_mcp.errors import ArtMcpError
from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.server.upload_page import UploadPage
from art_mcp.server.uploads import LINK_OR_HANDLE

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from art_mcp.server.app import ArtServer

MCP_PATH = "/mcp"
MAX_BODY = MAX_BYTES // 3 * 4 + 1024 * 1024
"""The largest picture as base64, and the JSON around it."""
MAX_SESSIONS = 1000
CLOSE_WITHIN_S = 3
"""Requests that are still open this long after a signal are cancelled."""

_NAMES = ("127.0.0.1", "localhost", "[::1]")
# Any port: through a tunnel the client's is another than the server's. None: a browser leaves out port 80.
_HOSTS = [host for name in _NAMES for host in (name, f"{name}:*")]
SECURITY = TransportSecuritySettings(
    allowed_hosts=_HOSTS,
    allowed_origins=[f"http://{host}" for host in _HOSTS],
)


class ListenError(ArtMcpError):
    """The server cannot listen where it was told to."""


class OnlyThisMachine:
    """Turns away, on every path and before a byte of the body is read, what a page on the web sends here.

    A browser names the page's own host, be it that the page's name was made to point at this machine (Host)
    or that the page sends its requests elsewhere (Origin).
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
    """The server as an ASGI application: MCP at `/mcp`, the page for uploads, and `/health`.

    Sessions are kept for clients of the handshake era, because only in a session can a tool ask the user back;
    a request of 2026-07-28 belongs to none. What the server lives by is opened once for all of them.

    Args:
        server: is given more routes.
        options: go to the SDK's `streamable_http_app`.
    """
    server.custom_route("/health", methods=["GET"])(_health)
    UploadPage(lambda: server.services).add_to(server)
    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        max_request_body_size=MAX_BODY,
        max_sessions=MAX_SESSIONS,
        transport_security=SECURITY,
        **options,
    )
    app.add_middleware(OnlyThisMachine)
    return app


def serve_http(server: ArtServer, host: str, port: int, **options: Any) -> None:
    """Serve until SIGINT or SIGTERM; then open requests have a few seconds to finish.

    Args:
        server: what to serve.
        host: a name or an address of this machine's loopback.
        port: 0 for any that is free.
        options: as those of `http_app`.

    Raises:
        ListenError: if the host is not loopback, or the port cannot be had.
    """
    with listen(host, port) as listener:
        config = uvicorn.Config(
            http_app(server, **options),
            log_config=None,  # its own would write requests to stdout
            lifespan="on",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=CLOSE_WITHIN_S,
        )
        web = uvicorn.Server(config)
        logging.getLogger("uvicorn.error").addFilter(lambda record: not (web.should_exit and _is_cut_off(record)))
        for handler in logging.getLogger().handlers:  # the SDK logs what tools answer, uvicorn the path
            handler.addFilter(_hide_links)
        # uvicorn raises the signal that ended it once more when all is closed. This makes that a plain exit.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        address, bound = listener.getsockname()[:2]
        name = f"[{address}]" if ":" in address else address
        print(f"art-mcp serves MCP at http://{name}:{bound}{MCP_PATH} (Ctrl-C stops it)", file=sys.stderr, flush=True)
        anyio.run(web.serve, [listener])


def listen(host: str, port: int) -> socket.socket:
    """A listening socket on the loopback interface.

    Raises:
        ListenError: if the host is not loopback, or the port cannot be had.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        raise ListenError(f"There is no host {host!r:.60}.", "Leave --host out, or write it differently.") from None
    addresses = [ipaddress.ip_address(address[0].partition("%")[0]) for *_, address in found]
    if not addresses or not all(address.is_loopback for address in addresses):
        raise ListenError(
            f"art-mcp listens on this machine only, not on {host or 'every address'}: it has no access control yet, so "
            "anybody who reaches that address could read and change your collections.",
            "Leave --host out; from another machine, use an SSH tunnel (ssh -L "
            f"{port}:127.0.0.1:{port} USER@THIS_MACHINE) and http://127.0.0.1:{port}{MCP_PATH}.",
        )
    family, *_, address = found[0]
    try:
        listener = socket.create_server(address[:2], family=family)
        # Connections inherit it. asyncio sets it only on sockets that say they are TCP, and this says nothing.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener
    except PermissionError:
        problem = f"Port {port} is not for this user."
    except OSError as error:
        problem = f"Port {port} of {host} cannot be had ({error.strerror}); perhaps a server already runs there."
    raise ListenError(problem, "Choose another with --port; 0 takes any that is free.")


async def _health(_: Request) -> JSONResponse:
    """That the process answers; neither the database nor a model is asked."""
    return JSONResponse({"status": "ok", "version": version("art-mcp")})


def _is_cut_off(record: logging.LogRecord) -> bool:
    """Whether uvicorn tells of a request that did not end by itself; at the end it says how many there were."""
    cancelled = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return bool(cancelled) or record.getMessage().startswith("ASGI callable returned without completing")


def _hide_links(record: logging.LogRecord) -> bool:
    """Who reads the log could else send a picture by somebody's link, or search with somebody's picture."""
    said = record.getMessage()
    if (hidden := LINK_OR_HANDLE.sub("...", said)) != said:
        record.msg, record.args = hidden, ()
    return True
