"""A picture file on this machine: never held in memory as a whole, since a museum's master has hundreds of MB."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO, TypeAlias

from art_mcp.images.files import ADVICE, name_of, open_file, unreadable
from art_mcp.images.undecoded import MAX_LOCAL_BYTES, ImageError, check_bytes

Folders: TypeAlias = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True, slots=True)
class LocalFile:
    """A file that was readable, with the SHA-256 that it had. Each use opens it again, under the same checks."""

    path: str
    allowed: tuple[Folders, ...]
    sha256: bytes
    state: tuple[int, ...]
    """What the file system says of it; another state means other content."""

    @classmethod
    def at(cls, path: str | os.PathLike[str], *allowed: Folders, advice: str = ADVICE) -> LocalFile:
        """Check a file, 1 byte to 2 GiB, and hash it. Blocks: call it in a thread.

        Raises:
            ImageError: as in `open_file`; or the file is empty or too large.
        """
        path = os.fspath(path)
        try:
            with open_file(path, *allowed, advice=advice) as file:
                check_bytes(os.fstat(file.fileno()).st_size, name=name_of(path), most=MAX_LOCAL_BYTES)
                state = _state(file)
                return cls(path, allowed, hashlib.file_digest(file, "sha256").digest(), state)  # type: ignore[arg-type]
        except OSError as error:
            raise unreadable(name_of(path), error) from error

    @property
    def size(self) -> int:
        """In bytes."""
        return self.state[0]

    @contextmanager
    def opened(self) -> Iterator[BinaryIO]:
        """Open the file for reading.

        Raises:
            ImageError: as in `open_file`; or the file is not the one that was hashed, or changes while it is open.
        """
        with open_file(self.path, *self.allowed) as file:
            self._check(file)
            yield file
            self._check(file)

    def _check(self, file: BinaryIO) -> None:
        if _state(file) != self.state:
            raise ImageError(f"{name_of(self.path)} changed while it was read.", "Try again once it is complete.")


def sha256(data: LocalFile | bytes) -> bytes:
    """The SHA-256 of a picture's file."""
    return data.sha256 if isinstance(data, LocalFile) else hashlib.sha256(data).digest()


def _state(file: BinaryIO) -> tuple[int, ...]:
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns, status.st_dev, status.st_ino
