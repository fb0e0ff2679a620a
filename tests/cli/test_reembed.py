"""A database that moves from the built-in model to Azure and back, as its users see it, against the stand-in."""

from __future__ import annotations

import math
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from support.azure import FOREVER, AzureStandIn, serving
from support.azure.vectors import vectors_of
from support.loading import load_into
from support.pictures import draw
from support.postgres import count_paintings

from art_mcp.errors import ArtMcpError
from art_mcp.runtime import SPACES_REFRESH_S, Runtime
from art_mcp.search.cursor import CursorError
from art_mcp.search.finder import Answer
from art_mcp.settings import Settings
from art_mcp.store import spaces
from art_mcp.store.host_os import WINDOWS
from art_mcp.vision.retiring import RetiredError

pytestmark = pytest.mark.anyio

KEY = "c4nary" * 5 + "ab"
LOCAL = ["look_local_mobilenetv2_1", "pixels_local_bridge_2", "words_local_minilm_1"]
AZURE = ["pixels_azure_vision_2023_04_15_p1", "words_local_minilm_1"]


class Museum:
    """A folder of pictures, a database, and a service that can be set up."""

    def __init__(self, standin: AzureStandIn, endpoint: str, database_url: str, folder: Path) -> None:
        self.standin, self.folder = standin, folder
        self.local = {"ART_MCP_DATABASE_URL": database_url, "ART_MCP_IMAGE_DIRS": str(folder)}
        self.azure = {
            **self.local,
            "ART_MCP_AZURE_ENDPOINT": endpoint,
            "ART_MCP_AZURE_KEY": KEY,
            "ART_MCP_AZURE_RATE": "100",
            "ART_MCP_PRICE_PER_1000": "1.50",
        }

    def paint(self, count: int) -> None:
        for number in range(count):
            draw(self.folder / f"{number:02}.png", seed=number, size=(160, 120))

    def settings(self, environment: dict[str, str]) -> Settings:
        names = {name.removeprefix("ART_MCP_").lower(): value for name, value in environment.items()}
        return Settings(**names)

    def command(self, environment: dict[str, str], *arguments: str) -> tuple[list[str], dict[str, Any]]:
        options = {"env": {**os.environ, **environment}, "stdin": subprocess.DEVNULL, "text": True}
        return [sys.executable, "-m", "art_mcp", *arguments], options

    def run(self, environment: dict[str, str], *arguments: str, fails: bool = False) -> str:
        """What a command says."""
        command, options = self.command(environment, *arguments)
        done = subprocess.run(command, capture_output=True, timeout=120, **options)
        assert (done.returncode != 0) == fails, done.stdout + done.stderr
        assert "Traceback" not in done.stderr and KEY not in done.stdout + done.stderr
        return done.stdout + done.stderr if fails else done.stdout

    @contextmanager
    def running(self, environment: dict[str, str], *arguments: str) -> Iterator[subprocess.Popen[str]]:
        command, options = self.command(environment, *arguments)
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def first_picture(self) -> str:
        """By which the service knows the first picture that came."""
        return next(call.sha for call in self.standin.calls if call.kind == "image")

    def asked(self, kind: str) -> int:
        """How many calls of a kind the service was paid for."""
        return sum(call.billed and call.kind == kind for call in self.standin.calls)


@pytest.fixture
def museum(database_url: str, tmp_path: Path) -> Iterator[Museum]:
    standin = AzureStandIn(keys=(KEY,), rate=200)
    for version in standin.model_versions:  # takes longer than a client waits, on a very busy machine
        vectors_of(version, standin.seed).of_text("a picture")
    with serving(standin) as endpoint:
        yield Museum(standin, endpoint, database_url, tmp_path / "art")


async def until(process: subprocess.Popen[str], reached: Any) -> None:
    with anyio.fail_after(60):
        while not reached():
            assert process.poll() is None, process.communicate()
            await anyio.sleep(0.01)


@asynccontextmanager
async def before_the_switch(runtime: Runtime) -> AsyncIterator[None]:
    """A move does not end meanwhile: as while a load stores something."""
    async with (await runtime.database()).transaction() as connection:
        await spaces.require_active(connection, [])
        yield


