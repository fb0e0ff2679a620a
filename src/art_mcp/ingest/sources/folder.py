"""A folder of pictures without a table: each is a painting, described by sidecars, metadata or its file name."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from art_mcp.images.files import open_file
from art_mcp.images.undecoded import OTHER_SUFFIXES, PICTURE_SUFFIXES, ImageError
from art_mcp.ingest.sources.columns import fault
from art_mcp.ingest.sources.file_names import is_numbered
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.picture_metadata import read_picture_metadata
from art_mcp.ingest.sources.sidecar import MAX_SIDECAR, read_sidecars
from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, Catalogue, Holding, readable


class PictureFolder(LocalSource):
    """All pictures in a folder and its subfolders, except hidden ones."""

    catalogues = False

    def __init__(self, folder: Path, within: Sequence[Path] | None = None) -> None:
        super().__init__(folder.name, (folder,), within)
        self._folder = folder

    def rows(self) -> Iterator[Row | Refusal]:
        unreadable: list[OSError] = []
        for root, folders, files in os.walk(self._folder, onerror=unreadable.append):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            siblings = {name.casefold(): name for name in files}
            for name in sorted(files):
                path = Path(root, name).relative_to(self._folder)
                suffix = path.suffix.lower()
                if name.startswith(".") or suffix not in PICTURE_SUFFIXES + OTHER_SUFFIXES:
                    continue
                label = _printable(path.as_posix())
                if label != path.as_posix():
                    yield Refusal(label, "The file's name is not valid text. Rename it.")
                    continue
                key = unicodedata.normalize("NFC", label)  # macOS decomposes accented letters in file names
                if suffix in OTHER_SUFFIXES:
                    reason = f"{suffix[1:].upper()} is not supported. Convert it to JPEG or PNG."
                    yield Refusal(label, reason, key)
                else:
                    yield self._row(path, label, key, siblings)
        for error in unreadable:
            folder = os.path.relpath(error.filename, self._folder)
            yield Refusal(_printable(folder), f"The folder cannot be read ({error.strerror}).")

    async def reading(self) -> str:
        return (
            "One painting per picture, described by its sidecars (NAME.json, NAME.xmp), else by its XMP, IPTC and "
            "EXIF metadata; if these have no title, the file name is used, "
            "unless it only has a number, as IMG_0001 has."
        )

    def _row(self, path: Path, label: str, key: str, siblings: Mapping[str, str]) -> Row:
        found = self._picture_metadata(path)
        found |= read_sidecars(path.name, siblings, lambda name: self._read(path.with_name(name)))
        kept: dict[str, str | None] = {}
        for field, text in found.items():  # drop invalid fields instead of refusing the picture
            value = readable(text)
            if value and not fault(field, value, text):
                kept[field] = value
        if not is_numbered(path.stem):
            kept.setdefault("title", readable(path.stem.replace("_", " ")) or None)
        return Row(
            readable(label),
            kept.get("key") or key,
            image=label,
            catalogue=Catalogue(**{field: kept.get(field) for field in CATALOGUE_FIELDS}),
            holding=Holding(**{field: kept.get(field) for field in HOLDING_FIELDS}),
        )

    def _picture_metadata(self, path: Path) -> dict[str, str]:
        try:
            with self._opened(path) as file:
                return read_picture_metadata(file)
        except (ImageError, OSError):  # reported when the picture itself is read
            return {}

    def _read(self, path: Path) -> bytes | None:
        try:
            with self._opened(path) as file:
                return file.read(MAX_SIDECAR + 1)
        except (ImageError, OSError):
            return None

    def _opened(self, path: Path) -> BinaryIO:
        """Open a file by its path relative to the folder."""
        return open_file(
            self._folder / path, self.picture_folders, *([self._within] if self._within is not None else [])
        )


def _printable(name: str) -> str:
    """Replace bytes that are not UTF-8, which Python represents as lone surrogates, with `?`."""
    return name.encode("utf-8", "replace").decode("utf-8")
