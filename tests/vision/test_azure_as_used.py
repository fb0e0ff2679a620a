"""Azure AI Vision as a user has it: settings, loading, searching, failures, budget, against the stand-in."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.azure import FOREVER, KINDS, AzureStandIn, serving
from support.loading import load
from support.pictures import draw_many
from support.postgres import count_paintings

from art_mcp.errors import ArtMcpError
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.space import PictureEmbedding
from art_mcp.store import jobs, paid
from art_mcp.store.host_os import WINDOWS
from art_mcp.vision.provider import Fault, VisionError

pytestmark = pytest.mark.anyio

KEY = "c4nary" * 5 + "ab"


@pytest.fixture
def service() -> Iterator[tuple[AzureStandIn, str]]:
    standin = AzureStandIn(keys=(KEY,), rate=200)
    with serving(standin) as endpoint:
        yield standin, endpoint


@pytest.fixture
def azure(service: tuple[AzureStandIn, str], settings: Settings) -> Settings:
    return settings.model_copy(update=options(service[1]))


def options(endpoint: str, **more: Any) -> dict[str, Any]:
    made = Settings(azure_endpoint=endpoint, azure_key=KEY, azure_rate=200, **more)
    return {name: getattr(made, name) for name in made.model_fields_set}


async def test_a_collection_is_paid_for_once_and_found(
    service: tuple[AzureStandIn, str], azure: Settings, tmp_path: Path
) -> None:
    standin, _ = service
    folder = draw_many(tmp_path / "art", 20)
    async with Runtime(azure) as runtime:
        assert (await load(runtime, folder)).stored == 20
        assert standin.calls.billed() == 20 and {call.kind for call in standin.calls} == {"image"}
        assert (await load(runtime, folder)).unchanged == 20
        (folder / "again.png").write_bytes((folder / "00.png").read_bytes())
        assert (await load(runtime, folder)).stored == 1
        assert standin.calls.billed() == 20  # a picture that is there under another name is not paid for again
        finder = await runtime.finder()
        found = await finder.by_image(str(folder / "07.png"), limit=1)
        assert found.hits[0][0].painting.source_key == "07.png"
        assert found.hits[0][0].legs["pixels"] > 0.99
        for _ in range(3):
            assert (await finder.by_text("a red pattern", limit=3)).note is None
        by_id = await finder.like_painting(found.hits[0][0].painting.id, text="blue", negative="red", limit=3)
        assert len(by_id.hits) == 3
        assert standin.calls.billed() == 20 + 1 + 3  # the picture, and each text once
        async with (await runtime.database()).connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM art_mcp.paid") == 0
            names = await connection.fetch("SELECT name FROM art_mcp.spaces WHERE active ORDER BY 1")
        assert [row["name"] for row in names] == ["pixels_azure_vision_2023_04_15_p1", "words_local_minilm_1"]


async def test_searches_go_on_without_azure(
    service: tuple[AzureStandIn, str], azure: Settings, settings: Settings, tmp_path: Path
) -> None:
    standin, _ = service
    folder = draw_many(tmp_path / "art", 5)
    (tmp_path / "art" / "table.tsv").write_text(
        "IMAGE_FILE\tTITLE\n" + "".join(f"{number:02}.png\tStorm {number}\n" for number in range(5))
    )
    async with Runtime(azure) as runtime:
        await load(runtime, folder)
        standin.keys = ("another",)
        found = await (await runtime.finder()).by_text("storm 3", limit=1)
        assert found.hits[0][0].painting.catalogue.title == "Storm 3"
        assert found.note is not None and "not the pictures. " in found.note and "key" in found.note
        assert KEY not in found.note
    async with Runtime(settings) as runtime:  # Azure is not set up at all
        finder = await runtime.finder()
        found = await finder.by_text("storm 3", limit=1)
        assert found.hits[0][0].painting.catalogue.title == "Storm 3"
        assert "embedded by Azure AI Vision 2023-04-15.p1, which is not configured here" in (found.note or "")
        assert len((await finder.like_painting(found.hits[0][0].painting.id)).hits) == 4
        with pytest.raises(ArtMcpError, match="This database cannot be searched by a picture"):
            await finder.by_image(str(folder / "00.png"))
        with pytest.raises(ArtMcpError, match="which is not configured here"):
            await runtime.ingest()


async def test_a_database_keeps_the_model_that_filled_it(azure: Settings, settings: Settings, tmp_path: Path) -> None:
    folder = draw_many(tmp_path / "art", 3)
    async with Runtime(settings) as runtime:
        await load(runtime, folder)
    async with Runtime(azure) as runtime:  # a key that was added later breaks nothing
        found = await (await runtime.finder()).by_image(str(folder / "01.png"), limit=1)
        assert found.hits[0][0].painting.source_key == "01.png" and "look" in found.hits[0][0].legs


async def test_one_refused_picture_stops_nobody(
    service: tuple[AzureStandIn, str], azure: Settings, tmp_path: Path
) -> None:
    standin, _ = service
    folder = draw_many(tmp_path / "art", 12)
    async with Runtime(azure) as runtime:
        await runtime.ingest()
        standin.fault("500", count=FOREVER, where=lambda call: call.sha == bad_sha(standin))
        job = await load(runtime, folder)
        assert (job.stored, job.refused) == (11, 1)
        ((label, reason),) = await jobs.refusals(await runtime.database(), job.id)
        assert label.endswith(".png") and "failed 5 times on this input" in reason


@pytest.mark.parametrize("count", [1, 3])
async def test_a_collection_of_refused_pictures_comes_to_an_end(
    service: tuple[AzureStandIn, str], azure: Settings, tmp_path: Path, count: int
) -> None:
    """One is alone; of three, the others are answered while they fail."""
    standin, _ = service
    folder = draw_many(tmp_path / "art", count if count == 1 else 12)
    async with Runtime(azure) as runtime:
        await runtime.ingest()
        standin.fault("500", count=FOREVER, where=lambda call: call.sha in first_shas(standin, count))
        job = await load(runtime, folder)
        assert (job.stored, job.refused, job.pending) == (0 if count == 1 else 9, count, 0)
        assert standin.calls.by_status()[400] <= count  # asking whether the service is well, for nothing


def first_shas(standin: AzureStandIn, count: int) -> list[str]:
    return list(dict.fromkeys(call.sha for call in standin.calls if call.kind == "image"))[:count]


async def test_a_search_falls_back_to_words_while_azure_hangs(
    service: tuple[AzureStandIn, str], azure: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("art_mcp.vision.pacing.URGENT_WITHIN_S", 2.0)
    standin, _ = service
    folder = draw_many(tmp_path / "art", 3)
    (folder / "table.tsv").write_text("IMAGE_FILE\tTITLE\n00.png\tStorm\n")
    async with Runtime(azure) as runtime:
        await load(runtime, folder)
        standin.fault("hang", count=FOREVER)
        found = await (await runtime.finder()).by_text("storm", limit=1)
        assert found.hits[0][0].painting.catalogue.title == "Storm"
        assert found.note is not None and "not the pictures. No call to the service succeeded within 2 s" in found.note


def bad_sha(standin: AzureStandIn) -> str:
    """The first picture that came."""
    return next(call.sha for call in standin.calls if call.kind == "image")


async def test_a_wrong_key_stops_the_load_and_the_next_run_goes_on(
    service: tuple[AzureStandIn, str], azure: Settings, tmp_path: Path
) -> None:
    standin, _ = service
    folder = draw_many(tmp_path / "art", 20)
    async with Runtime(azure) as runtime:
        ingest = await runtime.ingest()
        job_id = await ingest.create(folder)
        standin.keys = ("another",)
        with pytest.raises(VisionError) as caught:
            await ingest.run(job_id)
        assert caught.value.fault is Fault.SETUP and KEY not in str(caught.value)
        assert len(standin.calls) < 80  # not every picture asks again
        standin.keys = (KEY,)
        await ingest.run(job_id)
        job = await jobs.get(await runtime.database(), job_id)
        assert job is not None and (job.stored, job.refused, job.pending) == (20, 0, 0)
        assert standin.calls.billed() == 20


async def test_what_was_paid_for_is_kept_when_the_load_stops(
    service: tuple[AzureStandIn, str], azure: Settings, tmp_path: Path
) -> None:
    standin, _ = service
    folder = draw_many(tmp_path / "art", 16)
    async with Runtime(azure) as runtime:
        ingest = await runtime.ingest()
        job_id = await ingest.create(folder)
        standin.fault("403 firewall", where=lambda call: len(standin.calls) > 8)
        with pytest.raises(VisionError):
            await ingest.run(job_id)
        before = standin.calls.billed()
        assert before >= 8 and await count_paintings(await runtime.database()) == 0
        await ingest.run(job_id)
        assert standin.calls.billed() == 16 and await count_paintings(await runtime.database()) == 16


@pytest.mark.slow
@pytest.mark.skipif(WINDOWS, reason="SIGKILL")
async def test_a_killed_load_pays_at_most_what_was_in_flight_again(
    service: tuple[AzureStandIn, str], database_url: str, azure: Settings, tmp_path: Path
) -> None:
    standin, endpoint = service
    standin.latency = 0.05
    folder = draw_many(tmp_path / "art", 60)
    environment = {
        **os.environ,
        "ART_MCP_DATABASE_URL": database_url,
        "VISION_ENDPOINT": endpoint,
        "VISION_KEY": KEY,
        "ART_MCP_AZURE_RATE": "100",
    }
    command = [sys.executable, "-m", "art_mcp", "ingest"]
    process = subprocess.Popen([*command, str(folder)], env=environment, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while standin.calls.billed() < 20:
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    async with Runtime(azure) as runtime, (await runtime.database()).connection() as connection:
        await connection.execute("UPDATE art_mcp.leases SET until = now()")  # as the time does
    done = subprocess.run([*command, "--resume", "--json"], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (job,) = json.loads(done.stdout)
    assert (job["stored"], job["refused"], job["pending"]) == (60, 0, 0)
    assert 60 <= standin.calls.billed() <= 60 + 20 + 2


@pytest.mark.slow
async def test_the_budget_holds_however_much_is_asked(
    service: tuple[AzureStandIn, str], settings: Settings, tmp_path: Path
) -> None:
    standin, endpoint = service
    thrifty = settings.model_copy(update=options(endpoint, budget_day=12, budget_money=1.0, price_per_1000=50.0))
    assert thrifty.budget.a_month == 20
    folder = draw_many(tmp_path / "art", 8)
    async with Runtime(thrifty) as runtime:
        await load(runtime, folder)
    async with Runtime(thrifty) as runtime:  # a restart resets nothing
        finder = await runtime.finder()
        notes = [(await finder.by_text(f"question {number}", limit=1)).note for number in range(200)]
        assert notes[:4] == [None] * 4 and None not in notes[4:]
        assert "The budget of paid calls for this day is exhausted. The next day begins at 2" in (notes[-1] or "")
        with pytest.raises(VisionError, match="ART_MCP_BUDGET_DAY"):
            await finder.by_image(str(folder / "00.png"), limit=1)
        draw_many(tmp_path / "art", 9)
        with pytest.raises(VisionError, match="budget of paid calls"):
            await load(runtime, folder)
    assert len(standin.calls) == 12


@pytest.mark.slow
async def test_a_budget_that_will_not_do_is_told_before_anything_is_paid(
    service: tuple[AzureStandIn, str], database_url: str, tmp_path: Path
) -> None:
    standin, endpoint = service
    environment = {
        **os.environ,
        "ART_MCP_DATABASE_URL": database_url,
        "ART_MCP_AZURE_ENDPOINT": endpoint,
        "ART_MCP_AZURE_KEY": KEY,
        "ART_MCP_AZURE_RATE": "100",
        "ART_MCP_BUDGET_DAY": "3",
    }
    command = [sys.executable, "-m", "art_mcp", "ingest", str(draw_many(tmp_path / "art", 5))]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    told = done.stderr.index("The budget for this day allows only 3 more (ART_MCP_BUDGET_DAY)")
    assert told < done.stderr.index("The budget of paid calls for this day is exhausted.")
    assert done.returncode == 1
    assert standin.calls.billed() == 3


@pytest.mark.slow
async def test_no_key_comes_out_anywhere(
    service: tuple[AzureStandIn, str], azure: Settings, database_url: str, tmp_path: Path, caplog: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    standin, endpoint = service
    folder = draw_many(tmp_path / "art", 3)
    said = []
    async with Runtime(azure) as runtime:
        await load(runtime, folder)
        finder = await runtime.finder()
        for kind in KINDS.keys() - {"hang", "drip"}:  # which wait for the deadline
            standin.fault(kind, count=2)
            said.append(str((await finder.by_text(f"question {kind}", limit=1)).note))
        async with (await runtime.database()).connection() as connection:
            for table in ("accounts", "spaces", "jobs", "items", "paid", "paintings"):
                said += [str(row) for row in await connection.fetch(f"SELECT * FROM art_mcp.{table}")]
    environment = {
        **os.environ,
        "ART_MCP_DATABASE_URL": database_url,
        "ART_MCP_AZURE_ENDPOINT": endpoint,
        "ART_MCP_AZURE_KEY": KEY,
        "ART_MCP_LOG_LEVEL": "DEBUG",
    }
    for arguments in (["doctor"], ["doctor", "--json"], ["search", "storm"]):
        done = subprocess.run(
            [sys.executable, "-m", "art_mcp", *arguments], env=environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        said += [done.stdout, done.stderr]
    assert KEY not in repr(azure) + "\n".join(said) + caplog.text


async def test_paid_vectors_are_found_by_their_space(azure: Settings) -> None:
    async with Runtime(azure) as runtime:
        database, spaces = await runtime.database(), await runtime.spaces()
        space = next(space for space in spaces if space.provider == "azure")
        vector = [1.0] + [0.0] * 1023
        await paid.keep(database, PictureEmbedding(b"a", None, {space: vector}))
        await paid.keep(database, PictureEmbedding(b"a", None, {space: vector}))
        assert list(await paid.find(database, space, [b"a", b"b"])) == [b"a"]
        async with database.connection() as connection:
            await paid.drop(connection, [space], [b"a"])
        assert await paid.find(database, space, [b"a"]) == {}


async def test_what_is_missing_is_said(settings: Settings) -> None:
    with pytest.raises(VisionError, match="Set ART_MCP_AZURE_ENDPOINT"):
        async with Runtime(settings.model_copy(update={"vision": "azure"})) as runtime:
            await runtime.provider()
    with pytest.raises(ValueError, match="ART_MCP_BUDGET_MONEY needs ART_MCP_PRICE_PER_1000"):
        Settings(budget_money=1.0)