async def by_text(runtime: Runtime, **options: Any) -> Answer:
    return await runtime.ask(lambda finder: finder.by_text("a red pattern", limit=3, **options))


async def by_picture(runtime: Runtime, path: Path) -> Answer:
    return await runtime.ask(lambda finder: finder.by_image(str(path), limit=3))


async def active(runtime: Runtime) -> list[str]:
    return [space.name for space in await runtime.spaces()]


@pytest.mark.slow
async def test_there_and_back_while_a_server_is_asked(museum: Museum) -> None:
    museum.paint(24)
    await load_into(museum.settings(museum.local), museum.folder)
    async with Runtime(museum.settings(museum.local)) as older, (await older.database()).connection() as connection:
        await connection.execute("UPDATE art_mcp.vectors_words_local_minilm_1 SET hub = NULL")
    said = museum.run(museum.local, "reembed", "--yes")
    assert "24 vectors from an older version lack their hubness" in said and "to be embedded" not in said
    assert "Nothing to do: all pictures are embedded by the built-in model 2" in museum.run(
        museum.local, "reembed", "--yes"
    )
    async with Runtime(museum.settings(museum.azure)) as server:
        before = await by_text(server)
        assert len(before.hits) == 3 and before.note is None
        assert (await by_picture(server, museum.folder / "07.png")).hits[0][0].legs["look"] > 0.99
        assert len(museum.standin.calls) == 0
        assert server._refresh_at <= anyio.current_time() + SPACES_REFRESH_S
        server._refresh_at = math.inf  # it is this test that says when
        with museum.running(museum.azure, "reembed", "--yes") as process:
            await until(process, lambda: museum.asked("image") >= 1)
            async with before_the_switch(server):
                await until(process, lambda: museum.asked("image") == 24)
                assert (await by_text(server)).hits == before.hits
                assert (await by_picture(server, museum.folder / "07.png")).hits[0][0].painting.source_key == "07.png"
                assert process.poll() is None and museum.asked("text") == 0
            said, _ = process.communicate(timeout=120)
            assert process.returncode == 0
        assert (
            "24 paintings will be embedded by Azure AI Vision 2023-04-15.p1, instead of the built-in model 2." in said
        )
        assert "The pictures are now searched by Azure AI Vision 2023-04-15.p1" in said
        assert "Still stored: vectors of the built-in look model, the built-in model 2" in said
        assert await active(server) == LOCAL and museum.asked("text") == 0  # it has not looked yet
        server._refresh_at = 0
        with pytest.raises(CursorError, match="the model has changed since"):
            await by_text(server, cursor=before.next_cursor)
        after = await by_text(server)
        assert after.note is None and museum.asked("text") == 1
        assert await active(server) == AZURE
        assert (await by_text(server, cursor=after.next_cursor)).offset == 3
        found = await by_picture(server, museum.folder / "07.png")
        assert found.hits[0][0].painting.source_key == "07.png" and found.hits[0][0].legs["pixels"] > 0.95
        assert museum.asked("image") == 25
        alike = await server.ask(lambda finder: finder.like_painting(found.hits[0][0].painting.id, limit=3))
        assert len(alike.hits) == 3

        draw(museum.folder / "24.png", seed=24)
        assert "1 stored, 24 unchanged" in museum.run(museum.azure, "ingest", str(museum.folder))
        said = museum.run(museum.local, "reembed", "--yes")
        assert "1 paintings will be embedded by the built-in model 2, instead of Azure AI Vision 2023-04-15.p1." in said
        azure = await server.provider()
        server._refresh_at = 0
        assert await active(server) == LOCAL
        assert (await by_picture(server, museum.folder / "24.png")).hits[0][0].painting.source_key == "24.png"
        with pytest.raises(RetiredError):
            await azure.embed_queries(["another question"])
        assert museum.asked("image") == 26 and museum.asked("text") == 1


