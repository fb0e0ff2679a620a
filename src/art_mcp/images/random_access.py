"""A file whose bytes come from elsewhere when they are read."""

from __future__ import annotations

import io
import os
from abc import abstractmethod
from typing import Any


class RandomAccess(io.RawIOBase):
    """A readable and seekable file of a known size in bytes."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._at = 0

    @abstractmethod
    def part(self, start: int, count: int) -> bytes:
        """Return 1 to `count` bytes from a position before the end."""

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        if at < 0:
            raise OSError("a position before the start")
        self._at = at
        return at

    def readinto(self, buffer: Any) -> int:
        count = min(len(buffer), self._size - self._at)
        if count <= 0:
            return 0
        part = self.part(self._at, count)
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)
