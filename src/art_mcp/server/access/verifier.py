"""Identifies the sender of a token from `art-mcp token` or from the OpenID Connect issuer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mcp.server.auth.provider import AccessToken

from art_mcp import store
from art_mcp.server.access.openid import OpenIdTokens
from art_mcp.server.access.policy import Policy

if TYPE_CHECKING:
    from art_mcp.store.database import Database


class Verifier:
    """Looks up a token from `art-mcp token` at each request, so that a revoked one stops working at once.

    Args:
        database: opens the database.
    """

    def __init__(self, policy: Policy, database: Callable[[], Awaitable[Database]]) -> None:
        self._database = database
        self._openid = OpenIdTokens(policy.issuer, policy.audience, policy.prefix) if policy.issuer else None

    async def verify(self, token: str) -> AccessToken | None:
        """Return who sends it, or None if it is not valid.

        Raises:
            ArtMcpError: the database or the issuer does not answer.
        """
        if store.tokens.TOKEN.fullmatch(token):
            return await self._static(token)
        return await self._openid.find(token) if self._openid else None

    async def _static(self, token: str) -> AccessToken | None:
        found = await store.tokens.find(await self._database(), token)
        if found is None:
            return None
        return AccessToken(token="", client_id="art-mcp token", scopes=found.scopes, subject=found.name)
