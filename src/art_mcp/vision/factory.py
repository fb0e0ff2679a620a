"""Which embedding provider is used, and how it is made from the settings.

A new provider needs its own module, an entry in `_CLIENTS` and one in `account` here, and its settings.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Final

from art_mcp.settings import Settings, variable
from art_mcp.space import Space
from art_mcp.store.accounts import Account
from art_mcp.store.database import Database
from art_mcp.vision.azure import AzureClient
from art_mcp.vision.http_api import HttpClient
from art_mcp.vision.local import LocalProvider
from art_mcp.vision.pacing import Pacer
from art_mcp.vision.provider import Provider, VisionError
from art_mcp.vision.remote.client import Client
from art_mcp.vision.remote.provider import RemoteProvider

log = logging.getLogger(__name__)


def choose(settings: Settings, database: Database, pixels: Space | None) -> Provider:
    """The provider for a database.

    Args:
        pixels: the pixel space that it has been filled with; None if nothing is stored yet.

    Returns:
        The provider of that space or, if it is not set up here, the built-in one, which can still search by words.
        For an empty database, the one that the settings name.

    Raises:
        VisionError: the database is empty, and the provider that the settings name is not set up.
    """
    if pixels is None:
        return make(settings, database, settings.embeds_by)
    try:
        return make(settings, database, pixels.provider, pixels)
    except VisionError as error:
        log.warning("The pictures cannot be searched: %s", error)
        return LocalProvider()


def make(settings: Settings, database: Database, name: str, pixels: Space | None = None) -> Provider:
    """The provider of this name, as the settings describe it.

    Args:
        database: holds the account that all processes share.
        name: `azure` or `http`; any other is the built-in one.
        pixels: the space to fill, for a provider that has several models.

    Raises:
        VisionError: it is not set up.
    """
    local = LocalProvider()
    if name not in _CLIENTS:
        return local
    client = _CLIENTS[name](settings, pixels)
    pacer = Pacer(account(settings, database, name), in_flight=client.calls_in_flight)
    return RemoteProvider(client, pacer=pacer, local=local)


def account(settings: Settings, database: Database, name: str) -> Account:
    """The rate and the budget of a paid service, which all who use the same key share."""
    if name == "azure":
        address, key, rate, keyless = settings.azure_endpoint, settings.azure_key, settings.azure_rate, "entra"
    else:
        address, key, rate, keyless = settings.http_url, settings.http_key, settings.http_rate, ""
    payer = key.get_secret_value() if key else keyless
    return Account(database, address or "", payer, rate=rate, budget=settings.budget)


def _azure(settings: Settings, pixels: Space | None) -> Client:
    if settings.azure_endpoint is None:
        raise VisionError("ART_MCP_VISION is azure, but there is no endpoint.", "Set ART_MCP_AZURE_ENDPOINT.")
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
            "Pictures are to be embedded by a service of your choice, but not all of it is said.",
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