@pytest.mark.slow
async def test_another_version_of_the_model(museum: Museum) -> None:
    museum.paint(4)
    earlier = {**museum.azure, "ART_MCP_AZURE_MODEL_VERSION": "2022-04-11"}
    await load_into(museum.settings(earlier), museum.folder)
    async with Runtime(museum.settings(museum.azure)) as server:
        assert (await by_text(server)).note is None  # the service still has the one that filled the database
        assert (
            "4 paintings will be embedded by Azure AI Vision 2023-04-15.p1, instead of Azure AI Vision 2022-04-11.p1"
            in (museum.run(museum.azure, "reembed", "--yes"))
        )
        server._refresh_at = 0
        assert (await by_text(server)).note is None and await active(server) == AZURE
    assert museum.asked("image") == 8 and museum.asked("text") == 2


@pytest.mark.slow
async def test_a_running_server_follows_at_once_when_the_old_vectors_are_gone(museum: Museum) -> None:
    museum.paint(6)
    await load_into(museum.settings(museum.local), museum.folder)
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=museum.azure)
    async with Client(stdio_client(server)) as client:

        async def search(**arguments: Any) -> Any:
            return await client.call_tool(
                "search_paintings_by_text", {"query": "a red pattern", "limit": 2, **arguments}
            )

        before = (await search()).structured_content
        described = await client.call_tool("describe_collection", {})
        assert all("built-in" in space for space in described.structured_content["spaces"])
        museum.run(museum.azure, "reembed", "--yes")
        assert "Removed." in museum.run(museum.azure, "reembed", "--drop-old", "--yes")
        assert museum.asked("text") == 0
        late = await search(cursor=before["next_cursor"])
        assert late.is_error and "does not belong to this query, or" in late.content[0].text
        after = (await search()).structured_content
        assert len(after["results"]) == 2 and "not the pictures" not in after["note"] and museum.asked("text") == 1
        picture = {"image": str(museum.folder / "03.png"), "limit": 1}
        found = (await client.call_tool("search_paintings_by_image", picture)).structured_content
        assert found["results"][0]["title"] == "03"
        described = await client.call_tool("describe_collection", {})
        assert any("Azure" in space for space in described.structured_content["spaces"])
        shown = await client.call_tool("get_painting", {"id": found["results"][0]["id"], "similar": 2, "size": 0})
        assert len(shown.structured_content["similar"]) == 2


@pytest.mark.slow
@pytest.mark.skipif(WINDOWS, reason="SIGKILL")
async def test_a_killed_move_pays_at_most_what_was_in_flight_again(museum: Museum) -> None:
    museum.paint(60)
    await load_into(museum.settings(museum.local), museum.folder)
    museum.standin.latency = 0.05
    async with Runtime(museum.settings(museum.local)) as runtime:
        with museum.running(museum.azure, "reembed", "--yes") as process:
            await until(process, lambda: museum.asked("image") >= 1)
            async with before_the_switch(runtime):
                await until(process, lambda: museum.asked("image") >= 20)
                process.send_signal(signal.SIGKILL)
                process.wait()
    said = museum.run(museum.azure, "reembed", "--yes", fails=True)
    assert "Another process is filling these vectors" in said and "if it was killed, try again in 30 seconds" in said
    async with Runtime(museum.settings(museum.azure)) as runtime:
        assert await active(runtime) == LOCAL
        async with (await runtime.database()).connection() as connection:
            await connection.execute("UPDATE art_mcp.leases SET until = now()")  # as the time does
    museum.run(museum.azure, "reembed", "--yes")
    assert 60 <= museum.asked("image") <= 60 + 20 + 2
    async with Runtime(museum.settings(museum.azure)) as runtime:
        assert await active(runtime) == AZURE
        async with (await runtime.database()).connection() as connection:
            assert await connection.fetchval(f"SELECT count(*) FROM art_mcp.vectors_{AZURE[0]}") == 60
            assert await connection.fetchval("SELECT count(*) FROM art_mcp.paid") == 0


