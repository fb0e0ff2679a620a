"""A real browser: Chromium without a window, driven by Playwright."""

from __future__ import annotations

import base64
import mimetypes
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Literal

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, ConsoleMessage, Frame, Locator, Page, async_playwright, expect

_OPTIONS = (
    *("--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-quic"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)


NO_CHROMIUM = "Chromium is not installed (Debian's package is chromium)"

expect.set_options(timeout=15_000)


COLOURS = """
(canvas) => {
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", {willReadFrequently: true});
  copy.drawImage(canvas, 0, 0);
  const {data} = copy.getImageData(0, 0, canvas.width, canvas.height);
  const seen = new Set();
  for (let at = 0; at < data.length; at += 4 * 97) seen.add(data[at] << 16 | data[at + 1] << 8 | data[at + 2]);
  return seen.size;
}
"""
"""How many colours a canvas shows, about."""


def chromium() -> str | None:
    """The path of the program, if it is installed."""
    return shutil.which("chromium") or shutil.which("google-chrome")


@asynccontextmanager
async def browsing(*options: str) -> AsyncIterator[Browser]:
    """A new browser with options of Chromium; skips the test where it is not installed."""
    if not (program := chromium()):
        pytest.skip(NO_CHROMIUM)
    with tempfile.TemporaryDirectory() as home:
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=program, args=[*_OPTIONS, *options], env={**os.environ, "HOME": home}
            )
            yield browser
            await browser.close()


def errors_of(page: Page) -> list[str]:
    """What the page logs as an error or a warning, and what it throws, from now on."""
    said: list[str] = []

    def logged(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            said.append(message.text)

    page.on("console", logged)
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


def keep_choosers(page: Page) -> None:
    """Keep file choosers from opening from now on: `expect_file_chooser` alone begins to do so too late."""
    page.on("filechooser", lambda _: None)


GIVE = """
([kind, files]) => {
  const data = new DataTransfer();
  for (const [name, type, content] of files) {
    const bytes = Uint8Array.from(atob(content), (each) => each.charCodeAt(0));
    data.items.add(new File([bytes], name, {type}));
  }
  if (!files.length) data.setData("text/uri-list", "https://a.example/picture");  // dragged from a page
  const about = {bubbles: true, cancelable: true};
  const events = kind === "paste"
    ? [new ClipboardEvent("paste", {...about, clipboardData: data})]
    : ["dragover", "drop"].map((name) => new DragEvent(name, {...about, dataTransfer: data}));
  for (const event of events) document.body.dispatchEvent(event);
}
"""


async def give(page: Page | Frame, kind: Literal["drop", "paste"], *files: Path) -> None:
    """Drop files on the page, or paste them; without a file, the address of one."""
    content = [
        (file.name, mimetypes.guess_type(file.name)[0] or "", base64.b64encode(file.read_bytes()).decode())
        for file in files
    ]
    await page.evaluate(GIVE, [kind, content])


async def barriers(page: Page | Frame) -> list[str]:
    """What axe-core finds on a page that keeps people from using it."""
    results = await Axe().run(page)
    return [
        f"{found['id']}: {found['help']} {[node['target'] for node in found['nodes']]}"
        for found in results.response["violations"]
    ]


async def painted(canvas: Locator) -> None:
    """Wait until a canvas shows a picture, which has more than a few colours."""
    await expect(canvas).to_be_visible()
    for _ in range(300):
        if await canvas.evaluate(COLOURS) > 20:
            return
        await canvas.page.wait_for_timeout(100)
    raise AssertionError("nothing is drawn on the canvas")
