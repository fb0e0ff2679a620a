"""Stored vectors that are not their painting's are found, and made again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.azure import KEY, AzureStandIn, serving

from art_mcp.doctor import examine
from art_mcp.painting import Painting
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.space import Leg, PictureEmbedding
from art_mcp.store import paintings
from art_mcp.store.paintings import Entry

pytestmark = pytest.mark.anyio

COUNT = 6


@pytest.fixture
def folder(sample: Path, tmp_path: Path) -> Path:
    """Paintings of the sample, which the model tells apart, and a copy of the first under another name."""
    folder = tmp_path / "art"
    folder.mkdir()
    pictures = sorted((sample.parent / "images").glob("*.jpg"))[:COUNT]
    for number, picture in enumerate(pictures):
        (folder / f"painting {number}.jpg").write_bytes(picture.read_bytes())
    (folder / "copy of painting 0.jpg").write_bytes(pictures[0].read_bytes())
    return folder


async def load(settings: Settings, folder: Path) -> None:
    async with Runtime(settings) as runtime:
        ingest = await runtime.ingest()
        await ingest.run(await ingest.create(folder))


async def swap(settings: Settings, leg: Leg) -> list[Painting]:
    """Give a painting the vector of another one, and the other way round."""
    async with Runtime(settings) as runtime:
        database = await runtime.database()
        space = next(space for space in await runtime.spaces() if space.leg is leg)
        two = [p for p in await paintings.sample(database, 100) if p.image_name in ("painting 1.jpg", "painting 2.jpg")]
        async with database.connection() as connection:
            await connection.execute(
                f"UPDATE art_mcp.vectors_{space.name} v SET vector = other.vector "
                f"FROM art_mcp.vectors_{space.name} other "
                "WHERE (v.painting_id, other.painting_id) IN (($1, $2), ($2, $1))",
                *[painting.id for painting in two],
            )
    return two


async def finding(settings: Settings, count: int) -> tuple[bool, str, str | None]:
    (found,) = [each async for each in examine(settings, count) if each.name == "vectors"]
    return found.ok, found.detail, found.fix


def run(settings: Settings, *command: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"ART_MCP_DATABASE_URL": str(settings.database_url.get_secret_value())}
    return subprocess.run([sys.executable, "-m", "art_mcp", *command], env=environment, capture_output=True, text=True)


@pytest.mark.slow
@pytest.mark.parametrize("leg", list(Leg))
async def test_a_vector_of_another_painting_is_found_and_made_again(settings: Settings, folder: Path, leg: Leg) -> None:
    await load(settings, folder)
    assert await finding(settings, 100) == (
        True,
        f"{COUNT + 1} paintings were re-embedded; all stored vectors match",
        None,
    )
    wrong = await swap(settings, leg)
    ok, detail, fix = await finding(settings, 100)
    assert not ok and "2 have a stored vector that does not match" in detail and f"in {leg.shown}" in detail
    assert fix is not None and all(f"--painting {painting.id}" in fix for painting in wrong)
    done = run(settings, *fix.split("`")[1].split()[1:], "--yes")
    assert done.returncode == 0, done.stderr
    assert "The vectors of 2 paintings were removed" in done.stdout
    assert (await finding(settings, 100))[0]


@pytest.mark.slow
async def test_copies_of_a_wrong_vector_go_with_it(settings: Settings, folder: Path) -> None:
    """Equal pictures share a vector, so a wrong one would come back from the copy."""
    await load(settings, folder)
    async with Runtime(settings) as runtime:
        sample = await paintings.sample(await runtime.database(), 100)
        first = next(painting for painting in sample if painting.image_name == "painting 0.jpg")
    assert "The vectors of 2 paintings" in run(settings, "reembed", "--painting", str(first.id), "--yes").stdout
    assert (await finding(settings, 100))[0]


@pytest.mark.slow
async def test_doctor_verifies_as_many_as_it_is_asked(settings: Settings, folder: Path) -> None:
    await load(settings, folder)
    found = {each["name"]: each for each in json.loads(run(settings, "doctor", "--json", "--verify", "3").stdout)}
    assert found["vectors"]["detail"] == "3 paintings were re-embedded; all stored vectors match"
    assert "vectors" not in run(settings, "doctor").stdout


async def test_a_paid_service_is_asked_within_its_budget(database_url: str, folder: Path) -> None:
    standin = AzureStandIn(rate=1000)
    with serving(standin) as endpoint:
        settings = Settings(
            database_url=database_url,
            vision="azure",
            azure_endpoint=endpoint,
            azure_key=KEY,
            azure_rate=100,
            budget_day=COUNT + 2,
        )
        await load(settings, folder)
        assert standin.calls.billed() == COUNT  # the copy is not paid for
        ok, detail, _ = await finding(settings, 100)
        assert ok and detail.startswith("2 paintings were re-embedded (all that this day's budget allows)")
        assert standin.calls.billed() == COUNT + 2


async def test_an_entry_refuses_the_vectors_of_another_picture(settings: Settings, folder: Path) -> None:
    await load(settings, folder)
    async with Runtime(settings) as runtime:
        (painting,) = await paintings.sample(await runtime.database(), 1)
    with pytest.raises(ValueError, match="are of another picture"):
        Entry(painting, embedding=PictureEmbedding(b"another", None, {}))
