"""No text of a catalogue, of a file or of an address becomes markup or a script in the gallery."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from PIL import Image
from playwright.async_api import Browser, Frame, Page, expect
from support.browser import errors_of, give
from support.chat import Chat
from support.servers import served_here

from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

MARKUP = (
    "</script></style></title></textarea>\"'><img src=x onerror=canary()><svg onload=canary()>{{config}}${canary()}"
)
COLUMNS = ("title", "artist", "date", "description", "collection", "image_name", "credit", "rights", "number")
FACETS = ("school", "type", "technique", "timeframe")
MARKED = "img[src], svg[onload], script:not([type]), iframe, [onerror], [onload], a[href^='javascript']"


def hostile(name: str) -> str:
    return f"{name} {MARKUP}"


@pytest.fixture(scope="module")
async def server(paintings: Settings) -> AsyncIterator[str]:
    """A server of a collection in which every text is an attack."""
    database = await asyncpg.connect(paintings.database_url.get_secret_value())
    for column in (*COLUMNS, *FACETS):
        await database.execute(f"UPDATE art_mcp.paintings SET {column} = $1", hostile(column))
    for column in FACETS:
        await database.execute(f"UPDATE art_mcp.paintings SET {column}_key = $1", hostile(column))
    await database.execute(
        "UPDATE art_mcp.paintings SET artists = ARRAY[$1], artist_keys = ARRAY[$1]", hostile("artist")
    )
    await database.execute("INSERT INTO art_mcp.artists (key, name, catalogued) VALUES ($1, $1, $1)", hostile("artist"))
    await database.execute("UPDATE art_mcp.paintings SET page = 'javascript:canary()//' || $1", MARKUP)
    await database.execute("DELETE FROM art_mcp.collections")
    await database.execute("INSERT INTO art_mcp.collections VALUES ($1, 26)", hostile("collection"))
    await database.execute(
        "UPDATE art_mcp.paintings SET details = json_build_object($1::text, $2::text, 'Link', 'javascript:canary()')",
        hostile("name"),
        hostile("value"),
    )
    await database.close()
    async with served_here(paintings) as origin:
        yield origin


async def unharmed(frame: Frame) -> None:
    """Nothing of it has run or has become an element."""
    assert await frame.evaluate("typeof canary") == "undefined"
    assert await frame.locator(MARKED).count() == 0


async def seen(frame: Frame, *names: str) -> None:
    """The texts are shown as they are."""
    for name in names:
        await expect(frame.locator("body")).to_contain_text(hostile(name))


async def test_catalogue_facets_and_details(chat: Chat, tmp_path: Path) -> None:
    frame = await chat.ask(query="ships", limit=3)
    await seen(frame, "title", "artist", "date")
    await frame.get_by_role("button", name="Filters").click()
    for facet in ("artist", *FACETS):
        await expect(frame.locator("#facets")).to_contain_text(hostile(facet))
    await seen(frame, "collection")
    await unharmed(frame)

    await frame.get_by_role("checkbox").first.check()
    await frame.get_by_role("button", name="Send to the chat").click()
    await frame.locator("#wall button").first.click()
    await seen(frame, "description", "name", "value", "credit", "rights", "image_name", "technique", "collection")
    await expect(frame.get_by_role("link")).to_have_count(0)  # neither of the addresses is one of the web
    await unharmed(frame)
    for name in ("Copy the caption", "Copy the citation"):
        await frame.get_by_role("button", name=name).click()
    await frame.get_by_role("button", name="More like this").first.click()
    await expect(frame.locator("#like")).to_contain_text(hostile("title"))
    await unharmed(frame)
    assert await chat.heard("links") == []
    assert len(chat.page.context.pages) == 1


async def test_names_of_files_and_words_of_the_chat(chat: Chat, tmp_path: Path) -> None:
    name = "<img src=x onerror=canary()>'\"{{config}}"
    Image.effect_noise((64, 48), 60).save(tmp_path / f"{name}.png")
    (tmp_path / f"{name}.txt").write_text("not a picture")
    frame = await chat.ask(query=hostile("query"), limit=2)
    await expect(frame.get_by_role("searchbox")).to_have_value(hostile("query"))
    await give(frame, "drop", tmp_path / f"{name}.txt")
    await expect(frame.get_by_role("alert")).to_contain_text(name)
    await unharmed(frame)
    await give(frame, "drop", tmp_path / f"{name}.png")
    await expect(frame.locator("#like")).to_contain_text(f"{name}.png")
    await unharmed(frame)


async def test_errors_and_reasons(chat: Chat) -> None:
    frame = await chat.ask(query="x", sort=hostile("sort"))
    await expect(frame.get_by_role("alert")).to_contain_text("<img src=x")
    await unharmed(frame)
    frame = await chat.ask(query="x", cancelled=hostile("reason"))
    await expect(frame.get_by_role("alert")).to_contain_text(hostile("reason"))
    await unharmed(frame)


async def test_in_a_browser(browser: Browser, server: str) -> None:
    page: Page = await browser.new_page()
    said = errors_of(page)
    await page.goto(server)
    await seen(page.main_frame, "title", "artist")
    await page.locator("#wall button").first.click()
    await seen(page.main_frame, "description", "name", "value", "credit")
    await page.reload()
    await seen(page.main_frame, "description")
    await unharmed(page.main_frame)
    assert said == []
    await page.close()
