"""The directories of a TIFF: which of its pictures is the picture, and which of its smaller copies is enough.

Neither Pillow nor libvips tells a thumbnail from a page. Reads hostile files: whatever a file says about its own
structure is bounded, and nothing of it is decoded.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import BinaryIO, cast

from art_mcp.images.random_access import RandomAccess

MAX_DIRECTORIES = 1_000
"""Further ones are ignored. No document of that many pages is one picture."""
MAX_SUBDIRECTORIES = 64
MAX_ENTRIES = 4_096
"""Of a directory."""
MAX_VALUES = 1_024
"""Of an entry; those of longer ones are ignored."""
MAX_CHANNELS = 5
"""Colours and opacity; further ones are ignored."""
MAX_PARTS = 4_000_000
"""Strips or tiles of a picture."""
BUFFER = 256 * 1024
"""Bytes that are read ahead of each channel."""

_NEW_KIND, _KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 255, 256, 257, 258, 259, 262
_STRIPS, _ORIENTATION, _CHANNELS, _ROWS_PER_STRIP, _STRIP_SIZES, _PLANAR = 273, 274, 277, 278, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _SUBDIRECTORIES, _EXTRA_SAMPLES, _DNG = 322, 323, 330, 338, 50706
_TILES, _TILE_SIZES, _SAMPLE_FORMAT, _FILL_ORDER, _PREDICTOR, _JPEG_TABLES = 324, 325, 339, 266, 317, 347
_KEPT = (
    _WIDTH,
    _HEIGHT,
    _COMPRESSION,
    _FILL_ORDER,
    _ROWS_PER_STRIP,
    _PREDICTOR,
    _TILE_WIDTH,
    _TILE_HEIGHT,
    _JPEG_TABLES,
)
"""What each separate channel has in common with the picture."""
_WANTED = {
    *(_NEW_KIND, _KIND, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _STRIPS, _ORIENTATION, _CHANNELS),
    *(_ROWS_PER_STRIP, _PLANAR, _TILE_WIDTH, _TILE_HEIGHT, _SUBDIRECTORIES, _EXTRA_SAMPLES, _DNG),
}
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32773, 32946)
"""None, CCITT, LZW, JPEG, Deflate, PackBits."""
_CIELAB = 8
_RAW_PHOTOMETRIC = (32803, 34892)
"""Colour filter array, linear raw."""
_INTEGERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""Formats by the types of entries."""


class NotTiffError(ValueError):
    """The file has no readable directory."""


@dataclass(frozen=True, slots=True)
class Directory:
    """One of the pictures in a TIFF."""

    page: int
    """Its number in the chain of directories, or that of the directory that it belongs to."""
    sub: int
    """Its number in that directory, or -1 if it is in the chain itself."""
    at: int
    """Its offset in the file."""
    tags: Mapping[int, tuple[int, ...]]
    raw: bool
    """Whether it holds a camera's samples instead of colours."""

    def tag(self, number: int, default: int = 0) -> int:
        return self.tags.get(number, (default,))[0]

    @property
    def size(self) -> tuple[int, int]:
        return self.tag(_WIDTH), self.tag(_HEIGHT)

    @property
    def upright_size(self) -> tuple[int, int]:
        return self.size[::-1] if 5 <= self.orientation <= 8 else self.size

    @property
    def orientation(self) -> int:
        """As in EXIF."""
        return self.tag(_ORIENTATION, 1)

    @property
    def reduced(self) -> bool:
        """Whether it says that it is a smaller copy of another, or a mask."""
        return bool(self.tag(_NEW_KIND) & 0b101) or self.tag(_KIND) == 2

    @property
    def alpha(self) -> bool:
        """Whether its first extra channel is its opacity."""
        return self.tag(_EXTRA_SAMPLES) in (1, 2)

    @property
    def rare(self) -> bool:
        """Whether it is compressed or coloured in a way that libvips does not know."""
        return (
            self.tag(_COMPRESSION, 1) not in _COMPRESSIONS
            or self.tag(_PHOTOMETRIC) == _CIELAB
            or self.tag(_BITS, 1) not in (1, 2, 4, 8, 16, 32)
        )

    @property
    def colours(self) -> str | None:
        """libvips's name of the colour space of separate channels, or None if it is a rare one."""
        return {0: "b-w", 1: "b-w", 2: "srgb", 5: "cmyk"}.get(self.tag(_PHOTOMETRIC, 1))

    @property
    def planar(self) -> bool:
        """Whether each channel is stored on its own."""
        return self.tag(_PLANAR) == 2 and self.tag(_CHANNELS, 1) > 1

    @property
    def tile_size(self) -> tuple[int, int]:
        """0 x 0 if it is stored in strips."""
        return self.tag(_TILE_WIDTH), self.tag(_TILE_HEIGHT)


