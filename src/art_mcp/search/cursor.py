"""Opaque cursors, which say where the next page of a query starts."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct

from art_mcp.errors import ArtMcpError
from art_mcp.store.ranking import DEPTH

_FORM = struct.Struct(">H12s")


class CursorError(ArtMcpError):
    """A cursor does not belong to the query."""


def encode(question: tuple[object, ...], offset: int) -> str:
    """Encode a cursor for the hits of `question` from `offset` on."""
    return base64.urlsafe_b64encode(_FORM.pack(offset, _fingerprint(question))).decode("ascii").rstrip("=")


def decode(question: tuple[object, ...], cursor: str | None) -> int:
    """Return the offset in a cursor, or 0 without one.

    Raises:
        CursorError: it was made for another query, or is malformed.
    """
    if not cursor:
        return 0
    offset: int
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        offset, fingerprint = _FORM.unpack(raw)
    except (binascii.Error, struct.error, ValueError):
        offset, fingerprint = 0, b""
    if fingerprint != _fingerprint(question) or offset >= DEPTH:
        raise CursorError(
            "The cursor does not belong to this query, or the model has changed since.",
            "Pass next_cursor of the previous page with exactly the same arguments, or omit cursor to start again.",
        )
    return offset


def _fingerprint(question: tuple[object, ...]) -> bytes:
    return hashlib.sha256(repr(question).encode()).digest()[:12]
