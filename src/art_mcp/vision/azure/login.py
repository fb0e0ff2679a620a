"""The two ways to sign in to Azure: a resource's key, or Entra ID, which many organisations insist on."""

from __future__ import annotations

import logging
import re
import time
from typing import TYPE_CHECKING, Final, Protocol

import anyio
import anyio.to_thread
from pydantic import SecretStr

from art_mcp.vision.azure.failures import INSTALL, KEY
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.reply import cleaned
from art_mcp.vision.remote.transport import checked_secret, is_sendable

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken

SCOPE: Final = "https://cognitiveservices.azure.com/.default"
FRESH_S = 300
"""A token that expires sooner is replaced."""
TOKEN_DEADLINE_S = 30.0
"""`az` takes seconds, and each way to sign in that is tried in vain takes its time."""


class Credential(Protocol):
    """What every class of azure.identity.aio offers."""

    async def get_token(self, *scopes: str) -> AccessToken: ...

    async def close(self) -> None: ...


class Login(Protocol):
    """Says who is calling."""

    name: str
    """Goes on after "signed in"."""

    async def secret(self) -> str:
        """The key or token to send."""
        ...

    async def renewed(self, refused: str) -> str | None:
        """Another one than the service has just refused, if there can be one."""
        ...

    def headers(self, secret: str) -> dict[str, str]: ...

    async def aclose(self) -> None: ...


class KeyLogin:
    """With one of the resource's two keys."""

    name = "with a key"

    def __init__(self, key: SecretStr) -> None:
        self._key = SecretStr(checked_secret(key.get_secret_value(), KEY, "Copy it again from the Azure portal."))

    async def secret(self) -> str:
        return self._key.get_secret_value()

    async def renewed(self, refused: str) -> str | None:
        return None

    def headers(self, secret: str) -> dict[str, str]:
        return {"Ocp-Apim-Subscription-Key": secret}

    async def aclose(self) -> None:
        pass


class EntraLogin:
    """With a token of Entra ID: of a service principal, a managed identity, `az login` and others.

    Args:
        credential: where tokens come from. Default: `DefaultAzureCredential`, which needs azure-identity.
    """

    name = "with Entra ID"

    def __init__(self, credential: Credential | None = None) -> None:
        self._credential = credential
        self._token: AccessToken | None = None  # kept here, since not every credential does (`az` runs each time)
        self._turn = anyio.Lock()

    async def secret(self) -> str:
        async with self._turn:
            if self._token is None or self._token.expires_on - time.time() < FRESH_S:
                self._token = await self._new_token()
            return self._token.token

    async def renewed(self, refused: str) -> str | None:
        async with self._turn:  # of many calls refused at once, the first renews for all
            if self._token is not None and self._token.token == refused:
                self._token = None
        return await self.secret()

    def headers(self, secret: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {secret}"}

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
