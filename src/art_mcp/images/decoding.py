"""Decodes untrusted pictures in disposable worker processes.

A malicious file can at worst take over a process that holds no secret and no connection, is limited in memory, and is
killed when it takes too long; the next picture gets a new process.

Protocol: a request is `REQUEST` (size of the file, whether the file follows, whether it is on this machine, its
SHA-256, maximum pixels per side, size of the name), the name in UTF-8, and the file. A response is `RESPONSE` (size of
the JSON), a JSON object, and for a picture its pixels. A worker reports "ready" once after it has started, and "big"
before it decodes a large picture, for which it then waits for an empty request. Of a file that does not follow, it asks
for a part with "read", and waits for a request with it. So no worker opens a file, and no large one is in memory.
"""

from __future__ import annotations

import hashlib
import json
import math
import os
import struct
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, suppress
from io import BufferedReader, BufferedWriter
from typing import Any, BinaryIO, NamedTuple, cast

from PIL import Image

from art_mcp.images.local_file import LocalFile
from art_mcp.images.picture import SAVE_AS, Picture
from art_mcp.images.undecoded import FORMATS, MAX_BYTES, ImageError, check_bytes, printable_name

if sys.platform == "linux":
    import fcntl

WITHIN_S = 20.0
BYTES_PER_S = 10_000_000
"""Bytes of a file on this machine for which its deadline is extended by a second."""
MEMORY = 1024**3
"""Bytes; the pixel limits in `picture` keep decoding below this."""
IDLE_S = 60.0
LOOK_EVERY_S = 0.5
START_WITHIN_S = 30.0
EXIT_WITHIN_S = 0.5
PIPE_BYTES = 1024**2
"""Pipe size on Linux: fewer context switches halve the time."""

REQUEST = struct.Struct("<Q??32sII")
RESPONSE = struct.Struct("<I")
MAX_PART = 4 * 1024**2
"""Bytes of a file that a worker asks for at a time."""
MAX_RESPONSE = 64 * 1024
MAX_REFUSAL = 600

# A worker's environment has only what Python needs to start, so no key or password.
_NEEDED = ("PATH", "HOME", "USERPROFILE", "APPDATA", "SYSTEMROOT", "TEMP", "TMP")
_NEEDED_PREFIXES = ("PYTHON", "LD_", "DYLD_")
# Makes glibc's malloc reuse one picture's memory for the next: allocating it anew takes as long as decoding a JPEG.
_TUNED = {"MALLOC_MMAP_THRESHOLD_": str(32 * 1024**2), "MALLOC_TRIM_THRESHOLD_": str(64 * 1024**2)}
_TUNED |= {"OPENBLAS_NUM_THREADS": "1", "VIPS_CONCURRENCY": "1"}


class UndecidedError(ImageError):
    """A picture could not be checked, for a reason unrelated to it."""


