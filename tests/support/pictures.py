"""Pictures that tests draw."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from art_mcp.images.local_file import LocalFile

XMP = (
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/"><rdf:Description rdf:about=""><dc:title><rdf:Alt>'
    '<rdf:li xml:lang="x-default">{title}</rdf:li></rdf:Alt></dc:title></rdf:Description></rdf:RDF></x:xmpmeta>'
)


def draw(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> Path:
    """A small picture unlike that of any other seed; its title is the name of the file, also if that is a number."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = PngInfo()
    metadata.add_itxt("XML:com.adobe.xmp", XMP.format(title=escape(path.stem.replace("_", " "))))
    coarse.resize(size, Image.Resampling.BICUBIC).save(path, pnginfo=metadata)
    return path


def draw_many(folder: Path, count: int) -> Path:
    """A folder with so many of them, named 00.png, 01.png, ..."""
    for number in range(count):
        draw(folder / f"{number:02}.png", number)
    return folder


def endless() -> bytes:
    """A JPEG that is just within the caps and takes seconds to decode."""
    buffer = BytesIO()
    Image.new("L", (10_000, 9_900)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    scan = data.rindex(b"\xff\xda")
    return data[:-2] + data[scan:-2] * 40 + data[-2:]


def contents(picture: LocalFile | bytes) -> bytes:
    """The bytes of a picture that a source delivers."""
    if isinstance(picture, bytes):
        return picture
    with picture.opened() as file:
        return file.read()
