"""The gallery where little works: hosts that can do less, no connection, nothing found, errors, small frames."""

from __future__ import annotations

import pytest
from playwright.async_api import Frame, Locator, expect
from support.chat import CLAUDE, Chat

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CALLS_ONLY = {"serverTools": {}}


def hits(frame: Frame) -> Locator:
    return frame.locator("#wall > li")


async def test_a_host_without_tool_calls_shows_what_the_first_result_has(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=5, capabilities={"openLinks": {}})
    await expect(hits(frame)).to_have_count(5)
    await expect(hits(frame).first).to_contain_text("Ships in a Gale")
    sheet = frame.get_by_role("img", name="The paintings below, with their numbers")
    await expect(sheet).to_be_visible()
    assert await sheet.evaluate(
        "(canvas) => canvas.width > 300 && canvas.getContext('2d').getImageData(9, 9, 1, 1).data[3]"
    )
    await expect(frame.get_by_role("button")).to_have_count(0)
    await expect(frame.get_by_role("searchbox")).to_have_count(0)
    await chat.page.wait_for_timeout(500)
    assert [call["name"] for call in chat.calls] == ["search_paintings_by_text"]


async def test_a_painting_in_a_host_without_tool_calls(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=1)
    id_ = chat.called("gallery_pictures")[0]["ids"][0] if chat.called("gallery_pictures") else None
    id_ = id_ or await hits(frame).first.get_attribute("data-id")
    chat.calls.clear()
    frame = await chat.ask("get_painting", id=id_, capabilities={"openLinks": {}})
    await expect(frame.get_by_role("heading", name="Ships in a Gale")).to_be_visible()
    await expect(frame.get_by_text("landscape")).to_be_visible()
    assert [call["name"] for call in chat.calls] == ["get_painting"]


async def test_a_painting_is_opened_by_the_model(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=1)
    id_ = await hits(frame).first.get_attribute("data-id")
    frame = await chat.ask("get_painting", id=id_)
    await expect(frame.get_by_role("heading", name="Ships in a Gale")).to_be_visible()
    await expect(frame.locator("*:focus")).to_have_count(0)  # the chat keeps the focus
    await frame.get_by_role("button", name="Back").click()
    await expect(frame.get_by_role("heading", name="of 26 paintings")).to_be_visible()


async def test_what_a_host_cannot_is_not_offered(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3, capabilities=CALLS_ONLY)
    await frame.get_by_role("checkbox").first.check()
    chosen = frame.get_by_role("group", name="Chosen paintings", exact=True)
    await expect(chosen.get_by_role("button", name="Copy for a chat")).to_be_visible()
    await expect(chosen.get_by_role("button", name="Send to the chat")).to_have_count(0)
    await expect(chosen.get_by_role("button", name="Let the chat see")).to_have_count(0)


async def test_a_host_that_refuses_a_message_leaves_the_copy(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3, refuses=True)
    await frame.get_by_role("checkbox").first.check()
    await frame.get_by_role("button", name="Send to the chat").click()
    await expect(frame.get_by_text("The chat did not accept the message.").first).to_be_attached()


async def test_offline_is_said_and_can_be_tried_again(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3)
    await expect(hits(frame)).to_have_count(3)
    chat.offline = True
    await frame.get_by_role("searchbox").fill("a windmill")
    await frame.get_by_role("searchbox").press("Enter")
    alert = frame.get_by_role("alert")
    await expect(alert).to_contain_text("could not do this")
    await expect(hits(frame)).to_have_count(3)  # what was found stays
    chat.offline = False
    await alert.get_by_role("button", name="Try again").click()
    await expect(hits(frame).first).to_contain_text("Windmill by the Canal")
    await expect(alert).to_be_empty()
    chat.errors.clear()  # the browser's own, about the connection


async def test_a_painting_that_cannot_be_loaded_can_be_tried_again(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3)
    await expect(hits(frame)).to_have_count(3)
    chat.offline = True
    await hits(frame).first.get_by_role("button").first.click()
    await expect(frame.get_by_role("alert").get_by_text("could not do this")).to_be_visible()
    chat.offline = False
    await frame.get_by_role("button", name="Try again").first.click()
    await expect(frame.get_by_text("landscape")).to_be_visible()
    chat.errors.clear()  # the browser's own, about the connection


