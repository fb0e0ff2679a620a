"""Copies of one painting in two collections: real picture files, the built-in model, a real database."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import anyio
import asyncpg
import pytest
from PIL import Image, ImageEnhance
from support.loading import load
from support.postgres import new_database, new_template

from art_mcp.ingest.copies import Comparison
from art_mcp.painting import Filters, painting_id
from art_mcp.runtime import Runtime
from art_mcp.search.finder import Answer
from art_mcp.settings import Settings
from art_mcp.store import copies, removal
from art_mcp.store.embedded import EmbeddedServer

pytestmark = pytest.mark.anyio

SHARED = ("ships-in-a-gale", "sunlit-room", "windmill-by-the-canal")
OURS = (*SHARED, "bowl-of-fruit", "city-at-dusk", "moonlit-hills")


def other_picture(path: Path, target: Path) -> None:
    """Another photograph of a painting: smaller, cropped, brighter, and compressed more."""
    image = Image.open(path).convert("RGB")
    width, height = image.size
    image = image.crop((width // 50, height // 60, width - width // 70, height - height // 40))
    image = ImageEnhance.Brightness(image.resize((image.width * 2 // 3, image.height * 2 // 3))).enhance(1.15)
    image.save(target, quality=70)


def write(sample: Path, folder: Path, *, technique: str = "oil on canvas", artist: str = "Muster, Max") -> list[Path]:
    """The folders of two museums, of which the second has other pictures of three paintings of the first."""
    images = sample.parent / "images"
    for name, titles in (("ours", OURS), ("theirs", SHARED)):
        (folder / name).mkdir(parents=True)
        rows = ["IMAGE_FILE\tTITLE\tAUTHOR\tTECHNIQUE"]
        for title in titles:
            if name == "ours":
                shutil.copy(images / f"{title}.jpg", folder / name / f"{title}.jpg")
            else:
                other_picture(images / f"{title}.jpg", folder / name / f"{title}.jpg")
            rows.append(f"{title}.jpg\t{title} ({name})\t{artist if name == 'theirs' else 'Max Muster'}\t{technique}")
        (folder / name / "table.tsv").write_text("\n".join(rows))
    return [folder / "ours", folder / "theirs"]


@pytest.fixture(scope="module")
def template(postgres: EmbeddedServer, sample: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    folder = tmp_path_factory.mktemp("museums")
    museums = write(sample, folder)

    async def fill(settings: Settings) -> None:
        async with Runtime(settings) as runtime:
            for museum in museums:
                await load(runtime, museum)

    return new_template(postgres, fill), folder


@pytest.fixture
def url(postgres: EmbeddedServer, template: tuple[str, Path]) -> Iterator[str]:
    with new_database(postgres, template[0]) as url:
        yield url


@pytest.fixture
async def runtime(url: str, template: tuple[str, Path]) -> AsyncIterator[Runtime]:
    async with Runtime(Settings(database_url=url, image_dirs=(template[1],))) as runtime:
        yield runtime


def titles(answer: Answer) -> list[str]:
    return [hit.painting.catalogue.title or "" for hit, _ in answer.hits]


async def grouped(runtime: Runtime, collection: str | None = None) -> set[frozenset[str]]:
    found = await copies.groups(await runtime.database(), collection)
    return {frozenset(member.painting.catalogue.title or "" for member in group) for group in found}


BOTH = {frozenset({f"{title} (ours)", f"{title} (theirs)"}) for title in SHARED}


async def test_loads_find_the_copies_and_nothing_else(runtime: Runtime) -> None:
    assert await grouped(runtime) == await grouped(runtime, "theirs") == BOTH
    assert await grouped(runtime, "elsewhere") == set()
    for group in await copies.groups(await runtime.database()):
        assert all(0.95 <= member.likeness <= 1.0001 for member in group)


async def test_a_search_shows_a_painting_once_with_its_copies(runtime: Runtime) -> None:
    finder = await runtime.finder()
    found = await finder.by_text("a windmill by a canal", limit=10)
    assert len(titles(found)) == len(OURS) and found.total == len(OURS) + len(SHARED)
    assert not found.cut and found.next_cursor is None
    shown = {title.partition(" (")[0]: hit for title, (hit, _) in zip(titles(found), found.hits, strict=True)}
    assert shown.keys() == set(OURS)
    for title, hit in shown.items():
        (other,) = hit.copies or (None,)
        assert (other is not None) == (title in SHARED)
        if other:
            collection = "theirs" if hit.painting.collection == "ours" else "ours"
            assert other.collection == collection
            assert other.id == painting_id(collection, f"{title}.jpg")


async def test_the_copy_that_fits_best_stands_for_the_painting(runtime: Runtime, template: tuple[str, Path]) -> None:
    finder = await runtime.finder()
    for museum in ("ours", "theirs"):
        found = await finder.by_image(str(template[1] / museum / "sunlit-room.jpg"))
        assert titles(found)[0] == f"sunlit-room ({museum})" and len(titles(found)) == len(OURS)


async def test_another_copy_stands_in_if_the_best_is_filtered_out(runtime: Runtime, template: tuple[str, Path]) -> None:
    finder = await runtime.finder()
    found = await finder.by_image(str(template[1] / "ours" / "sunlit-room.jpg"), filters=Filters(collection="theirs"))
    assert titles(found)[0] == "sunlit-room (theirs)" and len(found.hits) == found.total == len(SHARED)
    assert [copy.collection for copy in found.hits[0][0].copies] == ["ours"]


@pytest.mark.parametrize("limit", [1, 2, 5])
@pytest.mark.parametrize("by", ["text", "picture"])
async def test_no_painting_returns_on_a_later_page(
    runtime: Runtime, template: tuple[str, Path], by: str, limit: int
) -> None:
    finder = await runtime.finder()
    seen: list[str] = []
    cursor: str | None = None
    while cursor is not None or not seen:
        if by == "text":
            page = await finder.by_text("ships in a gale", limit=limit, cursor=cursor)
        else:
            page = await finder.by_image(str(template[1] / "ours" / "ships-in-a-gale.jpg"), limit=limit, cursor=cursor)
        assert page.hits and not page.cut
        seen += titles(page)
        cursor = page.next_cursor
    assert sorted(title.partition(" (")[0] for title in seen) == sorted(OURS)


async def test_paintings_like_one_are_others_and_the_note_names_its_copies(runtime: Runtime) -> None:
    finder = await runtime.finder()
    found = await finder.like_painting(painting_id("theirs", "sunlit-room.jpg"), limit=10)
    assert not any(title.startswith("sunlit-room") for title in titles(found)) and not found.cut
    assert len(titles(found)) == len(OURS) - 1
    assert found.note == "Left out: copies of this painting (1), which get_painting names."
    # The filter leaves out the painting itself, but not its copy.
    only = Filters(collection="ours")
    found = await finder.like_painting(painting_id("theirs", "sunlit-room.jpg"), filters=only, limit=10)
    assert len(titles(found)) == len(OURS) - 1 and not found.cut
    found = await finder.like_painting(painting_id("ours", "bowl-of-fruit.jpg"), limit=10)
    assert found.note is None and len(titles(found)) == len(OURS) - 1


async def test_paintings_like_several_are_copies_of_none_of_them(runtime: Runtime) -> None:
    finder = await runtime.finder()
    room, windmill = (painting_id("theirs", f"{name}.jpg") for name in ("sunlit-room", "windmill-by-the-canal"))
    found = await finder.like_painting(room, windmill, limit=10)
    assert found.note == "Left out: copies of these paintings (2), which get_painting names." and not found.cut
    assert {title.partition(" (")[0] for title in titles(found)} == {*OURS} - {"sunlit-room", "windmill-by-the-canal"}
    assert found.total == len(OURS) + len(SHARED) - 2
    found = await finder.like_painting(room, painting_id("ours", "sunlit-room.jpg"), limit=10)
    assert found.note is None and len(titles(found)) == len(OURS) - 1
    found = await finder.like_painting(room, windmill, filters=Filters(collection="ours"), limit=10)
    assert found.total == len(OURS) and len(titles(found)) == len(OURS) - 2 and not found.cut


async def test_a_removed_copy_is_no_longer_named(runtime: Runtime) -> None:
    await removal.remove_collection(await runtime.database(), "ours")
    assert await grouped(runtime) == set()
    found = await (await runtime.finder()).by_text("sunlit room", limit=10)
    assert len(found.hits) == len(SHARED) == found.total and not any(hit.copies for hit, _ in found.hits)


async def test_a_replaced_picture_is_compared_again(runtime: Runtime, sample: Path, tmp_path: Path) -> None:
    theirs = write(sample, tmp_path)[1]
    shutil.copy(sample.parent / "images" / "bowl-of-fruit.jpg", theirs / "sunlit-room.jpg")
    ingest = await runtime.ingest()
    await ingest.run(await ingest.create(theirs, collection="theirs"))
    expected = BOTH - {frozenset({"sunlit-room (ours)", "sunlit-room (theirs)"})}
    assert await grouped(runtime) == expected | {frozenset({"bowl-of-fruit (ours)", "sunlit-room (theirs)"})}


async def test_what_an_older_version_loaded_is_compared_by_the_stored_pictures(url: str, runtime: Runtime) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("DELETE FROM art_mcp.copies; DELETE FROM art_mcp.fingerprints")
    # Two processes at once neither fail nor miss a pair.
    runs = [Comparison(await runtime.database()) for _ in range(2)]
    async with anyio.create_task_group() as group:
        for run in runs:
            group.start_soon(run.run)
    assert await grouped(runtime) == BOTH
    again = Comparison(await runtime.database())
    await again.run()
    assert again.total == 0 and runs[0].done == runs[0].total == len(OURS) + len(SHARED)
    await connection.close()


async def test_two_loads_at_once_find_the_copies(settings: Settings, sample: Path, tmp_path: Path) -> None:
    museums = write(sample, tmp_path)
    async with Runtime(settings) as runtime, Runtime(settings) as other, anyio.create_task_group() as group:
        for process, museum in zip((runtime, other), museums, strict=True):
            group.start_soon(load, process, museum)
    async with Runtime(settings) as runtime:
        assert await grouped(runtime) == BOTH


async def test_a_painting_is_removed_while_it_is_compared(url: str, runtime: Runtime) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("DELETE FROM art_mcp.copies; DELETE FROM art_mcp.fingerprints")
    database = await runtime.database()
    async with anyio.create_task_group() as group:
        group.start_soon(Comparison(database).run)
        group.start_soon(removal.remove_collection, database, "theirs")
    await Comparison(database).run()
    assert await grouped(runtime) == set()
    assert await connection.fetchval("SELECT count(*) FROM art_mcp.fingerprints") == len(OURS)
    await connection.close()


@pytest.mark.parametrize(
    ("technique", "artist"), [("Etching on paper", "Muster, Max"), ("oil on canvas", "Another Painter")]
)
async def test_impressions_and_works_of_different_artists_stay_apart(
    settings: Settings, sample: Path, tmp_path: Path, technique: str, artist: str
) -> None:
    async with Runtime(settings) as runtime:
        for museum in write(sample, tmp_path, technique=technique, artist=artist):
            await load(runtime, museum)
        assert await grouped(runtime) == set()
