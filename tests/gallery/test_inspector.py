"""The gallery in the official Inspector, a real host of MCP Apps, over stdio and over HTTP, used as a person would."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, expect
from support.browser import painted
from support.inspector import Inspector, inspecting

from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

OFFLINE = "net::ERR_"
"""The Inspector loads something from the internet, which a test need not have."""


@pytest.fixture(params=["stdio", "streamable-http"])
async def inspector(
    browser: Browser, paintings: Settings, server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Inspector]:
    if request.param == "stdio":
        assert paintings.database_url
        variables = {"ART_MCP_DATABASE_URL": paintings.database_url.get_secret_value()}
        variables |= {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
        given = [part for name, value in variables.items() for part in ("-e", f"{name}={value}")]
        target = [*given, "--", sys.executable, "-m", "art_mcp"]
    else:
        target = ["--transport", "http", "--server-url", f"{server}/mcp", "--protocol-era", "modern"]
    async with inspecting(browser, tmp_path, *target) as inspector:
        yield inspector
        assert [error for error in inspector.errors if OFFLINE not in error] == []


async def test_search_open_a_painting_and_find_more_like_it(inspector: Inspector) -> None:
    frame = await inspector.open("Find paintings by description", query="ships in a storm")
    hits = frame.locator("#wall > li")
    await expect(hits).to_have_count(10)
    await expect(hits.first).to_contain_text("Ships in a Gale")
    for number in range(10):
        await hits.nth(number).scroll_into_view_if_needed()
        await painted(hits.nth(number).locator("canvas"))

    await hits.first.get_by_role("button", name="Ships in a Gale").first.click()
    await expect(frame.get_by_role("heading", name="Ships in a Gale")).to_be_visible()
    await painted(frame.get_by_role("img", name="Ships in a Gale"))
    await expect(frame.get_by_text("Digital oil, scumbled").first).to_be_visible()
    await frame.get_by_role("button", name="More like this", exact=True).first.click()
    await expect(frame.locator("#like")).to_contain_text("Ships in a Gale")
    await expect(hits.first).not_to_contain_text("Ships in a Gale")
    await painted(hits.first.locator("canvas"))

    await frame.get_by_role("checkbox").nth(1).check()
    # The Inspector takes neither messages nor context for a model, as it has none.
    await expect(frame.get_by_role("button", name="Copy for a chat")).to_be_visible()
    await expect(frame.get_by_role("button", name="Send to the chat")).to_have_count(0)
    assert await inspector.called("gallery_pictures") and await inspector.called("search_paintings_by_image")


async def test_it_follows_the_theme(inspector: Inspector) -> None:
    frame = await inspector.open("Find paintings by description", query="a windmill")
    await expect(frame.locator("#wall > li").first).to_contain_text("Windmill by the Canal")

    async def ground() -> int:
        """The brightness of the wall, 0 to 765."""
        said = await frame.locator("body").evaluate(
            "(body) => getComputedStyle(body).backgroundColor.match(/[\\d.]+/g).slice(0, 3)"
        )
        return sum(map(float, said))

    assert await ground() > 600
    await inspector.page.get_by_label("Toggle color scheme").click()
    await expect(frame.locator("html")).to_have_css("color-scheme", "dark")
    assert await ground() < 150
