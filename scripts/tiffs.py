"""TIFFs in the forms that Pillow does not write, and hostile ones."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_LONG, _SHORT = 4, 3
Tags = dict[int, Sequence[int]]


def tiff(
    samples: NDArray[Any],
    *,
    big: bool = False,
    planar: bool = False,
    tile: int | None = None,
    rows: int | None = None,
    thumbnail: bool = False,
    smaller: bool = False,
    **more: Sequence[int],
) -> bytes:
    """Write samples, shape (height, width, channels), without compression, in their own byte order.

    Args:
        big: BigTIFF.
        planar: each channel on its own.
        tile: pixels per side of the tiles; None: strips.
        rows: of a strip; None: one strip.
        thumbnail: a reduced copy stands before the picture.
        smaller: a copy of half the size is attached to the picture (SubIFDs).
        more: other tags, as `t258=[16]`.
    """
    made = _File(">" if samples.dtype.byteorder == ">" else "<", big)
    if thumbnail:
        made.add(samples[::8, ::8], {254: [1]})
    tags: Tags = {int(name[1:]): values for name, values in more.items()}
    if smaller:
        tags[330] = [made.add(samples[::2, ::2], {254: [1]}, chained=False)]
    made.add(samples, tags, planar=planar, tile=tile, rows=rows)
    return bytes(made.data)


def tiff_bombs() -> list[bytes]:
    """Small files that want to be large, long or deep."""
    grey = np.full((32, 32, 1), 9, np.uint8)
    loop = _File("<", False)
    at = loop.add(grey, {})
    loop.link(at)  # the next directory is the first
    own = _File("<", False)
    sub = own.add(grey, {330: [0]}, chained=False)
    struct.pack_into("<I", own.data, own.value_of(sub, 330), sub)  # its subdirectory is itself
    own.link(sub)
    chain = _File("<", False)
    for _ in range(2_000):
        chain.add(grey[:10, :10], {})
    return [
        bytes(loop.data),
        bytes(own.data),
        bytes(chain.data),
        tiff(grey, t256=[60_000], t257=[60_000]),
        tiff(grey, t256=[2**31 - 1], t257=[2**31 - 1]),
        tiff(grey, t322=[60_000], t323=[60_000], t324=[8], t325=[1024]),
        tiff(grey, t256=[2_000], t257=[2_000], t322=[16], t323=[16], t324=[8] * 15_625, t325=[256] * 15_625),
        tiff(grey, t256=[15_000], t257=[3_000], t278=[1], t273=[8] * 3_000, t279=[15_000] * 3_000),
        tiff(grey, t273=[2**32 - 1], t279=[2**32 - 1]),
        tiff(grey, t277=[65_535], t258=[8] * 65_535),
        tiff(grey, t256=[7_000], t257=[7_000], t259=[8]),
        tiff(grey, big=True)[:24],
        struct.pack("<2sHI", b"II", 42, 8) + b"\xff\xff" + bytes(100),
        struct.pack("<2sHHHQ", b"II", 43, 8, 0, 16) + struct.pack("<Q", 2**63),
    ]


class _File:
    """A TIFF that grows by a picture at a time."""

    def __init__(self, order: str, big: bool) -> None:
        self._order, self._big = order, big
        self._word = "Q" if big else "I"
        magic = b"II" if order == "<" else b"MM"
        self.data = bytearray(
            magic + struct.pack(order + ("HHHQ" if big else "HI"), *((43, 8, 0, 0) if big else (42, 0)))
        )
        self._link = 8 if big else 4

    def add(
        self,
        samples: NDArray[Any],
        more: Tags,
        *,
        planar: bool = False,
        tile: int | None = None,
        rows: int | None = None,
        chained: bool = True,
    ) -> int:
        """Append a picture and its directory; returns the directory's offset."""
        height, width, channels = samples.shape
        parts = [samples[..., each : each + 1] for each in range(channels)] if planar else [samples]
        step = rows or height
        if tile:
            edge = (-height % tile, -width % tile)
            parts = [np.pad(part, ((0, edge[0]), (0, edge[1]), (0, 0)), "edge") for part in parts]
            chunks = [
                part[top : top + tile, left : left + tile]
                for part in parts
                for top in range(0, height, tile)
                for left in range(0, width, tile)
            ]
        else:
            chunks = [part[top : top + step] for part in parts for top in range(0, height, step)]
        offsets = []
        for chunk in chunks:
            offsets.append(len(self.data))
            self.data += chunk.tobytes()
        sizes = [chunk.nbytes for chunk in chunks]
        tags: Tags = {
            256: [width],
            257: [height],
            258: [8 * samples.dtype.itemsize] * channels,
            259: [1],
            262: [1 if channels < 3 else 2],
            277: [channels],
            284: [2 if planar else 1],
            339: [3 if samples.dtype.kind == "f" else 1] * channels,
        }
        tags |= (
            {322: [tile], 323: [tile], 324: offsets, 325: sizes} if tile else {273: offsets, 278: [step], 279: sizes}
        )
        at = self._directory({**tags, **more})
        if chained:
            self.link(at)
        return at

    def link(self, at: int) -> None:
        """Make the last directory of the chain be followed by the one at an offset."""
        struct.pack_into(self._order + self._word, self.data, self._link, at)
        count = struct.unpack_from(self._order + ("Q" if self._big else "H"), self.data, at)[0]
        self._link = at + (8 + 20 * count if self._big else 2 + 12 * count)

    def value_of(self, directory: int, tag: int) -> int:
        """Where the value of a tag stands."""
        (count,) = struct.unpack_from(self._order + "H", self.data, directory)
        entries = range(directory + 2, directory + 2 + 12 * count, 12)
        return next(at + 8 for at in entries if struct.unpack_from(self._order + "H", self.data, at)[0] == tag)

    def _directory(self, tags: Tags) -> int:
        entries = []
        for tag in sorted(tags):
            values = tags[tag]
            kind, letter = (_SHORT, "H") if tag in (258, 259, 262, 277, 284, 339) else (_LONG, "I")
            packed = struct.pack(f"{self._order}{len(values)}{letter}", *values)
            room = 8 if self._big else 4
            if len(packed) > room:
                place = len(self.data)
                self.data += packed
                packed = struct.pack(self._order + self._word, place)
            entries.append(
                struct.pack(f"{self._order}HH{self._word}", tag, kind, len(values)) + packed.ljust(room, b"\0")
            )
        at = len(self.data)
        self.data += struct.pack(self._order + ("Q" if self._big else "H"), len(entries))
        self.data += b"".join(entries) + struct.pack(self._order + self._word, 0)
        return at
