"""Opaque cursors, which say where the next page of a query starts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import secrets
import struct
from contextlib import suppress
from typing import NamedTuple

from art_mcp.errors import ArtMcpError
from art_mcp.store.ranking import DEPTH

_FORM = struct.Struct(">II12s")


class Start(NamedTuple):
    """Where a page starts."""

    offset: int = 0
    seed: int = 0
    """Of a random order, which is the same on all pages."""


class CursorError(ArtMcpError):
    """A cursor does not belong to the query."""


def encode(question: tuple[object, ...], start: Start) -> str:
    """Encode a cursor for the hits of `question` from `start` on."""
    return base64.urlsafe_b64encode(_FORM.pack(*start, _fingerprint(question))).decode("ascii").rstrip("=")


def decode(
    question: tuple[object, ...], cursor: str | None, *, order: str | None = None, depth: int | None = DEPTH
) -> Start:
    """Return where the page of a cursor starts: at the first hit without one.

    Args:
        order: that of the hits; a new random one has a new seed.
        depth: maximum number of hits, over all pages; None for no limit.

    Raises:
        CursorError: it was made for another query, or is malformed.
    """
    if not cursor:
        return Start(seed=secrets.randbits(32) if order == "random" else 0)
    start, fingerprint = Start(), b""
    with suppress(binascii.Error, struct.error, ValueError):
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        *numbers, fingerprint = _FORM.unpack(raw)
        start = Start(*numbers)
    if fingerprint != _fingerprint(question) or (depth and start.offset >= depth):
        raise CursorError(
            "The cursor does not belong to this query, or the model has changed since.",
            "Pass next_cursor of the previous page with exactly the same arguments, or omit cursor to start again.",
        )
    return start


def _fingerprint(question: tuple[object, ...]) -> bytes:
    return hashlib.sha256(repr(question).encode()).digest()[:12]
