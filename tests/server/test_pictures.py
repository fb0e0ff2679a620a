"""Pictures out: contact sheets, sizes and regions through the real client, and what an answer may weigh."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcp import Client
from mcp.types import CallToolResult
from PIL import Image
from support.loading import load_into
from support.postgres import new_database, new_template
from support.servers import connected

from art_mcp.images.contact_sheet import Tile, contact_sheet
from art_mcp.painting import painting_id
from art_mcp.runtime import Runtime
from art_mcp.search import MAX_SHEET
from art_mcp.server.answers import answer
from art_mcp.server.arguments import DEFAULT_SIZE
from art_mcp.server.results import PaintingSummary, SearchResult, search_text
from art_mcp.settings import Settings
from art_mcp.store import paintings
from art_mcp.store.embedded import EmbeddedServer

pytestmark = pytest.mark.anyio

QUARTERS = ("red", "lime", "blue", "yellow")
"""Of the painting that regions are cut from: upper left, upper right, lower left, lower right."""
COLUMNS = ("ID", "IMAGE_FILE", "TITLE", "AUTHOR", "DATE", "SCHOOL", "TYPE", "TECHNIQUE", "TIMEFRAME", "DESCRIPTION")
LONG = "A very long word. "


async def call(client: Client, tool: str, **arguments: Any) -> CallToolResult:
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content[0].text
    weigh(result, 1_000_000 if arguments.get("size", 0) > DEFAULT_SIZE else 150_000)
    return result


def weigh(result: CallToolResult, most: int = 150_000) -> None:
    """No answer is more than hosts take; without a larger picture, none is more than Claude takes."""
    assert len(json.dumps(result.model_dump(mode="json", by_alias=True))) < most
    text, *pictures = result.content
    assert len(text.text.encode()) / 4 < 10_000
    assert len(json.dumps(result.structured_content)) / 4 < 10_000
    assert [picture.mime_type for picture in pictures] in ([], ["image/jpeg"])
    for picture in pictures:
        assert picture.data[:100] not in json.dumps(result.structured_content) + text.text


def picture_of(result: CallToolResult) -> Image.Image:
    (block,) = result.content[1:]
    picture = Image.open(io.BytesIO(base64.b64decode(block.data)))
    picture.load()
    assert picture.format == "JPEG"
    return picture


def noise(path: Path, width: int, height: int, seed: int = 1) -> None:
    """As hard to compress as a picture can be, and unlike that of any other seed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    grains = np.random.default_rng(seed).integers(0, 256, (height // 2, width // 2, 3), np.uint8)
    Image.fromarray(grains).resize((width, height), Image.Resampling.NEAREST).save(path, quality=90)


def table(folder: Path, rows: list[dict[str, str]]) -> Path:
    lines = ["\t".join(COLUMNS), *("\t".join(row.get(column, "") for column in COLUMNS) for row in rows)]
    (folder / "table.tsv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def odd(postgres: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The template of a database with twelve paintings: of four colours, very wide, very tall, and more."""
    folder = tmp_path_factory.mktemp("odd") / "pictures"
    sizes = {"quarters": (1600, 1200), "wide": (1600, 20), "tall": (20, 1600)} | {f"n{n}": (400, 300) for n in range(9)}
    rows = []
    for number, (name, (width, height)) in enumerate(sizes.items()):
        noise(folder / f"{name}.png", width, height, number)
        rows.append({"ID": name, "IMAGE_FILE": f"{name}.png", "TITLE": f"Title {name}", "AUTHOR": "MUSTER, Max"})
        rows[-1]["DATE"] = str(1900 + number)
    quarters = Image.new("RGB", (2, 2))
    for number, colour in enumerate(QUARTERS):
        quarters.putpixel((number % 2, number // 2), Image.new("RGB", (1, 1), colour).getpixel((0, 0)))
    quarters.resize((1600, 1200), Image.Resampling.NEAREST).save(folder / "quarters.png")
    table(folder, rows)
    return new_template(postgres, lambda settings: load_into(settings, folder))


@pytest.fixture
def odd_ones(postgres: EmbeddedServer, odd: str) -> Iterator[Settings]:
    with new_database(postgres, odd) as url:
        yield Settings(database_url=url)


@pytest.mark.slow
async def test_a_page_comes_with_a_contact_sheet_under_the_numbers_of_its_hits(odd_ones: Settings) -> None:
    async with Runtime(odd_ones) as runtime:
        database = await runtime.database()
        async with connected(odd_ones) as client:
            first = await call(client, "search_paintings_by_text", query="Title", limit=7)
            cursor = first.structured_content["next_cursor"]
            second = await call(client, "search_paintings_by_text", query="Title", limit=7, cursor=cursor)
            wide = str(painting_id("pictures", "wide"))
            years = {"year_from": 1900, "year_to": 1950}
            steered = {"text": "sand", "negative": "people", "artist": "Muster", **years}
            alike = await call(client, "search_paintings_by_image", painting_id=wide, **steered)
        for result, numbers, heading in (
            (first, range(1, 8), "“Title”"),
            (second, range(8, 13), "“Title”"),
            (alike, range(1, 11), "Like Title wide, “sand”, not “people” · Muster · 1900–1950"),
        ):
            hits = result.structured_content["results"]
            assert [hit["number"] for hit in hits] == list(numbers)
            for hit in hits:
                assert f"{hit['number']}. {hit['title']} - " in result.content[0].text
            kept = await paintings.thumbnails(database, [painting_id("pictures", hit["title"][6:]) for hit in hits])
            tiles = [
                Tile(
                    hit["number"],
                    kept[painting_id("pictures", hit["title"][6:])].data,
                    hit["title"],
                    f"{hit['artist']}, {hit['date']}",
                    hit["relevance"],
                )
                for hit in hits
            ]
            sheet = base64.b64decode(result.content[1].data)
            assert sheet == contact_sheet(tiles, heading=heading, max_bytes=MAX_SHEET)


async def test_the_contact_sheet_can_be_left_out(odd_ones: Settings) -> None:
    async with connected(odd_ones) as client:
        for off in (False, "false"):
            with_, without = [
                await call(client, "search_paintings_by_text", query="Title", pictures=on) for on in (True, off)
            ]
            assert (len(with_.content), len(without.content)) == (2, 1)
            assert with_.structured_content == without.structured_content
        nothing = await call(client, "search_paintings_by_text", query="Title", year_from=1900, year_to=1900)
        assert picture_of(nothing).width < 500


async def test_thumbnails_that_are_not_kept_leave_blanks_and_without_any_there_is_no_sheet(odd_ones: Settings) -> None:
    async with (
        Runtime(odd_ones) as runtime,
        connected(odd_ones) as client,
        (await runtime.database()).connection() as connection,
    ):
        whole = picture_of(await call(client, "search_paintings_by_text", query="Title"))
        await connection.execute(
            "DELETE FROM art_mcp.renditions WHERE painting_id = $1", painting_id("pictures", "quarters")
        )
        broken = painting_id("pictures", "n1")
        await connection.execute("UPDATE art_mcp.renditions SET data = 'x' WHERE painting_id = $1", broken)
        blank = picture_of(await call(client, "search_paintings_by_text", query="Title"))
        grounds = [np.abs(np.subtract(sheet, (0xE7, 0xE3, 0xDB))).max(-1) < 3 for sheet in (whole, blank)]
        assert grounds[0].mean() < 0.01 < 0.03 < grounds[1].mean()
        await connection.execute("DELETE FROM art_mcp.renditions WHERE painting_id <> $1", broken)
        result = await call(client, "get_painting", id=str(broken))
        assert len(result.content) == 1
        assert result.structured_content["shown"] == (
            "Nothing. The stored picture is damaged. Load its collection again."
        )
        await connection.execute("DELETE FROM art_mcp.renditions")
        result = await call(client, "search_paintings_by_text", query="Title")
        assert len(result.content) == 1 and len(result.structured_content["results"]) == 10
        result = await call(client, "get_painting", id=str(broken))
        assert len(result.content) == 1
        assert result.structured_content["shown"] == "Nothing: no picture is stored."


async def test_a_painting_without_a_picture_is_shown_without_similar_ones(settings: Settings, tmp_path: Path) -> None:
    noise(tmp_path / "pictures" / "kept.jpg", 400, 300)
    rows = [{"ID": "kept", "IMAGE_FILE": "kept.jpg", "TITLE": "Kept"}, {"ID": "lost", "TITLE": "Lost"}]
    await load_into(settings, table(tmp_path / "pictures", rows))
    lost = str(painting_id("pictures", "lost"))
    async with connected(settings) as client:
        shown = await call(client, "get_painting", id=lost, similar=3)
        data = shown.structured_content
        assert (data["title"], data["similar"]) == ("Lost", [])
        assert data["note"] == (
            f"No similar paintings are listed. The painting {lost} cannot be compared, because it has no picture. "
            "Choose another painting, or load its collection again with the picture."
        )
        assert data["note"] in shown.content[0].text
        assert (await call(client, "get_painting", id=lost)).structured_content["note"] is None


async def test_a_painting_is_shown_at_a_size_and_in_part(odd_ones: Settings) -> None:
    quarters = str(painting_id("pictures", "quarters"))
    async with connected(odd_ones) as client:

        async def shown(**arguments: Any) -> Image.Image:
            result = await call(client, "get_painting", id=quarters, **arguments)
            picture = picture_of(result)
            said = result.structured_content["shown"]
            assert said.endswith(f", {picture.width} x {picture.height} pixels.") and said in result.content[0].text
            return picture

        assert (await shown()).size == (512, 384)
        assert (await shown(size=100)).size == (100, 75)
        assert (await shown(size=4096)).size == (1024, 768)  # what is kept
        for number, colour in enumerate(QUARTERS):
            wanted = Image.new("RGB", (1, 1), colour).getpixel((0, 0))
            for region in (
                f"{number % 2 / 2},{number // 2 / 2},0.5,0.5",
                [number % 2 / 2, number // 2 / 2, 0.5, 0.5],
                f"[{number % 2 / 2}, {number // 2 / 2}, 0.5, 0.5]",
            ):
                part = await shown(region=region)
                assert part.size == (512, 384)
                assert np.abs(np.subtract(part.resize((1, 1)).getpixel((0, 0)), wanted)).max() < 9
        assert (await shown(region="0.9,0.9,0.1,0.1")).size == (103, 77)  # nothing is enlarged
        none = await call(client, "get_painting", id=quarters, size=0, region="0,0,0.5,0.5")
        assert len(none.content) == 1 and none.structured_content["shown"] is None
        for name, size in (("wide", (512, 6)), ("tall", (6, 512))):
            picture = picture_of(await call(client, "get_painting", id=str(painting_id("pictures", name))))
            assert picture.size == size


@pytest.mark.slow
async def test_the_largest_pictures_that_can_be_kept_fit_into_an_answer(settings: Settings, tmp_path: Path) -> None:
    noise(tmp_path / "large" / "grain.jpg", 3000, 2400)
    await load_into(settings.model_copy(update={"display_size": 4096}), tmp_path / "large")
    id_ = painting_id("large", "grain.jpg")
    async with Runtime(settings) as runtime:
        kept = await paintings.rendition(await runtime.database(), id_, "display")
    assert (kept.width, kept.height) == (3000, 2400) and len(kept.data) > 1_000_000
    async with connected(settings) as client:
        picture = picture_of(await call(client, "get_painting", id=str(id_), size=4096))
        assert 600 < picture.width < 3000
        (image,) = (await client.read_resource(f"art://paintings/{id_}/image")).contents
        assert len(image.model_dump_json()) < 1_000_000
        light = Image.open(io.BytesIO(base64.b64decode(image.blob)))
        assert light.format == "JPEG" and 600 < light.width < 3000


@pytest.mark.slow
async def test_the_longest_catalogue_fits_into_an_answer(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "long"
    for n in range(50):
        noise(folder / f"grain{n}.jpg", 640, 480, n)
    filling = '""' + "長い言葉。\U0001f5bc "  # a quote inside a field in quotes is written twice
    rows = [
        {column: f'"{n} {filling * 120}"' for column in COLUMNS}
        | {"ID": str(n), "IMAGE_FILE": f"grain{n}.jpg", "DESCRIPTION": f'"{n} {filling * 6_000}"'}
        for n in range(50)
    ]
    await load_into(settings, table(folder, rows))
    async with connected(settings) as client:
        page = await call(client, "search_paintings_by_text", query="1", limit=50)
        hits = page.structured_content["results"]
        assert len(hits) == 50 and len(page.model_dump_json(by_alias=True)) < 150_000
        assert picture_of(page).width > 500  # of noise, next to the longest texts
        for hit in hits:
            assert hit["title"].endswith("… [cut]") and hit["id"] in page.content[0].text
        one = await call(client, "search_paintings_by_text", query="1", limit=1)
        assert len(one.structured_content["results"][0]["title"]) > len(hits[0]["title"])
        for similar in (0, 49):
            shown = await call(client, "get_painting", id=hits[0]["id"], similar=similar)
            assert len(shown.structured_content["similar"]) == similar
            assert shown.structured_content["description"].endswith("… [cut]")
        (entry,) = (await client.read_resource(f"art://paintings/{hits[0]['id']}")).contents
        assert len(entry.text) / 4 < 10_000
        await call(client, "describe_collection")


@pytest.mark.parametrize("filling", ["x", '"', "\\", "é", "長", "\U0001f5bc", "word "])
@pytest.mark.parametrize("count", [1, 10, 50])
def test_texts_are_cut_as_little_as_makes_them_fit(filling: str, count: int) -> None:
    text = (filling * 1_000)[:1_000].strip()
    fields = dict.fromkeys(("title", "artist", "date", "type", "technique", "school", "collection"), text)
    ids = [str(painting_id("c", str(n))) for n in range(count)]
    hits = [
        PaintingSummary(number=n + 151, id=ids[n], score=-12.3456, relevance="strong", copies=[], **fields)
        for n in range(count)
    ]
    found = SearchResult(results=hits, offset=150, total=10**9, next_cursor="x" * 19, note=None)
    result = answer(found, search_text)
    weigh(result)
    assert [hit["id"] for hit in result.structured_content["results"]] == ids
    if filling == "x" and count == 1:
        assert result.structured_content == found.model_dump(mode="json")
    else:
        assert len(json.dumps(result.structured_content)) > 6_000
    for hit in result.structured_content["results"]:
        assert text.startswith(hit["title"].removesuffix("… [cut]"))


async def test_what_fits_is_not_cut(settings: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "whole"
    noise(folder / "grain.jpg", 64, 48)
    description = (LONG * 2_000)[:30_000].strip()
    await load_into(settings, table(folder, [{"ID": "1", "IMAGE_FILE": "grain.jpg", "DESCRIPTION": description}]))
    async with connected(settings) as client:
        shown = await call(client, "get_painting", id=str(painting_id("whole", "1")))
        assert shown.structured_content["description"] == description


@pytest.fixture
def museum(tmp_path: Path) -> Iterator[Path]:
    """Twelve paintings catalogued as a museum does, with every field filled."""
    folder = tmp_path / "museum"
    for n in range(12):
        noise(folder / f"grain{n}.jpg", 400, 300, n)
    row = {
        "TITLE": "The Arrival of the Governess at a Merchant's House",
        "AUTHOR": "BRUEGEL, Pieter the Elder",
        "DATE": "about 1660-65",
        "SCHOOL": "Netherlandish",
        "TYPE": "mythological",
        "TECHNIQUE": "Oil on canvas, 105 x 184 cm",
        "TIMEFRAME": "1651-1700",
        "DESCRIPTION": LONG * 20,
    }
    yield table(folder, [row | {"ID": str(n), "IMAGE_FILE": f"grain{n}.jpg"} for n in range(12)])


async def test_answers_and_the_list_of_tools_cost_few_tokens(settings: Settings, museum: Path) -> None:
    await load_into(settings, museum)
    async with connected(settings) as client:
        listed = await client.list_tools()
        assert tokens([tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed.tools]) < 3_200
        page = await call(client, "search_paintings_by_text", query="a governess")
        assert len(page.structured_content["results"]) == 10
        assert tokens(page.structured_content) < 1_200
        assert len(page.content[0].text.encode()) / 4 < 1_200
        assert pixels(picture_of(page)) / 750 < 1_000


def tokens(data: Any) -> float:
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()) / 4


def pixels(picture: Image.Image) -> int:
    return picture.width * picture.height
