from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import anyio
import pytest
from support.model import BuiltIn
from support.pictures import draw, endless
from support.postgres import count_paintings

from art_mcp.images import decoding
from art_mcp.images.decoding import UndecidedError
from art_mcp.images.picture import Picture
from art_mcp.ingest.errors import IngestError
from art_mcp.ingest.job import BATCH, Ingest
from art_mcp.ingest.sources.source import Options, SourceError
from art_mcp.painting import painting_id
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.space import Leg, PictureEmbedding
from art_mcp.store import backfill, jobs, paintings, spaces
from art_mcp.store.database import Database
from art_mcp.store.jobs import Job
from art_mcp.vision import factory
from art_mcp.vision.provider import Vectors, VisionError

pytestmark = pytest.mark.anyio

HEADER = "IMAGE_FILE,TITLE,AUTHOR\n"


class Counting(BuiltIn):
    """The built-in model, counting what it is asked for, and failing when told to."""

    def __init__(self) -> None:
        super().__init__()
        self.pictures = 0
        self.sentences: list[str] = []
        self.fails_after: int | None = None

    async def embed_images(self, pictures: Sequence[Picture], *, urgent: bool = False) -> list[PictureEmbedding]:
        if self.fails_after is not None and self.pictures >= self.fails_after:
            raise VisionError("The model is broken.", "Mend it.")
        self.pictures += len(pictures)
        return await super().embed_images(pictures)

    async def embed_documents(self, texts: Sequence[str]) -> Mapping[Leg, Vectors]:
        self.sentences += texts
        return await super().embed_documents(texts)


class Bench:
    """A database to load into, with a provider that counts."""

    def __init__(self, runtime: Runtime, database: Database, ingest: Ingest, provider: Counting) -> None:
        self.runtime, self.database, self.ingest, self.provider = runtime, database, ingest, provider

    async def load(self, path: Path, collection: str | None = None) -> Job:
        job_id = await self.ingest.create(path, collection)
        await self.ingest.run(job_id)
        job = await jobs.get(self.database, job_id)
        assert job is not None
        assert job.stored + job.unchanged + job.refused + job.pending == job.total
        return job

    async def refusals(self, job: Job) -> dict[str, str]:
        return dict(await jobs.refusals(self.database, job.id))


