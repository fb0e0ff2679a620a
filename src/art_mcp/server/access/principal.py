"""Names who calls, for what belongs to a caller, and for what is counted and logged per caller."""

from __future__ import annotations

from mcp.server.auth.provider import AccessToken
from starlette.requests import Request

from art_mcp.server.access.scopes import ADMIN

ANONYMOUS = "anonymous"


def named(caller: AccessToken | None) -> str:
    """The name of a token of `art-mcp token`, or of a user of the issuer; `ANONYMOUS` for who sent no token."""
    if caller is None:
        return ANONYMOUS
    return f"{'oidc' if caller.claims else 'token'}:{caller.subject}"


def principal(request: Request | None) -> str | None:
    """Who sends a request; None where there is no access control, since all belongs to the one user there."""
    if request is None or "auth" not in request.scope:
        return None
    return named(getattr(request.scope.get("user"), "access_token", None))


def only_seen(request: Request | None) -> str | None:
    """The principal whose jobs the sender of a request may see; None for everyone's."""
    owner = principal(request)
    return None if request is None or owner is None or ADMIN in request.scope["auth"].scopes else owner