def directories(file: BinaryIO) -> list[Directory]:
    """The directories of the chain, in order, each followed by its subdirectories.

    Raises:
        NotTiffError: there is none. Whatever follows a damaged one is ignored.
    """
    found: list[Directory] = []
    with suppress(struct.error, OverflowError, OSError):
        found.extend(_Reader(file).read())
    if not found:
        raise NotTiffError
    return found


def whole(found: Sequence[Directory]) -> Directory:
    """The picture at its full size: the first one that is no reduced copy, nor obviously the thumbnail of another."""
    candidates = [each for each in found if not each.reduced] or found
    largest = max(max(each.size) for each in candidates)
    return next(each for each in candidates if 2 * max(each.size) >= largest)


def enough(found: Sequence[Directory], picture: Directory, side: int) -> Directory:
    """The smallest copy of a picture whose longer side has at least this many pixels, or the picture itself."""
    copies = [
        each
        for each in found
        if (each.reduced or each.sub >= 0)
        and max(each.size) >= side
        and each.size <= picture.size
        and abs(each.size[0] * picture.size[1] - each.size[1] * picture.size[0]) <= sum(picture.size)
    ]
    return min([picture, *copies], key=lambda each: each.size[0] * each.size[1])


def channels(file: BinaryIO, picture: Directory) -> list[BinaryIO]:
    """Each channel of a picture with separate channels, as a TIFF of its own: a directory before the same pixels.

    libvips reads no tiles of separate channels, and holds a strip of each of them at a time, which can be all of it.
    """
    reader = _Reader(file)
    return [
        cast(BinaryIO, io.BufferedReader(_Patched(file, *reader.channel(picture, number)), BUFFER))
        for number in range(min(picture.tag(_CHANNELS, 1), MAX_CHANNELS))
    ]


