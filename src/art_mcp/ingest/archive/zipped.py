"""The zip of an archive, unpacked for the time of an import."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from art_mcp.ingest.archive.layout import MANIFEST, MEMBER, OTHER_COPY, ArchiveError

MAX_RATIO = 100
"""Bytes that may come out of one byte: a catalogue shrinks to a tenth, a bomb to a thousandth."""


@contextmanager
def unpacked(path: Path) -> Iterator[Path]:
    """A folder with the files of a zipped archive, which is removed afterwards. Blocks.

    Only files with an archive's names are written, so that nothing lands outside of the folder, and no links.

    Raises:
        ArchiveError: it is not the zip of an archive, is damaged, or holds more than the disk does.
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
            f"{path.name} holds no {MANIFEST}.", "Give a folder that `art-mcp export` has written, or its zip."
        )
    top = min(manifests, key=len).removesuffix(MANIFEST)  # the zip of a folder holds the folder
    wanted = {
        name: member
        for member in members
        if MEMBER.fullmatch(name := member.filename.removeprefix(top)) and member.filename.startswith(top)
    }
    size = sum(member.file_size for member in wanted.values())
    if size > MAX_RATIO * path.stat().st_size:
        raise ArchiveError(f"{path.name} would unpack to {size:,} bytes, more than an export does.", OTHER_COPY)
    folder.mkdir()
    if size > shutil.disk_usage(folder).free:
        raise ArchiveError(
            f"{path.name} needs {size:,} bytes to be unpacked, which are not free.", "Set TMPDIR to a larger disk."
        )
    for name, member in wanted.items():
        target = folder / name
        target.parent.mkdir(exist_ok=True)
        with file.open(member) as source, target.open("xb") as out:
            shutil.copyfileobj(source, out)
