"""Completions through the real client."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from mcp import Client
from mcp.types import Completion, PromptReference, ResourceTemplateReference
from support.postgres import new_database, new_template
from support.servers import connected, connected_over_stdio, serving

from art_mcp.painting import Catalogue, Painting, painting_id
from art_mcp.settings import Settings
from art_mcp.store import paintings
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

EMPTY = Completion(values=[], total=0, has_more=False)


@pytest.fixture(scope="module")
def painters(postgres: EmbeddedServer) -> str:
    """The template of a database that has 150 Dutch painters of one painting, and Monet with three French ones."""
    rows = [(f"Painter {number}", "Dutch", "portrait", "one") for number in range(150)]
    rows += [("Claude Monet", "French", "landscape", "Musée d'Orsay")] * 3
    entries = []
    for number, (artist, school, kind, collection) in enumerate(rows):
        key = f"{number}.jpg"
        words = Catalogue(artist=artist, school=school, type=kind)
        id = painting_id(collection, key)
        entries.append(
            Entry.read(
                Painting(id, collection, key, words, (artist,) if artist else (), None, key, b"", 1, 1, "JPEG"), (), {}
            )
        )

    async def fill(settings: Settings) -> None:
        database = await Database.open(settings)
        async with database.transaction() as connection:
            await paintings.write(connection, entries)
        await database.aclose()

    return new_template(postgres, fill)


@pytest.fixture
def painted(postgres: EmbeddedServer, painters: str) -> Iterator[Settings]:
    with new_database(postgres, painters) as url:
        yield Settings(database_url=url)


@pytest.fixture
async def client(painted: Settings) -> AsyncIterator[Client]:
    async with connected(painted) as client:
        yield client


async def complete(
    client: Client, argument: str, typed: str, prompt: str = "find_paintings", **given: str
) -> Completion:
    reference = PromptReference(type="ref/prompt", name=prompt)
    result = await client.complete(reference, {"name": argument, "value": typed}, context_arguments=given or None)
    return result.completion


async def test_values_that_were_begun_are_completed(client: Client) -> None:
    assert await complete(client, "artist", "") == await complete(client, "artist", " ", "curate_exhibition")
    assert (await complete(client, "artist", "MÓN")).values == ["Claude Monet"]
    assert (await complete(client, "school", "")).values == ["Dutch", "French"]
    assert (await complete(client, "type", "land")).values == ["landscape"]
    for prompt in ("explore_collection", "load_collection"):
        assert (await complete(client, "collection", "orsay", prompt)).values == ["Musée d'Orsay"]
    assert await complete(client, "artist", "nobody") == EMPTY


async def test_at_most_a_hundred_and_how_many_there_are(client: Client) -> None:
    found = await complete(client, "artist", "")
    assert (len(found.values), found.total, found.has_more) == (100, 151, True)
    assert found.values[0] == "Claude Monet"  # the most frequent
    found = await complete(client, "artist", "painter 14")
    assert (len(found.values), found.total, found.has_more) == (12, 12, False)  # 14, 114, 140 to 149


async def test_what_is_filled_in_narrows_it(client: Client) -> None:
    assert (await complete(client, "school", "", artist="monet CLAUDE")).values == ["French"]
    assert (await complete(client, "artist", "", school="French", type=" ", description="x")).total == 1
    assert (await complete(client, "artist", "", artist="Painter 1")).total == 151
    assert await complete(client, "type", "", artist="Painter 1", school="French") == EMPTY


async def test_whatever_is_typed_is_no_error(client: Client) -> None:
    for typed in ("%", "_", "\\", "'; DROP TABLE art_mcp.paintings; --", "a\0b", "x" * 100_000):
        for argument in ("artist", "school", "collection"):
            assert await complete(client, argument, typed) == EMPTY
        assert await complete(client, "type", "", collection=typed) == EMPTY
        await complete(client, "type", "", artist=typed)
    assert (await complete(client, "artist", "")).total == 151


async def test_nothing_is_offered_for_what_nobody_can_know(client: Client) -> None:
    for argument in ("description", "number", "nothing"):
        assert await complete(client, argument, "") == EMPTY
    for template in ("art://paintings/{id}", "art://paintings/{id}/image"):
        reference = ResourceTemplateReference(type="ref/resource", uri=template)
        assert (await client.complete(reference, {"name": "id", "value": ""})).completion == EMPTY


async def test_an_empty_collection_completes_nothing(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    async with connected(settings) as client:
        for argument in ("artist", "collection"):
            assert await complete(client, argument, "") == EMPTY
    assert "Cannot complete" not in caplog.text


@pytest.mark.slow
async def test_a_database_out_of_reach_is_logged_and_completes_nothing(tmp_path: Path) -> None:
    with (tmp_path / "stderr").open("w") as stderr:
        url = "postgresql://user:c4nary@127.0.0.1:1/none"
        async with connected_over_stdio(errlog=stderr, ART_MCP_DATABASE_URL=url) as client:
            assert await complete(client, "artist", "m") == EMPTY
            assert await complete(client, "description", "m") == EMPTY
    logged = (tmp_path / "stderr").read_text()
    assert logged.count("Cannot complete artist: The database cannot be reached.") == 1
    assert "c4nary" not in logged and "Traceback" not in logged


@pytest.mark.slow
async def test_over_http_it_is_the_same(database_url: str) -> None:
    with serving(ART_MCP_DATABASE_URL=database_url) as served:
        for mode in ("legacy", "2026-07-28"):
            async with Client(served.url, mode=mode) as client:
                assert await complete(client, "artist", "m") == EMPTY


@pytest.mark.slow
async def test_no_model_is_loaded_for_it(database_url: str) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys, anyio\n"
            "from mcp import Client\n"
            "from mcp.types import PromptReference\n"
            "from art_mcp.server.app import build_server\n"
            "from art_mcp.settings import Settings\n"
            "async def main():\n"
            "    async with Client(build_server(Settings(database_url=sys.argv[1]))) as client:\n"
            "        reference = PromptReference(type='ref/prompt', name='find_paintings')\n"
            "        await client.complete(reference, {'name': 'artist', 'value': 'm'})\n"
            "anyio.run(main)\n"
            "assert 'asyncpg' in sys.modules\n"
            "assert not {'onnxruntime', 'PIL', 'tokenizers', 'numpy'} & set(sys.modules)\n",
            database_url,
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
