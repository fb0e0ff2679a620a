"""Loads of made-up pictures, within this process."""

from __future__ import annotations

from pathlib import Path

from art_mcp.runtime import Runtime
from art_mcp.store import jobs
from support.pictures import draw


def pictures(folder: Path, count: int) -> Path:
    for number in range(count):
        draw(folder / "art" / f"{number:02}.png", seed=number)
    return folder / "art"


async def load(runtime: Runtime, folder: Path) -> jobs.Job:
    ingest = await runtime.ingest()
    job_id = await ingest.create(folder)
    await ingest.run(job_id)
    job = await jobs.get(await runtime.database(), job_id)
    assert job is not None
    return job
