"""Which requests of MCP over HTTP have a session, and how many sessions one user has."""

from __future__ import annotations

import json
from collections import defaultdict

from mcp.server.streamable_http import MCP_SESSION_ID_HEADER
from mcp.shared.inbound import MCP_PROTOCOL_VERSION_HEADER
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from art_mcp.server.access.principal import ANONYMOUS, principal
from art_mcp.server.peeked import peeked

MAX_SESSIONS = 1000
"""Of all users of a process."""
MAX_SESSIONS_OF_ONE = 50
"""Of one user. Many clients open sessions that they never end."""


class WithoutSession:
    """Serves requests to MCP that name neither a session nor a version, such as Claude's for iOS when it reads a page.

    An `initialize` is one, too, but begins a session; unless the caller has no token, since anyone could take all
    `MAX_SESSIONS` from those who have one.
    """

    def __init__(self, app: ASGIApp, alone: ASGIApp) -> None:
        self._app = app
        self._alone = alone

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        app, request, posts = self._app, Request(scope), scope["method"] == "POST"
        if MCP_SESSION_ID_HEADER not in request.headers:
            if principal(request) == ANONYMOUS:
                app = self._alone if posts else Response(status_code=405, headers={"Allow": "POST"})
            elif posts and MCP_PROTOCOL_VERSION_HEADER not in request.headers:
                body, receive = await peeked(receive)
                app = self._app if _initializes(body) else self._alone
        await app(scope, receive, send)


def _initializes(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(message, dict) and message.get("method") == "initialize"


class FewSessions:
    """Ends the least recently used session of a user who opens more than `MAX_SESSIONS_OF_ONE`.

    Otherwise one client that opens a session for each call would soon keep all others out.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._opened: defaultdict[str, dict[str, Scope]] = defaultdict(dict)
        """The requests that opened the sessions of each user, those used last at the end."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        user = principal(Request(scope))
        if user is None:  # without access control, there is one user
            return await self._app(scope, receive, send)
        opened = self._opened[user]

        async def watch(message: Message) -> None:
            # Every response in a session names it.
            named = Headers(raw=message.get("headers", [])).get(MCP_SESSION_ID_HEADER)
            if named and message["status"] < 400:
                begun = opened.pop(named, scope)
                if scope["method"] != "DELETE":
                    opened[named] = begun
            await send(message)

        await self._app(scope, receive, watch)
        while len(opened) > MAX_SESSIONS_OF_ONE:
            oldest = next(iter(opened))
            await self._end(oldest, opened.pop(oldest))

    async def _end(self, session: str, begun: Scope) -> None:
        """End a session as its client would, with the credentials that began it."""
        named = (MCP_SESSION_ID_HEADER.encode(), session.encode())
        await self._app({**begun, "method": "DELETE", "headers": [*begun["headers"], named]}, _no_body, _nowhere)


async def _no_body() -> Message:
    return {"type": "http.request", "body": b"", "more_body": False}


async def _nowhere(message: Message) -> None:
    pass
