"""The process that decodes untrusted pictures: `python -m art_mcp.images.decode_worker`.

It reads requests from stdin and writes responses to stdout, holds no secret and no connection, and exits with its
parent process or after an idle timeout. `decoding` describes the protocol.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from art_mcp.images import picture
from art_mcp.images.decoding import REQUEST, RESPONSE
from art_mcp.images.undecoded import ImageError

if sys.platform == "linux":
    import resource

Request = tuple[bytes, str, int]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server handles Ctrl-C and then closes stdin
    requests, responses = _take_pipes()
    _limit_memory(int(sys.argv[1]))
    inbox: queue.SimpleQueue[Request] = queue.SimpleQueue()
    # In a separate thread, so that the process exits with the server even while it is decoding.
    threading.Thread(target=_receive, args=(requests, inbox), daemon=True).start()
    picture.one_big_picture = _Turn(inbox, responses)
    _say(responses, "ready")
    with contextlib.suppress(queue.Empty, BrokenPipeError):
        while True:
            _respond(responses, *inbox.get(timeout=float(sys.argv[2])))
    os._exit(0)


def _respond(responses: BinaryIO, data: bytes, name: str, max_side: int) -> None:
    try:
        read = picture.read_picture(data, name=name, max_side=max_side)
    except ImageError as error:
        _say(responses, "refused", problem=error.problem, next_step=error.next_step)
        return
    source = {"width": read.width, "height": read.height, "format": read.format, "sha256": read.sha256.hex()}
    _say(responses, "picture", pixels=read.image.tobytes(), size=read.image.size, **source)


class _Turn:
    """Replaces the lock in `picture` by one that all workers of a server share."""

    def __init__(self, inbox: queue.SimpleQueue[Request], responses: BinaryIO) -> None:
        self._inbox = inbox
        self._answers = responses

    def __enter__(self) -> None:
        _say(self._answers, "big")
        self._inbox.get()  # the empty request, which grants the lock

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The response releases the lock."""


def _say(responses: BinaryIO, what: str, *, pixels: bytes = b"", **more: Any) -> None:
    head = json.dumps({"what": what, **more}).encode()
    responses.write(RESPONSE.pack(len(head)) + head)
    responses.write(pixels)
    responses.flush()


def _receive(requests: BinaryIO, inbox: queue.SimpleQueue[Request]) -> None:
    while len(start := requests.read(REQUEST.size)) == REQUEST.size:
        data_bytes, name_bytes, max_side = REQUEST.unpack(start)
        name = requests.read(name_bytes).decode()
        data = requests.read(data_bytes)
        if len(data) < data_bytes:
            break
        inbox.put((data, name, max_side))
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
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
