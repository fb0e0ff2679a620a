"""How soon the gallery shows pictures: from the result of a search to the first picture, and to all of a page.

    python scripts/bench_gallery.py [--pictures 50] [--turns 5] [--write DOCUMENT]

The sample collection and its negatives are loaded into a new database in a temporary folder, and served over HTTP to
this machine. Chromium opens the gallery there and asks for so many paintings. The time starts when the search has
answered, and ends when a picture is on its canvas. The median of several turns counts. Needs Chromium, and what the
tests need.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import uvicorn
from figures import Figure, Report
from PIL import Image, ImageOps
from playwright.async_api import Page, async_playwright

from art_mcp.runtime import Runtime
from art_mcp.sample import SAMPLE, SIZE, copy_sample
from art_mcp.server.app import build_server
from art_mcp.server.http import http_app, listen
from art_mcp.settings import Settings
from art_mcp.store.scratch import scratch

FIRST_MS, ALL_MS = 150, 1000
MOST = 2 * SIZE
WATCH = """
  window.drawn = [];
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  CanvasRenderingContext2D.prototype.drawImage = function (...given) {
    draw.apply(this, given);
    if (this.canvas.closest("#wall")) drawn.push(performance.now());
  };
"""
MEASURED = """
  () => {
    const [search, ...others] = performance.getEntriesByType("resource").filter(({name}) => name.endsWith("/mcp"));
    const bytes = others.reduce((sum, {decodedBodySize}) => sum + decodedBodySize, 0);
    return [drawn[0] - search.responseEnd, drawn.at(-1) - search.responseEnd, bytes, others.length];
  }
"""


def negatives(folder: Path) -> Path:
    """The sample's pictures mirrored and in the opposite colours, so that none is taken for a copy."""
    folder.mkdir()
    for path in (SAMPLE / "images").iterdir():
        ImageOps.invert(ImageOps.mirror(Image.open(path).convert("RGB"))).save(folder / path.name, quality=90)
    return folder


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[str]:
    """The origin of a server with the sample and its negatives."""
    settings = Settings(data_dir=folder / "data", image_dirs=(folder,))
    async with Runtime(settings) as runtime:
        ingest = await runtime.ingest()
        for source in (copy_sample(folder / "sample"), negatives(folder / "negatives")):
            await ingest.run(await ingest.create(source))
    config = uvicorn.Config(http_app(build_server(settings)), log_config=None, ws="none")
    with listen("127.0.0.1", 0) as listener:
        web = uvicorn.Server(config)
        async with anyio.create_task_group() as serving:
            serving.start_soon(web.serve, [listener])
            while not web.started:
                await anyio.sleep(0.01)
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            web.should_exit = True


async def turn(page: Page, pictures: int) -> list[float]:
    """Milliseconds to the first and to the last picture, bytes and number of the answers that bring pictures."""
    await page.reload()
    await page.wait_for_function("(count) => drawn.length >= count", arg=pictures)
    measured: list[float] = await page.evaluate(MEASURED)
    return measured


async def measure(options: argparse.Namespace) -> list[list[float]]:
    with scratch() as folder:
        async with served(folder) as origin, async_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("google-chrome")
            if not chromium:
                sys.exit("Chromium is not installed (Debian's package is chromium).")
            browser = await playwright.chromium.launch(executable_path=chromium)
            page = await browser.new_page(viewport={"width": 1400, "height": 900})
            await page.add_init_script(WATCH)
            await page.goto(origin)
            await page.wait_for_function("() => history.state?.query")
            await page.evaluate(
                "(limit) => history.replaceState({...history.state, query: {...history.state.query, limit}}, '')",
                options.pictures,
            )
            await turn(page, options.pictures)  # the server's first answer waits for the database and the model
            turns = [await turn(page, options.pictures) for _ in range(options.turns)]
            await browser.close()
    return turns


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=50, help=f"at most {MOST}")
    parser.add_argument("--turns", type=int, default=5)
    Report.add_option(parser)
    options = parser.parse_args()
    if not 0 < options.pictures <= MOST:
        parser.error(f"--pictures must be between 1 and {MOST}")
    report = Report("bench_gallery", ["speed"], options)
    first, last, size, calls = (statistics.median(each) for each in zip(*anyio.run(measure, options), strict=True))
    report.add(
        "speed",
        [
            Figure("result to the first picture", first, "ms", most=FIRST_MS),
            Figure(f"result to {options.pictures} pictures", last, "ms", most=ALL_MS),
            Figure("answers that bring them", calls),
            Figure("bytes of an answer for each picture", size / options.pictures),
        ],
    )


if __name__ == "__main__":
    main()
