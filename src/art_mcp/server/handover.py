"""Gets a picture from the user to a tool, and says what the user can do if that fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from art_mcp.images.reference import WAYS, Kind, Reference
from art_mcp.images.spelling import listed
from art_mcp.images.undecoded import ImageError, Source
from art_mcp.server.services import ToolContext, services
from art_mcp.server.uploads import KEPT_S, LINK_S, UPLOAD_PATH, Link

if TYPE_CHECKING:
    from starlette.requests import Request

    from art_mcp.errors import ArtMcpError


_HOST = re.compile(r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(:[0-9]{1,5})?")


async def handed_over(ctx: ToolContext, given: str | Mapping[str, Any]) -> Source | Reference:
    """Read the picture that a tool was given, without decoding it; a painting of the collection stays a reference.

    Raises:
        ImageError: the picture cannot be read; the error says which other ways this user has.
    """
    try:
        reference = Reference.parse(given)
        if reference.kind is Kind.PAINTING:
            return reference
        if reference.kind is not Kind.UPLOAD:
            return await services(ctx).runtime.loader().load(reference)
    except ImageError as error:
        raise with_link(ctx, _with_folders(ctx, error)) from None
    return _uploaded(ctx, reference)


def _with_folders(ctx: ToolContext, error: ImageError) -> ImageError:
    """Name the folders that may be read after an error that asks for a path in one of them."""
    folders = services(ctx).runtime.settings.image_dirs
    if WAYS not in error.next_step or not folders:
        return error
    return ImageError(error.problem, f"{error.next_step} These folders may be read: {listed(folders)}.")


def with_link(ctx: ToolContext, error: ArtMcpError) -> ArtMcpError:
    """Add a link to the upload page to an error's next step, if the server is reached over HTTP."""
    request = _http_request(ctx)
    if request is None:
        return error
    link = services(ctx).uploads.link(_session(request))
    return type(error)(
        error.problem,
        f"{error.next_step} If only the user has the picture, e.g. in this chat, {_ask(request, link)}",
    )


def _uploaded(ctx: ToolContext, reference: Reference) -> Source:
    request = _http_request(ctx)
    if request is None:
        raise ImageError("Pictures can be uploaded only to a server that is reached over HTTP; this one is not.", WAYS)
    uploads, session = services(ctx).uploads, _session(request)
    if data := uploads.picture(reference.value, session):
        return Source(data, reference.name)
    if link := uploads.awaited(reference.value, session):
        raise ImageError("The user has not uploaded the picture yet.", f"If they still want to, {_ask(request, link)}")
    problem = f"No picture is stored under this handle: it is of another session, or older than {KEPT_S // 60} minutes."
    raise with_link(ctx, ImageError(problem, WAYS))


def _ask(request: Request, link: Link) -> str:
    address = f"{request.url.scheme}://{request.headers['host']}{UPLOAD_PATH}{link.token}"
    return (
        f"ask them to open {address} and upload it there (one picture, within {LINK_S // 60} minutes). When they "
        f"have done so, call this tool again with image={link.handle}."
    )


def _http_request(ctx: ToolContext) -> Request | None:
    """The HTTP request, whose Host header is valid at the client's end of a tunnel too; None over stdio.

    Its host name was checked before the request came here, but not the rest of the header.
    """
    request = ctx.request_context.request
    return request if request and _HOST.fullmatch(request.headers.get("host", "")) else None


def _session(request: Request) -> str:
    """The id of the client's session, which only the client knows; empty if its protocol has no sessions."""
    return request.headers.get("mcp-session-id", "")
