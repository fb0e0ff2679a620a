"""The upload page in a real browser: what it takes, what it sends, and who can use it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pillow_heif
import pytest
from PIL import Image
from playwright.async_api import Browser, Locator, expect
from playwright.async_api import Page as Window
from support.browser import barriers, browsing, errors_of, give, keep_choosers
from support.servers import connected_over_stdio
from support.uploading import link_in, png, running

from art_mcp import store
from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.server.app import ArtServer
from art_mcp.server.uploads import LINK_S
from art_mcp.settings import Settings

pillow_heif.register_heif_opener()

pytestmark = [pytest.mark.anyio, pytest.mark.slow]


FILE, SEND = "input[type=file]", "text=Send it to the chat"


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A browser for which evil.example is this machine, as after DNS rebinding."""
    async with browsing("--host-resolver-rules=MAP evil.example 127.0.0.1") as browser:
        yield browser


@pytest.fixture
async def window(browser: Browser) -> AsyncIterator[Window]:
    """A window with an empty profile."""
    async with await browser.new_page() as window:
        keep_choosers(window)
        yield window


class Page:
    """The page of a new link, and what arrives from it."""

    def __init__(self, server: ArtServer, address: str, handle: str) -> None:
        self.address = address
        self._uploads = server.services.uploads
        self._handle = handle

    async def arrived(self) -> bytes | None:
        return await self._uploads.picture(self._handle, "session:")


@pytest.fixture
async def page(settings: Settings) -> AsyncIterator[Page]:
    async with running(settings) as (server, client):
        yield Page(server, *await link_in(client))


async def reads(window: Window, text: str) -> None:
    """Wait until the page shows a text."""
    await expect(window.locator("body")).to_contain_text(text, use_inner_text=True)


def preview(window: Window) -> Locator:
    return window.get_by_role("img", name="The picture that you chose")


def saved(path: Path, image: Image.Image, **options: object) -> str:
    image.save(path, **options)
    return str(path)


def noise(width: int, height: int) -> Image.Image:
    return Image.effect_noise((width, height), 80).convert("RGB")