@pytest.fixture
async def bench(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    provider = Counting()
    monkeypatch.setattr(factory, "choose", lambda *_: provider)
    async with Runtime(settings) as runtime:
        yield Bench(runtime, await runtime.database(), await runtime.ingest(), provider)


def collection(folder: Path, count: int) -> Path:
    """A table of `count` paintings with their pictures."""
    rows = [f"{n}.png,Title {n},PAINTER {n % 3}\n" for n in range(count)]
    for n in range(count):
        draw(folder / "images" / f"{n}.png", n)
    (folder / "table.csv").write_text(HEADER + "".join(rows))
    return folder / "table.csv"


async def test_every_row_is_stored_and_a_second_run_makes_nothing(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 40)
    first = await bench.load(table)
    assert (first.stored, first.total, first.done) == (40, 40, True)
    assert (bench.provider.pictures, len(bench.provider.sentences)) == (40, 40)
    second = await bench.load(table)
    assert (second.unchanged, second.stored) == (40, 0)
    assert (bench.provider.pictures, len(bench.provider.sentences)) == (40, 40)
    assert await count_paintings(bench.database) == 40


async def test_what_is_stored_is_whole(bench: Bench, tmp_path: Path) -> None:
    await bench.load(collection(tmp_path, 3), collection="my paintings")
    async with bench.database.connection() as connection:
        row = await connection.fetchrow("SELECT * FROM art_mcp.paintings WHERE source_key = '1.png'")
        kinds = await connection.fetch("SELECT kind, width FROM art_mcp.renditions WHERE painting_id = $1", row["id"])
        tables = await connection.fetch("SELECT name FROM art_mcp.spaces WHERE active")
        for table in tables:
            counted = await connection.fetchval(f"SELECT count(*) FROM art_mcp.vectors_{table['name']}")
            assert counted == 3
    assert (row["title"], row["artist"], row["collection"]) == ("Title 1", "PAINTER 1", "my paintings")
    assert (row["image_width"], row["image_height"], row["image_format"]) == (64, 48, "PNG")
    assert {kind["kind"]: kind["width"] for kind in kinds} == {"thumbnail": 64, "display": 64}
    assert len(tables) == 3


async def test_only_what_changed_is_made_again(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 10)
    await bench.load(table)
    table.write_text(table.read_text().replace("Title 3,", "Another title,"))
    draw(tmp_path / "images" / "5.png", 500)
    job = await bench.load(table)
    assert (job.stored, job.unchanged) == (2, 8)
    assert bench.provider.pictures == 11
    assert bench.provider.sentences[10:] == ["Another title by PAINTER 0", "Title 5 by PAINTER 2"] or sorted(
        bench.provider.sentences[10:]
    ) == ["Another title by PAINTER 0", "Title 5 by PAINTER 2"]
    async with bench.database.connection() as connection:
        titles = await connection.fetch("SELECT title FROM art_mcp.paintings WHERE source_key = '3.png'")
    assert [row["title"] for row in titles] == ["Another title"]


async def test_the_same_picture_under_two_ids_is_embedded_once(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 1)
    shutil.copy(tmp_path / "images" / "0.png", tmp_path / "images" / "copy.png")
    table.write_text(table.read_text() + "copy.png,Copy,X\n")
    assert (await bench.load(table)).stored == 2
    assert (await bench.load(table, collection="again")).stored == 2
    assert bench.provider.pictures == 1
    assert await count_paintings(bench.database) == 4


async def test_bad_rows_are_told_with_their_reason_and_stored_if_only_the_picture_is_bad(
    bench: Bench, tmp_path: Path
) -> None:
    table = collection(tmp_path, 3)
    whole = draw(tmp_path / "images" / "cut.jpg", 9, (640, 480)).read_bytes()
    (tmp_path / "images" / "cut.jpg").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "images" / "page.jpg").write_bytes(b"<html><body>Not found</body></html>")
    draw(tmp_path / "images" / "tiny.png", 1, (9, 9))
    (tmp_path / "images" / "empty.jpg").write_bytes(b"")
    with (tmp_path / "images" / "huge.jpg").open("wb") as huge:
        huge.truncate(25 << 20)
    draw(tmp_path.parent / f"{tmp_path.name}-outside.png", 1)
    bad = {
        "cut.jpg": "damaged or incomplete",
        "page.jpg": "page.jpg is a web page",
        "tiny.png": "9 x 9 pixels, too small",
        "empty.jpg": "is empty",
        "huge.jpg": "not a picture in a supported format",
        "gone.jpg": "The picture is missing. Folders searched: images, Images",
        f"../../{tmp_path.name}-outside.png": "outside the folders that may be read",
        "0.png": "same painting as table.csv line 2",
        "nul\0.png": "NUL character",
    }
    refused = ("0.png", "nul\0.png")
    table.write_text(table.read_text() + "".join(f"{name},Bad,X\n" for name in bad))
    job = await bench.load(table)
    assert (job.stored, job.unpictured) == (3 + len(bad) - len(refused), len(bad) - len(refused))
    assert (job.refused, job.pending) == (len(refused), 0)
    reasons = list((await bench.refusals(job)).values())
    for reason, (name, said) in zip(reasons, bad.items(), strict=True):
        assert said in reason and reason.startswith("Stored without its picture: ") == (name not in refused)
    assert str(tmp_path.parent) not in " ".join(reasons)


@pytest.mark.slow
async def test_pictures_are_decoded_in_a_process_that_can_be_ended(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 20)
    decoder = bench.runtime.loader().decoder
    decoder._within = 1.0
    (tmp_path / "images" / "7.png").write_bytes(endless())
    job = await bench.load(table)
    assert (job.stored, job.unpictured) == (20, 1)
    assert "takes more than 1 s to decode" in (await bench.refusals(job))["table.csv line 9 (7.png)"]


