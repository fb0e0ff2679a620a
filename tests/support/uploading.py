"""A server with an upload page, what a model reads in an error about it, and a picture to upload there."""

from __future__ import annotations

import functools
import io
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import anyio
from mcp import Client
from mcp.types import TextContent
from PIL import Image

from art_mcp.server.app import ArtServer, build_server
from art_mcp.settings import Settings

NOWHERE = "postgresql://user@127.0.0.1:1/none"

ADDRESS = re.compile(r"http://\S+/upload/[A-Za-z0-9_-]+")
FOUND = "There are no paintings yet."
"""What a search by a picture says once it has read the picture, if the database is empty."""

HANDLE = re.compile(r"upload:[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}")


def config_of(page: str) -> dict[str, Any]:
    """What the gallery is told in a browser."""
    (said,) = re.findall(r'<script [^>]*id="config"[^>]*>(.*?)</script>', page)
    return dict(json.loads(said))


@asynccontextmanager
async def running(settings: Settings | None = None, **options: Any) -> AsyncIterator[tuple[ArtServer, Client]]:
    """A server in this process, not reached over HTTP, by default without a database; and its client, with options."""
    server = build_server(settings or Settings(database_url=NOWHERE))
    async with Client(server, **options) as client:
        yield server, client


@functools.cache
def png() -> bytes:
    """A small picture."""
    file = io.BytesIO()
    Image.effect_noise((40, 30), 20).save(file, "PNG")
    return file.getvalue()


async def eventually(holds: Callable[[], bool]) -> None:
    """Wait until it holds."""
    with anyio.fail_after(60):
        while not holds():
            await anyio.sleep(0.02)


async def refused(client: Client, **arguments: Any) -> str:
    """The error of a search by a picture."""
    result = await client.call_tool("search_paintings_by_image", arguments)
    assert result.is_error
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def link_in(client: Client, **arguments: Any) -> tuple[str, str]:
    """The page's address and the handle that such an error gives."""
    said = await refused(client, **arguments)
    (address,), (handle,) = ADDRESS.findall(said), HANDLE.findall(said)
    return address, handle
