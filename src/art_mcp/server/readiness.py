"""`/ready`: whether calls would be served now, for load balancers and Kubernetes."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

import anyio
import uvicorn
from starlette.requests import Request
from starlette.responses import JSONResponse

from art_mcp.errors import ArtMcpError
from art_mcp.runtime import Runtime

if TYPE_CHECKING:
    from art_mcp.store.database import Database

ANSWER_WITHIN_S = 1
DRAIN_S = 5
"""Seconds for which a stopping server still accepts requests, so that a client of `/ready` can stop sending them."""


class Readiness:
    """Answers 200 if the database answers a query within `ANSWER_WITHIN_S` seconds, else 503 and the reason."""

    def __init__(self, runtime: Callable[[], Runtime]) -> None:
        self._runtime = runtime
        self._opening: asyncio.Task[Database] | None = None
        self.is_asked = False
        self.is_ending = False

    async def answer(self, _: Request) -> JSONResponse:
        self.is_asked = True
        reason = "The server is shutting down." if self.is_ending else await self._problem()
        if reason:
            return JSONResponse({"status": "unavailable", "reason": reason}, 503, {"Cache-Control": "no-store"})
        return JSONResponse({"status": "ready"}, headers={"Cache-Control": "no-store"})

    async def _problem(self) -> str | None:
        with anyio.move_on_after(ANSWER_WITHIN_S):
            try:
                # Opening may take longer, since it brings the schema up to date, and must not begin anew each time.
                await (await asyncio.shield(self._open())).ping()
            except ArtMcpError as error:
                return error.problem
            return None
        return f"The database has not answered within {ANSWER_WITHIN_S} s."

    def _open(self) -> asyncio.Task[Database]:
        if self._opening is None or self._failed(self._opening):
            self._opening = asyncio.create_task(self._runtime().database())
            self._opening.add_done_callback(self._failed)  # or asyncio complains that nobody looked at an error
        return self._opening

    @staticmethod
    def _failed(opening: asyncio.Task[Database]) -> bool:
        return opening.done() and (opening.cancelled() or opening.exception() is not None)


class Draining(uvicorn.Server):
    """A web server that announces its end at `/ready` beforehand, if `/ready` was ever requested."""

    def __init__(self, config: uvicorn.Config, readiness: Readiness) -> None:
        super().__init__(config)
        self._readiness = readiness

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._readiness.is_ending = True
        if self._readiness.is_asked:
            with anyio.move_on_after(DRAIN_S):
                while not self.force_exit:  # noqa: ASYNC110 - a flag that uvicorn sets at the second Ctrl-C
                    await anyio.sleep(0.1)
        await super().shutdown(sockets)
