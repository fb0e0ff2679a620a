"""Made-up collections, and how they are loaded within this process."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import jobs
from support.pictures import draw

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 60), "blue": (40, 60, 200), "white": (245, 245, 245)}


def write_twelve(folder: Path) -> Path:
    """Twelve paintings and their table: four of one colour, eight of many."""
    rows = ["IMAGE_FILE\tTITLE\tAUTHOR\tDATE\tTYPE\tDESCRIPTION\n"]
    for number, name in enumerate([*COLOURS, *(f"noise {n}" for n in range(8))]):
        path = folder / "images" / f"{number}.jpg"
        if name in COLOURS:
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (400, 300), COLOURS[name]).save(path)
        else:
            draw(path, number, (400, 300))
        rows.append(f"{number}.jpg\tComposition in {name}\tMUSTER, Max\t{1900 + number}\tother\tAll {name}.\n")
    (folder / "table.tsv").write_text("".join(rows))
    return folder


async def load(runtime: Runtime, folder: Path) -> jobs.Job:
    ingest = await runtime.ingest()
    job_id = await ingest.create(folder)
    await ingest.run(job_id)
    job = await jobs.get(await runtime.database(), job_id)
    assert job is not None
    return job


async def load_into(settings: Settings, folder: Path) -> jobs.Job:
    """`load` into the database that the settings name."""
    async with Runtime(settings) as runtime:
        job = await load(runtime, folder)
    assert job.done and job.stored == job.total, job
    return job
