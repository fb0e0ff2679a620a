"""Accepts requests that have a valid token with the scopes that they need."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TypeAlias

import anyio
import pydantic_core
from mcp.server.auth.middleware.auth_context import AuthContextMiddleware
from mcp.server.auth.middleware.bearer_auth import AuthenticatedUser
from mcp.server.auth.provider import AccessToken
from mcp_types.version import HANDSHAKE_PROTOCOL_VERSIONS
from starlette.authentication import AuthCredentials
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from art_mcp import turns
from art_mcp.errors import ArtMcpError
from art_mcp.server.access.body import AT_ONCE, AT_ONCE_OF_ONE, Body, TooSlowError
from art_mcp.server.access.limits import Limits, TooManyCallsError
from art_mcp.server.access.policy import Policy, Refusal
from art_mcp.server.access.principal import named
from art_mcp.server.access.refusals import Refusals
from art_mcp.server.access.scopes import needed, with_implied
from art_mcp.server.peeked import peeked
from art_mcp.server.uploads import UPLOAD_PATH
from art_mcp.turns import Turns

log = logging.getLogger(__name__)

OPEN = ("/health", "/ready", "/.well-known/", UPLOAD_PATH)
"""Beginnings of paths that need no token: they tell nothing about paintings, or their links are signed."""
WHO_ARE_YOU = "Send a token: Authorization: Bearer TOKEN."
RETRY_AFTER_S = 10
REFUSED_AFTER_S = 1
"""Seconds that a refused call waits for its answer, so that a client that ignores `Retry-After` costs little."""
Verify = Callable[[str], Awaitable[AccessToken | None]]
_Called: TypeAlias = tuple[object, object]
"""What a request says that it calls: a method, and the name of a tool."""


class Gate:
    """An ASGI application around another one, which sees neither tokens nor requests that lack one."""

    def __init__(self, app: ASGIApp, policy: Policy, verify: Verify, limits: Limits, refusals: Refusals) -> None:
        self._app = AuthContextMiddleware(app)
        self._policy = policy
        self._verify = verify
        self._limits = limits
        self._refusals = refusals
        self._large_bodies = Turns(AT_ONCE, of_one=AT_ONCE_OF_ONE)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(OPEN):
            await self._app(scope, receive, send)
            return
        request, principal = Request(scope, receive), None
        called: _Called = _called_by_headers(request)
        try:
            caller = await self._caller(request)
            principal = named(caller)
            turns.caller.set(principal)
            if request.method == "POST":
                async with Body(receive, self._large_bodies) as body, self._limits.call(principal, body):
                    await self._let_in(Request(scope, body.receive), caller, send)
            else:
                await self._let_in(request, caller, send)
            return
        except TooSlowError:
            answer = Refusal(408, "The request took too long to arrive.", {"Connection": "close"})
        except TooManyCallsError as error:
            await anyio.sleep(REFUSED_AFTER_S)
            answer = Refusal(429, str(error), {"Retry-After": str(error.wait)})
        except _RefusedError as error:
            answer, called = error.answer, error.called or called
        self._refusals.log(answer.status_code, answer.problem, principal, *called)
        await answer(scope, receive, send)

    async def _let_in(self, request: Request, caller: AccessToken | None, send: Send) -> None:
        """Pass a request on with the scopes that it has, without its token."""
        granted = with_implied(caller.scopes) if caller else self._policy.anonymous
        receive = await self._require_scopes(request, caller, granted)
        scope = dict(request.scope, auth=AuthCredentials(sorted(granted)))
        scope["headers"] = [header for header in scope["headers"] if header[0] != b"authorization"]
        if caller:
            scope["user"] = AuthenticatedUser(caller)
        await self._app(scope, receive, send)

    async def _caller(self, request: Request) -> AccessToken | None:
        """Who sends the request's token; None if there is none and none is needed."""
        headers, refusal = request.headers.getlist("authorization"), self._policy.refusal
        if len(headers) > 1:
            raise _RefusedError(refusal(400, "Send one Authorization header, not several.", error="invalid_request"))
        if "access_token" in request.query_params:
            said = "Send the token in the Authorization header: addresses are logged on their way."
            raise _RefusedError(refusal(400, said, error="invalid_request"))
        if not headers and self._policy.anonymous:
            return None
        scopes = needed(*_called_by_headers(request))
        if not headers:
            raise _RefusedError(refusal(401, WHO_ARE_YOU, scopes=scopes))
        kind, _, token = headers[0].partition(" ")
        try:
            caller = await self._verify(token.strip()) if kind.lower() == "bearer" else None
        except ArtMcpError as error:
            log.warning("A token cannot be checked: %s", error)
            said = "The token cannot be checked at the moment. Try again later."
            raise _RefusedError(Refusal(503, said, {"Retry-After": str(RETRY_AFTER_S)})) from None
        if caller is None:
            said = "The token is not valid here, or has expired."
            raise _RefusedError(refusal(401, said, error="invalid_token", scopes=scopes))
        return caller

    async def _require_scopes(self, request: Request, caller: AccessToken | None, granted: frozenset[str]) -> Receive:
        """Refuse a request that needs more scopes; return what receives its body again."""
        called, receive = await _called(request)
        scopes = needed(*called)
        lacking = [scope for scope in scopes if scope not in granted]
        if lacking and caller:
            said = f"The token lacks the scope {' and '.join(lacking)}."
            raise _RefusedError(self._policy.refusal(403, said, error="insufficient_scope", scopes=scopes), called)
        if lacking:
            raise _RefusedError(self._policy.refusal(401, WHO_ARE_YOU, scopes=scopes), called)
        return receive


class _RefusedError(Exception):
    """A request is refused."""

    def __init__(self, answer: Refusal, called: _Called | None = None) -> None:
        super().__init__()
        self.answer = answer
        self.called = called


def _called_by_headers(request: Request) -> tuple[str, str]:
    return request.headers.get("mcp-method", ""), request.headers.get("mcp-name", "")


async def _called(request: Request) -> tuple[_Called, Receive]:
    """The method and the name that a request calls, and its body to be read again.

    Since 2026-07-28 headers name them, which the SDK compares with the body. Before, only the body does. Of a body that
    is longer than what is read here, `only_what_is_allowed` judges.
    """
    version = request.headers.get("mcp-protocol-version")
    if request.method != "POST" or (version is not None and version not in HANDSHAKE_PROTOCOL_VERSIONS):
        return _called_by_headers(request), request.receive
    body, receive = await peeked(request.receive)
    try:
        message = pydantic_core.from_json(body)  # as the SDK does, so that it reads the same in it
        return (message["method"], message["params"]["name"]), receive
    except (ValueError, LookupError, TypeError):
        return ("", ""), receive
