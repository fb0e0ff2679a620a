from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from support.pictures import draw
from support.postgres import count_paintings

from art_mcp.ingest.sources.source import Options
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import collection_sizes, jobs
from art_mcp.store.errors import StoreError

pytestmark = pytest.mark.anyio


def write_table(folder: Path, *lines: str) -> Path:
    (folder / "table.csv").write_text("IMAGE_FILE,TITLE\n" + "\n".join(lines) + "\n")
    return folder / "table.csv"


async def test_a_plan_says_what_the_load_then_does(settings: Settings, tmp_path: Path) -> None:
    for n in range(6):
        draw(tmp_path / f"{n}.png", n)
    async with Runtime(settings) as runtime:
        ingest, database = await runtime.ingest(), await runtime.database()
        await ingest.run(await ingest.create(write_table(tmp_path, *(f"{n}.png,No {n}" for n in range(5)))))
        draw(tmp_path / "1.png", 100)
        (tmp_path / "page.jpg").write_text("<html>")
        lines = ["0.png,No 0", "1.png,No 1", "2.png,Another title", "3.png,No 3", "5.png,No 5"]
        table = write_table(tmp_path, *lines, "0.png,Twice", "gone.png,Gone", "page.jpg,Page", "broken")
        plan = await ingest.plan(table)
        assert await count_paintings(database) == 5
        assert (plan.total, plan.new, plan.changed, plan.unchanged, plan.refused) == (9, 3, 2, 2, 2)
        assert (plan.missing, plan.complete, plan.calls) == (1, True, 0)
        job_id = await ingest.create(table)
        await ingest.run(job_id)
        job = await jobs.get(database, job_id)
        assert job is not None
        assert (job.total, job.stored, job.unchanged, job.refused, job.missing) == (9, 5, 2, 2, 1)
        assert job.unpictured == plan.unpictured == 2
        refused = await jobs.refusals(database, job_id)
        assert [label for group in plan.refusals for label in group.examples] == [label for label, _ in refused]
        assert (await ingest.plan(table, options=Options(limit=2))).total == 2


async def test_a_plan_ends_in_time(settings: Settings, tmp_path: Path) -> None:
    for n in range(40):
        draw(tmp_path / f"{n}.png", n)
    async with Runtime(settings) as runtime:
        plan = await (await runtime.ingest()).plan(tmp_path, seconds=0)
        assert not plan.complete and plan.total == 0


@pytest.mark.parametrize("part", [{"limit": 1}, {"sheet": "Drawings"}])
async def test_a_part_of_a_source_lets_the_rest_be(part: dict[str, Any], settings: Settings, tmp_path: Path) -> None:
    draw(tmp_path / "1.png", 1)
    draw(tmp_path / "2.png", 2)
    book = openpyxl.Workbook()
    for title, number in (("Oils", 1), ("Drawings", 2)):
        sheet = book.create_sheet(title)
        sheet.append(["Title", "Image"])
        sheet.append([title, f"{number}.png"])
    book.save(tmp_path / "t.xlsx")
    async with Runtime(settings) as runtime:
        ingest, database = await runtime.ingest(), await runtime.database()
        await ingest.run(await ingest.create(tmp_path / "t.xlsx"))
        options = Options(remove_missing=True, **part)
        assert (await ingest.plan(tmp_path / "t.xlsx", options=options)).missing == 0
        job_id = await ingest.create(tmp_path / "t.xlsx", options=options)
        await ingest.run(job_id)
        job = await jobs.get(database, job_id)
        assert job is not None and (job.done, job.total, job.unchanged, job.missing) == (True, 1, 1, 0)
        assert await count_paintings(database) == 2


async def test_what_has_left_the_source_is_removed_when_asked(settings: Settings, tmp_path: Path) -> None:
    for n in range(5):
        draw(tmp_path / f"{n}.png", n)
    async with Runtime(settings) as runtime:
        ingest, database = await runtime.ingest(), await runtime.database()
        await ingest.run(await ingest.create(write_table(tmp_path, *(f"{n}.png,No {n}" for n in range(5)))))
        other = tmp_path / "other"
        draw(other / "mine.png", 50)
        await ingest.run(await ingest.create(other, tmp_path.name))  # into the same collection, from elsewhere
        await ingest.run(await ingest.create(other, "table"))
        assert await count_paintings(database) == 7
        table = write_table(tmp_path, "0.png,No 0", "1.png,No 1", "a row that says nothing")
        removing = Options(remove_missing=True)
        job_id = await ingest.create(table, options=removing)
        with pytest.raises(StoreError, match="1 rows of the source do not identify a painting"):
            await ingest.run(job_id)
        job = await jobs.get(database, job_id)
        assert job is not None and (job.done, job.missing, job.removed) == (True, 3, None)
        assert await count_paintings(database) == 7
        job_id = await ingest.create(write_table(tmp_path, "0.png,No 0", "1.png,No 1"), options=removing)
        await ingest.run(job_id)
        job = await jobs.get(database, job_id)
        assert job is not None and (job.done, job.missing, job.removed) == (True, 3, 3)
        assert await collection_sizes.sizes(database) == {"table": 3, tmp_path.name: 1}