@pytest.mark.slow
async def test_what_is_said_before_and_after(museum: Museum) -> None:
    museum.paint(5)
    await load_into(museum.settings(museum.local), museum.folder)
    assert "reembed" not in museum.run(museum.local, "doctor")
    doctor = museum.run(museum.azure, "doctor")
    assert (
        "ok   reembed: the settings name Azure AI Vision 2023-04-15.p1, but the pictures were embedded by the built-in "
        "model 2. "
        "Azure AI Vision at 127.0.0.1" in doctor
    )
    assert "`art-mcp reembed` re-embeds them" in doctor
    assert museum.run(museum.azure, "reembed", "--dry-run") == (
        "5 paintings will be embedded by Azure AI Vision 2023-04-15.p1, instead of the built-in model 2.\n"
        "This takes 5 paid calls, 1 second at 100 calls per second, and costs less than 0.01 by "
        "ART_MCP_PRICE_PER_1000.\n"
        "Nothing was changed.\n"
    )
    assert "pass --yes" in museum.run(museum.azure, "reembed", fails=True)
    assert "is not embedded by Azure AI Vision" in museum.run(
        museum.azure, "reembed", "--drop-old", "--yes", fails=True
    )
    assert museum.asked("image") == 0
    wrong = {**museum.azure, "ART_MCP_AZURE_KEY": "another"}
    assert "FAIL reembed: the settings name Azure AI Vision" in museum.run(wrong, "doctor", fails=True)
    said = museum.run(museum.azure, "reembed", "--yes")
    assert "Still stored: vectors of the built-in look model, the built-in model 2 (" in said
    assert "Nothing was removed." in museum.run(museum.azure, "reembed", "--drop-old", "--dry-run")
    assert "Removed." in museum.run(museum.azure, "reembed", "--drop-old", "--yes")
    assert museum.run(museum.azure, "reembed", "--drop-old", "--yes") == "Nothing to drop.\n"
    assert "reembed" not in museum.run(museum.azure, "doctor")
    assert "5 paintings will be embedded by the built-in model 2, instead of Azure AI Vision" in museum.run(
        museum.local, "reembed", "--dry-run"
    )


@pytest.mark.slow
async def test_one_refused_picture_is_left_behind_only_if_that_is_said(museum: Museum) -> None:
    museum.paint(5)
    await load_into(museum.settings(museum.local), museum.folder)
    bad = museum.standin.fault("500", count=FOREVER, where=lambda call: call.sha == museum.first_picture())
    said = museum.run(museum.azure, "reembed", "--yes", fails=True)
    assert re.search(r"  refused [0-9a-f-]{36} \(0\d\): The service failed 5 times on this input", said)
    assert (
        "1 paintings could not be embedded by Azure AI Vision 2023-04-15.p1, so searches still use the old model."
        in said
    )
    assert museum.asked("image") == 4
    assert "the pictures were embedded by the built-in model 2" in museum.run(museum.azure, "doctor")
    said = museum.run(museum.azure, "reembed", "--yes", "--skip-refused")
    assert "  refused " in said and "The pictures are now searched by Azure AI Vision" in said
    assert "1 paintings have no vector of Azure AI Vision 2023-04-15.p1" in museum.run(museum.azure, "doctor")
    said = museum.run(museum.azure, "reembed", "--drop-old", "--yes", fails=True)
    assert "1 paintings lack a vector of Azure AI Vision 2023-04-15.p1" in said
    bad.left = 0
    museum.run(museum.azure, "reembed", "--yes")
    assert museum.asked("image") == 5


@pytest.mark.slow
async def test_what_is_not_set_up_is_said(museum: Museum) -> None:
    museum.paint(2)
    await load_into(museum.settings(museum.local), museum.folder)
    broken = {**museum.local, "ART_MCP_VISION": "azure"}
    assert "Set ART_MCP_AZURE_ENDPOINT" in museum.run(broken, "reembed", "--yes", fails=True)
    assert "FAIL reembed: not checked: Azure AI Vision is not set up." in museum.run(broken, "doctor", fails=True)
    museum.run(museum.azure, "reembed", "--yes")
    async with Runtime(museum.settings(museum.local)) as runtime:
        with pytest.raises(ArtMcpError, match="re-embed the pictures with the configured model"):
            await runtime.ingest()
        assert await count_paintings(await runtime.database()) == 2
