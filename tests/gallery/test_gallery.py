"""The gallery in a chat, used as a person would."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from playwright.async_api import Browser, Frame, Locator, expect
from support.browser import give, painted
from support.chat import NO_PICTURES_CSP, SPEC_CSP, Chat, chatting

from art_mcp.runtime import Runtime
from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

pillow_heif.register_heif_opener()


@pytest.fixture(params=[SPEC_CSP, NO_PICTURES_CSP], ids=["the specification's policy", "no pictures"])
async def strict(browser: Browser, server: str, request: pytest.FixtureRequest) -> AsyncIterator[Chat]:
    """A chat under each of the policies that hosts set."""
    async with chatting(browser, server, csp=request.param) as chat:
        yield chat
        assert chat.errors == []


def hits(frame: Frame) -> Locator:
    return frame.locator("#wall > li")


async def settled(frame: Frame) -> None:
    """Wait until no search runs."""
    await expect(frame.locator("#gallery")).not_to_have_attribute("aria-busy", "true")


def button(frame: Frame, name: str) -> Locator:
    return frame.get_by_role("button", name=name, exact=True)


async def test_search_open_zoom_and_more_like_this(strict: Chat) -> None:
    frame = await strict.ask(query="ships in a storm", limit=6)
    await expect(frame.get_by_role("heading", name="6 of 26 paintings, best first")).to_be_visible()
    await expect(hits(frame)).to_have_count(6)
    await expect(hits(frame).first).to_contain_text("Ships in a Gale")
    for number in range(6):
        await painted(hits(frame).nth(number).locator("canvas"))
    assert len(strict.called("gallery_pictures")) == 2  # as many as fit into 100,000 characters, then the rest

    await frame.get_by_role("searchbox").fill("a windmill")
    await button(frame, "Search").click()
    await expect(hits(frame).first).to_contain_text("Windmill by the Canal")
    assert strict.called("search_paintings_by_text")[-1]["query"] == "a windmill"

    await hits(frame).first.get_by_role("button", name="Windmill").first.click()
    await expect(frame.get_by_role("heading", name="Windmill by the Canal")).to_be_visible()
    assert await frame.title() == "Windmill by the Canal"
    picture = frame.get_by_role("img", name="Windmill by the Canal, VERHAGEN, Jorrit")
    await painted(picture)
    before = await picture.evaluate("(canvas) => canvas.toDataURL()")
    for _ in range(4):
        await button(frame, "Zoom in").click()
    await expect(frame.get_by_role("status").last).to_contain_text("Zoom")
    assert await picture.evaluate("(canvas) => canvas.toDataURL()") != before
    await button(frame, "More like this").click()
    await expect(frame.locator("#like")).to_contain_text("Windmill by the Canal")
    await expect(hits(frame).first).not_to_contain_text("Windmill by the Canal")
    assert strict.called("search_paintings_by_image")[-1]["painting_id"]
    await painted(hits(frame).first.locator("canvas"))


async def test_steered_by_words_and_by_what_to_exclude(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3)
    await button(frame, "More like this: Ships in a Gale").click()
    await frame.get_by_role("searchbox", name="But").fill("at night")
    await frame.get_by_role("searchbox", name="Without").fill("ships")
    await frame.get_by_role("searchbox", name="Without").press("Enter")
    asked = await chat.until_called("search_paintings_by_image", 2)
    assert (asked["text"], asked["negative"]) == ("at night", "ships")
    await button(frame, "Search by words only").click()
    await expect(frame.get_by_role("searchbox", name="Without")).to_be_hidden()


async def test_filters_from_the_collection(chat: Chat) -> None:
    frame = await chat.ask(query="a landscape", limit=6)
    await button(frame, "Filters").click()
    artists = frame.get_by_role("group", name="Artist")
    await artists.get_by_role("button", name="Klára Novák").click()
    await expect(frame.get_by_role("button", name="Remove the filter Artist: Klára Novák")).to_be_visible()
    await settled(frame)
    for text in await hits(frame).all_inner_texts():
        assert "NOVÁK" in text
    await frame.get_by_role("spinbutton", name="From the year").fill("1900")
    await frame.get_by_role("spinbutton", name="From the year").press("Enter")
    await expect(button(frame, "Remove the filter From 1900")).to_be_visible()
    await settled(frame)
    assert chat.called("search_paintings_by_text")[-1]["year_from"] == 1900
    await frame.get_by_role("spinbutton", name="To the year").fill("1850")
    await frame.get_by_role("spinbutton", name="To the year").press("Enter")
    await expect(button(frame, "Remove the filter 1850 to 1900")).to_be_visible()
    await frame.get_by_role("spinbutton", name="From the year").fill("1900")
    await frame.get_by_role("spinbutton", name="To the year").fill("")
    await frame.get_by_role("spinbutton", name="To the year").press("Enter")
    await button(frame, "Remove the filter Artist: Klára Novák").click()
    await expect(button(frame, "Remove the filter Artist: Klára Novák")).to_have_count(0)
    await settled(frame)
    assert "artist" not in chat.called("search_paintings_by_text")[-1]


async def test_a_filter_by_details_is_kept_until_it_is_removed(chat: Chat, paintings: Settings) -> None:
    async with Runtime(paintings) as runtime:
        database = await runtime.database()
        await database.execute(
            "UPDATE art_mcp.paintings SET detail_keys = '{location=depot 3}' WHERE school = 'French'"
        )
    frame = await chat.ask(query="", limit=12, where={"Location": "Depot 3"})
    await frame.get_by_role("combobox", name="Order").select_option("Oldest first")
    await settled(frame)
    assert chat.called("search_paintings_by_text")[-1]["where"] == {"Location": "Depot 3"}
    await button(frame, "Remove the filter Location: Depot 3").click()
    await expect(frame.get_by_role("heading", name="12 of 26 paintings")).to_be_visible()
    assert "where" not in chat.called("search_paintings_by_text")[-1]


async def test_order_and_pages(chat: Chat) -> None:
    frame = await chat.ask(query="", limit=12, artist="novak")
    await frame.get_by_role("combobox", name="Order").select_option("Oldest first")
    await settled(frame)
    await expect(hits(frame).first).to_contain_text("18")
    assert chat.called("search_paintings_by_text")[-1]["sort"] == "year"
    await button(frame, "Remove the filter Artist: novak").click()
    await expect(frame.get_by_role("heading", name="12 of 26 paintings")).to_be_visible()
    await button(frame, "Show more").click()
    await expect(hits(frame)).to_have_count(24)
    await expect(frame.get_by_role("heading", name="24 of 26 paintings")).to_be_visible()
    await expect(hits(frame).nth(12).locator("button").first).to_be_focused()
    await button(frame, "Show more").click()
    await expect(hits(frame)).to_have_count(26)
    await expect(button(frame, "Show more")).to_be_hidden()
    numbers = await hits(frame).evaluate_all("(items) => items.map((item) => item.value)")
    assert numbers == list(range(1, 27))


def photo(path: Path, of: Path, **options: object) -> Path:
    """A large photograph of a painting, taken with the camera on its side."""
    painting = Image.open(of)
    turned = painting.resize((3000, 3000 * painting.height // painting.width)).rotate(90, expand=True)
    exif = Image.Exif()
    exif[274] = 6
    turned.save(path, exif=exif, **options)
    return path


@pytest.mark.parametrize("way", ["drop", "paste", "choose"])
async def test_a_picture_that_only_the_user_has(strict: Chat, sample: Path, tmp_path: Path, way: str) -> None:
    file = photo(tmp_path / "photo.jpg", sample.parent / "images" / "windmill-by-the-canal.jpg")
    frame = await strict.ask(query="ships", limit=2)
    if way == "choose":
        async with strict.page.expect_file_chooser() as chooser:
            await button(frame, "Search by a picture: choose, drop or paste it").click()
        await (await chooser.value).set_files(file)
    else:
        await give(frame, way, file)
    await expect(frame.locator("#like")).to_contain_text("photo.jpg")
    await expect(hits(frame).first).to_contain_text("Windmill by the Canal")
    await expect(hits(frame).first).to_contain_text("strong")
    await painted(frame.locator("#like canvas"))
    head, _, data = strict.called("search_paintings_by_image")[-1]["image"].partition(",")
    sent = Image.open(io.BytesIO(base64.b64decode(data)))
    assert (head, sent.format, sent.width) == ("data:image/jpeg;base64", "JPEG", 1024)
    assert sent.height < 1024  # upright


async def test_what_cannot_be_searched_by_is_said(chat: Chat, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("photo.heic", "letter.pdf", "empty.jpg")}
    Image.new("RGB", (64, 64), "red").save(files["photo.heic"])
    files["letter.pdf"].write_bytes(b"%PDF-1.7 hello")
    files["empty.jpg"].write_bytes(b"")
    frame = await chat.ask(query="ships", limit=2)
    alert = frame.get_by_role("alert")
    await give(frame, "drop", files["photo.heic"])
    await expect(alert).to_contain_text(re.compile("photo.heic.* HEIC.*, which this browser cannot read."))
    await give(frame, "drop", files["letter.pdf"])
    await expect(alert).to_contain_text(re.compile("letter.pdf.* not a picture that this browser can read"))
    await give(frame, "drop", files["empty.jpg"])
    await expect(alert).to_contain_text(re.compile("empty.jpg.* is empty"))
    await give(frame, "drop", files["letter.pdf"], files["photo.heic"])
    await expect(alert).to_contain_text("One picture at a time, please.")
    await give(frame, "drop")
    await expect(alert).to_contain_text("That is not a file.")
    assert not chat.called("search_paintings_by_image")
    await expect(hits(frame)).to_have_count(2)


async def mark(frame: Frame) -> None:
    """Mark the middle of a painting that is open."""
    await button(frame, "Mark a region").click()
    picture = frame.locator(".stage canvas, canvas[role=img]").first
    await picture.scroll_into_view_if_needed()
    box = await picture.bounding_box()
    assert box
    mouse = frame.page.mouse
    await mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    await mouse.down()
    await mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    await mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=4)
    await mouse.up()


async def test_a_region_is_marked_to_search_by_it_or_to_show_the_model(strict: Chat) -> None:
    frame = await strict.ask(query="ships in a storm", limit=2)
    await hits(frame).first.locator("button").first.click()
    await painted(frame.get_by_role("img", name="Ships in a Gale"))
    await mark(frame)
    region = frame.get_by_role("group", name="Hand over the marked region")
    await region.get_by_role("button", name="Send to the chat").click()
    await expect(frame.get_by_role("status").last).to_have_text("Sent to the chat.")
    (message,) = await strict.heard("messages")
    assert re.search(r"“Ships in a Gale”.*\(id [0-9a-f-]{36}\).*0\.\d+(,0\.\d+){3}", message["content"][0]["text"])
    await region.get_by_role("button", name="Let the chat see").click()
    await strict.page.wait_for_function("() => heard.contexts.length")
    assert (await strict.heard("contexts"))[0]["structuredContent"]["region"].count(",") == 3
    await button(frame, "Search for this region").click()
    await expect(frame.locator("#like")).to_contain_text("Like a part of Ships in a Gale")
    await expect(frame.locator("[aria-busy=true]")).to_have_count(0)
    await expect(hits(frame).first).to_contain_text("Ships in a Gale")
    assert strict.called("search_paintings_by_image")[-1]["image"].startswith("data:image/")


async def test_several_are_chosen_and_handed_over(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=6)
    for name in ("Ships in a Gale", "City at Dusk"):
        await frame.get_by_role("checkbox", name=f"Choose {name}").check()
    chosen = frame.get_by_role("group", name="Chosen paintings", exact=True)
    await expect(chosen).to_contain_text("2 chosen")
    await chosen.get_by_role("button", name="Send to the chat").click()
    await chat.page.wait_for_function("() => heard.messages.length")
    text = (await chat.heard("messages"))[0]["content"][0]["text"]
    assert "1. “Ships in a Gale”, CALDERWOOD, Thomas, c. 1842 (id " in text and "“City at Dusk”" in text
    await chosen.get_by_role("button", name="Let the chat see").click()
    await chat.page.wait_for_function("() => heard.contexts.length")
    (context,) = await chat.heard("contexts")
    assert [each["title"] for each in context["structuredContent"]["paintings"]] == ["Ships in a Gale", "City at Dusk"]
    await chosen.get_by_role("button", name="Copy for a chat").click()
    await expect(frame.get_by_role("status").last).to_have_text(re.compile("^Copied"))
    await chat.page.bring_to_front()
    assert await chat.page.evaluate("navigator.clipboard.readText()") == text
    await chosen.get_by_role("button", name="More like all of these").click()
    await expect(frame.locator("#like")).to_contain_text("2 chosen paintings")
    await settled(frame)
    await expect(hits(frame).first).not_to_contain_text("Ships in a Gale")
    assert len(chat.called("search_paintings_by_image")[-1]["painting_ids"]) == 2
    await chosen.get_by_role("button", name="Clear").click()
    await expect(chosen).to_be_hidden()


async def test_by_keyboard_alone(chat: Chat) -> None:
    frame = await chat.ask(query="ships in a storm", limit=3)
    await expect(hits(frame)).to_have_count(3)
    press = chat.page.keyboard.press
    focused = frame.locator("*:focus")
    await frame.locator("body").evaluate("() => document.body.focus()")
    await chat.page.locator("iframe").focus()

    async def tab_to(name: str) -> None:
        for _ in range(40):
            await press("Tab")
            if name == await frame.evaluate("document.activeElement.ariaLabel ?? document.activeElement.innerText"):
                return
        raise AssertionError(f"{name} is not reached by Tab")

    await tab_to("Filters")
    await expect(focused).to_have_css("outline-style", "solid")
    await press("Enter")
    await expect(focused).to_have_attribute("aria-expanded", "true")
    await press("Enter")
    await tab_to("Choose Ships in a Gale")
    await press("Space")
    await expect(frame.get_by_role("group", name="Chosen paintings", exact=True)).to_contain_text("1 chosen")
    await press("Shift+Tab")
    await press("Enter")
    heading = frame.get_by_role("heading", name="Ships in a Gale")
    await expect(heading).to_be_focused()
    await press("Escape")
    await expect(hits(frame).first.locator("button").first).to_be_focused()
    await tab_to("More like this: Ships in a Gale")
    await press("Enter")
    await expect(frame.locator("#like")).to_contain_text("Ships in a Gale")
    await expect(frame.get_by_role("heading", name="of 25 paintings, best first")).to_be_focused()