async def test_pictures_that_no_process_can_decode_are_not_refused(
    bench: Bench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = collection(tmp_path, 5)
    job_id = await bench.ingest.create(table)
    with monkeypatch.context() as broken:
        broken.setattr(decoding.sys, "executable", str(tmp_path / "gone"))
        with pytest.raises(UndecidedError, match="no decoder process can be started"):
            await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and (job.state, job.pending, job.refused) == ("running", 5, 0)
    await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and (job.stored, job.pending) == (5, 0)


async def test_pictures_behind_a_link_out_of_the_allowed_folders(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path / "allowed", 2)
    (tmp_path / "allowed" / "images").rename(tmp_path / "outside")
    (tmp_path / "allowed" / "images").symlink_to(tmp_path / "outside")
    job_id = await bench.ingest.create(table, within=[tmp_path / "allowed"])
    await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and (job.stored, job.unpictured) == (2, 2)
    assert "is outside the folders that may be read" in (await bench.refusals(job))["table.csv line 2 (0.png)"]
    assert (await bench.load(table)).stored == 2  # what the user's own command reads


async def test_a_catalogue_is_found_before_its_pictures_are_there_and_keeps_those_it_has(
    bench: Bench, tmp_path: Path
) -> None:
    table = collection(tmp_path, 2)
    (tmp_path / "images" / "1.png").rename(tmp_path / "later.png")
    job = await bench.load(table)
    assert (job.stored, job.unpictured, job.refused) == (2, 1, 0)
    assert (await bench.load(table)).unchanged == 2
    missing = await paintings.get(bench.database, painting_id("table", "1.png"))
    assert missing is not None
    assert (missing.image_name, missing.image_sha256) == ("", None)
    active = await spaces.active(bench.database)
    assert await backfill.count(bench.database, active) == 0  # nothing that `reembed` could do
    assert missing.id in (await paintings.stored(bench.database, [missing.id], active))

    (tmp_path / "later.png").rename(tmp_path / "images" / "1.png")
    job = await bench.load(table)
    assert (job.stored, job.unchanged, job.unpictured) == (1, 1, 0)
    pictured = await paintings.get(bench.database, missing.id)
    assert pictured is not None and pictured.image_name == "1.png" and pictured.image_sha256 is not None
    assert await backfill.count(bench.database, active) == 0

    (tmp_path / "images" / "1.png").write_bytes(b"")  # damaged since: the painting keeps what is stored
    job = await bench.load(table)
    assert (job.unchanged, job.unpictured) == (2, 1)
    assert await paintings.get(bench.database, missing.id) == pictured


async def test_vectors_that_are_missing_are_made_again(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 3)
    await bench.load(table)
    async with bench.database.connection() as connection:
        await connection.execute("DELETE FROM art_mcp.vectors_words_local_minilm_1")
    assert (await bench.load(table)).stored == 3
    async with bench.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM art_mcp.vectors_words_local_minilm_1") == 3


async def test_a_changed_picture_loses_its_vectors_in_every_space(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 1)
    await bench.load(table)
    draw(tmp_path / "images" / "0.png", 99)
    words_only = [space for space in await bench.runtime.spaces() if space.leg is Leg.WORDS]
    other = Ingest(bench.database, bench.provider, words_only, bench.runtime.loader().decoder, display_size=1024)
    await other.run(await other.create(table))
    async with bench.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM art_mcp.vectors_pixels_local_bridge_2") == 0
    assert (await bench.load(table)).stored == 1
    async with bench.database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM art_mcp.vectors_pixels_local_bridge_2") == 1


@pytest.mark.slow
async def test_two_processes_on_one_job_and_two_jobs_on_one_source(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 60)
    first = await bench.ingest.create(table)
    assert await bench.ingest.create(table) == first  # a client that gave up asks again
    second = await bench.ingest.create(table, options=Options(limit=60))
    async with anyio.create_task_group() as group:
        for job_id in (first, first, second):
            group.start_soon(bench.ingest.run, job_id)
    for job_id in (first, second):
        job = await jobs.get(bench.database, job_id)
        assert job is not None and job.done and job.stored + job.unchanged == 60
    assert await count_paintings(bench.database) == 60


async def test_pictures_are_found_whatever_their_case(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 2)
    table.write_text(table.read_text().replace("0.png", "0.PNG"))
    assert (await bench.load(table)).stored == 2


async def test_two_folders_of_one_name_do_not_overwrite_each_other(bench: Bench, tmp_path: Path) -> None:
    for parent in ("a", "b"):
        draw(tmp_path / parent / "scans" / "1.png", ord(parent))
    await bench.load(tmp_path / "a" / "scans")
    with pytest.raises(IngestError, match=r"scans was loaded from another source .* a new one to keep them apart"):
        await bench.load(tmp_path / "b" / "scans")
    assert (await bench.load(tmp_path / "b" / "scans", "more scans")).stored == 1
    assert (await bench.load(tmp_path / "a" / "scans")).unchanged == 1


async def test_a_fault_of_the_provider_ends_the_run_and_loses_nothing(bench: Bench, tmp_path: Path) -> None:
    table = collection(tmp_path, 64)
    bench.provider.fails_after = 20
    job_id = await bench.ingest.create(table)
    with pytest.raises(VisionError, match="Mend it"):
        await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and not job.done
    assert job.stored + job.pending == 64 and job.pending > 0
    bench.provider.fails_after = None
    await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and (job.stored, job.pending, job.done) == (64, 0, True)
    # The other worker may have been cancelled between its embeddings and their storing; no more is made twice.
    assert 64 <= bench.provider.pictures <= 64 + BATCH


async def test_a_cancelled_run_gives_its_items_back(bench: Bench, tmp_path: Path) -> None:
    job_id = await bench.ingest.create(collection(tmp_path, 60))
    async with anyio.create_task_group() as group:
        group.start_soon(bench.ingest.run, job_id)
        with anyio.fail_after(60):
            while (await jobs.get(bench.database, job_id)).pending == 60:
                await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and (job.stored, job.done) == (60, True)


@pytest.mark.slow
async def test_a_killed_process_loses_nothing_that_it_had_stored(
    bench: Bench, tmp_path: Path, database_url: str
) -> None:
    table = collection(tmp_path, 80)
    environment = {**os.environ, "ART_MCP_DATABASE_URL": database_url}
    process = subprocess.Popen(
        [sys.executable, "-m", "art_mcp", "ingest", str(table)],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not (before := await count_paintings(bench.database)):
        assert time.monotonic() < deadline and process.poll() is None
        await anyio.sleep(0.01)
    process.kill()
    process.wait()
    (job,) = await jobs.unfinished(bench.database)
    assert before <= job.stored == await count_paintings(bench.database) < 80
    async with bench.database.connection() as connection:  # what the dead process held comes back in time
        await connection.execute("UPDATE art_mcp.leases SET until = now()")
    done = subprocess.run(
        [sys.executable, "-m", "art_mcp", "ingest", "--resume"], env=environment, capture_output=True, text=True
    )
    assert "80 stored, 0 unchanged, 0 refused, 0 pending, of 80" in done.stdout, done.stderr
    assert await count_paintings(bench.database) == 80


async def test_a_source_that_is_gone_refuses_the_run_and_not_the_rows(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "disk"
    job_id = await bench.ingest.create(collection(folder, 5))
    folder.rename(tmp_path / "elsewhere")
    with pytest.raises(IngestError, match=r"can no longer be read.*Restore it"):
        await bench.ingest.run(job_id)
    (tmp_path / "elsewhere").rename(folder)
    await bench.ingest.run(job_id)
    job = await jobs.get(bench.database, job_id)
    assert job is not None and job.stored == 5


async def test_a_renamed_folder_updates_its_collection_without_a_new_vector(bench: Bench, tmp_path: Path) -> None:
    folder = tmp_path / "art"
    await bench.load(collection(folder, 8), "Mine")
    bench.provider.pictures, bench.provider.sentences = 0, []
    job = await bench.load(folder.rename(tmp_path / "renamed") / "table.csv", "Mine")
    assert (job.stored, await count_paintings(bench.database)) == (8, 8)
    assert (bench.provider.pictures, bench.provider.sentences) == (0, [])
    assert (await bench.load(tmp_path / "renamed" / "table.csv", "Mine")).unchanged == 8


async def test_a_collection_is_filtered_by_the_name_that_it_was_given(bench: Bench, tmp_path: Path) -> None:
    draw(tmp_path / "a.png", seed=1)
    job = await bench.load(tmp_path, "Muse\u0301e  d'Orsay")  # two characters for one letter, two spaces
    assert job.collection == "Musée d'Orsay"


async def test_what_cannot_be_started(bench: Bench, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="contains no pictures or rows"):
        await bench.ingest.create(tmp_path)
    for name in (" ", "x" * 101, "a\nb"):
        with pytest.raises(IngestError, match="name cannot be used"):
            await bench.ingest.create(collection(tmp_path, 1), name)
    with pytest.raises(IngestError, match="There is no ingest job"):
        await bench.ingest.run(uuid.uuid4())
