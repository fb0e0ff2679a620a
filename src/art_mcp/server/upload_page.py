"""The page on which a person uploads a picture: `/upload/{token}`."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from importlib.resources import files
from typing import TYPE_CHECKING

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from art_mcp.errors import ArtMcpError
from art_mcp.images.undecoded import FORMAT_NAMES, MAX_BYTES, PICTURE_SUFFIXES, Source
from art_mcp.server.uploads import KEPT_S, LINK_S, UPLOAD_PATH, BusyError, LinkError

if TYPE_CHECKING:
    from art_mcp.server.services import Services

RECEIVE_WITHIN_S = 120
"""Enough for the largest picture at 1.4 Mbit/s."""
FILE = "The file"
TOO_LARGE = f"{FILE} is larger than {MAX_BYTES >> 20} MiB. Make it smaller and try again."

_HEADERS = {"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"}
_STATUS: dict[type[ArtMcpError], int] = {LinkError: 404, BusyError: 503}


class UploadPage:
    """Serves the page, and receives the pictures that are sent from it.

    Args:
        services: returns the server's services while it runs.
        within: timeout of an upload, in seconds.
    """

    def __init__(self, services: Callable[[], Services], *, within: float = RECEIVE_WITHIN_S) -> None:
        self._services = services
        self._within = within

    def routes(self) -> list[Route]:
        path = UPLOAD_PATH + "{token}"
        return [Route(path, self.show), Route(path, self.receive, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Return the page. Opening it does not use up the link."""
        try:
            seconds = self._services().uploads.seconds_left(request.path_params["token"])
        except LinkError:
            return _page("gone", status=404)
        return _page("choose", status=200, seconds=seconds)

    async def receive(self, request: Request) -> Response:
        """Receive a picture as the raw request body. The response is JSON, with `handle` or `error`."""
        services = self._services()
        try:
            with services.uploads.receiving(request.path_params["token"]) as link:
                with anyio.fail_after(self._within):
                    data = await _body(request)
                if data is None:
                    return _answer(413, error=TOO_LARGE)
                await services.runtime.loader().picture(Source(data, FILE))
                services.uploads.keep(link, data)
        except ArtMcpError as error:
            return _answer(_STATUS.get(type(error), 422), error=str(error))
        except TimeoutError:
            answer = _answer(408, error="The upload took too long. Try again, or send a smaller picture.")
            answer.headers["Connection"] = "close"  # otherwise the server waits for the rest of it
            return answer
        except ClientDisconnect:
            return _answer(400, error="The connection was lost.")  # nobody reads this
        return _answer(200, handle=link.handle)


async def _body(request: Request) -> bytes | None:
    """Read the body; None if it is larger than a picture may be."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > MAX_BYTES:
        return None
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > MAX_BYTES:
            return None
    return bytes(data)


def _page(state: str, *, status: int, seconds: float = 0) -> Response:
    nonce = secrets.token_urlsafe(16)
    values = {
        "nonce": nonce,
        "state": state,
        "seconds": int(seconds),
        "formats": ", ".join(FORMAT_NAMES.values()),
        "suffixes": ",".join(PICTURE_SUFFIXES),
        "max_bytes": MAX_BYTES,
        "max_mib": MAX_BYTES >> 20,
        "link_minutes": LINK_S // 60,
        "kept_minutes": KEPT_S // 60,
    }
    html = (files("art_mcp.server") / "upload.html").read_text("utf-8")
    for name, value in values.items():
        html = html.replace("{{" + name + "}}", str(value))
    policy = (
        f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; img-src blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    return HTMLResponse(html, status, {**_HEADERS, "Content-Security-Policy": policy})


def _answer(status: int, **content: str) -> Response:
    return JSONResponse(content, status, _HEADERS)
