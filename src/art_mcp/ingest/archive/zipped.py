"""Unpacks a zipped archive to a temporary folder for an import."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from art_mcp.ingest.archive.layout import MANIFEST, MEMBER, OTHER_COPY, ArchiveError

MAX_RATIO = 100
"""Maximum ratio of unpacked to packed bytes. A catalogue compresses about 10:1, a zip bomb about 1,000:1."""


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """Unpack a zipped archive to a temporary folder, which is deleted on exit. Blocks.

    Only members named like files of an archive are written, as regular files, so nothing is written outside the folder.

    Raises:
        ArchiveError: the file is not a zipped archive, is damaged, or needs more disk space than is free.
    """
    with TemporaryDirectory(prefix="art-mcp-import-") as temporary:
        folder = Path(temporary, path.stem)
        try:
            with zipfile.ZipFile(path) as file:
                _unpack(file, path, folder)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError) as error:
            raise ArchiveError(f"{path.name} is not a zip file, or is damaged.", OTHER_COPY) from error
        except OSError as error:
            raise ArchiveError(
                f"{path.name} cannot be unpacked ({error.strerror}).", "Unpack it yourself and import the folder."
            ) from None
        yield folder


def _unpack(file: zipfile.ZipFile, path: Path, folder: Path) -> None:
    members = [member for member in file.infolist() if not member.is_dir()]
    manifests = [member.filename for member in members if PurePosixPath(member.filename).name == MANIFEST]
    if not manifests:
        raise ArchiveError(
            f"{path.name} has no {MANIFEST}.", "Pass a folder written by `art-mcp export`, or its zip file."
        )
    top = min(manifests, key=len).removesuffix(MANIFEST)  # zipping a folder adds its name to each path
    wanted = {
        name: member
        for member in members
        if MEMBER.fullmatch(name := member.filename.removeprefix(top)) and member.filename.startswith(top)
    }
    size = sum(member.file_size for member in wanted.values())
    if size > MAX_RATIO * path.stat().st_size:
        raise ArchiveError(f"{path.name} would unpack to {size:,} bytes, too many for an export.", OTHER_COPY)
    folder.mkdir()
    if size > shutil.disk_usage(folder).free:
        raise ArchiveError(f"{path.name} needs {size:,} bytes of free space to unpack.", "Set TMPDIR to a larger disk.")
    for name, member in wanted.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        with file.open(member) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out)
