"""Decodes inline pictures: `data:image/png;base64,...`."""

from __future__ import annotations

import binascii
import re
from contextlib import suppress
from urllib.parse import unquote, unquote_to_bytes

from art_mcp.images.undecoded import MAX_BYTES, ImageError, check_bytes, printable_name

MAX_HEAD = 1000
MAX_PERCENTS = 2**20
"""Maximum number of %xx escapes. The longest valid base64 has fewer + and / to escape; more would take seconds."""
CHUNK = 65_536
OTHERWISE = "Give the picture's absolute path or an https link instead."

_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def name_in(uri: str) -> str:
    """The picture's name in errors: that in `data:image/png;name=...`, which some clients send, if there is one."""
    found = re.match(r"data:[^,]{0,900}?;name=([^;,]{1,300})", uri, re.IGNORECASE)
    return printable_name(unquote(found[1])) if found else "The inline picture"


def decode(uri: str, *, name: str) -> bytes:
    """Return the bytes in a data: URI, 1 byte to 20 MiB; its declared type is ignored.

    CPU-bound: call it in a thread.

    Raises:
        ImageError: it is too large, which is checked before decoding; or it was truncated or altered in transit.
    """
    comma = uri.find(",", 0, MAX_HEAD)
    if comma < 0:
        raise ImageError(f"{name} is not a valid data: URI: there is no comma after its type.", OTHERWISE)
    in_base64 = uri[:comma].rstrip().lower().endswith(";base64")
    # A lower bound of the decoded size: every character percent-encoded, or base64 in short lines.
    check_bytes(-(-(len(uri) - comma - 1) // 3) * (2 if in_base64 else 1), name=name)
    if "%" in uri and uri.count("%", comma) > MAX_PERCENTS:
        raise ImageError(f"{name} has more than {MAX_PERCENTS:,} percent escapes.", "Encode it as base64.")
    payload = uri[comma + 1 :]
    data = _from_base64(payload, name) if in_base64 else _unpercented(payload)
    check_bytes(len(data), name=name)
    return data


def _from_base64(payload: str, name: str) -> bytes:
    size = len(payload) // 4 * 3 - payload.count("=", -2)
    if size <= MAX_BYTES and payload.find("=", 0, -2) < 0:
        with suppress(ValueError):  # as base64 is usually written, it is decoded without being copied first
            return _pieced(payload)
    try:
        text = _unpercented(payload).translate(_URL_SAFE, b" \t\r\n")
        bare = text.rstrip(b"=")
        padding = b"=" * (-len(bare) % 4)
        whole = bare + padding
        if len(padding) == 3 or b"=" in bare or text not in (bare, whole):  # some programs omit the padding
            raise binascii.Error
        check_bytes(len(bare) * 3 // 4, name=name)
        return _pieced(whole)
    except binascii.Error:
        raise ImageError(f"{name} is incomplete: its base64 was truncated or altered in transit.", OTHERWISE) from None


def _pieced(text: str | bytes) -> bytes:
    """Decode base64 piece by piece, since each call keeps all other threads waiting."""
    pieces = (text[start : start + CHUNK] for start in range(0, len(text), CHUNK))
    return b"".join(binascii.a2b_base64(piece, strict_mode=True) for piece in pieces)


def _unpercented(text: str) -> bytes:
    """Decode %xx escapes chunk by chunk, since decoding temporarily takes 100 times the chunk's size in memory."""
    if "%" not in text:
        return text.encode("utf-8", "surrogatepass")
    data = bytearray()
    start = 0
    while start < len(text):
        end = start + CHUNK
        cut = text.rfind("%", end - 2, end)  # its two digits are in the next chunk
        end = cut if cut >= 0 else end
        data += unquote_to_bytes(text[start:end].encode("utf-8", "surrogatepass"))
        start = end
    return bytes(data)
