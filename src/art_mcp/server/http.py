"""Serves MCP over HTTP: to this machine, or with access control to others."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import anyio
import uvicorn
from mcp.server.transport_security import TransportSecurityMiddleware, TransportSecuritySettings
from sse_starlette.sse import AppStatus
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from art_mcp import logs
from art_mcp import server as serving
from art_mcp.errors import ArtMcpError
from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.memory import keep_little
from art_mcp.server.access import audit
from art_mcp.server.access.gate import Gate
from art_mcp.server.access.limits import Limits
from art_mcp.server.access.policy import MCP_PATH, Policy
from art_mcp.server.access.refusals import Refusals
from art_mcp.server.access.verifier import Verifier
from art_mcp.server.connection import KEEP_ALIVE_S, Connection
from art_mcp.server.gallery.web import page_response
from art_mcp.server.readiness import Draining, Readiness
from art_mcp.server.sdk import surround, tools_of
from art_mcp.server.sessions import MAX_SESSIONS, FewSessions, WithoutSession
from art_mcp.server.upload_page import UploadPage
from art_mcp.server.uploads import hide_links
from art_mcp.settings import LOOPBACK_NAMES

if TYPE_CHECKING:
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.applications import Starlette
    from starlette.types import ASGIApp, Receive, Scope, Send

    from art_mcp.server.app import ArtServer
    from art_mcp.server.metrics import Metrics
    from art_mcp.store.database import Database

MCP_PATHS = (MCP_PATH, f"{MCP_PATH}/")
"""The second would otherwise be redirected, behind a proxy with TLS to http."""
MAX_BODY = MAX_BYTES // 3 * 4 + 1024 * 1024
"""Bytes of the largest picture as base64, and of the JSON around it."""
CLOSE_WITHIN_S, CLOSE_STATELESS_WITHIN_S = 3, 8
"""Seconds that open requests have to finish after a signal. Without sessions, no client holds a stream open."""


class ListenError(ArtMcpError):
    """The server cannot listen on the requested address."""


def addressed_to(public_url: str | None) -> TransportSecuritySettings:
    """The accepted values of Host and Origin: those of this machine, and of the public URL."""
    # Any port, since through a tunnel the client's differs from the server's; or none, since browsers omit port 80.
    hosts = [host for name in LOOPBACK_NAMES for host in (name, f"{name}:*")]
    origins = [f"http://{host}" for host in hosts]
    if public_url is not None:
        scheme, _, host = public_url.partition("://")
        port = "443" if scheme == "https" else "80"
        hosts += [host, f"{host}:{port}"]
        origins.append(public_url)
    return TransportSecuritySettings(allowed_hosts=hosts, allowed_origins=origins)


class OnlyAddressed:
    """Rejects requests of web pages, on every path and before the body is read.

    A browser names the page's own host: in Host if the page's name was rebound to this machine, in Origin if the page
    sends cross-origin requests.

    Args:
        app: what receives the other requests.
        public_url: another address of this server than those of this machine.
        refusals: what logs them, if anything does.
    """

    def __init__(self, app: ASGIApp, public_url: str | None = None, refusals: Refusals | None = None) -> None:
        self._app = app
        self._refusals = refusals
        self._check = TransportSecurityMiddleware(addressed_to(public_url))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (refusal := await self._check.validate_request(Request(scope))):
            if self._refusals:
                self._refusals.log(refusal.status_code, bytes(refusal.body).decode())
            await refusal(scope, receive, send)
        else:
            await self._app(scope, receive, send)


class OneLength:
    """Refuses requests with two statements of their length, and closes the connection.

    A proxy that follows the other one than this server sees other requests in the same bytes.
    """

    def __init__(self, app: ASGIApp, refusals: Refusals) -> None:
        self._app = app
        self._refusals = refusals

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app = self._app
        if scope["type"] == "http" and {"content-length", "transfer-encoding"} <= set(Headers(scope=scope)):
            said = "Send either Content-Length or Transfer-Encoding, not both."
            self._refusals.log(400, said)
            app = PlainTextResponse(said, 400, {"Connection": "close"})
        await app(scope, receive, send)


def http_app(
    server: ArtServer,
    readiness: Readiness | None = None,
    metrics: Metrics | None = None,
    *,
    traced: bool = False,
    **options: Any,
) -> Starlette:
    """The server as an ASGI application: MCP at `/mcp`, the gallery at `/` and at upload links, `/health` and `/ready`.

    If the settings have a public URL, a token is needed for all but the last three and the metadata that say where to
    get one; then the page of a link can search only if everyone can.

    Clients of protocol versions with a handshake have sessions, because a tool can ask their user only in a session;
    requests of version 2026-07-28 have none, nor have those of clients that name neither, or have no token where one
    can be sent. If the settings say `stateless`, nobody has. All of them share the same services.

    Args:
        server: additional routes are registered on it.
        readiness: what answers `/ready`, if the caller tells it when the server ends.
        metrics: what times the requests, if anything does.
        traced: whether spans are exported.
        options: passed to the SDK's `streamable_http_app`.
    """
    settings = server.art_settings
    readiness = readiness or Readiness(lambda: server.services.runtime)
    server.custom_route("/health", methods=["GET"])(_health)
    server.custom_route("/ready", methods=["GET"])(readiness.answer)
    app = server.streamable_http_app(
        streamable_http_path=MCP_PATH,
        max_request_body_size=MAX_BODY,
        max_sessions=MAX_SESSIONS,
        stateless_http=settings.is_stateless,
        transport_security=addressed_to(settings.public_url),
        **options,
    )
    mcp = next(route for route in app.routes if isinstance(route, Route) and route.path == MCP_PATH)
    app.routes.remove(mcp)
    twin = server.twin()
    if metrics:
        for each in (server, twin):
            surround(each, metrics.middleware(partial(tools_of, each)))
    alone = sessionless(twin)
    endpoint = WithoutSession(FewSessions(mcp.endpoint), alone.asgi_app)
    # Without a session, nothing would ever come over the stream of a GET.
    methods = ["POST"] if settings.is_stateless else None
    app.routes.extend(Route(path, endpoint, methods=methods) for path in MCP_PATHS)
    app.routes.append(Route("/", _gallery))
    policy = Policy.of(settings)
    searches = policy is None or policy.anonymous  # the page of a link sends no token
    app.routes.extend(UploadPage(lambda: server.services, endpoint=MCP_PATH if searches else None).routes())
    with_sessions = app.router.lifespan_context

    async def database() -> Database:
        return await server.services.runtime.database()

    limits = Limits(settings, database)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with with_sessions(app), alone.run(), limits.run():
            yield

    app.router.lifespan_context = lifespan
    refusals = Refusals(settings)
    if policy:
        app.routes.extend(policy.routes())
        verify = Verifier(policy, database).verify
        app.add_middleware(Gate, policy=policy, verify=verify, limits=limits, refusals=refusals)
    app.add_middleware(OnlyAddressed, public_url=settings.public_url, refusals=refusals)
    app.add_middleware(OneLength, refusals=refusals)
    if metrics:
        app.add_middleware(metrics.around, routes=app.routes)
    if traced:
        app.add_middleware(serving.tracing.Continued)
    return app


def sessionless(server: ArtServer) -> StreamableHTTPSessionManager:
    """What serves a server's MCP, each request by itself, whatever the version of the protocol."""
    addressed = addressed_to(server.art_settings.public_url)
    server.streamable_http_app(stateless_http=True, max_request_body_size=MAX_BODY, transport_security=addressed)
    return server.session_manager


