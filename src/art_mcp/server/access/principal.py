"""Names who calls, for what is counted and logged per caller."""

from __future__ import annotations

from mcp.server.auth.provider import AccessToken

ANONYMOUS = "anonymous"


def named(caller: AccessToken | None) -> str:
    """The name of a token of `art-mcp token`, or of a user of the issuer; `ANONYMOUS` for who sent no token."""
    if caller is None:
        return ANONYMOUS
    return f"{'oidc' if caller.claims else 'token'}:{caller.subject}"
