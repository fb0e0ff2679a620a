"""axe-core finds nothing in any state of the gallery, in light and in dark."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from playwright.async_api import Frame, expect
from support.browser import barriers, give
from support.chat import Chat

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


async def results(frame: Frame) -> None:
    await expect(frame.locator("#wall canvas").last).to_be_visible()


async def filters(frame: Frame) -> None:
    await frame.get_by_role("button", name="Filters").click()
    await frame.get_by_role("group", name="School").get_by_role("button").first.click()
    await expect(frame.get_by_role("button", name="Remove the filter")).to_be_visible()


async def chosen(frame: Frame) -> None:
    for box in (await frame.get_by_role("checkbox").all())[:2]:
        await box.check()
    await expect(frame.get_by_role("button", name="More like all of these")).to_be_visible()


async def steered(frame: Frame) -> None:
    await frame.get_by_role("button", name="More like this").first.click()
    await expect(frame.get_by_role("searchbox", name="Without")).to_be_visible()


async def refused(frame: Frame) -> None:
    await give(frame, "paste", Path(__file__))
    await expect(frame.get_by_role("alert")).to_contain_text("not a picture")


async def painting(frame: Frame) -> None:
    await frame.locator("#wall button").first.press("Enter")
    await expect(frame.get_by_role("region", name="Similar paintings").locator("canvas").first).to_be_visible()


async def region(frame: Frame) -> None:
    await painting(frame)
    await frame.get_by_role("button", name="Mark a region").click()


STATES: list[Callable[[Frame], Awaitable[None]]] = [results, filters, chosen, steered, refused, painting, region]


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_no_barrier(chat: Chat, state: Callable[[Frame], Awaitable[None]]) -> None:
    frame = await chat.ask(query="ships in a storm", limit=4)
    await state(frame)
    for theme in ("light", "dark"):
        await chat.change(theme=theme)
        await expect(frame.locator("html")).to_have_attribute("data-theme", theme)
        assert await barriers(frame) == []


@pytest.mark.parametrize("kind", ["empty", "error", "cancelled", "no calls"])
async def test_no_barrier_where_little_works(chat: Chat, kind: str) -> None:
    if kind == "empty":
        frame = await chat.ask(query="", year_from=2300)
        await expect(frame.get_by_role("heading", name="No paintings")).to_be_visible()
    elif kind == "no calls":
        frame = await chat.ask(query="ships", limit=3, capabilities={})
        await expect(frame.locator("#sheet")).to_be_visible()
    else:
        frame = await chat.ask(query="ships", limit=-1, cancelled="stopped" if kind == "cancelled" else "")
        await expect(frame.get_by_role("alert").first).not_to_be_empty()
    for theme in ("light", "dark"):
        await chat.change(theme=theme)
        await expect(frame.locator("html")).to_have_attribute("data-theme", theme)
        assert await barriers(frame) == []
