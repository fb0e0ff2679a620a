"""The process that decodes untrusted pictures: `python -m art_mcp.images.decode_worker`.

It reads requests from stdin and writes responses to stdout, holds no secret and no connection, and exits with its
parent process or after an idle timeout. `decoding` describes the protocol.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, NamedTuple, cast

from art_mcp.images import picture
from art_mcp.images.decoding import MAX_PART, REQUEST, RESPONSE
from art_mcp.images.random_access import RandomAccess
from art_mcp.images.undecoded import ImageError

if sys.platform == "linux":
    import resource

BUFFER = 256 * 1024
"""Bytes that a worker reads ahead of a file."""


class Request(NamedTuple):
    """A picture to decode, or something that was asked for."""

    data: bytes | None
    """None if the file is asked for part by part."""
    size: int
    local: bool
    sha256: bytes
    max_side: int
    name: str


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles Ctrl-C and then closes stdin
    requests, responses = _take_pipes()
    _limit_memory(int(sys.argv[1]))
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()
    # In a separate thread, so that the process exits with the server even while it is decoding.
    threading.Thread(target=_receive, args=(requests, inbox), daemon=True).start()
    asking = _Asking(inbox, responses)
    picture.one_big_picture = _Turn(asking)
    _say(responses, "ready")
    with contextlib.suppress(queue.Empty, BrokenPipeError):
        while True:
            _respond(responses, inbox.get(timeout=float(sys.argv[2])), asking)
    os._exit(0)


def _respond(responses: BinaryIO, request: Request, asking: _Asking) -> None:
    file = request.data or cast(BinaryIO, io.BufferedReader(_Remote(request.size, asking), BUFFER))
    try:
        read = picture.read_picture(
            file, name=request.name, max_side=request.max_side, local=request.local, sha256=request.sha256
        )
    except ImageError as error:
        _say(responses, "refused", problem=error.problem, next_step=error.next_step)
        return
    source = {"width": read.width, "height": read.height, "format": read.format, "sha256": read.sha256.hex()}
    _say(responses, "picture", pixels=read.image.tobytes(), size=read.image.size, **source)


class _Asking:
    """Asks the server for something, and waits for it."""

    def __init__(self, inbox: queue.SimpleQueue[Request], responses: BinaryIO) -> None:
        self._inbox = inbox
        self._responses = responses

    def __call__(self, what: str, **more: Any) -> bytes:
        _say(self._responses, what, **more)
        return self._inbox.get().data or b""


class _Turn:
    """Replaces the lock in `picture` by one that all workers of a server share."""

    def __init__(self, ask: _Asking) -> None:
        self._ask = ask

    def __enter__(self) -> None:
        self._ask("big")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The response releases the lock."""


class _Remote(RandomAccess):
    """A file that the server reads."""

    def __init__(self, size: int, ask: _Asking) -> None:
        super().__init__(size)
        self._ask = ask

    def part(self, start: int, count: int) -> bytes:
        return self._ask("read", start=start, count=min(count, MAX_PART))


def _say(responses: BinaryIO, what: str, *, pixels: bytes = b"", **more: Any) -> None:
    head = json.dumps({"what": what, **more}).encode()
    responses.write(RESPONSE.pack(len(head)) + head)
    responses.write(pixels)
    responses.flush()


def _receive(requests: BinaryIO, inbox: queue.SimpleQueue[Request]) -> None:
    while len(start := requests.read(REQUEST.size)) == REQUEST.size:
        size, follows, local, sha256, max_side, name_bytes = REQUEST.unpack(start)
        name = requests.read(name_bytes).decode()
        data = requests.read(size) if follows else None
        if data is not None and len(data) < size:
            break
        inbox.put(Request(data, size, local, sha256, max_side, name))
    os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Take over stdin and stdout; all other code sees /dev/null there."""
    requests, responses = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return requests, responses


def _limit_memory(more: int) -> None:
    """Make allocations fail that exceed the current memory use by this many bytes (Linux only)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            limit = pages * resource.getpagesize() + more
            resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
