"""Zip archives of pictures and tables, which are read in place: nothing is unpacked to a disk."""

from __future__ import annotations

import io
import re
import stat
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import BinaryIO, cast

from art_mcp.images.files import open_file
from art_mcp.images.undecoded import MAX_BYTES, ImageError, check_bytes
from art_mcp.ingest.sources.places import UNREADABLE, Skipped, is_left_out
from art_mcp.ingest.sources.source import SourceError
from art_mcp.painting import readable

MAX_ENTRIES = 100_000
MAX_DIRECTORY = 1 << 24
"""Maximum size of an archive's directory in bytes, which is read into memory as a whole."""
MAX_RATIO = 100
"""Maximum ratio of unpacked to packed bytes beyond `UNSUSPECTED`. A bomb has about 1,000."""
UNSUSPECTED = 1 << 28
"""Bytes up to which an archive may unpack, whatever its ratio."""
SEEKED = (".parquet", ".xlsx", ".xlsm")
"""Endings of tables that are not read from the beginning to the end."""
MAX_SEEKED = 1 << 27
"""Maximum size of such a table in bytes, which is in memory while it is read."""
_TAIL = 66_000
"""Bytes at the end of a file in which the records that describe the directory lie."""
_UNPACK_IT = "Unpack it yourself and load the folder."
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


def open_zip(file: BinaryIO, name: str) -> zipfile.ZipFile:
    """Open an archive whose entries are few and unpack to a plausible size.

    Raises:
        SourceError: it is damaged, or would exhaust memory or time.
    """
    file.seek(0, 2)
    size = file.tell()
    file.seek(max(0, size - _TAIL))
    tail = file.read(_TAIL)
    # Python reads the whole directory, whose size the last record names; a second record has it for large archives.
    declared = [
        int.from_bytes(tail[at + offset : at + offset + length], "little")
        for signature, offset, length in ((b"PK\5\6", 12, 4), (b"PK\6\6", 40, 8))
        for at in (match.start() for match in re.finditer(re.escape(signature), tail))
    ]
    if max((each for each in declared if each != 0xFFFFFFFF), default=0) > MAX_DIRECTORY:
        raise SourceError(f"{name} has too many entries.", _UNPACK_IT)
    try:
        archive = zipfile.ZipFile(file)
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError, EOFError, MemoryError):
        raise SourceError(f"{name} is not a zip archive, or is damaged.", "Write or download it again.") from None
    entries = archive.infolist()
    unpacked = sum(entry.file_size for entry in entries)
    problem = None
    if len(entries) > MAX_ENTRIES:
        problem = f"{name} has {len(entries):,} entries; at most {MAX_ENTRIES:,} are read."
    elif unpacked > max(UNSUSPECTED, MAX_RATIO * size):
        problem = f"{name} of {size:,} bytes would unpack to {unpacked:,} bytes, which no archive of pictures does."
    if problem:
        archive.close()
        raise SourceError(problem, _UNPACK_IT)
    return archive


