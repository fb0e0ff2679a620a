"""The gallery in a browser, without a chat, used as a person would: from the first look to several chosen paintings."""

from __future__ import annotations

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, Page, Request, expect
from support.browser import errors_of, give, painted
from support.servers import served_here

from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

ROWS = """(canvases) => {
  const rows = {};
  for (const canvas of canvases) {
    const {top, height} = canvas.getBoundingClientRect();
    (rows[Math.round(top)] ??= []).push(height);
  }
  return Object.values(rows);
}"""
"""The heights of the pictures in each row."""


@pytest.fixture
async def window(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context(viewport={"width": 1200, "height": 800})
    await context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield await context.new_page()
    await context.close()


def hits(window: Page) -> Locator:
    return window.locator("#wall > li")


def button(window: Page, name: str) -> Locator:
    return window.get_by_role("button", name=name, exact=True)


async def search(window: Page, words: str) -> None:
    await window.get_by_role("searchbox").first.fill(words)
    await window.keyboard.press("Enter")


async def test_from_the_first_look_to_several_chosen(window: Page, server: str) -> None:
    errors = errors_of(window)
    await window.goto(f"{server}/")
    await expect(window.get_by_role("heading", name="26 paintings")).to_be_visible()
    await painted(hits(window).first.locator("canvas"))

    await search(window, "ships in a storm")
    await expect(hits(window).first).to_contain_text("Ships in a Gale")
    await painted(hits(window).last.locator("canvas"))
    for heights in await hits(window).locator("canvas").evaluate_all(ROWS):
        assert max(heights) - min(heights) < 1.5

    await button(window, "Filters").click()
    await window.get_by_role("group", name="Artist").get_by_role("button", name="Klára Novák").click()
    await expect(hits(window).first).to_contain_text("NOVÁK")
    await window.get_by_role("combobox", name="Order").select_option("Oldest first")
    await expect(button(window, "Remove the filter Artist: Klára Novák")).to_be_visible()
    await window.get_by_role("spinbutton", name="From the year").fill("2300")
    await window.keyboard.press("Enter")
    await expect(window.get_by_role("heading", name="No paintings")).to_be_visible()
    await expect(window.locator("#facets")).to_be_hidden()  # there is nothing to offer
    await button(window, "Remove the filter From 2300").click()
    await button(window, "Remove the filter Artist: Klára Novák").click()
    await search(window, "ships in a storm in the night")
    await expect(hits(window).first).to_contain_text("Ships in a Gale")

    await hits(window).first.get_by_role("button", name="Ships in a Gale").first.click()
    await expect(window.get_by_role("heading", name="Ships in a Gale")).to_be_visible()
    await expect(window.get_by_role("region", name="Similar paintings")).to_be_visible()
    await button(window, "Copy the caption").click()
    assert "Ships in a Gale" in await window.evaluate("navigator.clipboard.readText()")
    await button(window, "Next painting").click()
    await expect(window.get_by_text("2 of 26")).to_be_visible()
    title = await window.title()
    await window.reload()
    await expect(window.get_by_role("heading", name=title)).to_be_visible()
    await expect(window.get_by_text("2 of 26")).to_be_visible()
    await window.go_back()
    await expect(hits(window).first).to_contain_text("Ships in a Gale")

    await hits(window).nth(0).get_by_role("checkbox").check()
    await hits(window).nth(1).get_by_role("checkbox").check()
    await button(window, "More like all of these").click()
    await expect(window.locator("#like")).to_contain_text("2 chosen paintings")
    await button(window, "Copy for a chat").click()
    assert "I have chosen these paintings:\n1. “Ships in a Gale”" in await window.evaluate(
        "navigator.clipboard.readText()"
    )
    assert errors == []


async def test_the_server_stops_and_comes_back(window: Page, server: str) -> None:
    await window.goto(f"{server}/")
    await expect(hits(window)).to_have_count(26)
    await window.route("**/mcp", lambda route: route.abort("connectionrefused"))
    await search(window, "a windmill")
    alert = window.get_by_role("alert")
    await expect(alert).to_contain_text("art-mcp cannot be reached. Check that it still runs, then try again.")
    await expect(hits(window)).to_have_count(26)
    await window.unroute("**/mcp")
    await alert.get_by_role("button", name="Try again").click()
    await expect(hits(window).first).to_contain_text("Windmill by the Canal")
    await expect(alert).to_be_empty()


async def test_a_picture_that_the_browser_cannot_read_is_sent_as_it_is(
    window: Page, server: str, sample: Path, tmp_path: Path
) -> None:
    pillow_heif.register_heif_opener()
    photo, letter, empty = (tmp_path / name for name in ("photo.heic", "letter.pdf", "empty.jpg"))
    file = io.BytesIO()
    Image.open(next(sample.parent.rglob("*gale*"))).convert("RGB").save(file, "HEIF")
    photo.write_bytes(file.getvalue())
    letter.write_bytes(b"%PDF-1.7 hello")
    empty.write_bytes(b"")
    sent: list[str] = []

    def note(request: Request) -> None:
        arguments = json.loads(request.post_data or "{}").get("params", {}).get("arguments", {})
        sent.append(arguments.get("image", ""))

    await window.goto(f"{server}/")
    await expect(hits(window)).to_have_count(26)
    errors = errors_of(window)
    window.on("request", note)
    alert = window.get_by_role("alert")
    await give(window, "drop", empty)
    await expect(alert).to_contain_text("“empty.jpg” is empty. Choose another file.")
    await give(window, "drop", letter)
    await expect(alert).to_contain_text("PDF document, which is not supported")
    await give(window, "drop", photo)
    await expect(hits(window).first).to_contain_text("Ships in a Gale")
    await expect(hits(window).first).to_contain_text("strong")
    await expect(window.locator("#like")).to_have_text("Like photo.heic")
    assert [image.partition(",")[0] for image in sent if image] == ["data:image/*;base64"] * 2
    await window.reload()  # the browser keeps what was searched for
    await expect(hits(window).first).to_contain_text("Ships in a Gale")
    assert errors == []


async def test_an_empty_collection_says_what_to_do(window: Page, database_url: str) -> None:
    async with served_here(Settings(database_url=database_url)) as origin:
        await window.goto(f"{origin}/")
        alert = window.get_by_role("alert")
        await expect(alert).to_contain_text("“art-mcp ingest FOLDER”")
        await expect(alert).not_to_contain_text("ingest_collection")
        await expect(alert.get_by_role("button", name="Try again")).to_be_visible()
