"""The server and its client: in one process for what is not about the wire, else over stdio or HTTP."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import anyio
import uvicorn
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from starlette.types import ASGIApp

from art_mcp.server.app import build_server
from art_mcp.server.http import http_app, listen
from art_mcp.settings import Settings

SERVE = ("-m", "art_mcp", "serve", "--transport", "streamable-http", "--port", "0")
START_WITHIN_S = 120


@asynccontextmanager
async def connected(settings: Settings, **options: Any) -> AsyncIterator[Client]:
    """The real client of a server in this process; `options` are the client's."""
    async with Client(build_server(settings), **options) as client:
        yield client


def served_here(
    settings: Settings, adapt: Callable[[Settings, str], Settings] = lambda settings, _: settings, **options: Any
) -> AbstractAsyncContextManager[str]:
    """The origin of a server in this process that listens on any free port.

    Args:
        adapt: returns the settings, once the origin is known.
        options: of `http_app`.
    """
    return listening_here(lambda origin: http_app(build_server(adapt(settings, origin)), **options))


@asynccontextmanager
async def listening_here(app: Callable[[str], ASGIApp]) -> AsyncIterator[str]:
    """The origin of an application in this event loop, which is made once its origin is known."""
    with listen("127.0.0.1", 0) as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        web = uvicorn.Server(uvicorn.Config(app(origin), log_config=None, ws="none", proxy_headers=False))
        async with anyio.create_task_group() as serving:
            serving.start_soon(web.serve, [listener])
            with anyio.fail_after(START_WITHIN_S):
                while not web.started:
                    await anyio.sleep(0.01)
            yield origin
            web.should_exit = True


@asynccontextmanager
async def connected_over_stdio(
    *, errlog: TextIO = sys.stderr, options: dict[str, Any] | None = None, **environment: str
) -> AsyncIterator[Client]:
    """The real client of a server that it has started as a process with these variables."""
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=environment)
    async with Client(stdio_client(server, errlog=errlog), **(options or {})) as client:
        yield client


@dataclass(frozen=True, slots=True)
class Served:
    """A server that has said where it is found."""

    process: subprocess.Popen[bytes]
    folder: Path

    @property
    def url(self) -> str:
        said = re.search(r"serves MCP at (\S+)", self.stderr())
        assert said
        return said[1]

    @property
    def origin(self) -> str:
        return self.url.removesuffix("/mcp")

    @property
    def port(self) -> int:
        return int(self.origin.rpartition(":")[2])

    def stdout(self) -> str:
        return (self.folder / "stdout").read_text()

    def stderr(self) -> str:
        return (self.folder / "stderr").read_text()


@contextmanager
def serving(*arguments: str, **environment: str) -> Iterator[Served]:
    """Run Python with these arguments, by default `art-mcp serve` on any free port; killed if it is still there."""
    with tempfile.TemporaryDirectory() as folder:
        out, err = Path(folder, "stdout"), Path(folder, "stderr")
        with out.open("wb") as stdout, err.open("wb") as stderr:
            process = subprocess.Popen(
                [sys.executable, *(arguments or SERVE)],
                env={**os.environ, **environment},
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )
        served = Served(process, Path(folder))
        try:
            until = time.monotonic() + START_WITHIN_S
            while "serves MCP at" not in served.stderr():
                assert process.poll() is None and time.monotonic() < until, served.stderr()
                time.sleep(0.02)
            yield served
        finally:
            process.kill()
            process.wait()
