"""Sources in their less common forms, loaded and found."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from support.loading import load
from support.pictures import draw

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio


def pictures(folder: Path, *names: str) -> list[bytes]:
    for seed, name in enumerate(names):
        draw(folder / name, seed)
    return [(folder / name).read_bytes() for name in names]


async def test_an_archive_is_found_by_the_names_of_its_folders(settings: Settings, tmp_path: Path) -> None:
    names = ("Dutch masters/landscapes/View.jpg", "Spanish/Harbour.jpg", "Spanish/Village.jpg")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name, data in zip(names, pictures(tmp_path, *names), strict=True):
            archive.writestr(name, data)
    async with Runtime(settings) as runtime:
        job = await load(runtime, tmp_path / "all.zip")
        assert (job.collection, job.stored, job.total) == ("all", 3, 3)
        answer = await (await runtime.finder()).by_text("Dutch masters")
        assert answer.hits[0][0].painting.source_key == names[0]
        assert (await load(runtime, tmp_path / "all.zip")).unchanged == 3


async def test_pictures_in_a_table(settings: Settings, tmp_path: Path) -> None:
    bytes_ = [{"bytes": data, "path": None} for data in pictures(tmp_path, *(f"{n}.jpg" for n in range(20)))]
    bytes_[3] = {"bytes": None, "path": "gone.jpg"}
    column = pa.array(bytes_, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    pq.write_table(pa.table({"image": column, "title": [f"T{n}" for n in range(20)]}), tmp_path / "t.parquet", 7)
    async with Runtime(settings) as runtime:
        job = await load(runtime, tmp_path / "t.parquet")
        assert (job.stored, job.total, job.unpictured) == (20, 20, 1)
        finder = await runtime.finder()
        answer = await finder.by_image(str(tmp_path / "17.jpg"), limit=1)
        assert answer.hits[0][0].painting.catalogue.title == "T17"
