"""Opens files that callers name, within the allowed folders only."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path, PurePath
from typing import BinaryIO
from urllib.parse import unquote

from art_mcp.images.spelling import as_on_disk, listed, unquoted, with_home
from art_mcp.images.undecoded import MAX_BYTES, ImageError, check_bytes, printable_name

if sys.platform != "win32":
    import fcntl

ADVICE = "Put it in the folder of its source."
"""The next step if a file is in no folder that may be read."""


def read_file(
    path: str | os.PathLike[str],
    *allowed: Sequence[str | os.PathLike[str]],
    advice: str = ADVICE,
) -> bytes:
    """Read a regular file of at most 20 MiB, if it really is inside the allowed folders.

    Args:
        path: absolute, possibly from an untrusted caller.
        allowed: lists of folders; the file must be inside a folder of each list.
        advice: the next step for the reader if the file is elsewhere.

    Raises:
        ImageError: see `open_file`; or the file is empty or too large.
    """
    name = name_of(os.fspath(path))
    try:
        with open_file(path, *allowed, advice=advice) as file:
            check_bytes(os.fstat(file.fileno()).st_size, name=name)
            data = file.read(MAX_BYTES + 1)  # it may be growing
    except OSError as error:
        raise unreadable(name, error) from error
    check_bytes(len(data), name=name)
    return data


def open_file(
    path: str | os.PathLike[str],
    *allowed: Sequence[str | os.PathLike[str]],
    advice: str = ADVICE,
) -> BinaryIO:
    """Open a regular file for reading, if it really is inside the allowed folders.

    Symbolic links are followed if they end inside. The opened file itself is checked, so it cannot be swapped in
    between. Blocks on slow disks: call it in a thread.

    Args:
        path: absolute, possibly from an untrusted caller.
        allowed: lists of folders; the file must be inside a folder of each list.
        advice: the next step for the reader if the file is elsewhere.

    Raises:
        ImageError: it is missing, elsewhere, not a regular file, or not readable. The error does not reveal what
            exists outside the folders.
    """
    path = os.fspath(path)
    check_path(path, within=[root for roots in allowed for root in roots])
    name = name_of(path)
    elsewhere = ImageError(f"{name} is outside the folders that may be read.", advice)
    folder = ImageError(f"{name} is a folder.", "Give the path of a file in it.")
    try:
        # Checked before opening, so that nothing outside is touched, and after it, to detect a swap.
        real = os.path.realpath(path)
        if not all(_inside(real, roots) for roots in allowed):
            raise folder if all(_inside(os.path.join(real, "itself"), roots) for roots in allowed) else elsewhere
        descriptor = os.open(path, _READ_ONLY)
        try:
            opened = _path_of_descriptor(descriptor, path)
            if opened is None or not all(_inside(opened, roots) for roots in allowed):
                raise elsewhere
            mode = os.fstat(descriptor).st_mode
            if not stat.S_ISREG(mode):
                raise folder if stat.S_ISDIR(mode) else ImageError(f"{name} is not a file.", "Choose a picture file.")
            return os.fdopen(descriptor, "rb")
        except BaseException:
            os.close(descriptor)
            raise
    except FileNotFoundError as error:
        raise ImageError(f"{name} does not exist.", "Check the spelling of its path.") from error
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error


def allowed_path(text: str, roots: Sequence[str | os.PathLike[str]]) -> Path:
    """Return the real path of a folder or file that is an allowed folder or inside one, also if it is misspelt.

    Args:
        text: an absolute path or a `file://` URI, possibly from an untrusted caller.
        roots: the allowed folders.

    Raises:
        ImageError: the form is unknown, or the path is elsewhere, whether it exists or not; or it is not there, but
            its folder is.
    """
    text = unquoted(text)
    text = path_of_uri(text[len("file:") :]) if text.lower().startswith("file:") else with_home(text)
    check_path(text, "Give the absolute path of a file or folder.", within=roots)
    if not roots:
        raise ImageError(
            f"{name_of(text)} cannot be read, because the server may not read any folder yet.",
            "List the folders in ART_MCP_IMAGE_DIRS and restart the server.",
        )
    real = os.path.realpath(spelled(text, roots))
    if not _inside(os.path.join(real, "itself"), roots):
        raise ImageError(f"{name_of(text)} is outside the folders that may be read.", elsewhere(roots))
    return Path(real)


def spelled(path: str, roots: Sequence[str | os.PathLike[str]]) -> str:
    """Return an absolute path as it is spelled on disk, as far as it is inside the allowed folders: see `as_on_disk`.

    Raises:
        ImageError: there is no such file in an allowed folder.
    """
    check_path(path, within=roots)
    return as_on_disk(path, lambda folder: _inside(os.path.join(os.path.realpath(folder), "itself"), roots), roots)


def elsewhere(roots: Sequence[str | os.PathLike[str]]) -> str:
    """The next step for a file outside the allowed folders."""
    if not roots:
        return "List its folder in ART_MCP_IMAGE_DIRS and restart the server, which may not read any folder yet."
    return f"Move it into one of them ({listed(roots)}), or add its folder to ART_MCP_IMAGE_DIRS."


# O_NONBLOCK: opening a FIFO without a writer would hang. The available flags depend on the platform.
_READ_ONLY = os.O_RDONLY
for _flag in ("O_NONBLOCK", "O_NOCTTY", "O_CLOEXEC", "O_BINARY", "O_NOINHERIT"):
    _READ_ONLY |= getattr(os, _flag, 0)


def _inside(real_path: str, roots: Sequence[str | os.PathLike[str]]) -> bool:
    """Compare folders by device and inode, since spellings can differ in case and Unicode form."""
    folders = {_identity(folder) for folder in Path(real_path).parents} - {None}
    return any(_identity(root) in folders for root in roots)


def _identity(folder: str | os.PathLike[str]) -> tuple[int, int] | None:
    try:
        status = os.stat(folder)
    except OSError:
        return None
    return (status.st_dev, status.st_ino) if status.st_ino else None  # 0: the file system has no inodes


def _path_of_descriptor(descriptor: int, path: str) -> str | None:
    """The real path of an open file, or None if it cannot be determined."""
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")  # Linux
    except OSError:
        pass
    if sys.platform != "win32" and (get_path := getattr(fcntl, "F_GETPATH", None)):  # macOS
        with suppress(OSError):
            return os.fsdecode(fcntl.fcntl(descriptor, get_path, bytes(1024)).rstrip(b"\0"))
    real = os.path.realpath(path)
    return real if os.path.samestat(os.stat(real), os.fstat(descriptor)) else None


def check_path(
    path: str, advice: str = "Give the absolute path of a file.", *, within: Sequence[str | os.PathLike[str]] = ()
) -> None:
    """Reject anything but an absolute path on this computer, by its form alone: Windows logs in to others unasked.

    Args:
        within: folders that may be read; one of them may be on another computer, and then the path may, too.

    Raises:
        ImageError: with `advice` or a more specific next step.
    """
    name = name_of(path)
    if "\0" in path:
        raise ImageError(f"The path of {name} contains a NUL character.", advice)
    if any("\ud800" <= character <= "\udfff" for character in path):
        raise ImageError(f"The path of {name} is not valid text.", advice)
    if re.match(r"[/\\]{2}", path) and not any(PurePath(path).is_relative_to(root) for root in within):
        raise ImageError(f"{name} is on another computer.", "Copy it to this computer and give its local path.")
    if path.startswith("~"):
        raise ImageError(f"The path of {name} starts with ~.", "Write that home folder's path in full.")
    if os.name != "nt" and re.match(r"/?[A-Za-z]:[\\/]", path):
        raise ImageError(
            f"The path of {name} is a Windows path, but this server does not run on Windows.",
            "Give the file's path on this system (C:\\ is /mnt/c/ in WSL), or an https link.",
        )
    if not PurePath(path).is_absolute():
        raise ImageError(f"The path of {name} is not absolute.", advice)


def name_of(path: str) -> str:
    """The last component of a path with either kind of separator."""
    return printable_name(re.split(r"[/\\]", path.rstrip("/\\"))[-1])


def path_of_uri(rest: str) -> str:
    """The path in `file:///path`, `file://localhost/path` or `file:/path`, passed without the leading `file:`."""
    if rest.startswith("//"):
        host, _, path = rest[2:].partition("/")
        if os.name == "nt" and re.fullmatch("[A-Za-z]:", host):  # file://C:/path, as many write it
            host, path = "", f"{host}/{path}"
        if host.lower() not in ("", "localhost"):
            raise ImageError(
                f"{name_of(path)} is on another computer.", "Copy it to this computer and give its local path."
            )
        rest = "/" + path
    path = unquote(rest, errors="surrogateescape")
    return path[1:] if re.match(r"/[A-Za-z]:", path) and os.name == "nt" else path


def unreadable(name: str, error: OSError | ValueError) -> ImageError:
    """The error for a file that the system does not open or read."""
    if isinstance(error, OSError) and error.errno == errno.EPERM and sys.platform == "darwin":
        return ImageError(
            f"{name} cannot be read: macOS does not let this program into its folder.",
            "Allow it for the chat client or terminal in System Settings, Privacy & Security, Files & Folders.",
        )
    if isinstance(error, OSError) and error.errno in (errno.EACCES, errno.EPERM):
        return ImageError(f"{name} cannot be read: permission denied.", "Check the file's permissions.")
    return ImageError(f"{name} cannot be opened.", "Check the spelling of its path, or choose another file.")
