"""A hub on loopback that answers as huggingface.co does: redirects, and a second server with the content."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass
class Asked:
    """A request that came."""

    path: str
    headers: dict[str, str]


@dataclass
class Hub:
    """What it has, how it misbehaves, and what it was asked."""

    files: dict[str, bytes]
    """By path, which is `/REPO/resolve/REVISION/PATH` in the hub and `/PATH?signed` in the content's server."""
    renamed: bool = False
    """The repo has another name by now: a relative redirect leads there."""
    ignores_range: bool = False
    endless: bool = False
    """The content goes on after its end, and its length is not said."""
    cut_after: int | None = None
    """Bytes of a longer body after which the connection is closed, as long as `cuts` are left."""
    cuts: int = 0
    stalls: bool = False
    """After these bytes it sends nothing more, but does not close the connection."""
    status: int = 200
    asked: list[Asked] = field(default_factory=list)
    stalled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    url: str = ""
    content_url: str = ""

    @classmethod
    def of(cls, folder: Path, repo: str, revision: str, paths: dict[str, str]) -> Hub:
        """A hub with the files of a folder, by name, at these paths of a repo."""
        return cls({f"/{repo}/resolve/{revision}/{path}": (folder / name).read_bytes() for name, path in paths.items()})

    def ranges(self) -> list[str]:
        """The ranges that the content's server was asked for; empty strings for whole files."""
        return [asked.headers.get("range", "") for asked in self.asked if "signed" in asked.path]


@contextmanager
def hub_serving(hub: Hub) -> Iterator[Hub]:
    """Serve until the end of the `with`."""
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub, answer)) for answer in (_redirect, _content)]
    hub.url, hub.content_url = (f"http://127.0.0.1:{server.server_port}" for server in servers)
    threads = [threading.Thread(target=server.serve_forever, args=(0.01,)) for server in servers]
    for thread in threads:
        thread.start()
    try:
        yield hub
    finally:
        hub.ended.set()
        for server in servers:
            server.shutdown()
            server.server_close()
        for thread in threads:
            thread.join()


def _handler(hub: Hub, answer: object) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            hub.asked.append(Asked(self.path, {name.lower(): value for name, value in self.headers.items()}))
            answer(hub, self)  # type: ignore[operator]

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler


def _say(handler: BaseHTTPRequestHandler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content-Length": str(len(body)), **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def _redirect(hub: Hub, handler: BaseHTTPRequestHandler) -> None:
    if hub.renamed and not handler.path.startswith("/renamed"):
        return _say(handler, 307, Location=f"/renamed{handler.path}")
    path = handler.path.removeprefix("/renamed")
    if hub.status != 200:
        return _say(handler, hub.status, b"no")
    if path not in hub.files:
        return _say(handler, 404, X_Error_Code="EntryNotFound")
    return _say(handler, 302, Location=f"{hub.content_url}{path}?signed=1", X_Linked_Size=str(len(hub.files[path])))


def _content(hub: Hub, handler: BaseHTTPRequestHandler) -> None:
    body = hub.files[handler.path.partition("?")[0]]
    start = 0
    if (asked := re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))) and not hub.ignores_range:
        start = int(asked[1])
    if start >= len(body):
        return _say(handler, 416)
    handler.send_response(206 if start else 200)
    if start:
        handler.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
    handler.send_header("Connection", "close")
    handler.close_connection = True
    if hub.endless:
        handler.end_headers()
        while not hub.ended.is_set():
            try:
                handler.wfile.write(b"\0" * 65536)
            except OSError:
                return None
        return None
    handler.send_header("Content-Length", str(len(body) - start))
    handler.end_headers()
    if hub.cut_after is not None and hub.cuts and len(body) - start > hub.cut_after:
        hub.cuts -= 1
        handler.wfile.write(body[start : start + hub.cut_after])
        handler.wfile.flush()
        if hub.stalls:
            hub.stalled.set()
            hub.ended.wait()
        return None
    handler.wfile.write(body[start:])
    return None
