"""The directories of a TIFF: which of its pictures is the picture, and which of its smaller copies is enough.

Neither Pillow nor libvips tells a thumbnail from a page. Reads hostile files: whatever a file says about its own
structure is bounded, and nothing of it is decoded.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

MAX_DIRECTORIES = 1_000
"""Further ones are ignored. No document of that many pages is one picture."""
MAX_SUBDIRECTORIES = 64
MAX_ENTRIES = 4_096
"""Of a directory."""

WIDTH, HEIGHT, TILE_WIDTH, TILE_HEIGHT, SUBDIRECTORIES, EXTRA_SAMPLES = 256, 257, 322, 323, 330, 338
NEW_KIND, KIND, PHOTOMETRIC, ORIENTATION, PLANAR, DNG = 254, 255, 262, 274, 284, 50706
RAW_PHOTOMETRIC = (32803, 34892)
"""Colour filter array, linear raw."""
_SIZES = {1: "B", 2: "B", 3: "H", 4: "I", 6: "b", 7: "B", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Formats of integers by the types of tags."""


class NotTiffError(ValueError):
    """The file has no readable directory."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One of the pictures in a TIFF."""

    page: int
    """Its number in the chain of directories, or that of the directory that it belongs to."""
    sub: int
    """Its number in that directory, or -1 if it is in the chain itself."""
    width: int
    height: int
    reduced: bool
    """Whether it says that it is a smaller copy of another, or a mask."""
    raw: bool
    """Whether it holds a camera's samples instead of colours."""
    orientation: int
    alpha: bool
    """Whether its first extra sample is its opacity."""
    planar: bool
    """Whether each channel is stored on its own."""
    tile_size: tuple[int, int]
    """0 x 0 if it is stored in strips."""

    @property
    def size(self) -> tuple[int, int]:
        return self.width, self.height

    @property
    def upright_size(self) -> tuple[int, int]:
        return self.size[::-1] if 5 <= self.orientation <= 8 else self.size


def directories(file: BinaryIO) -> list[Directory]:
    """The directories of the chain, in order, each followed by its subdirectories.

    Raises:
        NotTiffError: there is none. Whatever follows a damaged one is ignored.
    """
    found: list[Directory] = []
    try:
        found.extend(_Reader(file).read())
    except (struct.error, OverflowError, OSError):
        pass
    if not found:
        raise NotTiffError
    return found


def whole(found: Sequence[Directory]) -> Directory:
    """The picture at its full size: the first one that is no reduced copy, nor obviously the thumbnail of another."""
    candidates = [each for each in found if not each.reduced] or found
    largest = max(max(each.size) for each in candidates)
    return next(each for each in candidates if 2 * max(each.size) >= largest)


def enough(found: Sequence[Directory], picture: Directory, side: int) -> Directory:
    """The smallest copy of a picture whose longer side has at least so many pixels, or the picture itself."""
    copies = [
        each
        for each in found
        if (each.reduced or each.sub >= 0)
        and max(each.size) >= side
        and each.width <= picture.width
        and abs(each.width * picture.height - each.height * picture.width) <= picture.width + picture.height
    ]
    return min([picture, *copies], key=lambda each: each.width * each.height)


class _Reader:
    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        file.seek(0)
        head = file.read(16)
        if head[:2] not in (b"II", b"MM"):
            raise NotTiffError
        self._order = "<" if head[:2] == b"II" else ">"
        (version,) = struct.unpack_from(f"{self._order}H", head, 2)
        if version not in (42, 43):
            raise NotTiffError
        self._big = version == 43
        self._offset = "Q" if self._big else "I"
        self._raw = head[8:10] == b"CR"  # Canon's
        (self._first,) = struct.unpack_from(self._order + self._offset, head, 8 if self._big else 4)

    def read(self) -> Iterator[Directory]:
        seen = {0}
        offset, page = self._first, 0
        while offset not in seen and page < MAX_DIRECTORIES:
            seen.add(offset)
            tags, offset = self._tags(offset)
            yield _directory(tags, page, -1, self._raw)
            for number, sub in enumerate(tags.get(SUBDIRECTORIES, ())[:MAX_SUBDIRECTORIES]):
                if sub not in seen:
                    seen.add(sub)
                    yield _directory(self._tags(sub)[0], page, number, self._raw)
            page += 1

    def _tags(self, offset: int) -> tuple[dict[int, tuple[int, ...]], int]:
        """The integers of a directory's tags, by number, and the offset of the next directory."""
        self._file.seek(offset)
        (count,) = self._unpack("Q" if self._big else "H")
        if count > MAX_ENTRIES:
            raise struct.error
        entry = struct.Struct(f"{self._order}HH{self._offset}{8 if self._big else 4}s")
        body = self._file.read(entry.size * count)
        (after,) = self._unpack(self._offset)
        tags: dict[int, tuple[int, ...]] = {}
        for at in range(0, entry.size * count, entry.size):
            tag, kind, values, inline = entry.unpack_from(body, at)
            if kind in _SIZES and 0 < values <= MAX_SUBDIRECTORIES:
                tags.setdefault(tag, self._values(_SIZES[kind], values, inline))
        return tags, after

    def _values(self, format_: str, count: int, inline: bytes) -> tuple[int, ...]:
        wanted = struct.Struct(f"{self._order}{count}{format_}")
        if wanted.size > len(inline):
            (offset,) = struct.unpack(self._order + self._offset, inline)
            self._file.seek(offset)
            inline = self._file.read(wanted.size)
        return wanted.unpack_from(inline)

    def _unpack(self, format_: str) -> tuple[int, ...]:
        wanted = struct.Struct(self._order + format_)
        return wanted.unpack(self._file.read(wanted.size))


def _directory(tags: dict[int, tuple[int, ...]], page: int, sub: int, raw: bool) -> Directory:
    def value(tag: int, default: int = 0) -> int:
        return tags.get(tag, (default,))[0]

    return Directory(
        page,
        sub,
        value(WIDTH),
        value(HEIGHT),
        reduced=bool(value(NEW_KIND) & 0b101) or value(KIND) == 2,  # a thumbnail, a mask
        raw=raw or DNG in tags or value(PHOTOMETRIC) in RAW_PHOTOMETRIC,
        orientation=value(ORIENTATION, 1),
        alpha=value(EXTRA_SAMPLES) in (1, 2),
        planar=value(PLANAR) == 2,
        tile_size=(value(TILE_WIDTH), value(TILE_HEIGHT)),
    )