class Archive:
    """The files in a zip archive; if all are in one folder, their paths are relative to it.

    Args:
        within: folders that the archive must be in after links are resolved; None for no restriction.

    Raises:
        SourceError: as `open_zip`, or the archive may not be read.
    """

    def __init__(self, path: Path, within: Sequence[Path] | None) -> None:
        self.name = path.name
        try:
            self._file = open_file(path, *([within] if within is not None else []))
        except ImageError as error:
            raise SourceError(error.problem, error.next_step) from None
        try:
            self._archive = open_zip(self._file, path.name)
        except BaseException:
            self._file.close()
            raise
        self._entries: dict[str, zipfile.ZipInfo | str] = {}
        for entry in self._archive.infolist():
            if not entry.is_dir():
                self._add(entry)
        tops = {
            name.split("/")[0] if "/" in name else ""
            for name, entry in self._entries.items()
            if not isinstance(entry, str) and not _is_left_out(name)
        }
        self._top = f"{tops.pop()}/" if len(tops) == 1 and "" not in tops else ""

    def sub(self, folder: str) -> Part:
        return Part(self, folder)

    def walk(self, skipped: Skipped) -> Iterator[tuple[str, list[str]]]:
        folders: dict[str, list[str]] = {}
        left_out: dict[str, None] = {}
        for name, entry in self._entries.items():
            path = name.removeprefix(self._top)
            parts = path.split("/")
            if isinstance(entry, str) and ".." in parts:
                skipped(path, entry)
            elif hidden := next((at for at, part in enumerate(parts, 1) if is_left_out(part)), 0):
                if hidden < len(parts) and not parts[hidden - 1].startswith("."):
                    left_out.setdefault("/".join(parts[:hidden]))
            elif isinstance(entry, str):
                skipped(path, entry)
            else:
                folders.setdefault("/".join(parts[:-1]), []).append(parts[-1])
        for path in left_out:
            skipped(path, None)
        for folder in sorted(folders, key=lambda folder: folder.split("/")):
            yield folder, sorted(folders[folder])

    def has(self, path: str) -> bool:
        return f"{self._top}{path}" in self._entries

    def open(self, path: str) -> BinaryIO:
        entry = self._entries.get(f"{self._top}{path}")
        name = readable(PurePosixPath(path).name)
        if entry is None:
            raise ImageError(f"{name} does not exist.", "Check its spelling.") from FileNotFoundError(path)
        if isinstance(entry, str):
            raise ImageError(f"{name} cannot be read. {entry}", _UNPACK_IT)
        try:
            return cast(BinaryIO, self._archive.open(entry))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError, EOFError):
            raise ImageError(f"{name} is damaged in the archive.", "Write or download the archive again.") from None

    def open_table(self, path: str) -> BinaryIO:
        if not path.lower().endswith(SEEKED):
            return self.open(path)
        with self.open(path) as file:
            try:
                data = file.read(MAX_SEEKED + 1)
            except UNREADABLE:
                data = b""
        if len(data) > MAX_SEEKED:
            raise ImageError(f"{path} in the archive is larger than {MAX_SEEKED >> 20} MiB.", _UNPACK_IT)
        return io.BytesIO(data)

    def read(self, path: str) -> bytes:
        name = readable(PurePosixPath(path).name)
        with self.open(path) as file:
            try:
                data = file.read(MAX_BYTES + 1)
            except UNREADABLE:
                raise ImageError(f"{name} is damaged in the archive.", "Write or download the archive again.") from None
        check_bytes(len(data), name=name)
        return data

    def close(self) -> None:
        self._archive.close()
        self._file.close()

    def _add(self, entry: zipfile.ZipInfo) -> None:
        name = _name(entry)
        path = name.replace("\\", "/")
        mode = entry.external_attr >> 16
        reason = None
        if path.startswith("/") or re.match(r"[A-Za-z]:", path) or ".." in path.split("/"):
            reason = "Its path leads out of the archive."
        elif stat.S_ISLNK(mode):
            reason = "It is a symbolic link."
        elif entry.flag_bits & 0x41:
            reason = "It is encrypted."
        elif entry.compress_type not in _METHODS:
            reason = f"It is compressed by method {entry.compress_type}; only Deflate is read."
        elif path.lower().endswith((".zip", ".7z", ".rar", ".tar", ".tgz")):
            reason = "It is an archive in an archive."
        if path in self._entries:
            reason = "Several files in the archive have this name."
        self._entries[path] = reason or entry


class Part:
    """A folder of an archive."""

    def __init__(self, archive: Archive, folder: str) -> None:
        self.name = folder
        self._archive = archive

    def sub(self, folder: str) -> Part:
        return Part(self._archive, f"{self.name}/{folder}")

    def walk(self, skipped: Skipped) -> Iterator[tuple[str, list[str]]]:
        for folder, files in self._archive.walk(lambda path, reason: None):
            if folder == self.name or folder.startswith(f"{self.name}/"):
                yield folder[len(self.name) + 1 :], files

    def has(self, path: str) -> bool:
        return self._archive.has(f"{self.name}/{path}")

    def open(self, path: str) -> BinaryIO:
        return self._archive.open(f"{self.name}/{path}")

    def open_table(self, path: str) -> BinaryIO:
        return self.open(path)

    def read(self, path: str) -> bytes:
        return self._archive.read(f"{self.name}/{path}")

    def close(self) -> None:
        return


def _is_left_out(path: str) -> bool:
    return any(is_left_out(part) for part in path.split("/"))


def _name(entry: zipfile.ZipInfo) -> str:
    """The name of an entry; many programs write UTF-8 without saying so, which Python reads as code page 437."""
    if entry.flag_bits & 0x800 or entry.filename.isascii():
        return entry.filename
    try:
        return entry.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return entry.filename
