"""The provider for Azure AI Vision."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from art_mcp.vision.azure.client import AzureClient
from art_mcp.vision.azure.login import Credential, EntraLogin, KeyLogin
from art_mcp.vision.provider import Provider
from art_mcp.vision.remote.provider import RemoteProvider
from art_mcp.vision.remote.transport import DEADLINE_S

if TYPE_CHECKING:
    from pydantic import SecretStr

    from art_mcp.vision.pacing import Pacer

API_VERSION: Final = "2024-02-01"
MODEL_VERSION: Final = "2023-04-15"
CALLS_IN_FLIGHT = 20


class AzureProvider(RemoteProvider):
    """Pixels (n, 1024) by Azure. Of a question, the first 70 words count: see `shortened`.

    Args:
        endpoint: of the Azure resource, e.g. `https://NAME.cognitiveservices.azure.com`.
        key: of the resource; None signs in with Entra ID.
        pacer: makes the paid calls, questions before pictures.
        local: embeds words, free of charge; it stays open.
        credential: for Entra ID, instead of azure-identity's default; closed with the provider.
        calls_in_flight: as many as the pacer lets through.
        deadline: seconds for one attempt.

    Raises:
        VisionError: the endpoint or the key cannot be right.
    """

    def __init__(
        self,
        endpoint: str,
        key: SecretStr | None,
        *,
        pacer: Pacer,
        local: Provider,
        credential: Credential | None = None,
        api_version: str = API_VERSION,
        model_version: str = MODEL_VERSION,
        calls_in_flight: int = CALLS_IN_FLIGHT,
        deadline: float = DEADLINE_S,
    ) -> None:
        login = EntraLogin(credential) if key is None else KeyLogin(key)
        client = AzureClient(endpoint, login, api_version=api_version, model_version=model_version, deadline=deadline)
        super().__init__(client, pacer=pacer, local=local, calls_in_flight=calls_in_flight)