class _Patched(RandomAccess):
    """A file with another start and more behind its end."""

    def __init__(self, file: BinaryIO, start: bytes, behind: bytes) -> None:
        self._file = file
        self._start = start
        self._end = file.seek(0, io.SEEK_END)
        self._behind = behind
        super().__init__(self._end + len(behind))

    def part(self, start: int, count: int) -> bytes:
        if start < len(self._start):
            return self._start[start : start + count]
        if start >= self._end:
            return self._behind[start - self._end :][:count]
        self._file.seek(start)
        return self._file.read(min(count, self._end - start))


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
        self._word = struct.Struct(self._order + ("Q" if self._big else "I"))
        self._entry = struct.Struct(f"{self._order}HH{'Q8s' if self._big else 'I4s'}")
        self._head = head[: 16 if self._big else 8]
        self._raw = not self._big and head[8:10] == b"CR"  # Canon's
        (self._first,) = self._word.unpack_from(head, 8 if self._big else 4)

    def read(self) -> Iterator[Directory]:
        seen = {0}
        offset, page = self._first, 0
        while offset not in seen and page < MAX_DIRECTORIES:
            seen.add(offset)
            directory, after = self._directory(offset, page)
            yield directory
            for number, sub in enumerate(directory.tags.get(_SUBDIRECTORIES, ())[:MAX_SUBDIRECTORIES]):
                if sub not in seen:
                    seen.add(sub)
                    yield self._directory(sub, page, number)[0]
            offset = after
            page += 1

    def channel(self, picture: Directory, number: int) -> tuple[bytes, bytes]:
        """The start of the file, and a directory behind its end, for one of the separate channels of a picture."""
        size = self._file.seek(0, io.SEEK_END)
        at = size + size % 2
        entries = {tag: (kind, count, inline) for tag, kind, count, inline in self._entries(picture.at)[0]}
        kept: dict[int, tuple[int, int, bytes]] = {tag: entries[tag] for tag in _KEPT if tag in entries}
        inverse = picture.tag(_PHOTOMETRIC, 1) == 0 and number == 0
        kept |= {tag: self._short(value) for tag, value in ((_PHOTOMETRIC, 1 - inverse), (_CHANNELS, 1), (_PLANAR, 1))}
        for tag in (_BITS, _SAMPLE_FORMAT):
            if tag in entries:
                kept[tag] = self._short(self._part(entries[tag], number, number + 1)[0])
        word = "Q" if self._big else "I"
        wanted = [tag for tag in (_STRIPS, _STRIP_SIZES, _TILES, _TILE_SIZES) if tag in entries]
        head = struct.calcsize("=Q" if self._big else "=H") + self._entry.size * (len(kept) + len(wanted))
        arrays = b""
        for tag in wanted:
            count = entries[tag][1] // picture.tag(_CHANNELS, 1)
            values = self._part(entries[tag], count * number, count * (number + 1))
            array = struct.pack(f"{self._order}{count}{word}", *values)
            place = self._word.pack(at + head + self._word.size + len(arrays))
            kept[tag] = (16 if self._big else 4, count, array if count == 1 else place)
            arrays += array
        body = b"".join(self._entry.pack(tag, *kept[tag]) for tag in sorted(kept))
        start = self._head[: -self._word.size] + self._word.pack(at)
        count_of = struct.pack(self._order + ("Q" if self._big else "H"), len(kept))
        return start, bytes(at - size) + count_of + body + self._word.pack(0) + arrays

    def _short(self, value: int) -> tuple[int, int, bytes]:
        return 3, 1, struct.pack(self._order + "H", value)

    def _part(self, entry: tuple[int, int, bytes], start: int, end: int) -> tuple[int, ...]:
        """Some of an entry's values."""
        kind, count, inline = entry
        one = struct.calcsize("=" + _INTEGERS[kind])
        if not start < end <= min(count, MAX_PARTS):
            raise struct.error
        if one * count > len(inline):
            self._file.seek(self._word.unpack(inline)[0] + one * start)
            return struct.unpack(f"{self._order}{end - start}{_INTEGERS[kind]}", self._file.read(one * (end - start)))
        return struct.unpack_from(f"{self._order}{end - start}{_INTEGERS[kind]}", inline, one * start)

    def _directory(self, offset: int, page: int, sub: int = -1) -> tuple[Directory, int]:
        """A directory, and the offset of the next one."""
        entries, after = self._entries(offset)
        tags: dict[int, tuple[int, ...]] = {}
        for tag, kind, count, inline in entries:
            if tag in _WANTED and kind in _INTEGERS and 0 < count <= MAX_VALUES:
                tags.setdefault(tag, self._values(_INTEGERS[kind], count, inline))
        raw = self._raw or _DNG in tags or tags.get(_PHOTOMETRIC, (0,))[0] in _RAW_PHOTOMETRIC
        return Directory(page, sub, offset, tags, raw), after

    def _entries(self, offset: int) -> tuple[list[tuple[int, int, int, bytes]], int]:
        """Tag, type, number of values, and the values or their offset, of each entry; the offset of the next one."""
        self._file.seek(offset)
        count_of = struct.Struct(self._order + ("Q" if self._big else "H"))
        (count,) = count_of.unpack(self._file.read(count_of.size))
        if count > MAX_ENTRIES:
            raise struct.error
        body = self._file.read(self._entry.size * count)
        (after,) = self._word.unpack(self._file.read(self._word.size))
        return list(self._entry.iter_unpack(body)), after

    def _values(self, format_: str, count: int, inline: bytes) -> tuple[int, ...]:
        wanted = struct.Struct(f"{self._order}{count}{format_}")
        if wanted.size > len(inline):
            self._file.seek(*self._word.unpack(inline))
            inline = self._file.read(wanted.size)
        return wanted.unpack_from(inline)
