"""What the file of a picture says of it: XMP, IPTC-IIM and EXIF, in this order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, BinaryIO

from art_mcp.images.undecoded import quiet_pillow
from art_mcp.ingest.sources.xmp import MAX_PACKET, read_xmp

if TYPE_CHECKING:
    from PIL import Image

MAX_READ = 1 << 20
"""Bytes of a file; its metadata stand before its pixels, or where TIFF says."""
FORMATS = ("JPEG", "PNG", "TIFF")
"""Whose heads are read without decoding pixels."""
MAX_TITLE = 120
"""Of characters of a description that stands for a missing title."""
_IPTC = {"title": (2, 5), "artist": (2, 80), "description": (2, 120), "rights": (2, 116), "credit": (2, 110)}
_IPTC_DATE, _IPTC_TIME = (2, 55), (2, 60)
_EXIF = {"description": 270, "artist": 315, "rights": 33432}
# What cameras and programs write where a description would stand.
_NOISE = re.compile(
    r"(olympus|minolta|konica minolta|kodak|samsung|sony|nikon|canon|casio|fujifilm|pentax|panasonic|digimax)?"
    r"[\W_]*(digital( still)? camera|dsc|dcf|dcim|exif[ _]jpeg([ _]picture)?|camera|picture|image|default)?[\W\d_]*"
    r"|created with (the )?gimp|my beautiful picture|screenshot|untitled|processed with .*|<.*>",
    re.IGNORECASE,
)


class _Head:
    """The file, of which no more than `MAX_READ` bytes can be read; then it seems to end."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._left = file, MAX_READ
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(self._left if size is None or size < 0 else min(size, self._left))
        self._left -= len(data)
        return data


def read_picture_metadata(file: BinaryIO) -> dict[str, str]:
    """The metadata by field; empty if the head of the file is broken or not understood."""
    from PIL import Image, JpegImagePlugin, PngImagePlugin, TiffImagePlugin  # noqa: F401 - they register themselves

    fields: dict[str, str] = {}
    with quiet_pillow():
        try:
            image = Image.open(_Head(file), formats=FORMATS)  # type: ignore[arg-type]
        except Exception:  # Pillow's plugins raise what they like on hostile files
            return {}
        for read in (_exif, _iptc, _xmp):
            try:
                fields |= {field: text for field, text in read(image).items() if text.strip()}
            except Exception:  # noqa: S112 - the other two may still be whole
                continue
    description = fields.get("description", "")
    if "title" not in fields and 0 < len(description) <= MAX_TITLE:
        fields["title"] = fields.pop("description")
    return fields


def _exif(image: Image.Image) -> dict[str, str]:
    if image.format == "PNG" and "exif" not in image.info:
        return {}  # Pillow would decode the pixels to look behind them
    exif = image.getexif()
    values = {field: exif.get(tag) for field, tag in _EXIF.items()}
    fields = {
        field: _decoded(value.encode("latin-1", "ignore")) for field, value in values.items() if isinstance(value, str)
    }
    if len(fields.get("description", "")) <= MAX_TITLE and _NOISE.fullmatch(fields.get("description", "").strip()):
        fields.pop("description", None)
    return fields


def _iptc(image: Image.Image) -> dict[str, str]:
    from PIL import IptcImagePlugin

    info = IptcImagePlugin.getiptcinfo(image) or {}

    def text(tag: tuple[int, int]) -> str:
        value = info.get(tag, b"")
        return ", ".join(_decoded(each) for each in (value if isinstance(value, list) else [value])[:20])

    fields = {field: text(tag) for field, tag in _IPTC.items()}
    day = re.fullmatch(r"(\d{4})(\d\d)(\d\d)", text(_IPTC_DATE))
    if day and _IPTC_TIME not in info:  # a camera's clock also tells the time
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
    """Most writers use UTF-8 whatever the standard says."""
    text = text.strip(b"\0 ")
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        return text.decode("cp1252", "ignore")
