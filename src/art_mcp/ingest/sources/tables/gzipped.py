"""Tables compressed by gzip, unpacked as they are read."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from typing import BinaryIO, cast

from art_mcp.ingest.sources.source import SourceError

MAX_UNPACKED = 1 << 33
"""Maximum size of an unpacked table in bytes."""
MAX_RATIO = 200
"""Maximum ratio of unpacked to packed bytes beyond `UNSUSPECTED`. A table has about 10, a bomb about 1,000."""
UNSUSPECTED = 1 << 26
"""Bytes up to which a table may unpack, whatever its ratio."""
DAMAGED = (zlib.error, EOFError, gzip.BadGzipFile, zipfile.BadZipFile)
"""What reading a damaged compressed file raises, also one in an archive."""


class _Unpacking(RawIOBase):
    """Unpacks a file, of which it reads no more than a plausible number of bytes."""

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._name = name
        size = file.seek(0, 2)
        file.seek(0)
        self._most = min(MAX_UNPACKED, max(UNSUSPECTED, MAX_RATIO * size))
        self._file = gzip.GzipFile(fileobj=file)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(len(buffer))
        if self._file.tell() > self._most:
            raise SourceError(f"{self._name} unpacks to too many bytes.", "Unpack it yourself and load the table.")
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def unpacked(file: BinaryIO, name: str) -> Iterator[BinaryIO]:
    """The content of an open file, unpacked if its name ends in `.gz`.

    Raises:
        SourceError: while it is read, if it unpacks to implausibly many bytes.
    """
    yield cast(BinaryIO, BufferedReader(_Unpacking(file, name), 1 << 16)) if name.lower().endswith(".gz") else file
