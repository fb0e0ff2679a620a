"""Reads the metadata embedded in a picture file: XMP takes precedence over IPTC-IIM, and that over EXIF."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from art_mcp.images.undecoded import quiet_pillow
from art_mcp.ingest.sources.folders.noise import is_written_by_program
from art_mcp.ingest.sources.folders.xmp import MAX_PACKET, read_xmp

if TYPE_CHECKING:
    from PIL import Image

MAX_READ = 1 << 20
"""Maximum number of bytes read from a file; metadata precede the pixels, except that TIFF can place them anywhere."""
FORMATS = ("JPEG", "PNG", "TIFF")
"""Formats whose metadata Pillow reads without decoding pixels."""
MAX_TITLE = 120
"""Maximum length in characters of a description that is used as the title if there is none."""
_IPTC = {"title": (2, 5), "artist": (2, 80), "description": (2, 120), "rights": (2, 116), "credit": (2, 110)}
_IPTC_DATE, _IPTC_TIME = (2, 55), (2, 60)
_EXIF = {"description": 270, "artist": 315, "rights": 33432}


class _Head:
    """A file object that reports end of file after `MAX_READ` bytes have been read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, MAX_READ
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def read_picture_metadata(file: BinaryIO) -> dict[str, str]:
    """The metadata by field; empty if the file's header is damaged or its format is not supported."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin  # noqa: F401 - imported to register them

    fields: dict[str, str] = {}
    with quiet_pillow():
        try:
            image = Image.open(_Head(file), formats=FORMATS)  # type: ignore[arg-type]
        except Exception:  # Pillow can raise any exception on malicious files
            return {}
        for read in (_exif, _iptc, _xmp):
            try:
                fields |= {field: text for field, text in read(image).items() if _is_said(field, text)}
            except Exception:  # noqa: S112 - the other two may still be intact
                continue
    description = fields.get("description", "")
    if "title" not in fields and 0 < len(description) <= MAX_TITLE:
        fields["title"] = fields.pop("description")
    return fields


def _is_said(field: str, text: str) -> bool:
    return bool(text.strip()) and not (field == "description" and is_written_by_program(text.strip()))


def _exif(image: Image.Image) -> dict[str, str]:
    if image.format == "PNG" and "exif" not in image.info:
        return {}  # Pillow would decode all pixels to search for EXIF data after them
    exif = image.getexif()
    values = {field: exif.get(tag) for field, tag in _EXIF.items()}
    fields = {
        field: _decoded(value.encode("latin-1", "ignore")) for field, value in values.items() if isinstance(value, str)
    }
    return fields


def _iptc(image: Image.Image) -> dict[str, str]:
    from PIL import IptcImagePlugin

    info = IptcImagePlugin.getiptcinfo(image) or {}  # type: ignore[arg-type]  # it reads any image

    def text(tag: tuple[int, int]) -> str:
        value = info.get(tag, b"")
        return ", ".join(_decoded(each) for each in (value if isinstance(value, list) else [value])[:20])

    fields = {field: text(tag) for field, tag in _IPTC.items()}
    day = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text(_IPTC_DATE))
    if day and _IPTC_TIME not in info:  # with a time, it is when the photo was taken
        fields["date"] = "-".join(part for part in day.groups() if part.strip("0"))
    return fields


def _xmp(image: Image.Image) -> dict[str, str]:
    packet = image.info.get("xmp") or image.info.get("XML:com.adobe.xmp") or b""
    if image.format == "TIFF":
        packet = packet or image.tag_v2.get(700, b"")  # type: ignore[attr-defined]
    if len(packet) > MAX_PACKET:
        return {}
    return read_xmp(packet.encode() if isinstance(packet, str) else bytes(packet))


def _decoded(text: bytes) -> str:
    """Decode as UTF-8, which most programs write whatever the standard says, else as cp1252."""
    text = text.strip(b"\0 ")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", "ignore")
