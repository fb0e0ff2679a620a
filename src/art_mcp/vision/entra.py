"""Signing in to Azure with Entra ID, which many organizations require."""

from __future__ import annotations

import logging
import re
import time
from typing import Final, Protocol

import anyio
import anyio.to_thread

from art_mcp.installation import how_to_add
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.login import is_sendable
from art_mcp.vision.remote.reply import cleaned

KEY: Final = "ART_MCP_AZURE_KEY"
SCOPE: Final = "https://cognitiveservices.azure.com/.default"
FRESH_S = 300
"""A token that expires within this many seconds is replaced."""
TOKEN_DEADLINE_S = 30.0
"""Seconds to obtain a token: the default credential tries several ways to sign in, and `az` alone takes seconds."""


class Token(Protocol):
    """A token, as azure.core's `AccessToken` is."""

    @property
    def token(self) -> str: ...

    @property
    def expires_on(self) -> int:
        """Seconds since 1970."""
        ...


class Credential(Protocol):
    """A source of tokens, as every credential of azure.identity.aio is."""

    async def get_token(self, *scopes: str) -> Token: ...

    async def close(self) -> None: ...


class EntraLogin:
    """Signs calls with tokens of a service principal, a managed identity, `az login` and so on.

    Args:
        credential: the source of tokens; by default `DefaultAzureCredential`, which requires azure-identity.
    """

    name = "with Entra ID"
    header = "Authorization"

    def __init__(self, credential: Credential | None = None) -> None:
        self._credential = credential
        self._token: Token | None = None  # not every credential caches it: `az` would run each time
        self._turn = anyio.Lock()

    async def secret(self, refused: str | None = None) -> str:
        async with self._turn:  # of several refused calls, the first renews the token for all
            token = self._token
            if token is None or token.token == refused or token.expires_on - time.time() < FRESH_S:
                token = self._token = await self._new_token()
            return token.token

    async def aclose(self) -> None:
        if self._credential is not None:
            await self._credential.close()

    async def _new_token(self) -> Token:
        if self._credential is None:
            self._credential = await anyio.to_thread.run_sync(_default_credential)
        try:
            with anyio.fail_after(TOKEN_DEADLINE_S):
                token = await self._credential.get_token(SCOPE)
        except TimeoutError:
            raise VisionError(
                f"Entra ID issued no token within {TOKEN_DEADLINE_S:g} seconds.", "Try again.", fault=Fault.SERVICE
            ) from None
        except Exception as error:
            raise _no_token(error) from None
        if not is_sendable(token.token):
            raise VisionError("Entra ID issued a malformed token.", "Sign in again.")
        return token


def _default_credential() -> Credential:
    logging.getLogger("azure").setLevel(logging.WARNING)  # at INFO, it logs URLs and replies
    try:
        from azure.identity.aio import DefaultAzureCredential

        credential: Credential = DefaultAzureCredential()
    except ImportError:
        raise VisionError(
            "Signing in to Azure with Entra ID requires packages that are not installed.",
            f"Install them ({how_to_add('azure')}), or set {KEY}.",
        ) from None
    return credential


def _no_token(error: Exception) -> VisionError:
    # By name, so that Microsoft's packages need not be installed.
    network = {"ServiceRequestError", "ServiceResponseError"}
    failed = any(base.__name__ in network for base in type(error).__mro__)
    # The default credential reports every way that it tried; only a refusal by Entra ID itself is of interest.
    said = re.search(r"AADSTS[0-9]+:.*", str(error)) or re.search(r".*", str(error).strip())
    return VisionError(
        f"Entra ID issued no token: “{cleaned(said[0] if said else '')}”.",
        f"Sign in with `az login`, set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or set {KEY}.",
        fault=Fault.SERVICE if failed else Fault.SETUP,
    )
