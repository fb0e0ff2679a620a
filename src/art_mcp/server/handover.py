"""Passes a picture from the user to a tool, and says what the user can do if that fails."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from typing import Any

import anyio
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitRequest, ElicitRequestURLParams, ElicitResult, InputRequiredResult

from art_mcp.errors import ArtMcpError
from art_mcp.images.reference import WAYS, Kind, Reference
from art_mcp.images.spelling import listed
from art_mcp.images.undecoded import ImageError, Source
from art_mcp.server.access.principal import principal
from art_mcp.server.services import ToolContext, services
from art_mcp.server.uploads import KEPT_S, LINK_S, UPLOAD_PATH, Link

log = logging.getLogger(__name__)

QUESTION = "Upload the picture to search with."
ASKS_IN_RESULT = "2026-07-28"
"""First version of the protocol in which a server asks by the result of a call, not by a request of its own."""
WAIT_S = 25
"""Chat clients time out after 60 s or more, and show no progress."""

_SESSION = "session:"
"""Begins the name of a session, so that no client can choose that of a user."""
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
        if reference.kind is Kind.FILE and services(ctx).for_page:
            raise ImageError("The gallery does not read files by their path.", "Choose the file in the page instead.")
        if reference.kind is not Kind.UPLOAD:
            return await services(ctx).runtime.loader().load(reference)
    except ImageError as error:
        raise with_link(ctx, _with_folders(ctx, error)) from None
    return await _uploaded(ctx, reference)


def _with_folders(ctx: ToolContext, error: ImageError) -> ImageError:
    """Name the folders that may be read after an error that asks for a path in one of them."""
    folders = services(ctx).runtime.settings.image_dirs
    if WAYS not in error.next_step or not folders:
        return error
    return ImageError(error.problem, f"{error.next_step} Folders that may be read: {listed(folders)}.")


def with_link(ctx: ToolContext, error: ArtMcpError) -> ArtMcpError:
    """Add a link to the upload page to an error's next step, if there is such a page."""
    origin = _origin(ctx)
    if origin is None:
        return error
    ask = _ask(origin, services(ctx).uploads.link(_owner(ctx)))
    return ArtMcpError(error.problem, f"{error.next_step} If only the user has the picture, e.g. in this chat, {ask}")


async def asked_for(ctx: ToolContext) -> str | InputRequiredResult | None:
    """Ask the user for a picture, through a client that opens the upload page for them (elicitation in URL mode).

    Returns:
        the picture's handle, once it is uploaded or after `WAIT_S`; or the question, which the tool returns to a
        client that calls again with the answer; or None if the client cannot ask, or its user has not answered.

    Raises:
        ImageError: the user has declined.
    """
    capabilities = ctx.client_capabilities
    if not (capabilities and capabilities.elicitation and capabilities.elicitation.url):
        return None
    uploads, owner, asking = services(ctx).uploads, _owner(ctx), ""
    if handle := ctx.request_state:
        answer = (ctx.input_responses or {}).get(QUESTION)
        action = answer.action if isinstance(answer, ElicitResult) else "cancel"
    elif (origin := _origin(ctx)) is None:
        return None
    else:
        link = uploads.link(owner)
        handle, page = link.handle, f"{origin}{UPLOAD_PATH}{link.token}"
        if (ctx.protocol_version or "") >= ASKS_IN_RESULT:
            question = ElicitRequest(params=ElicitRequestURLParams(message=QUESTION, url=page))
            return InputRequiredResult(input_requests={QUESTION: question}, request_state=handle)
        asking = secrets.token_hex(8)
        try:
            action = (await ctx.elicit_url(QUESTION, page, asking)).action
        except MCPError:
            return None
    if action == "decline":
        raise ImageError("The user does not want to upload a picture.", WAYS)
    if action == "cancel":
        return None
    with anyio.move_on_after(WAIT_S):
        await uploads.arrival(handle, owner)
        if asking:
            await ctx.session.send_elicit_complete(asking, ctx.request_id)
    return handle


async def _uploaded(ctx: ToolContext, reference: Reference) -> Source:
    uploads, owner = services(ctx).uploads, _owner(ctx)
    if data := await uploads.picture(reference.value, owner):
        return Source(data, reference.name)
    if (link := uploads.awaited(reference.value, owner)) and (origin := _origin(ctx)):
        raise ImageError("The user has not uploaded the picture yet.", f"If they still want to, {_ask(origin, link)}")
    # Which of them it is, this process cannot know if another one has made the link.
    problem = (
        "No picture is stored under this handle: it has not been uploaded yet, is older than "
        f"{KEPT_S // 60} minutes, or belongs to another user or session."
    )
    raise with_link(ctx, ImageError(problem, WAYS))


def _ask(origin: str, link: Link) -> str:
    where = "" if origin.startswith("https:") else " on this computer"
    return (
        f"ask them to open {origin}{UPLOAD_PATH}{link.token} in a browser{where} and upload it there (one picture, "
        f"within {LINK_S // 60} minutes). When they have done so, call this tool again with "
        f"image={link.handle}."
    )


def _origin(ctx: ToolContext) -> str | None:
    """The origin of the upload page, which is started if it is not there yet; None if there cannot be one.

    Over HTTP, it is the public URL; without one, where the client has found the server, which may be the client's end
    of a tunnel. The Host header's name was checked before the request came here, but not the rest of it.
    """
    if not services(ctx).runtime.settings.uploads or services(ctx).for_page:
        return None
    if request := ctx.request_context.request:
        if public_url := services(ctx).runtime.settings.public_url:
            return public_url
        host = request.headers.get("host", "")
        return f"{request.url.scheme}://{host}" if _HOST.fullmatch(host) else None
    try:
        return services(ctx).listener().origin()
    except ArtMcpError as error:
        log.warning("There is no upload page: %s", error.problem)
        return None


def _owner(ctx: ToolContext) -> str:
    """Who may use the pictures that are uploaded for this call.

    With access control, that is the user whose token came along, or all who have none. Else it is the client's session,
    if it has one: only the client knows its id. Over stdio there is one client, without either.
    """
    request = ctx.request_context.request
    return principal(request) or _SESSION + (request.headers.get("mcp-session-id", "") if request else "")
