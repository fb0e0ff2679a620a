"""Splits a JSON document into the objects of its arrays as it is read, so that a bad object costs only itself.

A streaming parser such as ijson ends at the first NaN or long number, and its memory grows with the depth.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

MAX_OBJECT = 1 << 22
"""Maximum size of an object in bytes."""
MAX_AROUND = 5
"""Maximum number of an array and the objects around it, as in `{"results": {"bindings": [...]}}`."""
_READ = 1 << 16
# Anything up to a bracket, with the last string in it, which is the bracket's key if it has one; or to an open string.
_STEP = re.compile(rb'(?:[^"\[\]{}]++|("(?:[^"\\]++|\\.)*+"))*+([\[\]{}]|"(?:[^"\\]++|\\.)*+)', re.DOTALL)

Path = tuple[str, ...]
"""The keys that lead to an array; empty if the document is the array."""


def objects_in(file: BinaryIO) -> Iterator[tuple[Path, bytes | None]]:
    """Yield each object that is an item of an array, as JSON; None for one that is too large or not closed.

    Arrays in such objects and in other arrays are not searched.
    """
    buffer, at = b"", 0
    around: list[tuple[bytes, str]] = []  # the open brackets, with their keys, outside of items
    start: int | None = None  # of the open item in the buffer
    depth = 0  # of brackets in it
    is_whole = True
    while piece := file.read(max(_READ, len(buffer))):
        buffer += piece
        while step := _STEP.match(buffer, at):
            kind, at = step[2][:1], step.end()
            if kind == b'"':  # the buffer ends in a string
                at = step.start(2)
                if len(buffer) - at > MAX_OBJECT:
                    buffer, at, is_whole = b'"' + buffer[step.end() :], 0, False
                break
            if start is not None:
                depth += 1 if kind in b"{[" else -1
                if depth == 0:
                    is_whole = is_whole and at - start <= MAX_OBJECT
                    yield tuple(name for _, name in around[1:]), buffer[start:at] if is_whole else None
                    start = None
            elif kind == b"{" and [each for each, _ in around[-MAX_AROUND:]].count(b"[") == 1 and around[-1][0] == b"[":
                start, depth, is_whole = at - 1, 1, True
            elif kind in b"{[":
                around.append((kind, (step[1] or b"")[1:-1].decode("utf-8", "replace")))
                if len(around) > 10 * MAX_AROUND:
                    return
            elif around:
                around.pop()
        if step is None and len(buffer) - at > MAX_OBJECT:
            at = len(buffer)
        if start is not None and is_whole and len(buffer) - start > MAX_OBJECT:
            is_whole = False
        dropped = start if start is not None and is_whole else at
        buffer, at = buffer[dropped:], at - dropped
        if start is not None:
            start = 0
    if start is not None:
        yield tuple(name for _, name in around[1:]), None
