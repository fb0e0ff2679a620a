"""How a picture can come, and its bytes from there."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO, assert_never
from urllib.parse import unquote

import anyio.to_thread

from art_mcp.images.picture import MAX_BYTES, ImageError, check_bytes, display_name

WAYS = "Give the absolute path of a picture."


class Kind(StrEnum):
    """The ways in which a picture can come."""

    FILE = "file"


@dataclass(frozen=True, slots=True)
class Reference:
    """Where a picture is, told apart by form alone; nothing has been looked up yet."""

    kind: Kind
    value: str
    """What the kind needs: for a file its absolute path."""
    name: str
    """How errors call it: for a file its name, never its folder."""

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Understand what a person or a model typed: an absolute path or a `file://` URI.

        Raises:
            ImageError: it is in no form that is known.
        """
        text = text.strip()
        if not text:
            raise ImageError("The reference to the picture is empty.", WAYS)
        scheme = re.match(r"([A-Za-z][A-Za-z0-9+.-]+):", text)  # two letters at least: C: is a drive
        if scheme is None:
            return _file(text)
        if scheme[1].lower() == "file":
            return _file(_path_of_uri(text[len("file:") :]))
        raise ImageError(f"A picture cannot be read from a {display_name(scheme[1])}: reference.", WAYS)


@dataclass(frozen=True, slots=True)
class Source:
    """A picture's bytes as they came, not judged yet."""

    data: bytes
    name: str
    """How errors call it."""


class PictureLoader:
    """Turns references into bytes, from the places that this server may read.

    Args:
        image_dirs: the folders whose pictures may be read (ART_MCP_IMAGE_DIRS).
    """

    def __init__(self, *, image_dirs: Sequence[Path]) -> None:
        self._image_dirs = tuple(image_dirs)

    async def load(self, reference: str | Reference) -> Source:
        """The bytes behind a reference, at most 20 MiB.

        Raises:
            ImageError: the form is unknown, or the picture is missing, not allowed, empty or too large.
        """
        if isinstance(reference, str):
            reference = Reference.parse(reference)
        match reference.kind:
            case Kind.FILE:
                data = await anyio.to_thread.run_sync(self._read_file, reference, abandon_on_cancel=True)
            case _:
                assert_never(reference.kind)
        return Source(data, reference.name)

    def _read_file(self, reference: Reference) -> bytes:
        if not self._image_dirs:
            raise ImageError(
                f"{reference.name} cannot be read, since no folder is allowed yet.",
                "Name the folders with your pictures in ART_MCP_IMAGE_DIRS and start the server again.",
            )
        return read_file(
            reference.value,
            self._image_dirs,
            advice="Put it in one of the folders that ART_MCP_IMAGE_DIRS names, or add its folder there.",
        )


def read_file(
    path: str | os.PathLike[str],
    *allowed: Sequence[str | os.PathLike[str]],
    advice: str = "Put it in the folder of its source.",
) -> bytes:
    """A regular file's bytes, if it truly lies where it may, at most 20 MiB.

    Args:
        path: absolute; it may come from somebody who is not trusted.
        allowed: lists of folders; the file has to be in some folder of each list.
        advice: what to do when the file lies elsewhere.

    Raises:
        ImageError: see `open_file`; or the file is empty or too large.
    """
    name = _name_of(os.fspath(path))
    try:
        with open_file(path, *allowed, advice=advice) as file:
            check_bytes(os.fstat(file.fileno()).st_size, name=name)
            data = file.read(MAX_BYTES + 1)  # it may grow meanwhile
    except OSError as error:
        raise _unreadable(name, error) from error
    check_bytes(len(data), name=name)
    return data