def halves(width: int, height: int) -> Image.Image:
    """Red above green."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("green", (0, height // 2, width, height))
    return image


async def test_over_stdio_a_photo_finds_its_painting(
    loaded: Settings, pictures: Path, window: Window, tmp_path: Path
) -> None:
    painting = Image.open(pictures / "images" / "7.jpg")
    photo = painting.resize((4000, round(4000 * painting.height / painting.width))).rotate(90, expand=True)
    exif = Image.Exif()
    exif[274] = 6  # the camera was held on its side
    file = saved(tmp_path / "photo.jpg", photo, exif=exif)

    said = errors_of(window)
    async with connected_over_stdio(ART_MCP_DATABASE_URL=loaded.database_url.get_secret_value()) as client:
        address, handle = await link_in(client)
        await window.goto(address)
        await window.set_input_files(FILE, file)
        await reads(window, "It is sent as a JPEG of 2048 × ")
        await window.keyboard.press("Enter")
        await reads(window, "The chat has your picture")
        await reads(window, handle)
        found = await client.call_tool("search_paintings_by_image", {"image": handle})
    assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
    assert found.structured_content["results"][0]["relevance"] == "strong"
    assert said == []


@pytest.mark.parametrize("kind", ["large", "heavy", "transparent", "turned", "over 20 MiB"])
async def test_a_large_picture_is_made_smaller_and_turned_upright(
    page: Page, window: Window, tmp_path: Path, kind: str
) -> None:
    turned = Image.Exif()
    turned[274] = 3
    clear = halves(3000, 1500).convert("RGBA")
    clear.putalpha(0)
    file, size = {
        "large": lambda: (saved(tmp_path / "a.jpg", halves(2100, 4200)), (1024, 2048)),
        "heavy": lambda: (saved(tmp_path / "a.png", noise(1600, 1200)), (1600, 1200)),
        "transparent": lambda: (saved(tmp_path / "a.webp", clear, lossless=True), (2048, 1024)),
        "turned": lambda: (saved(tmp_path / "a.jpg", halves(4200, 2100), exif=turned), (2048, 1024)),
        "over 20 MiB": lambda: (saved(tmp_path / "a.bmp", halves(3000, 3000)), (2048, 2048)),
    }[kind]()

    said = errors_of(window)
    await window.goto(page.address)
    await window.set_input_files(FILE, file)
    await reads(window, f"It is sent as a JPEG of {size[0]} × {size[1]} pixels")
    assert await preview(window).evaluate("(canvas) => canvas.offsetHeight") > 100
    await window.click(SEND)
    await reads(window, "The chat has your picture")
    arrived = await page.arrived()
    assert arrived
    sent = Image.open(io.BytesIO(arrived))
    assert (sent.format, sent.size, sent.getexif().get(274, 1)) == ("JPEG", size, 1)
    above, below = (sent.resize((1, 2), Image.Resampling.BOX).getpixel((0, y)) for y in (0, 1))
    red, green = (254, 0, 0), (0, 128, 0)
    expected = {"heavy": None, "transparent": ((255,) * 3,) * 2, "turned": (green, red)}.get(kind, (red, green))
    if expected:
        for seen, drawn in zip((above, below), expected, strict=True):
            assert max(abs(a - b) for a, b in zip(seen, drawn, strict=True)) < 8
    assert said == []


async def test_a_small_picture_is_sent_as_it_is(page: Page, window: Window, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png())

    await window.goto(page.address)
    await window.set_input_files(FILE, str(tmp_path / "small.png"))
    await reads(window, "small.png")
    await expect(window.get_by_text("It is sent")).to_be_hidden()
    await window.click(SEND)
    await reads(window, "The chat has your picture")
    assert await page.arrived() == png()


@pytest.mark.parametrize("suffix", [".heic", ".tif"])
async def test_what_the_browser_cannot_read_is_said_and_sent_as_it_is(
    page: Page, window: Window, tmp_path: Path, suffix: str
) -> None:
    text, photo, large = tmp_path / "letter.pdf", tmp_path / f"photo{suffix}", tmp_path / "large.tif"
    text.write_bytes(b"%PDF-1.7 hello")
    saved(photo, halves(300, 200))
    saved(large, noise(3000, 3000))
    assert large.stat().st_size > MAX_BYTES

    await window.goto(page.address)
    await window.set_input_files(FILE, str(large))
    await reads(window, "That file is larger than 20 MiB.")
    await window.set_input_files(FILE, str(text))
    await reads(window, "You can send it as it is.")
    await window.click(SEND)
    await reads(window, "The file is a PDF document, which is not supported.")
    await window.set_input_files(FILE, str(photo))
    await reads(window, f"photo{suffix}")
    await reads(window, "You can send it as it is.")
    await expect(preview(window)).to_have_count(0)
    await window.click(SEND)
    await reads(window, "The chat has your picture")
    assert await page.arrived() == photo.read_bytes()


@pytest.mark.parametrize("way", ["paste", "drop"])
async def test_a_picture_is_pasted_or_dropped(page: Page, window: Window, tmp_path: Path, way: str) -> None:
    (tmp_path / "photo.png").write_bytes(png())

    await window.goto(page.address)
    if way == "drop":
        await give(window, way)
        await reads(window, "That is not a file.")
    await give(window, way, *[tmp_path / "photo.png"] * 2)
    await reads(window, "One picture at a time")
    await give(window, way, tmp_path / "photo.png")
    await reads(window, "Send this picture?")
    async with window.expect_file_chooser() as chooser:
        await window.get_by_role("button", name="Choose another").click()
    await (await chooser.value).set_files(tmp_path / "photo.png")
    await reads(window, "Send this picture?")
    await window.click(SEND)
    await reads(window, "The chat has your picture")
    assert await page.arrived() == png()


async def test_it_is_used_by_keyboard_and_screen_reader_in_light_and_dark(
    page: Page, window: Window, tmp_path: Path
) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    focused = window.locator("*:focus")

    await window.goto(page.address)
    await window.keyboard.press("Tab")
    await expect(focused).to_have_accessible_name("Choose a picture")
    await expect(focused).to_have_css("outline-style", "solid")
    assert await barriers(window) == []
    async with window.expect_file_chooser() as chooser:
        await window.keyboard.press("Enter")
    await (await chooser.value).set_files(tmp_path / "photo.png")
    await reads(window, "Send this picture?")
    await expect(focused).to_have_accessible_name("Send it to the chat")
    await expect(preview(window)).to_be_visible()
    await window.keyboard.press("Tab")
    await expect(focused).to_have_accessible_name("Choose another")
    for scheme in ("light", "dark"):
        await window.emulate_media(color_scheme=scheme)
        assert await barriers(window) == []
    await window.keyboard.press("Shift+Tab")
    await window.keyboard.press("Enter")
    await expect(focused).to_have_text("The chat has your picture")
    assert await barriers(window) == []
    assert await page.arrived() == png()


async def test_a_page_whose_link_has_expired_sends_nothing(settings: Settings, window: Window, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    async with running(settings) as (server, client):
        address, _ = await link_in(client)
        begun = server.services.uploads._clock()
        server.services.uploads._clock = lambda: begun + LINK_S - 5

        await window.goto(address)
        await window.set_input_files(FILE, str(tmp_path / "photo.png"))
        await reads(window, "Send this picture?")
        await reads(window, "This link does not work")
        await expect(window.locator(SEND)).to_have_count(0)
        assert not await store.uploads.forget_expired(await server.services.runtime.database())


async def test_a_link_that_no_longer_works_says_so(page: Page, window: Window) -> None:
    answer = await window.goto(page.address + "x")
    assert answer and answer.status == 404
    await reads(window, "This link does not work")
    await reads(window, "Ask for a new one in the chat.")
    await expect(window.get_by_role("button")).to_have_count(0)
    assert await barriers(window) == []


async def test_a_foreign_page_in_the_same_browser_reaches_nothing(page: Page, window: Window) -> None:
    send = """
    (address) => fetch(address, {method: "POST", mode: "no-cors", body: "x".repeat(100)}).catch(() => null)
    """
    await window.goto(page.address.replace("127.0.0.1", "evil.example"))
    await expect(window.locator("body")).to_have_text("Invalid Host header")
    await window.evaluate(send, page.address)
    read = "(address) => fetch(address).then((answer) => answer.text(), () => 'refused')"
    assert await window.evaluate(read, page.address) == "refused"
    assert await page.arrived() is None