def serve_http(server: ArtServer, host: str, port: int, metrics: Metrics | None = None, **options: Any) -> None:
    """Serve until SIGINT or SIGTERM; open requests then have some seconds to finish.

    If `/ready` was ever asked, it answers 503 for `DRAIN_S` seconds before that, while requests are still accepted.

    Args:
        server: the server.
        host: a name or address; other than loopback only with access control.
        port: 0 for any free port.
        metrics, options: as in `http_app`; `traced` is one.

    Raises:
        ListenError: the host is not allowed, or the port cannot be bound.
    """
    keep_little()
    policy, readiness = Policy.of(server.art_settings), Readiness(lambda: server.services.runtime)
    stateless = server.art_settings.is_stateless
    with listen(host, port, anywhere=policy is not None) as listener:
        config = uvicorn.Config(
            http_app(server, readiness, metrics, **options),
            http=Connection,
            log_config=None,  # the default writes requests to stdout
            lifespan="on",
            ws="none",
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=CLOSE_STATELESS_WITHIN_S if stateless else CLOSE_WITHIN_S,
        )
        # By default, it ends all streams at the signal, so also those on which calls in progress are answered.
        AppStatus.enable_automatic_graceful_drain = False
        web = Draining(config, readiness)
        logging.getLogger("uvicorn.error").addFilter(lambda record: not (web.should_exit and _is_cut_off(record)))
        said_always = (logs.bare(logs.notices), logs.bare(audit.log, members=True))
        for handler in (*logging.getLogger().handlers, *said_always):  # the SDK logs tool results, uvicorn paths
            handler.addFilter(hide_links)
        # After it has shut down, uvicorn raises the signal again. This turns that into a normal exit.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        address, bound = listener.getsockname()[:2]
        name = f"[{address}]" if ":" in address else address
        said = [f"art-mcp serves MCP at http://{name}:{bound}{MCP_PATH} (Ctrl-C stops it)"]
        if policy:
            said += [f"Its address for clients: {policy.public_url}{MCP_PATH}", *policy.describe()]
        for sentence in said:
            logs.notices.info(sentence)
        anyio.run(web.serve, [listener])


def listen(host: str, port: int, *, anywhere: bool = False) -> socket.socket:
    """Open a listening socket, on the loopback interface unless `anywhere`.

    Raises:
        ListenError: the host is not allowed, or the port cannot be bound.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM) if host else []
    except (OSError, UnicodeError):
        raise ListenError(f"The host {host!r:.60} does not exist.", "Omit --host, or check its spelling.") from None
    addresses = [ipaddress.ip_address(str(address[0]).partition("%")[0]) for *_, address in found]
    if not addresses or not (anywhere or all(address.is_loopback for address in addresses)):
        raise ListenError(
            f"Without access control, art-mcp listens on this machine only, not on {host or 'every address'}: anyone "
            "who can reach that address could read and change your collections.",
            "Set ART_MCP_PUBLIC_URL to the address at which clients reach the server, which turns access control on "
            "(and name an address, e.g. --host 0.0.0.0). For yourself, omit --host and use an SSH tunnel (ssh -L "
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
        why = str(error.strerror).partition(" (while")[0]  # create_server adds what it tried
        problem = f"Cannot bind port {port} of {host} ({why}); another server may be running there."
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
