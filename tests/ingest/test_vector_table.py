from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from support.azure import AzureStandIn, serving
from support.bundles import content, reasons
from support.model import BuiltIn
from support.pictures import draw
from support.postgres import count_paintings

from art_mcp.ingest.load import ImportFailed, Load
from art_mcp.ingest.reembed import NOT_KEPT
from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.vector_table import SPACE, VectorTable, read_vector
from art_mcp.runtime import Runtime
from art_mcp.server.app import build_server
from art_mcp.settings import Settings
from art_mcp.space import Leg
from art_mcp.store import jobs, paintings, spaces
from art_mcp.store.database import Database
from art_mcp.vision.local import SPACES

pytestmark = pytest.mark.anyio

COLUMNS = ("image_file", "description", "author", "title", "technique", "type", "timeframe", "vector")


def numbers(seed: int) -> list[float]:
    """As the service gives them: not of unit length."""
    return (np.random.default_rng(seed).standard_normal(1024) * 3).tolist()


def row(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "image_file": f"{number}-castle.jpg",
        "description": f"A castle on a hill, painted {number} times",
        "author": "CANALETTO",
        "title": f"View of a Castle {number}",
        "technique": "Oil on canvas",
        "type": "landscape",
        "timeframe": "1751-1800",
        "vector": str(numbers(number)),
    } | changes


