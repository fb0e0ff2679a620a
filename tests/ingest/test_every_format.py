"""A folder with one picture of every format becomes a collection."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from art_mcp.images.decoding import Decoder
from art_mcp.images.undecoded import FORMAT_NAMES
from art_mcp.ingest.sources.folders.folder import PictureFolder
from art_mcp.ingest.sources.places import Folder
from art_mcp.ingest.sources.source import Row

pillow_heif.register_heif_opener()
SUFFIXES = {"JPEG": ".jpg", "TIFF": ".tif", "HEIF": ".heic", "JPEG2000": ".jp2"}


@pytest.mark.anyio
@pytest.mark.parametrize("format_", FORMAT_NAMES)
async def test_a_picture_of_every_format_is_a_row_and_can_be_decoded(format_: str, tmp_path: Path) -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (64, 64, 3), np.uint8)
    name = f"a_painting{SUFFIXES.get(format_, f'.{format_.lower()}')}"
    Image.fromarray(pixels).save(tmp_path / name, format_)
    source = PictureFolder("folder", Folder(tmp_path, None))
    (row,) = source.rows()
    assert isinstance(row, Row) and row.image == name
    decoder = Decoder(workers=1)
    picture = decoder.read(await source.picture(row.image), name=name)
    decoder.close()
    assert (picture.format, picture.width) == (format_, 64)
