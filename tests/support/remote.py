"""What the tests of providers over HTTP share: their parts and questions, and servers that answer badly."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from PIL import Image

from art_mcp.images.picture import Picture
from art_mcp.space import Leg, PictureEmbedding, Space
from art_mcp.vision.provider import Health, Limits, Provider, VisionError
from support.azure.answers import Answer

KEY = "CANARYkey00112233445566778899aabb"
SEA = "a stormy sea"


@dataclass
class OnePass:
    """A pacer that lets everything through, once."""

    urgent: list[bool] = field(default_factory=list)

    async def call(self, send: Callable[[], Awaitable[Any]], *, urgent: bool) -> Any:
        self.urgent.append(urgent)
        return await send()


@dataclass
class Words:
    """A built-in model without weights."""

    usable: bool = True
    spaces: Mapping[Leg, Space] = field(
        default_factory=lambda: {Leg.WORDS: Space(Leg.WORDS, "local", "minilm", "1", 384)}
    )
    limits: Limits = field(default_factory=lambda: Limits(32, 128, 2, False))
    pixels_background: None = None

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        raise AssertionError

    async def embed_queries(self, texts: Sequence[str]) -> Mapping[Leg, Any]:
        return {leg: np.ones((len(texts), 384), np.float32) for leg in (Leg.PIXELS, Leg.WORDS)}

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Any]:
        return {Leg.WORDS: np.zeros((len(texts), 384), np.float32)}

    async def health(self) -> Health:
        return Health(self.usable, "words")

    async def aclose(self) -> None:
        raise AssertionError("it belongs to somebody else")


@asynccontextmanager
async def raw(answer: bytes, tls: ssl.SSLContext | None = None, heard: list[bytes] | None = None) -> AsyncIterator[str]:
    """A server that answers everything with these bytes and hangs up."""

    async def serve_one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next((int(line.split()[1]) for line in head.split(b"\r\n") if b"content-length" in line.lower()), 0)
        body = await reader.readexactly(length)
        if heard is not None:
            heard.append(head + body)
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve_one, "127.0.0.1", 0, ssl=tls)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status}", f"content-length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


def text(status: int, body: bytes, content_type: str = "text/plain") -> Answer:
    return Answer(status, body, {"content-type": content_type})


def picture(width: int = 96, height: int = 64, colour: str = "navy") -> Picture:
    return Picture(Image.new("RGB", (width, height), colour), b"\0" * 32, width, height, "PNG")


async def failure(provider: Provider, *, image: bool = False) -> VisionError:
    with pytest.raises(VisionError) as raised:
        await (provider.embed_images([picture()]) if image else provider.embed_queries([SEA]))
    return raised.value
