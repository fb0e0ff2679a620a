"""A client that sends and receives single messages of the protocol, in either of its eras."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.shared.message import SessionMessage
from mcp.types import jsonrpc_message_adapter

from art_mcp.server.app import build_server
from art_mcp.server.sdk import serve_one_era
from art_mcp.server.stdio import serve_eras
from art_mcp.settings import Settings

INITIALIZED = {"jsonrpc": "2.0", "method": "notifications/initialized"}


def request(id_: int, method: str, **params: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": params}


def modern_request(id_: int, method: str, *, client: str = "t", **params: Any) -> dict[str, Any]:
    """A request of version 2026-07-28, which says by itself who sends it."""
    envelope = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": client, "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    return request(id_, method, **params, _meta=envelope)


def initialize(id_: int, *, client: str = "t") -> dict[str, Any]:
    """The handshake of version 2025-11-25."""
    info = {"name": client, "version": "1"}
    return request(id_, "initialize", protocolVersion="2025-11-25", capabilities={}, clientInfo=info)


class Wire:
    """A client that sends and receives single messages."""

    def __init__(self, send: MemoryObjectSendStream[Any], receive: MemoryObjectReceiveStream[SessionMessage]) -> None:
        self.stream, self._receive = send, receive

    async def send(self, *messages: dict[str, Any]) -> None:
        for message in messages:
            await self.stream.send(SessionMessage(jsonrpc_message_adapter.validate_python(message)))

    async def answer(self, id_: int, *, skipping: bool = True) -> dict[str, Any]:
        """The answer to a request.

        Args:
            skipping: whether answers to earlier requests may come first, which the client no longer waits for.
        """
        with anyio.fail_after(120):
            async for message in self._receive:
                said = message.message.model_dump(by_alias=True, exclude_unset=True)
                assert said["id"] == id_ or (skipping and said["id"] < id_)
                if said["id"] == id_:
                    return said
        raise AssertionError("the server has ended")


@asynccontextmanager
async def wire(settings: Settings) -> AsyncIterator[Wire]:
    """A client of a server in this process, by the streams that stdio has."""
    send, received = anyio.create_memory_object_stream[SessionMessage | Exception](100)
    sent, receive = anyio.create_memory_object_stream[SessionMessage](100)
    server = build_server(settings)
    async with anyio.create_task_group() as serving, receive:
        serving.start_soon(serve_eras, partial(serve_one_era, server), received, sent)
        async with send:
            yield Wire(send, receive)
        with anyio.fail_after(30):
            async for _ in receive:  # it ends when the client does
                pass
