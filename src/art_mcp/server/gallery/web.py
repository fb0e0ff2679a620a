"""The gallery in a browser: the page as a response, and applications that only the page finds."""

from __future__ import annotations

import hmac
import secrets
from typing import TYPE_CHECKING, Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from art_mcp.images.undecoded import FORMAT_NAMES, MAX_BYTES
from art_mcp.server.gallery.page import gallery_page
from art_mcp.server.uploads import KEPT_S, LINK_S

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}


def page_response(endpoint: str | None, *, status: int = 200, **upload: Any) -> Response:
    """The page, with a policy that lets it run its own script, call its own origin, and nothing else.

    Args:
        endpoint: path of MCP for the page; None if it cannot search.
        upload: what the page of an upload link has to know in addition.
    """
    config = {
        "endpoint": endpoint,
        "upload": None,
        "max_bytes": MAX_BYTES,
        "formats": ", ".join(FORMAT_NAMES.values()),
        "kept_minutes": KEPT_S // 60,
        "link_minutes": LINK_S // 60,
        **upload,
    }
    nonce = secrets.token_urlsafe(16)
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(gallery_page(config, nonce), status, {**HEADERS, "Content-Security-Policy": policy})


class Hidden:
    """An application for those who know the secret in its path; to others, there is nothing.

    Args:
        app: is routed to by a path with the parameter `secret`.
    """

    def __init__(self, app: ASGIApp, secret: str) -> None:
        self._app = app
        self._secret = secret.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        known = hmac.compare_digest(scope["path_params"]["secret"].encode("utf-8", "surrogatepass"), self._secret)
        await (self._app if known else PlainTextResponse("Not Found", 404))(scope, receive, send)