class Decoder:
    """Runs `read_picture` in worker processes that start on demand.

    Args:
        workers: how many pictures are decoded concurrently. Default: one per core.
        within: timeout for one picture, in seconds.
        memory: memory limit for one picture, in bytes (Linux only).
        idle: seconds after which an idle worker exits.
    """

    def __init__(
        self, *, workers: int | None = None, within: float = WITHIN_S, memory: int = MEMORY, idle: float = IDLE_S
    ) -> None:
        self.workers = workers or os.cpu_count() or 1
        self._within = within
        self._limits = str(memory), str(idle)
        self._slots = threading.BoundedSemaphore(self.workers)
        self._one_big_picture = threading.Lock()
        self._lock = threading.Lock()
        self._idle: list[_Worker] = []
        self._running: set[_Worker] = set()
        self._watching = False
        self._closed = threading.Event()

    def read(self, data: bytes | LocalFile, *, name: str, max_side: int = 1024) -> Picture:
        """Like `read_picture`. Thread-safe, and blocks: call it in a thread.

        Raises:
            ImageError: as in `read_picture` and `LocalFile.opened`; or decoding timed out or crashed its process.
            UndecidedError: no process can be started, or the decoder is closed.
        """
        name = printable_name(name)
        if isinstance(data, LocalFile):
            with data.opened() as file:
                return self._read(_Given(file, data.size, data.sha256, True), name, max_side)
        check_bytes(len(data), name=name)
        return self._read(_Given(data, len(data), hashlib.sha256(data).digest(), False), name, max_side)

    def _read(self, given: _Given, name: str, max_side: int) -> Picture:
        with self._slots:
            while True:
                worker = self._take(name)
                try:
                    return worker.read(given, name, max_side, self._within, self._one_big_picture)
                except _IdledOut:
                    continue
                except ImageError as error:
                    if self._closed.is_set():  # `close` killed its process
                        raise _stopping(name) from error
                    raise
                finally:
                    self._give_back(worker)

    def close(self) -> None:
        """Kill all workers; requests in progress fail."""
        with self._lock:
            self._closed.set()
            running = [*self._running]
        for worker in running:
            worker.end()

    def _take(self, name: str) -> _Worker:
        with self._lock:
            if self._closed.is_set():
                raise _stopping(name)
            while self._idle:
                worker = self._idle.pop()
                if not worker.is_gone():
                    return worker
                self._running.discard(worker)
                worker.end()
            try:
                worker = _Worker(*self._limits)
            except OSError as error:
                raise _cannot_start(name) from error
            self._running.add(worker)
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="decoder", daemon=True).start()
            return worker

    def _give_back(self, worker: _Worker) -> None:
        with self._lock:
            if not self._closed.is_set() and not worker.ended:
                self._idle.append(worker)
                return
            self._running.discard(worker)
        worker.end()

    def _watch(self) -> None:
        """Kill overdue workers and reap those that have exited, until none is left."""
        while not self._closed.wait(LOOK_EVERY_S):
            with self._lock:
                gone = [worker for worker in self._idle if worker.is_gone()]
                self._idle = [worker for worker in self._idle if worker not in gone]
                self._running.difference_update(gone)
                self._watching = bool(self._running)
                busy = [*self._running]
            for worker in gone:
                worker.end()
            for worker in busy:
                worker.check_time()
            if not busy:
                break


class _Given(NamedTuple):
    """A file to decode."""

    content: bytes | BinaryIO
    """A whole file, or one that is open."""
    size: int
    sha256: bytes
    local: bool
    """Whether it is on this machine."""

    def part(self, start: int, count: int) -> bytes:
        """Bytes of an open file.

        Raises:
            ValueError: there are no such bytes.
        """
        if type(start) is not int or type(count) is not int or not 0 <= start < start + count <= self.size:
            raise ValueError("not a part of the file")
        if isinstance(self.content, bytes) or count > MAX_BYTES:
            raise ValueError("not a part to ask for")
        self.content.seek(start)
        return self.content.read(count)


class _IdledOut(Exception):
    """An idle worker exited before it read the request."""


