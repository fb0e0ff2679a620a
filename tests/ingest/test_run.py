"""A run that is stopped, cancelled, or loses its database or its partner."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import anyio
import asyncpg
import pytest
from support.azure import KEY, AzureStandIn, serving
from support.azure.vectors import vectors_of
from support.pictures import draw
from support.postgres import count_paintings

from art_mcp.ingest import run as running
from art_mcp.ingest.run import Run
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store import jobs, leases
from art_mcp.store.database import Database
from art_mcp.store.errors import LostError, StoreError, explain
from art_mcp.store.host_os import WINDOWS
from art_mcp.store.jobs import Job

pytestmark = pytest.mark.anyio

COUNT = 100
"""More than all workers hold together."""


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    for number in range(COUNT):
        draw(tmp_path / "art" / f"{number:02}.png", seed=number)
    return tmp_path / "art"


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    async with Runtime(settings) as runtime:
        yield runtime


@pytest.fixture
def service() -> Iterator[tuple[AzureStandIn, str]]:
    vectors_of("2023-04-15", 0).of_text("")  # the first takes as long as many calls
    standin = AzureStandIn(rate=100, latency=0.3)  # more than is asked for, so that it turns no call away
    with serving(standin) as endpoint:
        yield standin, endpoint


@pytest.fixture
async def paying(service: tuple[AzureStandIn, str], settings: Settings) -> AsyncIterator[Runtime]:
    """With a service that takes its time."""
    given = Settings(vision="azure", azure_endpoint=service[1], azure_key=KEY, azure_rate=50)
    azure = {name: getattr(given, name) for name in given.model_fields_set}
    async with Runtime(settings.model_copy(update=azure)) as runtime:
        yield runtime


async def job_of(database: Database, job_id: object) -> Job:
    job = await jobs.get(database, job_id)
    assert job is not None
    assert job.stored + job.unchanged + job.refused + job.pending == job.total
    return job


@pytest.mark.slow
async def test_the_list_goes_on_when_the_process_that_wrote_it_has_died(runtime: Runtime, pictures: Path) -> None:
    database, ingest = await runtime.database(), await runtime.ingest()
    job_id = await jobs.create(database, str(pictures), None, "art", {})
    dead = await leases.begin(database)
    assert await jobs.start_listing(database, job_id, dead) is not None
    async with database.connection() as connection:
        await connection.execute("UPDATE art_mcp.leases SET until = now() + interval '1 s'")
    with anyio.fail_after(60):
        await ingest.run(job_id)
    job = await job_of(database, job_id)
    assert (job.stored, job.done) == (COUNT, True)


@pytest.mark.slow
async def test_a_load_goes_on_after_the_database_was_restarted(
    runtime: Runtime, pictures: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "TRY_AGAIN_S", 0.05)
    database, ingest = await runtime.database(), await runtime.ingest()
    job_id = await ingest.create(pictures)
    admin = await asyncpg.connect(database_url)
    async with anyio.create_task_group() as group:
        group.start_soon(ingest.run, job_id)
        for least in (1, COUNT // 2):
            while await admin.fetchval("SELECT count(*) FROM art_mcp.items WHERE state = 'stored'") < least:
                await anyio.sleep(0.01)
            assert await admin.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
    await admin.close()
    job = await job_of(database, job_id)
    assert (job.stored, job.done) == (COUNT, True)
    assert await count_paintings(database) == COUNT


@pytest.mark.slow
async def test_workers_that_have_lost_their_leases_take_new_ones(
    runtime: Runtime, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "TRY_AGAIN_S", 0.05)
    monkeypatch.setattr(leases, "LEASE_S", 0.3)
    database, ingest = await runtime.database(), await runtime.ingest()
    job_id = await ingest.create(pictures)
    async with anyio.create_task_group() as group, database.connection() as connection:
        group.start_soon(ingest.run, job_id)
        while not await connection.fetchval("SELECT count(*) FROM art_mcp.items WHERE state = 'stored'"):
            await anyio.sleep(0.01)
        await connection.execute("DELETE FROM art_mcp.leases")
    job = await job_of(database, job_id)
    assert (job.stored, job.done) == (COUNT, True)
    assert await count_paintings(database) == COUNT


async def test_a_database_that_stays_away_ends_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "TRY_AGAIN_S", 0)
    for patience, error, least, most in ((0.5, LostError, 2, 10**9), (60, StoreError, 1, 1)):
        monkeypatch.setattr(running, "AWAY_S", patience)
        tries: list[int] = []

        async def work(error: type[StoreError] = error, tries: list[int] = tries) -> None:
            tries.append(1)
            raise error("It is away.", "Wait.")

        with pytest.raises(error):
            await Run().through(work)
        assert least <= len(tries) <= most


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.AdminShutdownError("x"),
        asyncpg.CannotConnectNowError("x"),
        asyncpg.InternalClientError("cannot switch to state 12"),
        asyncpg.ConnectionDoesNotExistError("x"),
        ConnectionResetError(),
    ],
)
def test_what_a_restart_raises_is_a_loss(error: Exception) -> None:
    assert isinstance(explain(error), LostError)


@pytest.mark.slow
async def test_a_cancelled_run_ends_the_calls_that_it_has_begun(
    paying: Runtime, service: tuple[AzureStandIn, str], pictures: Path
) -> None:
    standin = service[0]
    database, ingest = await paying.database(), await paying.ingest()
    job_id = await ingest.create(pictures)
    async with anyio.create_task_group() as group:
        group.start_soon(ingest.run, job_id)
        while len(standin.calls) < 5:
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    assert 5 <= standin.calls.billed() == len(standin.calls)
    await ingest.run(job_id)
    assert (await job_of(database, job_id)).stored == COUNT
    assert standin.calls.billed() == COUNT


async def test_a_cancelled_job_is_soon_worked_on_no_more(
    paying: Runtime, service: tuple[AzureStandIn, str], pictures: Path
) -> None:
    standin = service[0]
    standin.rate = 2
    database, ingest = await paying.database(), await paying.ingest()
    job_id = await ingest.create(pictures)
    with anyio.fail_after(60):
        async with anyio.create_task_group() as group:
            group.start_soon(partial(ingest.run, job_id, drain_s=0.5))
            while not standin.calls:
                await anyio.sleep(0.01)
            await jobs.cancel(database, job_id)
    job = await job_of(database, job_id)
    assert job.state == "cancelled"
    assert standin.calls.billed() < COUNT / 2


@pytest.mark.slow
@pytest.mark.skipif(WINDOWS, reason="there are no such signals")
@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_lets_the_command_end_what_is_under_way(
    service: tuple[AzureStandIn, str], database_url: str, pictures: Path, signum: signal.Signals
) -> None:
    standin, endpoint = service
    environment = {
        **os.environ,
        "ART_MCP_DATABASE_URL": database_url,
        "ART_MCP_VISION": "azure",
        "ART_MCP_AZURE_ENDPOINT": endpoint,
        "ART_MCP_AZURE_KEY": KEY,
        "ART_MCP_AZURE_RATE": "50",
    }
    command = [sys.executable, "-m", "art_mcp", "ingest"]
    process = subprocess.Popen(
        [*command, str(pictures)], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 60
    while len(standin.calls) < 5:
        assert time.monotonic() < deadline and process.poll() is None
        await anyio.sleep(0.01)
    process.send_signal(signum)
    counts, said = await anyio.to_thread.run_sync(process.communicate)
    assert process.returncode == 130, said
    assert f"pending, of {COUNT}" in counts
    assert "Stopping after the items in progress." in said and "continues loading" in said
    assert standin.calls.billed() == len(standin.calls) < COUNT
    done = await anyio.run_process([*command, "--resume"], env=environment)
    assert f"{COUNT} stored, 0 unchanged, 0 refused, 0 pending" in done.stdout.decode()
    assert standin.calls.billed() == COUNT
