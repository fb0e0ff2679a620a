"""A folder of pictures with no catalogue: each picture is a painting, titled by its file's name."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from pathlib import Path

from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.painting import Catalogue, readable

PICTURE_SUFFIXES = frozenset(
    (".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".mpo", ".ico")
)
# Pictures to a person, but not to the decoder; silence about them would look like a loss.
OTHER_PICTURES = frozenset(
    (
        ".heic",
        ".heif",
        ".avif",
        ".jxl",
        ".jp2",
        ".svg",
        ".psd",
        ".eps",
        ".pdf",
        ".dng",
        ".cr2",
        ".nef",
        ".arw",
    )
)


class PictureFolder(LocalSource):
    """All pictures in a folder and the folders below it, hidden ones left out."""

    def __init__(self, folder: Path, within: Sequence[Path] | None = None) -> None:
        super().__init__(folder.name, (folder,), within)
        self._folder = folder

    def rows(self) -> Iterator[Row | Refusal]:
        closed: list[OSError] = []
        for root, folders, files in os.walk(self._folder, onerror=closed.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                path = Path(root, name).relative_to(self._folder)
                suffix = path.suffix.lower()
                if name.startswith(".") or suffix not in PICTURE_SUFFIXES | OTHER_PICTURES:
                    continue
                label = _printable(path.as_posix())
                if label != path.as_posix():
                    yield Refusal(label, "The file's name is not valid text. Rename it.")
                    continue
                key = unicodedata.normalize("NFC", label)  # macOS spells names otherwise than the others
                if suffix in OTHER_PICTURES:
                    reason = f"{suffix[1:].upper()} pictures cannot be read. Convert it to JPEG or PNG."
                    yield Refusal(label, reason, key)
                else:
                    title = readable(path.stem.replace("_", " "))
                    yield Row(readable(label), key, image=label, catalogue=Catalogue(title=title or None))
        for error in closed:
            folder = os.path.relpath(error.filename, self._folder)
            yield Refusal(_printable(folder), f"The folder cannot be read ({error.strerror}).")


def _printable(name: str) -> str:
    """The name with bytes that are not UTF-8, which Python keeps as lone surrogates, shown as `?`."""
    return name.encode("utf-8", "replace").decode("utf-8")