def write(path: Path, *rows: Mapping[str, Any], columns: tuple[str, ...] = COLUMNS) -> Path:
    """As pandas writes it for the tutorial: with tabs, whatever its name ends in."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, delimiter="\t", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


async def load(database: Database, path: Path, **options: Any) -> Load:
    done = Load(database, VectorTable(path, BuiltIn(), **options))
    await done.run()
    return done


async def test_its_space_is_that_of_the_provider(database_url: str) -> None:
    endpoint = "https://name.cognitiveservices.azure.com"
    settings = Settings(database_url=database_url, vision="azure", azure_endpoint=endpoint, azure_key="k" * 32)
    async with Runtime(settings) as runtime:
        assert (await runtime.provider()).spaces[Leg.PIXELS] == SPACE


async def test_the_tutorials_table_is_imported_with_its_vectors(database: Database, tmp_path: Path) -> None:
    table = write(tmp_path / "dataset_embeddings.csv", *(row(number) for number in range(5)))
    done = await load(database, table, collection="semart")
    assert (done.stored, done.refused) == (5, 0)
    assert await spaces.active(database) == [SPACE, SPACES[Leg.WORDS]]
    async with database.connection() as connection:
        found = await connection.fetchrow("SELECT * FROM art_mcp.paintings WHERE source_key = '3-castle.jpg'")
    assert (found["title"], found["artists"], found["year_from"]) == ("View of a Castle 3", ["Canaletto"], 1751)
    assert found["image_name"] == "3-castle.jpg"
    assert [found[field] for field in paintings.IMAGE_FIELDS[1:]] == [None] * 4
    kept = await paintings.vector(database, SPACE, found["id"])
    wanted = np.array(numbers(3))
    np.testing.assert_allclose(kept, wanted / np.linalg.norm(wanted), atol=1e-3)
    assert await paintings.vector(database, SPACES[Leg.WORDS], found["id"]) is not None
    again = await load(database, table, collection="semart")
    assert (again.stored, again.unchanged) == (0, 5)
    write(table, row(0, vector=str(numbers(99))), *(row(number) for number in range(1, 5)))
    changed = await load(database, table, collection="semart")
    assert (changed.stored, changed.unchanged) == (1, 4)


async def test_what_was_imported_is_found_by_its_words_without_the_service(settings: Settings, tmp_path: Path) -> None:
    table = write(tmp_path / "t.csv", row(1), row(2, title="Bathers", description="Women at a river", author="BOUCHER"))
    async with Runtime(settings) as runtime:
        await load(await runtime.database(), table)
        found = await runtime.ask(lambda finder: finder.by_text("women at the river", limit=2))
        assert [hit.painting.catalogue.title for hit, _ in found.hits] == ["Bathers", "View of a Castle 1"]
        alike = await runtime.ask(lambda finder: finder.like_painting(found.hits[0][0].painting.id, limit=2))
        assert [hit.painting.catalogue.title for hit, _ in alike.hits] == ["View of a Castle 1"]


async def test_pictures_that_are_there_get_the_vectors_and_stay(settings: Settings, tmp_path: Path) -> None:
    draw(tmp_path / "museum" / "images" / "1-castle.jpg", 1)
    columns = ("image_file", "title", "date")
    write(tmp_path / "museum" / "table.csv", row(1, date="1755", title="The castle"), columns=columns)
    table = write(tmp_path / "dataset_embeddings.csv", row(1), row(2))
    async with Runtime(settings) as runtime:
        ingest = await runtime.ingest()
        await ingest.run(await ingest.create(tmp_path / "museum"))
        database = await runtime.database()
        before = await content(database)
        done = await load(database, table, collection="museum")
        assert (done.stored, done.refused) == (2, 0)
        after = await content(database)
        assert set(before["paintings"]) < set(after["paintings"])
        assert before["renditions"] == after["renditions"]
        assert len(after[SPACE.name]) == 2
        reach = await done.reach()
        assert (reach.pixels, reach.incomplete) == (SPACES[Leg.PIXELS], 1)


@pytest.fixture
def service() -> Iterator[tuple[AzureStandIn, dict[str, Any]]]:
    """And the settings that lead to it."""
    standin = AzureStandIn(keys=("k" * 32,), rate=200)
    with serving(standin) as endpoint:
        made = Settings(vision="azure", azure_endpoint=endpoint, azure_key="k" * 32, azure_rate=200)
        yield standin, {name: getattr(made, name) for name in made.model_fields_set}


def museum(folder: Path, count: int) -> Path:
    for number in range(count):
        draw(folder / "images" / f"{number}-castle.jpg", number)
    write(folder / "table.csv", *(row(number) for number in range(count)), columns=COLUMNS[:-1])
    return folder


async def ingested(runtime: Runtime, folder: Path) -> jobs.Job | None:
    ingest = await runtime.ingest()
    job_id = await ingest.create(folder)
    await ingest.run(job_id)
    return await jobs.get(await runtime.database(), job_id)


async def test_vectors_that_came_first_are_not_paid_for_again_when_the_pictures_come(
    service: tuple[AzureStandIn, dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    standin, azure = service
    table = write(tmp_path / "museum.csv", *(row(number) for number in range(3)))
    async with Runtime(settings.model_copy(update=azure)) as runtime:
        database = await runtime.database()
        await load(database, table)
        before = await content(database)
        job = await ingested(runtime, museum(tmp_path / "museum", 4))
        assert job is not None and (job.stored, job.refused) == (4, 0)
        assert standin.calls.billed() == 1  # of the one that the table did not have
        after = await content(database)
        assert set(before[SPACE.name]) < set(after[SPACE.name])
        assert (len(after[SPACE.name]), len(after["renditions"])) == (4, 8)
        assert (await ingested(runtime, tmp_path / "museum")).unchanged == 4


async def test_pictures_that_came_first_move_to_the_vectors_and_cost_nothing(
    service: tuple[AzureStandIn, dict[str, Any]], settings: Settings, tmp_path: Path
) -> None:
    standin, azure = service
    async with Runtime(settings) as runtime:
        await ingested(runtime, museum(tmp_path / "museum", 3))
        await load(await runtime.database(), write(tmp_path / "museum.csv", *(row(number) for number in range(3))))
    async with Runtime(settings.model_copy(update=azure)) as runtime:
        move = await runtime.move()
        assert await move.run()
        assert standin.calls.billed() == 0
        assert SPACE in await spaces.active(await runtime.database())


async def test_a_painting_without_its_picture_is_shown_as_such_and_not_embedded(
    settings: Settings, tmp_path: Path
) -> None:
    async with Runtime(settings) as runtime:
        await load(await runtime.database(), write(tmp_path / "t.csv", row(1), row(2)))
        move = await runtime.move()  # to the built-in model
        assert not await move.run()
        assert [refused.reason for refused in move.refused] == [NOT_KEPT] * 2
    async with Client(build_server(settings)) as client:
        found = await client.call_tool("search_paintings_by_text", {"query": "castle"})
        assert [content.type for content in found.content] == ["text"]  # no contact sheet of nothing
        id_ = found.structured_content["results"][0]["id"]
        shown = await client.call_tool("get_painting", {"id": id_, "similar": 1})
    assert not shown.is_error
    assert [content.type for content in shown.content] == ["text"]
    assert "castle.jpg, size unknown" in shown.content[0].text
    assert shown.structured_content["image_width"] is None
    assert len(shown.structured_content["similar"]) == 1


async def test_bad_rows_are_refused_with_their_reason_and_the_rest_is_stored(
    database: Database, tmp_path: Path
) -> None:
    bad = {
        "It has no vector.": "",
        "Its vector is not a JSON list of numbers.": "0.1 0.2",
        "Its vector has the shape (3,) instead of 1024 numbers.": "[1, 2, 3]",
        "Its vector has no direction: its numbers are all zero, or not all finite.": str([0] * 1024),
    }
    rows = [row(number, vector=text) for number, text in enumerate(bad.values(), start=10)]
    table = write(
        tmp_path / "t.csv",
        row(0),
        *rows,
        row(1, image_file="", title="", author="", description=""),
        row(2, title="a\0b"),
    )
    done = await load(database, table)
    assert (done.stored, done.refused) == (1, 6)
    assert list(reasons(done).values()) == [
        *bad,
        "It names no picture, and has no title and no artist.",
        "Its title holds a NUL character.",
    ]
    assert await count_paintings(database) == 1


def test_large_numbers_have_a_direction_too() -> None:
    np.testing.assert_allclose(read_vector(str([1e200] * 1024)), 1 / 32, rtol=1e-3)


@pytest.mark.parametrize(
    "text",
    [
        "[" * 100_000,
        "{}",
        "null",
        '["a"]',
        "[[1], 2]",
        json.dumps([10**400] * 1024),
        "[nan]",
        "[NaN" + ", 1" * 1023 + "]",
        str([*numbers(0), 1.0]),
    ],
)
def test_what_is_no_vector_is_told_in_a_sentence(text: str) -> None:
    assert isinstance(read_vector(text), str)


def test_a_table_without_vectors_or_another_file_is_told_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "letter.docx").write_text("Dear")
    with pytest.raises(ImportFailed, match=r"letter.docx is neither an archive nor a table"):
        VectorTable(tmp_path / "letter.docx", BuiltIn())
    table = write(tmp_path / "plain.csv", row(1), columns=COLUMNS[:-1])
    with pytest.raises(ImportFailed, match=r"No row of plain.csv has a vector.*art-mcp ingest"):
        VectorTable(table, BuiltIn())
    (tmp_path / "odd.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SourceError, match="no column that names the picture's file"):
        VectorTable(tmp_path / "odd.csv", BuiltIn())
