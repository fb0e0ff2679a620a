"""Finds out whether an ONNX file refers to data in other files, which could be any file that this process can read.

It follows only the fields of ONNX's protocol buffers that can hold a tensor, so even a file of 2 GB takes little time.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
EXTERNAL_DATA, DATA_LOCATION = 13, 14
"""Fields of TensorProto; either means that the data is elsewhere."""
MAX_DEPTH = 64

_HOLDS: Final = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "tensor", 15: "sparse tensor"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {
        5: "tensor",
        6: "graph",
        10: "tensor",
        11: "graph",
        22: "sparse tensor",
        23: "sparse tensor",
    },
    "sparse tensor": {1: "tensor", 2: "tensor"},
}
"""The message in each field of a message, by field number."""


def has_external_data(path: Path) -> bool:
    """Whether a tensor of an ONNX file is in another file.

    Raises:
        ValueError: it is not an ONNX file.
        OSError: it cannot be read.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        try:
            return _search(content, 0, len(content), "model", MAX_DEPTH)
        except IndexError:
            raise ValueError("it ends within a field") from None


def _search(content: mmap.mmap, start: int, end: int, message: str, depth: int) -> bool:
    if not depth:
        raise ValueError("its graphs are nested too deeply")
    for number, value, size in _fields(content, start, end):
        if message == "tensor":
            if number == EXTERNAL_DATA or (number == DATA_LOCATION and value):
                return True
        elif inner := _HOLDS[message].get(number):
            if size is None:
                raise ValueError("a field has another type")
            if _search(content, value, value + size, inner, depth - 1):
                return True
    return False


def _fields(content: mmap.mmap, at: int, end: int) -> Iterator[tuple[int, int, int | None]]:
    """Field number; the number or, for bytes, their position; and the size of bytes, or None."""
    while at < end:
        key, at = _varint(content, at)
        number, kind = key >> 3, key & 7
        size = None
        if kind == VARINT:
            value, at = _varint(content, at)
        elif kind == BYTES:
            size, value = _varint(content, at)
            at = value + size
        elif kind in (FIXED64, FIXED32):
            value, at = 0, at + (8 if kind == FIXED64 else 4)
        else:
            raise ValueError("a field has an unknown type")
        if at > end:
            raise ValueError("a field is longer than its message")
        yield number, value, size


def _varint(content: mmap.mmap, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise ValueError("a number is too long")