class _Worker:
    """One worker process, used by one thread at a time."""

    def __init__(self, memory: str, idle: str) -> None:
        needed = {name: value for name, value in os.environ.items() if name.upper().startswith(_NEEDED_PREFIXES)}
        needed |= {name: os.environ[name] for name in _NEEDED if name in os.environ}
        self._process = subprocess.Popen(
            # -P: import nothing from the working directory, which may belong to a hostile project.
            [sys.executable, "-P", "-m", "art_mcp.images.decode_worker", memory, idle],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**needed, **_TUNED},
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        self._questions = cast(BufferedWriter, self._process.stdin)
        self._answers = cast(BufferedReader, self._process.stdout)
        if sys.platform == "linux":
            for pipe in (self._questions, self._answers):
                with suppress(OSError):
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        self._pixels = bytearray()
        self._timing = threading.Lock()
        self._until = math.inf
        self._late = False
        self._ready = False
        self._used = False
        self.ended = False

    def read(self, given: _Given, name: str, max_side: int, within: float, one_big_picture: threading.Lock) -> Picture:
        answered = False
        within += given.size // BYTES_PER_S if given.local else 0
        try:
            with ExitStack() as turn:
                if not self._ready:
                    self._time(START_WITHIN_S)
                    self._ready = self._hear() == {"what": "ready"}
                self._time(within)
                self._ask(given, name, max_side)
                while (said := self._hear())["what"] in ("big", "read"):
                    if said["what"] == "read":
                        self._send(given.part(said["start"], said["count"]))
                        continue
                    self._time(math.inf)
                    turn.enter_context(one_big_picture)
                    self._time(within)
                    self._send(b"")
                read = self._picture(said, given.sha256, max_side) if said["what"] != "refused" else _refusal(said)
                answered = True
                if isinstance(read, ImageError):
                    raise read
                return read
        # A compromised worker can send anything.
        except (OSError, EOFError, ValueError, TypeError, KeyError, RecursionError) as error:
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(EXIT_WITHIN_S)  # to learn whether it was killed or exited
            self.end()
            if self._late and self._ready:
                raise ImageError(f"{name} takes more than {within:.3g} s to decode.", SAVE_AS) from error
            if self._used and self._process.returncode == 0:
                raise _IdledOut from error
            if not self._ready:
                raise _cannot_start(name) from error
            raise ImageError(
                f"{name} is damaged and crashed its decoder.",
                "Open it in an image editor, save it as JPEG, and try again.",
            ) from error
        finally:
            self._used = True
            self._time(math.inf)
            if self._late or not answered:  # its late response must not be read as that to the next request
                self.end()

    def check_time(self) -> None:
        """Kill the process if it is overdue."""
        with self._timing:
            if time.monotonic() > self._until:
                self._late = True
                self._process.kill()

    def is_gone(self) -> bool:
        return self._process.poll() is not None

    def end(self) -> None:
        """Kill the process and close its pipes. Idempotent."""
        self.ended = True
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers):
            with suppress(OSError):  # flushing to a dead process fails
                pipe.close()

    def _time(self, seconds: float) -> None:
        with self._timing:
            self._until = time.monotonic() + seconds

    def _ask(self, given: _Given, name: str, max_side: int) -> None:
        content = given.content
        if not isinstance(content, bytes) and given.size <= MAX_BYTES:
            content = given.part(0, given.size)
        name_bytes, follows = name.encode(), isinstance(content, bytes)
        head = REQUEST.pack(given.size, follows, given.local, given.sha256, max_side, len(name_bytes))
        self._questions.write(head + name_bytes)
        if isinstance(content, bytes):
            self._questions.write(content)
        self._questions.flush()

    def _send(self, data: bytes) -> None:
        """Send what the worker waits for."""
        self._questions.write(REQUEST.pack(len(data), True, False, bytes(32), 0, 0))
        self._questions.write(data)
        self._questions.flush()

    def _hear(self) -> dict[str, Any]:
        (length,) = RESPONSE.unpack(self._exactly(RESPONSE.size))
        if length > MAX_RESPONSE:
            raise ValueError("a response that is too long")
        heard: dict[str, Any] = json.loads(self._exactly(length))
        return heard

    def _picture(self, said: dict[str, Any], digest: bytes, max_side: int) -> Picture:
        (width, height), source = said["size"], (said["width"], said["height"])
        if not all(type(side) is int and side > 0 for side in (width, height, *source)):
            raise ValueError("an invalid size")
        # The digest shows that the pixels are of this file, not the response to another request.
        if max(width, height) > max_side or said["format"] not in FORMATS or said["sha256"] != digest.hex():
            raise ValueError("a picture other than the requested one")
        image = Image.frombytes("RGB", (width, height), self._received(width * height * 3))
        return Picture(image, digest, *source, said["format"])

    def _received(self, count: int) -> memoryview:
        """Read pixels into a reused buffer: allocating one takes as long as receiving them."""
        if len(self._pixels) < count:
            self._pixels = bytearray(count)
        pixels = memoryview(self._pixels)[:count]
        if self._answers.readinto(pixels) < count:
            raise EOFError
        return pixels

    def _exactly(self, count: int) -> bytes:
        data = self._answers.read(count)
        if len(data) < count:
            raise EOFError
        return data


def _refusal(said: dict[str, Any]) -> ImageError:
    error = ImageError(said["problem"], said["next_step"])
    if not str(error).isprintable() or len(str(error)) > MAX_REFUSAL:
        raise ValueError("not an error of this program")
    return error


def _stopping(name: str) -> UndecidedError:
    return UndecidedError(f"{name} was not read because the server is stopping.", "Try again once it is running.")


def _cannot_start(name: str) -> UndecidedError:
    return UndecidedError(
        f"{name} cannot be decoded because no decoder process can be started.",
        "Free some memory or reinstall art-mcp, then try again.",
    )