def open_file(
    path: str | os.PathLike[str],
    *allowed: Sequence[str | os.PathLike[str]],
    advice: str = "Put it in the folder of its source.",
) -> BinaryIO:
    """Open a regular file for reading, if it truly lies where it may.

    Symbolic links are followed as long as they end inside. What is judged is what was opened, so that nobody
    can swap the file in between. Blocks on slow disks: call it in a thread.

    Args:
        path: absolute; it may come from somebody who is not trusted.
        allowed: lists of folders; the file has to be in some folder of each list.
        advice: what to do when the file lies elsewhere.

    Raises:
        ImageError: it is missing, elsewhere, no regular file, or not readable. Whether something exists
            outside the folders cannot be told from the error.
    """
    path = os.fspath(path)
    _check_path(path)
    name = _name_of(path)
    elsewhere = ImageError(f"{name} is not in a folder that may be read.", advice)
    try:
        # Before opening, so that nothing outside is touched at all; after it, so that a swap is noticed.
        if not all(_inside(os.path.realpath(path), roots) for roots in allowed):
            raise elsewhere
        descriptor = os.open(path, _READ_ONLY)
        try:
            opened = _path_of_descriptor(descriptor, path)
            if opened is None or not all(_inside(opened, roots) for roots in allowed):
                raise elsewhere
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ImageError(f"{name} is not a file.", "Choose a picture file.")
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist.", "Check how its path is written.") from error
    except (OSError, ValueError) as error:
        raise _unreadable(name, error) from error


def allowed_path(text: str, roots: Sequence[str | os.PathLike[str]]) -> Path:
    """The real path of a folder or file that somebody names, if it is one of the folders or inside one.

    Args:
        text: an absolute path or a `file://` URI, from somebody who is not trusted.

    Raises:
        ImageError: it is in no known form, or elsewhere, whether it exists or not.
    """
    text = text.strip()
    if text.lower().startswith("file:"):
        text = _path_of_uri(text[len("file:") :])
    _check_path(text, "Give the absolute path of a file or folder.")
    real = os.path.realpath(text)
    if not _inside(os.path.join(real, "itself"), roots):
        raise ImageError(
            f"{_name_of(text)} is not in a folder that may be read.",
            "Move it into one of the folders that ART_MCP_IMAGE_DIRS names, or add its folder there.",
        )
    return Path(real)


# Without blocking: a pipe that nobody writes to would hang for ever. The flags differ by platform.
_READ_ONLY = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    _READ_ONLY |= getattr(os, _flag, 0)


def _inside(real_path: str, roots: Sequence[str | os.PathLike[str]]) -> bool:
    """Folders are compared by what they are, not by their spelling: case and Unicode form can differ."""
    folders = {_identity(folder) for folder in Path(real_path).parents} - {None}
    return any(_identity(root) in folders for root in roots)


def _identity(folder: str | os.PathLike[str]) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None  # 0: the file system has no identities


def _path_of_descriptor(descriptor: int, path: str) -> str | None:
    """Where the opened file really lies, or None if that cannot be told."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # Linux
    except OSError:
        pass
    try:
        import fcntl  # not on Windows

        return os.fsdecode(fcntl.fcntl(descriptor, fcntl.F_GETPATH, bytes(1024)).rstrip(b"\0"))  # macOS
    except (ImportError, AttributeError, OSError):
        pass
    real = os.path.realpath(path)
    return real if os.path.samestat(os.stat(real), os.fstat(descriptor)) else None


def _file(path: str) -> Reference:
    _check_path(path)
    return Reference(Kind.FILE, path, _name_of(path))


def _check_path(path: str, advice: str = WAYS) -> None:
    name = _name_of(path)
    if "\0" in path:
        raise ImageError(f"The path of {name} holds a NUL character.", WAYS)
    if path.startswith(("//", "\\\\")):
        raise ImageError(f"{name} is on another computer.", "Copy it to this one and give its path here.")
    if path.startswith("~"):
        raise ImageError(f"The path of {name} starts with ~.", "Write the home folder's path in full.")
    if not Path(path).is_absolute():
        raise ImageError(f"The path of {name} is not absolute.", advice)


def _name_of(path: str) -> str:
    """The last part, whichever system's separators it is written with."""
    return display_name(re.split(r"[/\\]", path.rstrip("/\\"))[-1])


def _path_of_uri(rest: str) -> str:
    """The path in `file:///path`, `file://localhost/path` or `file:/path`, given without `file:`."""
    if rest.startswith("//"):
        host, _, path = rest[2:].partition("/")
        if host.lower() not in ("", "localhost"):
            raise ImageError(f"{_name_of(path)} is on another computer.", "Copy it to this one and give its path here.")
        rest = "/" + path
    path = unquote(rest, errors="surrogateescape")
    return path[1:] if re.match(r"/[A-Za-z]:", path) and os.name == "nt" else path


def _unreadable(name: str, error: OSError | ValueError) -> ImageError:
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM):
        return ImageError(f"{name} may not be read.", "Check the file's permissions.")
    return ImageError(f"{name} cannot be opened.", "Check how its path is written, or choose another file.")
