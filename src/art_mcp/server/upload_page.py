"""The page of an upload link, `/upload/{token}`: the gallery, which first sends a picture to the chat."""

from __future__ import annotations

import logging
from collections.abc import Callable

import anyio
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from art_mcp.errors import ArtMcpError
from art_mcp.images.undecoded import MAX_BYTES, ImageError, Source
from art_mcp.server.gallery.web import HEADERS, page_response
from art_mcp.server.services import Services
from art_mcp.server.uploads import UPLOAD_PATH, LinkError

log = logging.getLogger(__name__)

RECEIVE_WITHIN_S = 120
"""Enough for the largest picture at 1.4 Mbit/s."""
FILE = "The file"
TOO_LARGE = f"{FILE} is larger than {MAX_BYTES >> 20} MiB. Make it smaller and try again."


class UploadPage:
    """Serves the page, and receives the pictures that are sent from it.

    Args:
        services: returns the server's services while it runs.
        endpoint: path of MCP for the page; None if it cannot search.
        within: timeout of an upload, in seconds.
    """

    def __init__(
        self, services: Callable[[], Services], *, endpoint: str | None, within: float = RECEIVE_WITHIN_S
    ) -> None:
        self._services = services
        self._endpoint = endpoint
        self._within = within

    def routes(self) -> list[Route]:
        path = UPLOAD_PATH + "{token}"
        return [Route(path, self.show), Route(path, self.receive, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        """Return the page. Opening it does not use up the link."""
        uploads, token = self._services().uploads, request.path_params["token"]
        try:
            link = uploads.verify(token)
            await uploads.check(token)
        except LinkError:
            return page_response(None, status=404, gone=True)
        except ArtMcpError as error:  # the database may be there once the picture is sent
            log.warning("Cannot check whether a link was used: %s", error)
        seconds = int(uploads.seconds_left(link))
        return page_response(self._endpoint, upload=request.url.path, gone=False, seconds=seconds)

    async def receive(self, request: Request) -> Response:
        """Receive a picture as the raw request body. The response is JSON, with `handle` or `error`."""
        services = self._services()
        try:
            async with services.uploads.receiving(request.path_params["token"]) as link:
                with anyio.fail_after(self._within):
                    data = await _body(request)
                if data is None:
                    return _answer(413, error=TOO_LARGE)
                await services.runtime.loader().picture(Source(data, FILE))
                await services.uploads.keep(link, data)
        except ArtMcpError as error:
            return _answer(_status(error), error=str(error))
        except TimeoutError:
            answer = _answer(408, error="The upload took too long. Try again, or send a smaller picture.")
            answer.headers["Connection"] = "close"  # otherwise the server waits for the rest of it
            return answer
        except ClientDisconnect:
            return _answer(400, error="The connection was lost.")  # nobody reads this
        return _answer(200, handle=link.handle)


def _status(error: ArtMcpError) -> int:
    if isinstance(error, LinkError):
        return 404
    return 422 if isinstance(error, ImageError) else 503  # which passes


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


def _answer(status: int, **content: str) -> Response:
    return JSONResponse(content, status, HEADERS)
