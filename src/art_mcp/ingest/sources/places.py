"""Where the files of a source lie: a folder, or an archive that is read in place."""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Protocol

from art_mcp.images.files import allowed_path, open_file
from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import ImageError

UNREADABLE = (OSError, EOFError, zipfile.BadZipFile, zlib.error)
"""What reading an open file can raise."""
Skipped = Callable[[str, str | None], object]
"""Called with the path of what a walk leaves out, and the reason; None for a folder of the system or a program."""

# Folders and files that storage systems and programs write for themselves, such as thumbnails and deleted files.
_SYSTEM = frozenset(
    (
        *("@eadir", "@tmp", "@recycle", "@recently-snapshot", "@sharebin", "#recycle", "#snapshot", "~snapshot"),
        *("$recycle.bin", "recycler", "recycled", "system volume information", "found.000", "lost+found"),
        *("__macosx", "network trash folder", "temporary items", "_gsdata_", "thumbs", "captureone"),
        *("thumbs.db", "ehthumbs.db", "desktop.ini"),
    )
)
_LIBRARY = re.compile(
    r".+\.(photoslibrary|photolibrary|migratedphotolibrary|aplibrary|lrdata|lrcat-data|lrlibrary|cocatalog|"
    r"photoboothlibrary|imovielibrary|fcpbundle|app|bundle)",
    re.IGNORECASE,
)


def is_left_out(name: str) -> bool:
    """Whether a file or folder is hidden, or written by a system or a program for itself."""
    return name.startswith(".") or name.casefold() in _SYSTEM or _LIBRARY.fullmatch(name) is not None


class Place(Protocol):
    """Files below one folder, named by their path relative to it, with "/" between folders."""

    @property
    def name(self) -> str:
        """What messages call it."""
        ...

    def sub(self, folder: str) -> Place:
        """The place of a folder in it, which need not exist."""
        ...

    def walk(self, skipped: Skipped) -> Iterator[tuple[str, list[str]]]:
        """Yield each folder's path ("" for the top) and the names of its files, always in the same order.

        Hidden files, files of systems and programs, and links to folders are left out.
        """
        ...

    def has(self, path: str) -> bool:
        """Whether there is a file of this name."""
        ...

    def open(self, path: str) -> BinaryIO:
        """Open a file.

        Raises:
            ImageError: it is missing (the cause is a FileNotFoundError), not allowed or not readable.
        """
        ...

    def open_table(self, path: str) -> BinaryIO:
        """Open a file that the user named, which can be a link to another folder that may be read.

        Raises:
            ImageError: as `open`.
        """
        ...

    def read(self, path: str) -> LocalFile | bytes:
        """Get a picture's file, in memory only if it is in an archive.

        Raises:
            ImageError: as `open`; or it is empty or too large.
        """
        ...

    def close(self) -> None: ...


class Folder:
    """A folder on this machine.

    Args:
        roots: folders that hold the files of the source, of which this one is by default the only one.
        within: folders that every file must be in too, after links are resolved; None for no restriction.
    """

    def __init__(self, path: Path, within: Sequence[Path] | None, roots: Sequence[Path] = ()) -> None:
        self.path = path
        self.name = path.name
        self._roots = tuple(roots) or (path,)
        self._within = within
        self._allowed = [self._roots, *([within] if within is not None else [])]

    def sub(self, folder: str) -> Folder:
        return Folder(self.path / folder, self._within, (*self._roots, self.path / folder))

    def walk(self, skipped: Skipped) -> Iterator[tuple[str, list[str]]]:
        if not self._may_be_listed():
            return

        def unreadable(error: OSError) -> None:
            name = self._relative(error.filename) or self.name
            skipped(name, f"The folder cannot be read ({error.strerror}). Check its permissions.")

        for root, folders, files in os.walk(self.path, onerror=unreadable):
            folder = self._relative(root)
            kept = []
            for name in sorted(folders):
                path = _join(folder, name)
                if name.startswith("."):
                    continue
                if is_left_out(name):
                    skipped(path, None)
                elif _is_link(os.path.join(root, name)):
                    skipped(path, "It is a link to a folder. To load its pictures, give that folder's path.")
                else:
                    kept.append(name)
            folders[:] = kept
            yield folder, sorted(name for name in files if not is_left_out(name))

    def has(self, path: str) -> bool:
        try:
            return os.path.lexists(self.path / path)
        except ValueError:  # a NUL character
            return False

    def open(self, path: str) -> BinaryIO:
        return open_file(self.path / path, *self._allowed)

    def open_table(self, path: str) -> BinaryIO:
        return open_file(self.path / path, *self._allowed[1:])

    def read(self, path: str) -> LocalFile:
        return LocalFile.at(self.path / path, *self._allowed)

    def close(self) -> None:
        return

    def _relative(self, path: str) -> str:
        relative = Path(path).relative_to(self.path).as_posix()
        return "" if relative == "." else relative

    def _may_be_listed(self) -> bool:
        """Whether the names in the folder may be known; it can be a link that leads out of the allowed folders."""
        try:
            return self._within is None or bool(allowed_path(os.fspath(self.path), self._within))
        except ImageError:
            return False


def _is_link(folder: str) -> bool:
    """Whether it is a symbolic link or a junction of Windows, which can lead back to a folder above it."""
    try:
        tag = getattr(os.lstat(folder), "st_reparse_tag", None)
    except OSError:
        return False  # it is gone
    return os.path.islink(folder) or (tag is not None and tag == getattr(stat, "IO_REPARSE_TAG_MOUNT_POINT", None))


def _join(folder: str, name: str) -> str:
    return f"{folder}/{name}" if folder else name
