"""Verifies access tokens of an OpenID Connect issuer: signed JSON Web Tokens, as RFC 9068 or Entra ID write them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt
from mcp.server.auth.provider import AccessToken

from art_mcp.server.access.issuer_keys import IssuerKeys
from art_mcp.server.access.scopes import ADMIN, INGEST, with_implied

ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")
"""Signatures with a public key; with HS256 in the list, anyone who knows the public key could sign."""
LEEWAY_S = 30
"""How much the issuer's clock may differ."""
REQUIRED = ["exp", "iss", "aud", "sub"]


class OpenIdTokens:
    """Verifies tokens.

    Args:
        issuer: exactly as the tokens name it.
        audience: which the tokens must have.
        prefix: of scopes; whether a token repeats it depends on the issuer.
    """

    def __init__(self, issuer: str, audience: str, prefix: str) -> None:
        self._issuer, self._audience, self._prefix = issuer, audience, prefix
        self._keys = IssuerKeys(issuer)

    async def find(self, token: str) -> AccessToken | None:
        """Return who calls, with the scopes that are known, or None if the token is not valid.

        Of the token's header only the key's id is used, and that only to look it up: addresses of keys and the
        algorithm are what the issuer and this module say.

        Raises:
            IssuerError: the issuer's keys cannot be read.
        """
        try:
            kid = jwt.get_unverified_header(token).get("kid")
            key = await self._keys.find(kid) if isinstance(kid, str) else None
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": REQUIRED},
            )
            subject = self._subject(claims)
            subject.encode()  # fails for half a surrogate pair
        except (jwt.PyJWTError, TypeError, ValueError, RecursionError):  # some from claims of a wrong type
            return None
        if "\0" in subject:  # cannot be stored
            return None
        return AccessToken(
            token="",  # verified, so nobody needs it any more
            client_id=_text(claims, "azp", "client_id", "appid"),
            scopes=sorted(self._scopes(claims)),
            expires_at=int(claims["exp"]) + LEEWAY_S,
            subject=subject,
            claims={"iss": self._issuer},
        )

    def _scopes(self, claims: Mapping[str, Any]) -> frozenset[str]:
        """The scopes limit what a client may do for its user, the roles what the user may do at all.

        No call needs the scope art:admin, so clients do not ask for it: of who has that role, art:ingest is enough.
        """
        scopes, roles = (self._known(claims, *names) for names in (("scope", "scp"), ("roles",)))
        if not scopes or not roles:
            return scopes | roles
        both = scopes & roles
        return both | {ADMIN} if ADMIN in roles and INGEST in both else both

    def _known(self, claims: Mapping[str, Any], *names: str) -> frozenset[str]:
        given: list[str] = []
        for name in names:
            value = claims.get(name)
            values = value.split() if isinstance(value, str) else value if isinstance(value, list) else []
            given += [each.removeprefix(self._prefix) for each in values if isinstance(each, str)]
        return with_implied(given)

    def _subject(self, claims: Mapping[str, Any]) -> str:
        """The user. In Entra ID, `sub` differs from application to application; `oid` and `tid` do not."""
        user, tenant = claims.get("oid"), claims.get("tid")
        if isinstance(user, str) and isinstance(tenant, str) and f"/{tenant}/" in self._issuer:
            return f"{user}@{tenant}"
        return str(claims["sub"])


def _text(claims: Mapping[str, Any], *names: str) -> str:
    return next((claims[name] for name in names if isinstance(claims.get(name), str)), "")
