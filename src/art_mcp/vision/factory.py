"""Chooses the embedding provider and makes it from the settings.

A new provider needs a module of its own, its entries in `_CLIENTS` and `paying` here, and its settings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from art_mcp import vision
from art_mcp.settings import Settings, variable
from art_mcp.space import Space
from art_mcp.vision.azure import AzureClient
from art_mcp.vision.http_api import HttpClient
from art_mcp.vision.pacing import Account, Pacer
from art_mcp.vision.pair import pulled
from art_mcp.vision.pair.manifest import PROVIDER
from art_mcp.vision.provider import Provider, VisionError
from art_mcp.vision.remote.client import Client
from art_mcp.vision.remote.provider import RemoteProvider

OpenAccount: TypeAlias = Callable[[str], Account]
"""Returns the account of the paid service with this provider name."""

log = logging.getLogger(__name__)


def choose(settings: Settings, open_account: OpenAccount, pixels: Space | None) -> Provider:
    """The provider for a database.

    Args:
        pixels: the pixel space that the database's pictures are in; None if it has no paintings.

    Returns:
        The provider of that space or, if that is not set up here, the built-in one, so that the database can still be
        searched by words. For a database without paintings, the provider that the settings name.

    Raises:
        VisionError: the database has no paintings, and the provider that the settings name is not set up.
    """
    if pixels is None:
        return make(settings, open_account, settings.embeds_by)
    try:
        return make(settings, open_account, pixels.provider, pixels)
    except VisionError as error:
        log.warning("The pictures cannot be searched: %s", error)
        return vision.local.LocalProvider()


def make(settings: Settings, open_account: OpenAccount, name: str, pixels: Space | None = None) -> Provider:
    """The provider with this name, as the settings describe it.

    Args:
        name: `onnx-pair`, `azure` or `http`; any other name means the built-in provider.
        pixels: the space to fill, for a provider that has several models.

    Raises:
        VisionError: it is not set up.
    """
    if name == PROVIDER:
        return vision.pair.provider.PairProvider(*pulled.find(settings, pixels), vision.local.LocalProvider())
    if name not in _CLIENTS:
        return vision.local.LocalProvider()
    client = _CLIENTS[name](settings, pixels)
    pacer = Pacer(open_account(name), in_flight=client.calls_in_flight)
    return RemoteProvider(client, pacer=pacer, local=vision.local.LocalProvider())


def paying(settings: Settings, name: str) -> tuple[str, str, float]:
    """What identifies the account of a paid service: its address and the key that pays; and its calls per second."""
    if name == "azure":
        key = settings.azure_key
        return settings.azure_endpoint or "", key.get_secret_value() if key else "entra", settings.azure_rate
    key = settings.http_key
    return settings.http_url or "", key.get_secret_value() if key else "", settings.http_rate


def _azure(settings: Settings, pixels: Space | None) -> Client:
    if settings.azure_endpoint is None:
        raise VisionError("Azure AI Vision is not set up.", "Set ART_MCP_AZURE_ENDPOINT.")
    return AzureClient(
        settings.azure_endpoint,
        settings.azure_key,
        api_version=settings.azure_api_version,
        model_version=pixels.version.rpartition(".")[0] if pixels else settings.azure_model_version,
    )


def _http(settings: Settings, pixels: Space | None) -> Client:
    url, model, dimensions = settings.http_url, settings.http_model, settings.http_dimensions
    if url is None or model is None or dimensions is None:
        needed = {"http_url": url, "http_model": model, "http_dimensions": dimensions}
        missing = [variable(name) for name, value in needed.items() if value is None]
        raise VisionError(
            "The HTTP embedding service is not completely set up.",
            f"Set {' and '.join(missing)}.",
        )
    return HttpClient(
        url,
        settings.http_key,
        dialect=settings.http_dialect,
        model=model,
        dimensions=dimensions,
        shorten=settings.http_shorten,
        key_header=settings.http_key_header,
    )


_CLIENTS: Final[Mapping[str, Callable[[Settings, Space | None], Client]]] = {"azure": _azure, "http": _http}
