"""Pictures that come in the text itself: `data:image/png;base64,...`."""

from __future__ import annotations

import binascii
import re
from urllib.parse import unquote, unquote_to_bytes

from art_mcp.images.undecoded import ImageError, check_bytes, printable_name

MAX_HEAD = 1000
MAX_PERCENTS = 2**20
"""Bytes written as %xx, of which the + and / of the longest base64 are fewer; more would take seconds."""
CHUNK = 65_536
OTHERWISE = "A long picture is better given as a file or a link: give its absolute path or an https link."

_URL_SAFE = bytes.maketrans(b"-_", b"+/")


def name_in(uri: str) -> str:
    """How errors call the picture: by the name in `data:image/png;name=...`, which some clients send."""
    found = re.match(r"data:[^,]{0,900}?;name=([^;,]{1,300})", uri, re.IGNORECASE)
    return printable_name(unquote(found[1])) if found else "The picture in the text"


def decode(uri: str, *, name: str) -> bytes:
    """The bytes in a data URI, 1 byte to 20 MiB; what they are said to be is not believed.

    Takes a while if they are many: call it in a thread.

    Raises:
        ImageError: it is longer than a picture may be, which is judged before anything is decoded; or its text
            was cut or changed on the way.
    """
    comma = uri.find(",", 0, MAX_HEAD)
    if comma < 0:
        raise ImageError(f"{name} is not written as a data: URI, which has a comma after its type.", OTHERWISE)
    in_base64 = uri[:comma].rstrip().lower().endswith(";base64")
    # At least so many bytes, if all of it is in percents, or broken into short lines.
    check_bytes(-(-(len(uri) - comma - 1) // 3) * (2 if in_base64 else 1), name=name)
    if uri.count("%", comma) > MAX_PERCENTS:
        raise ImageError(f"{name} is written with more than {MAX_PERCENTS:,} percent signs.", "Write it in base64.")
    payload = uri[comma + 1 :]
    data = _from_base64(payload, name) if in_base64 else _unpercented(payload)
    check_bytes(len(data), name=name)
    return data


def _from_base64(payload: str, name: str) -> bytes:
    try:
        text = _unpercented(payload).translate(_URL_SAFE, b" \t\r\n")
        bare = text.rstrip(b"=")
        padding = b"=" * (-len(bare) % 4)
        if len(padding) == 3 or text not in (bare, bare + padding):  # some programs leave it out
            raise binascii.Error
        check_bytes(len(bare) * 3 // 4, name=name)
        return binascii.a2b_base64(bare + padding, strict_mode=True)
    except binascii.Error:
        raise ImageError(f"{name} is not whole: its base64 was cut or changed on the way.", OTHERWISE) from None


def _unpercented(text: str) -> bytes:
    """The bytes of a text in which some are written as %xx, piece by piece: it takes a hundredfold for a moment."""
    data = bytearray()
    start = 0
    while start < len(text):
        end = start + CHUNK
        cut = text.rfind("%", end - 2, end)  # the two digits are in the next piece
        end = cut if cut >= 0 else end
        data += unquote_to_bytes(text[start:end].encode("utf-8", "surrogatepass"))
        start = end
    return bytes(data)
