"""The upload page in a real browser: what it takes, what it sends, and who can use it."""

from __future__ import annotations

import base64
import functools
import io
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import anyio
import anyio.to_thread
import pillow_heif
import pytest
from PIL import Image
from support.browser import Browser, browsing
from support.servers import connected_over_stdio
from support.uploading import link_in, png, running

from art_mcp.images.undecoded import MAX_BYTES
from art_mcp.server.app import ArtServer
from art_mcp.server.uploads import LINK_S
from art_mcp.settings import Settings

pillow_heif.register_heif_opener()

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

TAB, ENTER = "\ue004", "\ue007"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for which evil.example is this machine, as after DNS rebinding."""
    with browsing("--host-resolver-rules=MAP evil.example 127.0.0.1") as browser:
        yield browser


class Page:
    """The page of a new link, and what arrives from it."""

    def __init__(self, server: ArtServer, address: str, handle: str) -> None:
        self.address = address
        self._uploads = server.services.uploads
        self._handle = handle

    @property
    def arrived(self) -> bytes | None:
        return self._uploads.picture(self._handle, "")


@pytest.fixture
async def page() -> AsyncIterator[Page]:
    async with running() as (server, client):
        yield Page(server, *await link_in(client))


async def by(person: Callable[[], None]) -> None:
    """Let a person use the browser while the server runs."""
    await anyio.to_thread.run_sync(person)


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
    loaded: Settings, pictures: Path, browser: Browser, tmp_path: Path
) -> None:
    painting = Image.open(pictures / "images" / "7.jpg")
    photo = painting.resize((4000, round(4000 * painting.height / painting.width))).rotate(90, expand=True)
    exif = Image.Exif()
    exif[274] = 6  # the camera was held on its side
    file = saved(tmp_path / "photo.jpg", photo, exif=exif)

    def upload(address: str) -> None:
        browser.open(address)
        browser.give("#file", file)
        browser.wait_for("It is sent as a JPEG of 2048 × ")
        browser.press(ENTER)
        browser.wait_for("The picture is uploaded")

    async with connected_over_stdio(ART_MCP_DATABASE_URL=loaded.database_url.get_secret_value()) as client:
        address, handle = await link_in(client)
        await by(functools.partial(upload, address))
        assert handle in browser.text()
        found = await client.call_tool("search_paintings_by_image", {"image": handle})
    assert found.structured_content["results"][0]["title"] == "Composition in noise 3"
    assert found.structured_content["results"][0]["relevance"] == "strong"
    assert browser.log() == []


@pytest.mark.parametrize("kind", ["large", "heavy", "transparent", "turned", "over 20 MiB"])
async def test_a_large_picture_is_made_smaller_and_turned_upright(
    page: Page, browser: Browser, tmp_path: Path, kind: str
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

    def upload() -> None:
        browser.open(page.address)
        browser.give("#file", file)
        browser.wait_for(f"It is sent as a JPEG of {size[0]} × {size[1]} pixels")
        assert browser.run("return document.querySelector('#preview').offsetHeight") > 100
        browser.click("#send")
        browser.wait_for("The picture is uploaded")

    await by(upload)
    assert page.arrived
    sent = Image.open(io.BytesIO(page.arrived))
    assert (sent.format, sent.size, sent.getexif().get(274, 1)) == ("JPEG", size, 1)
    above, below = (sent.resize((1, 2), Image.Resampling.BOX).getpixel((0, y)) for y in (0, 1))
    red, green = (254, 0, 0), (0, 128, 0)
    expected = {"heavy": None, "transparent": ((255,) * 3,) * 2, "turned": (green, red)}.get(kind, (red, green))
    if expected:
        for seen, drawn in zip((above, below), expected, strict=True):
            assert max(abs(a - b) for a, b in zip(seen, drawn, strict=True)) < 8
    assert browser.log() == []


async def test_a_small_picture_is_sent_as_it_is(page: Page, browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "small.png").write_bytes(png())

    def upload() -> None:
        browser.open(page.address)
        browser.give("#file", str(tmp_path / "small.png"))
        browser.wait_for("small.png")
        assert "It is sent" not in browser.text()
        browser.click("#send")
        browser.wait_for("The picture is uploaded")

    await by(upload)
    assert page.arrived == png()


@pytest.mark.parametrize("suffix", [".heic", ".tif"])
async def test_what_the_browser_cannot_read_is_said_and_sent_as_it_is(
    page: Page, browser: Browser, tmp_path: Path, suffix: str
) -> None:
    text, photo, large = tmp_path / "letter.pdf", tmp_path / f"photo{suffix}", tmp_path / "large.tif"
    text.write_bytes(b"%PDF-1.7 hello")
    saved(photo, halves(300, 200))
    saved(large, noise(3000, 3000))
    assert large.stat().st_size > MAX_BYTES

    def upload() -> None:
        browser.open(page.address)
        browser.give("#file", str(large))
        browser.wait_for("larger than 20 MiB, and this browser cannot make it smaller")
        browser.give("#file", str(text))
        browser.wait_for("This browser cannot read this file")
        browser.click("#send")
        browser.wait_for("The file is a PDF document, which is not supported.")
        browser.give("#file", str(photo))
        browser.wait_for("It is sent as it is; the server reads JPEG")
        assert browser.run("return document.querySelector('#preview').offsetHeight") == 0
        browser.click("#send")
        browser.wait_for("The picture is uploaded")

    await by(upload)
    assert page.arrived == photo.read_bytes()


HAND_OVER = """
const bytes = Uint8Array.from(atob(arguments[1]), (each) => each.charCodeAt(0));
const data = new DataTransfer();
const file = new File([bytes], "given.png", {type: "image/png"});
for (let number = 0; number < arguments[2]; number++) data.items.add(file);
const event = arguments[0] === "paste"
  ? new ClipboardEvent("paste", {clipboardData: data, bubbles: true})
  : new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true});
