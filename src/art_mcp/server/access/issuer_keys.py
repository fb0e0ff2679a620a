"""The public keys of an OpenID Connect issuer, kept in memory."""

from __future__ import annotations

import logging
import math
import time
from urllib.parse import urlsplit

import anyio
import anyio.to_thread
import httpx2
from jwt import PyJWK, PyJWKClient, PyJWTError

from art_mcp.errors import ArtMcpError

log = logging.getLogger(__name__)

TIMEOUT_S = 10
FRESH_S = 60 * 60
"""Keys are read again after an hour, so that a withdrawn one stops working."""
USABLE_S = 24 * 60 * 60
"""If the issuer does not answer, the keys are used for a day."""
COOLDOWN_S = 30
"""Between two attempts to read the keys, so that invented key ids do not flood the issuer."""


class IssuerError(ArtMcpError):
    """The issuer's keys cannot be read."""


class IssuerKeys:
    """Finds keys by their id. They are read from the issuer on first use, when they are old, and for an unknown id."""

    def __init__(self, issuer: str) -> None:
        self._issuer = issuer
        self._keys: dict[str, PyJWK] = {}
        self._read_at = self._tried_at = -math.inf
        self._reading = anyio.Lock()

    async def find(self, kid: str) -> PyJWK | None:
        """Return the key of an id, or None if the issuer has no such key.

        Raises:
            IssuerError: the issuer has not answered for `USABLE_S`, or ever.
        """
        known = kid in self._keys
        if not known or (self._older_than(FRESH_S) and not self._reading.locked()):
            async with self._reading:
                if time.monotonic() - self._tried_at > COOLDOWN_S:
                    await self._read()
        if self._older_than(USABLE_S):
            raise IssuerError(f"The keys of {self._issuer} cannot be read.", "Try again in a minute.")
        return self._keys.get(kid)

    def _older_than(self, seconds: float) -> bool:
        return time.monotonic() - self._read_at > seconds

    async def _read(self) -> None:
        self._tried_at = time.monotonic()
        try:
            keys = await anyio.to_thread.run_sync(_read_keys, self._issuer)
        except (httpx2.HTTPError, PyJWTError, ValueError) as error:
            log.warning("The keys of %s cannot be read: %s", self._issuer, error)
        else:
            self._keys = {str(key.key_id): key for key in keys}
            self._read_at = time.monotonic()


def _read_keys(issuer: str) -> list[PyJWK]:
    answer = httpx2.get(issuer.rstrip("/") + "/.well-known/openid-configuration", timeout=TIMEOUT_S)
    document = answer.raise_for_status().json()
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise ValueError("its openid-configuration belongs to another issuer")
    address = str(document.get("jwks_uri"))
    if urlsplit(address).scheme not in ("https", urlsplit(issuer).scheme):
        raise ValueError("its openid-configuration has a jwks_uri that is not https")
    return PyJWKClient(address, cache_jwk_set=False, timeout=TIMEOUT_S).get_signing_keys()