async def test_nothing_found(chat: Chat) -> None:
    frame = await chat.ask(query="", year_from=2300)
    await expect(frame.get_by_role("heading", name="No paintings")).to_be_visible()
    await frame.get_by_role("button", name="Remove the filter").click()
    await expect(frame.get_by_role("heading", name="of 26 paintings")).to_be_visible()


async def test_an_error_of_the_chat_s_call_is_shown(chat: Chat) -> None:
    frame = await chat.ask(query="ships", limit=-1)
    await expect(frame.get_by_role("alert")).to_contain_text("limit")
    await expect(frame.locator("#gallery")).not_to_have_attribute("aria-busy", "true")
    await frame.get_by_role("searchbox").fill("a windmill")
    await frame.get_by_role("searchbox").press("Enter")
    await expect(hits(frame).first).to_contain_text("Windmill by the Canal")


async def test_a_cancelled_call_ends_the_loading(chat: Chat) -> None:
    frame = await chat.ask(query="ships", cancelled="stopped by the user")
    await expect(frame.get_by_role("alert")).to_contain_text("The search was cancelled: stopped by the user.")
    await expect(frame.locator("#gallery")).not_to_have_attribute("aria-busy", "true")


@pytest.mark.parametrize("width, height", [(320, 0), (494, 0), (768, 400), (1400, 0)])
async def test_nothing_is_cut_off_at_any_width(chat: Chat, width: int, height: int) -> None:
    """Nor is a frame of 400 pixels, which ChatGPT gives, without a way to scroll."""
    await chat.page.set_viewport_size({"width": width, "height": 800})
    dimensions = {"width": width, **({"height": height} if height else {"maxHeight": 5000})}
    frame = await chat.ask(
        query="ships in a storm",
        limit=6,
        context={**CLAUDE, "containerDimensions": dimensions},
        size=(width, height or 150),
    )
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    await expect(hits(frame)).to_have_count(6)
    assert await frame.evaluate(over) <= 0
    await frame.get_by_role("button", name="Filters").click()
    await expect(frame.get_by_role("group", name="School")).to_be_visible()
    assert await frame.evaluate(over) <= 0
    await hits(frame).first.get_by_role("button").first.click()
    await expect(frame.get_by_role("region", name="Similar paintings")).to_be_visible()
    assert await frame.evaluate(over) <= 0
    if height:
        assert await frame.evaluate("innerHeight") == height
        await frame.get_by_role("button", name="Copy the citation").scroll_into_view_if_needed()
    else:
        await chat.page.wait_for_timeout(500)
        assert await frame.evaluate("document.documentElement.scrollHeight - innerHeight") == 0


async def test_the_targets_are_large_enough_for_a_finger(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3)
    await expect(hits(frame)).to_have_count(3)
    await frame.get_by_role("button", name="Filters").click()
    await frame.get_by_role("checkbox").first.check()
    await expect(frame.get_by_role("group", name="School")).to_be_visible()
    small = """(elements) => elements
      .map((element) => element.type === "checkbox" ? element.closest("label") : element)
      .map((element) => [element.innerText || element.ariaLabel, element.getBoundingClientRect()])
      .filter(([, {width, height}]) => width && height < 43.5).map(([name, {height}]) => `${name}: ${height}`)"""
    assert await frame.locator("button, input, select").evaluate_all(small) == []
    await hits(frame).first.get_by_role("button").first.click()
    await expect(frame.get_by_role("region", name="Similar paintings")).to_be_visible()
    assert await frame.locator("button, input, select").evaluate_all(small) == []


async def test_the_theme_follows_the_chat(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=2)
    light = await frame.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    await chat.change(theme="dark")
    await expect(frame.locator("html")).to_have_attribute("data-theme", "dark")
    dark = await frame.locator("body").evaluate("(body) => getComputedStyle(body).backgroundColor")
    assert light != dark
    variables = {"--color-background-primary": "rgb(1, 2, 3)"}
    await chat.change(styles={"variables": variables})
    await expect(frame.locator("body")).to_have_css("background-color", "rgb(1, 2, 3)")
