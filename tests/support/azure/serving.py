"""The stand-in on a port of this machine, in a thread of its own: its clock does not wait for its callers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
import uvicorn
from anyio.from_thread import start_blocking_portal
from uvicorn.protocols.http.h11_impl import H11Protocol

from art_mcp.server.http import listen

if TYPE_CHECKING:
    from starlette.types import ASGIApp

KEEP_ALIVE_S = 120
"""The service keeps idle connections for minutes; uvicorn's 5 s would hide how a client's pool does with that."""
CLOSE_WITHIN_S = 10


class _Connection(H11Protocol):
    """Gives the application its connection, so that it can break it."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        super().connection_made(transport)
        # asyncio does this only for sockets that it made itself; without it each answer waits 40 ms for an ACK.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.app_state = {**self.app_state, "transport": transport}


@contextmanager
def serving(standin: ASGIApp, port: int = 0) -> Iterator[str]:
    """Serve until the block ends, and give the endpoint; open connections are then cut.

    Args:
        standin: what to serve: an `AzureStandIn`, or what passes calls on to one.
        port: 0 for any that is free.

    Raises:
        ListenError: if the port cannot be had.
    """
    config = uvicorn.Config(
        standin,
        http=_Connection,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
    )
    server = uvicorn.Server(config)
    with listen("127.0.0.1", port) as listener, start_blocking_portal("asyncio") as portal:
        endpoint = f"http://127.0.0.1:{listener.getsockname()[1]}"
        ended = portal.start_task_soon(server.serve, [listener])
        try:
            yield endpoint
        finally:
            portal.call(_hang_up, server)
            if not ended.cancel():
                ended.result()


@asynccontextmanager
async def serve(standin: ASGIApp, port: int = 0) -> AsyncIterator[str]:
    """`serving` for a coroutine; the event loop is free while the server starts and ends."""
    context = serving(standin, port)
    endpoint = await anyio.to_thread.run_sync(context.__enter__)
    try:
        yield endpoint
    finally:
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(context.__exit__, None, None, None)


async def _hang_up(server: uvicorn.Server) -> None:
    """Cut every connection, until all calls have ended.

    uvicorn's own shutdown takes at least 0.1 s, and hundreds of tests start a server of their own.

    Raises:
        TimeoutError: the server has not started, or a call continues without its connection.
    """
    with anyio.fail_after(CLOSE_WITHIN_S):
        while not server.started:
            await anyio.sleep(0.001)
        for listening in server.servers:
            listening.close()
        while server.server_state.connections or server.server_state.tasks:
            for connection in list(server.server_state.connections):
                connection.transport.abort()
            await anyio.sleep(0.001)
