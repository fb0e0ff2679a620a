"""Signing in to Azure with Entra ID, which many organisations insist on."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import anyio.to_thread

from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.login import is_sendable
from art_mcp.vision.remote.reply import cleaned

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

KEY: Final = "ART_MCP_AZURE_KEY"
INSTALL: Final = "pip install 'art-mcp[azure]'"
SCOPE: Final = "https://cognitiveservices.azure.com/.default"
FRESH_S = 300
"""A token that expires sooner is replaced."""
TOKEN_DEADLINE_S = 30.0
"""`az` takes seconds, and each way to sign in that is tried in vain takes its time."""


class Credential(Protocol):
    """What every class of azure.identity.aio offers."""

    async def get_token(self, *scopes: str) -> AccessToken: ...

    async def close(self) -> None: ...


class EntraLogin:
    """With a token of Entra ID: of a service principal, a managed identity, `az login` and others.

    Args:
        credential: where tokens come from. Default: `DefaultAzureCredential`, which needs azure-identity.
    """

    name = "with Entra ID"
    header = "Authorization"

    def __init__(self, credential: Credential | None = None) -> None:
        self._credential = credential
        self._token: AccessToken | None = None  # kept here, since not every credential does (`az` runs each time)
        self._turn = anyio.Lock()

    async def secret(self, refused: str | None = None) -> str:
        async with self._turn:  # of many calls refused at once, the first renews for all
            token = self._token
            if token is None or token.token == refused or token.expires_on - time.time() < FRESH_S:
                token = self._token = await self._new_token()
            return token.token

    async def aclose(self) -> None:
        if self._credential is not None:
            await self._credential.close()

    async def _new_token(self) -> AccessToken:
        if self._credential is None:
            self._credential = await anyio.to_thread.run_sync(_default_credential)
        try:
            with anyio.fail_after(TOKEN_DEADLINE_S):
                token = await self._credential.get_token(SCOPE)
        except TimeoutError:
            raise VisionError(
                f"Entra ID gave no token within {TOKEN_DEADLINE_S:g} seconds.", "Try again.", fault=Fault.SERVICE
            ) from None
        except Exception as error:
            raise _no_token(error) from None
        if not is_sendable(token.token):
            raise VisionError("Entra ID gave a token that cannot be sent.", "Sign in again.")
        return token


def _default_credential() -> Credential:
    logging.getLogger("azure").setLevel(logging.WARNING)  # it logs addresses and answers at INFO
    try:
        from azure.identity.aio import DefaultAzureCredential

        return DefaultAzureCredential()
    except ImportError:
        raise VisionError(
            "Signing in to Azure with Entra ID needs packages that are not installed.",
            f"Install them ({INSTALL}), or set {KEY}.",
        ) from None


def _no_token(error: Exception) -> VisionError:
    # By name, since an injected credential need not come from Microsoft's packages.
    network = {"ServiceRequestError", "ServiceResponseError"}
    failed = any(base.__name__ in network for base in type(error).__mro__)
    # The default credential lists every way that it tried, where only Entra ID's own refusals matter.
    said = re.search(r"AADSTS[0-9]+:.*", str(error)) or re.search(r".*", str(error).strip())
    return VisionError(
        f"Entra ID gave no token: “{cleaned(said[0] if said else '')}”.",
        f"Sign in with `az login`, set AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_CLIENT_SECRET, or set {KEY}.",
        fault=Fault.SERVICE if failed else Fault.SETUP,
    )
