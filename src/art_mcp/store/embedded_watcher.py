"""Locks that show whether the embedded server has users, and the watcher process that stops it after the last.

Run as a script, this is the watcher. It lives as long as the server, so to save memory it imports only light modules
of the standard library and is started without site-packages.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import suppress

TYPE_CHECKING = False  # as in typing, whose import would take longer than all others
if TYPE_CHECKING:
    from typing import Any

GRACE_S = 2.0
"""How long the server runs after its last user, in seconds, so that the next command finds it running."""


class Lock:
    """A lock between processes, on a file; the kernel releases it when its holder exits, even after kill -9.

    It belongs to the open file: two locks in one process exclude each other, and a child that inherits the descriptor
    shares the lock, except on Windows.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path
        self.fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
        """Take the lock; return False if another holder has it and `wait` is not set."""
        return _lock(self.fd, shared, wait)

    def close(self) -> None:
        """Release the lock, unless another process has inherited the open file."""
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1

    def is_current(self) -> bool:
        """Whether the open file is still the one at its path, and was not deleted with its folder."""
        try:
            return self.fd >= 0 and os.path.samestat(os.fstat(self.fd), os.stat(self.path))
        except FileNotFoundError:
            return False

    def __enter__(self) -> Lock:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


if sys.platform == "win32":
    import ctypes
    import msvcrt

    class _Overlapped(ctypes.Structure):
        _fields_ = [
            ("internal", ctypes.c_void_p),
            ("internal_high", ctypes.c_void_p),
            ("offset", ctypes.c_uint64),
            ("event", ctypes.c_void_p),
        ]

    def _lock(fd: int, shared: bool, wait: bool) -> bool:
        flags = (0 if wait else 1) | (0 if shared else 2)  # LOCKFILE_FAIL_IMMEDIATELY, LOCKFILE_EXCLUSIVE_LOCK
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(fd))
        if kernel.LockFileEx(handle, flags, 0, 1, 0, ctypes.byref(_Overlapped())):
            return True
        if ctypes.get_last_error() == 33:  # ERROR_LOCK_VIOLATION
            return False
        raise ctypes.WinError(ctypes.get_last_error())

else:
    import fcntl

    def _lock(fd: int, shared: bool, wait: bool) -> bool:
        try:
            fcntl.flock(fd, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            return False
        return True


def watch(folder: str, socket_path: str, account: dict[str, Any], stop: list[str]) -> None:
    """Wait until the server in `folder` has no users, then stop it and return."""
    watcher = Lock(os.path.join(folder, "watcher.lock"))
    if not watcher.acquire():
        return
    while True:
        with Lock(os.path.join(folder, "users.lock")) as users:
            users.acquire(wait=True)
        time.sleep(GRACE_S)
        with Lock(os.path.join(folder, "start.lock")) as start, Lock(users.path) as users:
            start.acquire(wait=True)
            if not watcher.is_current():
                return  # the folder was deleted; a new folder has its own watcher
            if not users.acquire():
                continue
            try:
                if _listening(socket_path):
                    _stop(stop, account)
                if socket_path:
                    os.rmdir(os.path.dirname(socket_path))
            finally:
                # Before the other locks, so that the next process to start does not rely on a watcher that is exiting.
                watcher.close()
            return


def _listening(socket_path: str) -> bool:
    """Whether the server is listening; if not, the pid in its file may belong to any process."""
    if sys.platform == "win32" or not socket_path:
        return True
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(socket_path) == 0


def _stop(command: list[str], account: dict[str, Any]) -> None:
    for mode in ("fast", "immediate"):
        stopped = subprocess.run(
            [*command, "-m", mode],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **account,
        )
        if stopped.returncode == 0:
            return


def _main(folder: str, socket_path: str, uid: str, gid: str, *stop: str) -> None:
    account: dict[str, Any] = {"user": int(uid), "group": int(gid), "extra_groups": []} if uid else {}
    # No user would see an error: the folder is gone, or the next start repairs the rest.
    with suppress(OSError):
        watch(folder, socket_path, account, list(stop))


if __name__ == "__main__":
    _main(*sys.argv[1:])
