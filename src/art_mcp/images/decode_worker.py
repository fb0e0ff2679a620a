"""The process in which untrusted pictures are decoded: `python -m art_mcp.images.decode_worker`.

It is given pictures on stdin, answers on stdout, holds no secret and no connection, and ends with whoever
started it, or when it has had nothing to do for a while. What goes between the two is told in `decoding`.
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
from art_mcp.images.decoding import ANSWER, QUESTION
from art_mcp.images.undecoded import ImageError

Question = tuple[bytes, str, int]


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then closes stdin
    questions, answers = _take_pipes()
    _limit_memory(int(sys.argv[1]))
    inbox: queue.SimpleQueue[Question] = queue.SimpleQueue()
    # A thread of its own, so that a decoder that is busy ends too when the server is gone.
    threading.Thread(target=_receive, args=(questions, inbox), daemon=True).start()
    picture.one_big_picture = _Turn(inbox, answers)
    _say(answers, "ready")
    with contextlib.suppress(queue.Empty, BrokenPipeError):
        while True:
            _answer(answers, *inbox.get(timeout=float(sys.argv[2])))
    os._exit(0)


def _answer(answers: BinaryIO, data: bytes, name: str, max_side: int) -> None:
    try:
        read = picture.read_picture(data, name=name, max_side=max_side)
    except ImageError as error:
        _say(answers, "refused", problem=error.problem, next_step=error.next_step)
        return
    source = {"width": read.width, "height": read.height, "format": read.format, "sha256": read.sha256.hex()}
    _say(answers, "picture", pixels=read.image.tobytes(), size=read.image.size, **source)


class _Turn:
    """Stands in for the lock in `picture`, for all workers of a server together."""

    def __init__(self, inbox: queue.SimpleQueue[Question], answers: BinaryIO) -> None:
        self._inbox = inbox
        self._answers = answers

    def __enter__(self) -> None:
        _say(self._answers, "big")
        self._inbox.get()  # an empty question

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """The answer ends the turn."""


def _say(answers: BinaryIO, what: str, *, pixels: bytes = b"", **more: Any) -> None:
    head = json.dumps({"what": what, **more}).encode()
    answers.write(ANSWER.pack(len(head)) + head)
    answers.write(pixels)
    answers.flush()


def _receive(questions: BinaryIO, inbox: queue.SimpleQueue[Question]) -> None:
    while len(start := questions.read(QUESTION.size)) == QUESTION.size:
        data_bytes, name_bytes, max_side = QUESTION.unpack(start)
        name = questions.read(name_bytes).decode()
        data = questions.read(data_bytes)
        if len(data) < data_bytes:
            break
        inbox.put((data, name, max_side))
    os._exit(0)


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """The two pipes; what else writes to stdout, or reads stdin, finds nothing there."""
    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    return questions, answers


def _limit_memory(more: int) -> None:
    """Let allocations fail that go this many bytes beyond what is taken now; Linux only."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + more
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


if __name__ == "__main__":
    main()