document.body.dispatchEvent(event);
"""


@pytest.mark.parametrize("way", ["paste", "drop", "camera"])
async def test_a_picture_is_pasted_dropped_or_taken(page: Page, browser: Browser, tmp_path: Path, way: str) -> None:
    (tmp_path / "photo.png").write_bytes(png())

    def upload() -> None:
        browser.open(page.address)
        if way == "camera":
            assert browser.run("return document.querySelector('#camera').getAttribute('capture')") == "environment"
            browser.give("#camera", str(tmp_path / "photo.png"))
        else:
            for number, said in ((0, "That is not a file."), (2, "One picture at a time"), (1, "given.png")):
                browser.run(HAND_OVER, way, base64.b64encode(png()).decode(), number)
                browser.wait_for(said)
        browser.wait_for("Send this picture?")
        browser.click("#other")
        browser.wait_for("Upload a picture")
        browser.give("#file", str(tmp_path / "photo.png"))
        browser.wait_for("Send this picture?")
        browser.click("#send")
        browser.wait_for("The picture is uploaded")

    await by(upload)
    assert page.arrived == png()


CONTRAST = """
const light = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
  .map((each) => each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4)
  .reduce((sum, each, at) => sum + each * [0.2126, 0.7152, 0.0722][at], 0);
const behind = (element) => {
  const colour = getComputedStyle(element).backgroundColor;
  return colour === "rgba(0, 0, 0, 0)" ? behind(element.parentElement) : colour;
};
return [...document.querySelectorAll("h1, p, small, label, button, span, code")].map((element) => {
  const [a, b] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => b - a);
  return (a + 0.05) / (b + 0.05);
});
"""


async def test_it_is_used_by_keyboard_and_screen_reader_in_light_and_dark(
    page: Page, browser: Browser, tmp_path: Path
) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    focused = "return document.activeElement.id || document.activeElement.innerText"

    def upload() -> None:
        browser.open(page.address)
        assert browser.role("#file") == ("button", "Choose a picture")
        browser.press(TAB)
        assert browser.run(focused) == "file"
        outlined = "return getComputedStyle(document.querySelector('label[for=file]')).outlineStyle"
        assert browser.run(outlined) == "solid"
        browser.give("#file", str(tmp_path / "photo.png"))
        browser.wait_for("Send this picture?")
        assert browser.run(focused) == "send"
        assert browser.role("#preview") == ("image", "The picture that you chose")
        browser.press(TAB)
        assert browser.run(focused) == "other" and browser.role("#other") == ("button", "Choose another")
        assert browser.role("#error")[0] == "alert"
        for scheme in ("light", "dark"):
            browser.prefer(prefers_color_scheme=scheme)
            assert min(browser.run(CONTRAST)) >= 4.5
        browser.run("document.querySelector('#send').focus()")
        browser.press(ENTER)
        browser.wait_for("The picture is uploaded")
        assert browser.run(focused) == "The picture is uploaded"

    await by(upload)
    assert page.arrived == png()


async def test_a_page_whose_link_has_expired_sends_nothing(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_bytes(png())
    async with running() as (server, client):
        address, _ = await link_in(client)
        begun = server.services.uploads._clock()
        server.services.uploads._clock = lambda: begun + LINK_S - 5

        def wait() -> None:
            browser.open(address)
            browser.give("#file", str(tmp_path / "photo.png"))
            browser.wait_for("Send this picture?")
            browser.wait_for("This link does not work")
            assert browser.run("return document.querySelector('#send').offsetHeight") == 0

        await by(wait)
        assert not server.services.uploads._uploads


async def test_a_foreign_page_in_the_same_browser_reaches_nothing(page: Page, browser: Browser) -> None:
    send = """
    return fetch(arguments[0], {method: "POST", mode: "no-cors", body: "x".repeat(100)}).then(() => "sent", () => "not")
    """

    def attack() -> None:
        browser.open(page.address.replace("127.0.0.1", "evil.example"))
        assert browser.text() == "Invalid Host header"
        browser.run(send, page.address)
        read = "return fetch(arguments[0]).then((answer) => answer.text(), () => 'refused')"
        assert browser.run(read, page.address) == "refused"

    await by(attack)
    assert page.arrived is None
