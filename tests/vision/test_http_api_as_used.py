"""An embedding service of one's choice as a user has it: settings, loading, searching, failures, budget, doctor."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.azure import digest, serving
from support.azure.answers import Answer, json_answer
from support.azure.calls import Call
from support.embedding_service import PATHS, EmbeddingStandIn, refusal
from support.loading import load
from support.pictures import draw_many
from support.postgres import count_paintings

from art_mcp.errors import ArtMcpError
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings, variable
from art_mcp.space import Leg
from art_mcp.store import jobs
from art_mcp.vision.provider import Fault, VisionError
from art_mcp.vision.remote.preparation import harmless

pytestmark = pytest.mark.anyio

KEY = "c4nary" * 5 + "ab"


@pytest.fixture(params=PATHS)
def service(request: pytest.FixtureRequest) -> Iterator[tuple[EmbeddingStandIn, str]]:
    yield from served(EmbeddingStandIn(request.param, key=KEY, key_header="api-key"))


@pytest.fixture
def vllm() -> Iterator[tuple[EmbeddingStandIn, str]]:
    yield from served(EmbeddingStandIn("vllm"))


def served(standin: EmbeddingStandIn) -> Iterator[tuple[EmbeddingStandIn, str]]:
    with serving(standin) as origin:
        yield standin, origin + standin.path


def chosen(service: tuple[EmbeddingStandIn, str], settings: Settings, **more: Any) -> Settings:
    standin, url = service
    given = {
        "http_url": url,
        "http_dialect": standin.dialect,
        "http_model": standin.model,
        "http_dimensions": standin.native,
        "http_key": standin.key,
        "http_key_header": standin.key_header,
        "http_rate": 100,
    }
    made = Settings(**given | more)
    return settings.model_copy(update={name: getattr(made, name) for name in made.model_fields_set})


def environment(settings: Settings, database_url: str) -> dict[str, str]:
    names = ("http_url", "http_dialect", "http_model", "http_dimensions", "http_key_header")
    told = {variable(name): str(getattr(settings, name)) for name in names}
    key = {"ART_MCP_HTTP_KEY": settings.http_key.get_secret_value()} if settings.http_key else {}
    return {**os.environ, **told, **key, "ART_MCP_DATABASE_URL": database_url, "ART_MCP_LOG_LEVEL": "DEBUG"}


@pytest.mark.slow
async def test_a_collection_is_embedded_once_and_found(
    service: tuple[EmbeddingStandIn, str], settings: Settings, database_url: str, tmp_path: Path
) -> None:
    standin, _ = service
    folder = draw_many(tmp_path / "art", 12)
    mine = chosen(service, settings)
    async with Runtime(mine) as runtime:
        assert (await load(runtime, folder)).stored == 12
        assert (await load(runtime, folder)).unchanged == 12
        assert standin.calls.by_status() == {200: 12} and {call.kind for call in standin.calls} == {"image"}
        finder = await runtime.finder()
        found = await finder.by_image(str(folder / "07.png"), limit=1)
        assert found.hits[0][0].painting.source_key == "07.png" and found.hits[0][0].legs["pixels"] > 0.99
        for _ in range(2):
            found = await finder.by_text("a red pattern", limit=3)
            assert found.note is None and "pixels" in found.hits[0][0].legs
        assert len((await finder.like_painting(found.hits[0][0].painting.id, text="blue")).hits) == 10
        assert standin.calls.by_status() == {200: 12 + 1 + 2}  # the picture, and each text once
        spaces = {space.leg: space for space in await runtime.spaces()}
        assert spaces.keys() == {Leg.PIXELS, Leg.WORDS}
        assert spaces[Leg.PIXELS].name.startswith("pixels_http_org_model_v2_5_")
        async with (await runtime.database()).connection() as connection:
            assert await connection.fetchval("SELECT count(*) FROM art_mcp.paid") == 0
    for arguments in (["doctor"], ["search", "a red pattern", "--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "art_mcp", *arguments],
            env=environment(mine, database_url),
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        assert KEY not in done.stdout + done.stderr
        if arguments == ["doctor"]:
            said = " ".join(done.stdout.split())
            assert f"(org/Model-v2.5, 512 dimensions, dialect {standin.dialect}) is ready" in said
        else:
            assert json.loads(done.stdout)


async def test_searches_go_on_without_it_and_another_model_fills_nothing(
    vllm: tuple[EmbeddingStandIn, str], settings: Settings, tmp_path: Path
) -> None:
    standin, _ = vllm
    folder = draw_many(tmp_path / "art", 3)
    (folder / "table.tsv").write_text("IMAGE_FILE\tTITLE\n" + "".join(f"{n:02}.png\tStorm {n}\n" for n in range(3)))
    mine = chosen(vllm, settings)
    async with Runtime(mine) as runtime:
        await load(runtime, folder)
        standin.model = "another"
        found = await (await runtime.finder()).by_text("storm 1", limit=1)
        assert found.hits[0][0].painting.catalogue.title == "Storm 1"
        assert "not the pictures. The embedding service has nothing" in (found.note or "")
    others = (settings, mine.model_copy(update={"http_model": "another"}))
    for other in others:  # not set up at all, or with another model
        async with Runtime(other) as runtime:
            found = await (await runtime.finder()).by_text("storm 1", limit=1)
            assert found.hits[0][0].painting.catalogue.title == "Storm 1"
            assert "embedded by org/Model-v2.5 vllm.512.p1, which is not configured here" in (found.note or "")
            with pytest.raises(ArtMcpError, match="which is not configured here"):
                await runtime.ingest()


async def test_one_refused_picture_stops_nobody_not_even_as_the_last_one(
    vllm: tuple[EmbeddingStandIn, str], settings: Settings, tmp_path: Path
) -> None:
    standin, _ = vllm
    folder = draw_many(tmp_path / "art", 6)
    refused: set[str] = set()

    def dislike_the_first(call: Call, answer: Answer) -> Answer:
        if call.kind == "image" and not refused:
            refused.add(call.sha)
        return refusal("vllm", 400, "I dislike it.") if call.sha in refused else answer

    standin.change = dislike_the_first
    for stored in (5, 0):  # at the second time, it is all that is left
        async with Runtime(chosen(vllm, settings)) as runtime:
            job = await load(runtime, folder)
            assert (job.stored, job.refused) == (stored, 1)
            ((_, reason),) = await jobs.refusals(await runtime.database(), job.id)
            assert "refused this input: “I dislike it.”" in reason
    assert standin.calls.billed(digest(harmless())) == 2  # once each time


async def test_a_wrong_setting_stops_the_load_and_the_next_run_goes_on(
    vllm: tuple[EmbeddingStandIn, str], settings: Settings, tmp_path: Path
) -> None:
    standin, _ = vllm
    folder = draw_many(tmp_path / "art", 10)
    async with Runtime(chosen(vllm, settings, http_dimensions=256)) as runtime:
        ingest = await runtime.ingest()
        job_id = await ingest.create(folder)
        with pytest.raises(VisionError, match="with 512 numbers instead of 256") as raised:
            await ingest.run(job_id)
        assert raised.value.fault is Fault.SETUP and len(standin.calls) < 40
    async with Runtime(chosen(vllm, settings)) as runtime:
        ingest = await runtime.ingest()
        await ingest.run(job_id)
        assert await count_paintings(await runtime.database()) == 10


async def test_it_waits_as_long_as_it_is_told(
    vllm: tuple[EmbeddingStandIn, str], settings: Settings, tmp_path: Path
) -> None:
    standin, _ = vllm
    told = [json_answer(429, {"message": "slow down"}, retry_after=1, headers={"retry-after": "1"})]
    standin.change = lambda call, answer: told.pop() if told else answer
    async with Runtime(chosen(vllm, settings)) as runtime:
        assert (await load(runtime, draw_many(tmp_path / "art", 8))).stored == 8
    assert standin.calls.by_status() == {429: 1, 200: 8}
    assert standin.calls.sent_before_retry_after() == []


async def test_the_budget_holds(vllm: tuple[EmbeddingStandIn, str], settings: Settings, tmp_path: Path) -> None:
    standin, _ = vllm
    thrifty = chosen(vllm, settings, budget_day=8)
    folder = draw_many(tmp_path / "art", 5)
    async with Runtime(thrifty) as runtime:
        await load(runtime, folder)
    async with Runtime(thrifty) as runtime:  # a restart resets nothing
        finder = await runtime.finder()
        notes = [(await finder.by_text(f"question {number}", limit=1)).note for number in range(6)]
        assert notes[:3] == [None] * 3 and "budget of paid calls for this day is exhausted" in (notes[3] or "")
        assert "budget of paid calls" in (await (await runtime.provider()).health()).detail
    assert len(standin.calls) == 8


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"vision": "http"}, "Set ART_MCP_HTTP_URL and ART_MCP_HTTP_MODEL and ART_MCP_HTTP_DIMENSIONS."),
        ({"http_url": "http://127.0.0.1:1/v1/embeddings", "http_dimensions": 8}, "Set ART_MCP_HTTP_MODEL."),
        ({"http_url": "http://h/v1", "http_dimensions": 8, "http_model": "m"}, "ART_MCP_HTTP_URL does not begin with"),
    ],
)
async def test_what_is_missing_is_said(settings: Settings, given: dict[str, Any], missing: str) -> None:
    with pytest.raises(VisionError) as raised:
        async with Runtime(settings.model_copy(update=given)) as runtime:
            await runtime.provider()
    assert missing in str(raised.value)


async def test_vectors_can_be_as_long_as_the_database_takes(
    vllm: tuple[EmbeddingStandIn, str], settings: Settings, tmp_path: Path
) -> None:
    standin, _ = vllm
    standin.native = 4000
    standin.change = lambda call, answer: json_answer(
        200, {"data": [{"index": 0, "embedding": (json.loads(answer.body)["data"][0]["embedding"] * 4)[:4000]}]}
    )
    async with Runtime(chosen(vllm, settings)) as runtime:
        folder = draw_many(tmp_path / "art", 2)
        assert (await load(runtime, folder)).stored == 2
        found = await (await runtime.finder()).by_image(str(folder / "01.png"), limit=1)
        assert found.hits[0][0].painting.source_key == "01.png"
