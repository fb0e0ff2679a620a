"""A folder of pictures without a table: each is a painting, described by sidecars, metadata or its file name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import anyio.to_thread

from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import OTHER_SUFFIXES, PICTURE_SUFFIXES, RAW_SUFFIXES, ImageError
from art_mcp.ingest.sources.folders.noise import is_numbered
from art_mcp.ingest.sources.folders.picture_metadata import MAX_TITLE, read_picture_metadata
from art_mcp.ingest.sources.folders.sidecar import MAX_SIDECAR, read_sidecars
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.places import UNREADABLE, Place
from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.ingest.sources.tables.choosing import listed
from art_mcp.ingest.sources.tables.columns import fault
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, Catalogue, Holding, readable

_PICTURE = re.compile(
    rb"\xff\xd8\xff|\x89PNG\r\n|GIF8|II\*\0|MM\0\*|RIFF....WEBP|....ftyp(?:hei[cx]|mif1|avif)", re.DOTALL
)
"""How the files of pictures begin."""


class PictureFolder(LocalSource):
    """All pictures in a folder or archive and its subfolders, except hidden ones and those of systems and programs."""

    catalogues = False

    def __init__(self, name: str, place: Place, notes: Sequence[str] = ()) -> None:
        super().__init__(name, notes)
        self._place = place

    def rows(self) -> Iterator[Row | Refusal]:
        skipped: list[tuple[str, str | None]] = []
        for folder, files in self._place.walk(lambda path, reason: skipped.append((path, reason))):
            siblings = {name.casefold(): name for name in files}
            stems = {PurePosixPath(name).stem.casefold() for name in files if _suffix(name) in PICTURE_SUFFIXES}
            for name in files:
                suffix, path = _suffix(name), f"{folder}/{name}" if folder else name
                if suffix not in PICTURE_SUFFIXES + OTHER_SUFFIXES and not _is_unnamed_picture(self._place, path):
                    continue
                if suffix in RAW_SUFFIXES and PurePosixPath(name).stem.casefold() in stems:
                    continue  # a camera writes both
                label = _printable(path)
                if label != path:
                    yield Refusal(label, "The file's name is not valid text. Rename it.")
                    continue
                key = unicodedata.normalize("NFC", label)  # macOS decomposes accented letters in file names
                if suffix in OTHER_SUFFIXES:
                    kind = "A raw file of a camera" if suffix in RAW_SUFFIXES else suffix[1:].upper()
                    yield Refusal(label, f"{kind} is not supported. Convert it to JPEG or PNG.", key)
                else:
                    yield self._row(path, label, key, siblings)
        for path, reason in skipped:
            if reason:
                yield Refusal(readable(_printable(path)), reason)

    async def picture(self, image: str) -> LocalFile | bytes:
        return await anyio.to_thread.run_sync(self._place.read, image)

    async def aclose(self) -> None:
        self._place.close()

    def _reading(self) -> list[str]:
        left_out: list[str] = []
        for _ in self._place.walk(lambda path, reason: None if reason else left_out.append(readable(path))):
            pass
        told = f"Skipped as system or program files: {listed(left_out)}."
        return [
            "One painting per picture, described by its sidecars (NAME.json, NAME.xmp), else by its XMP, IPTC and "
            "EXIF metadata; if these have no title, the file name is used, "
            "unless it only has a number, as IMG_0001 has.",
            *([told] if left_out else []),
        ]

    def _row(self, path: str, label: str, key: str, siblings: Mapping[str, str]) -> Row:
        folder, _, name = path.rpartition("/")
        found = self._picture_metadata(path)
        found |= read_sidecars(name, siblings, lambda name: self._read(f"{folder}/{name}" if folder else name))
        kept: dict[str, str | None] = {}
        for field, text in found.items():  # drop invalid fields instead of refusing the picture
            value = readable(text)
            if value and not fault(field, value, text):
                kept[field] = value
        stem = PurePosixPath(name).stem
        if not is_numbered(stem):
            kept.setdefault("title", readable(stem.replace("_", " ")) or None)
        elif not kept.get("title") and len(kept.get("description") or "") <= MAX_TITLE:
            kept["title"] = kept.pop("description", None)
        return Row(
            readable(label),
            kept.get("key") or key,
            image=label,
            catalogue=Catalogue(**{field: kept.get(field) for field in CATALOGUE_FIELDS}),
            holding=Holding(**{field: kept.get(field) for field in HOLDING_FIELDS}),
            details={"Folder": folder.replace("/", " / ")} if folder else {},  # full-text search takes a/b for one word
        )

    def _picture_metadata(self, path: str) -> dict[str, str]:
        try:
            with self._place.open(path) as file:
                return read_picture_metadata(file)
        except (ImageError, *UNREADABLE):  # reported when the picture itself is read
            return {}

    def _read(self, path: str) -> bytes | None:
        try:
            with self._place.open(path) as file:
                return file.read(MAX_SIDECAR + 1)
        except (ImageError, *UNREADABLE):
            return None


def has_pictures(place: Place) -> bool:
    """Whether a place has any picture that can be read. Blocks."""
    return any(
        _suffix(name) in PICTURE_SUFFIXES or _is_unnamed_picture(place, f"{folder}/{name}".lstrip("/"))
        for folder, files in place.walk(lambda path, reason: None)
        for name in files
    )


def _is_unnamed_picture(place: Place, path: str) -> bool:
    """Whether a file without an ending, such as IMG_0001 or the inventory number 1950.1, begins like a picture."""
    if _suffix(path).strip(".0123456789"):
        return False
    try:
        with place.open(path) as file:
            return _PICTURE.match(file.read(16)) is not None
    except (ImageError, *UNREADABLE):
        return False


def _suffix(name: str) -> str:
    return PurePosixPath(name).suffix.lower()


def _printable(name: str) -> str:
    """Replace bytes that are not UTF-8, which Python represents as lone surrogates, with `?`."""
    return name.encode("utf-8", "replace").decode("utf-8")
