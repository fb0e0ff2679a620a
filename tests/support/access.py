"""The server with access control over real HTTP, in the process of the test, and its client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from art_mcp.settings import Settings
from support.servers import served_here


def guarded_here(settings: Settings, **changes: Any) -> AbstractAsyncContextManager[str]:
    """The origin of a running server, which is its public URL unless `changes` of the settings say otherwise."""

    def adapt(settings: Settings, origin: str) -> Settings:
        return Settings(**{**settings.model_dump(exclude_unset=True), "public_url": origin, **changes})

    return served_here(settings, adapt)


@asynccontextmanager
async def connected_with(origin: str, token: str | None, mode: str, **options: Any) -> AsyncIterator[Client]:
    """The real client, which sends this token; `options` are the client's."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{origin}/mcp", http_client=http), mode=mode, **options) as client,
    ):
        yield client
