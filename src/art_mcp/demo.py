"""The demo: loads the sample collection, and searches it over stdio as a chat client would."""

from __future__ import annotations

import base64
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from art_mcp.errors import ArtMcpError
from art_mcp.installation import run_by_uvx
from art_mcp.sample import copy_sample

DESCRIPTION = "the sun setting over a calm sea"
DETAIL_OF = "windmill-by-the-canal.jpg"
HITS = 4
RELEVANCE_STYLE = {"strong": "green", "fair": "yellow", "weak": "dim"}


class DemoError(ArtMcpError):
    """A step of the demo failed."""


@dataclass(slots=True)
class Demo:
    """A connected client, and the console and folder for its results."""

    client: Client
    console: Console
    folder: Path

    async def call(self, tool: str, **arguments: Any) -> CallToolResult:
        """Call a tool. Raises `DemoError` with the server's message."""
        return self.checked(tool, await self.client.call_tool(tool, arguments))

    @staticmethod
    def checked(tool: str, result: CallToolResult) -> CallToolResult:
        """Return a result. Raises `DemoError` with the server's message if it is an error."""
        if result.is_error:
            said = " ".join(block.text for block in result.content if isinstance(block, TextContent))
            raise DemoError(f"{tool} failed: {said}", "See the server's messages above.")
        return result

    async def ask(self, heading: str, file: str, tool: str, **arguments: Any) -> list[dict[str, Any]]:
        """Run one search, print the ranking as a table, and save its contact sheet."""
        started = time.perf_counter()
        result = await self.call(tool, **arguments)
        milliseconds = 1000 * (time.perf_counter() - started)
        hits: list[dict[str, Any]] = result.structured_content["results"]
        self.show(heading, f"{tool}, {milliseconds:.0f} ms", hits)
        sheet = self.folder / file
        sheet.write_bytes(picture_of(result))
        self.console.print(f"  contact sheet: {escape(str(sheet))}\n", soft_wrap=True)
        return hits

    def show(self, heading: str, how: str, hits: Sequence[dict[str, Any]]) -> None:
        table = Table(title=escape(heading), title_justify="left", title_style="bold", caption=how, box=None)
        table.add_column("#", justify="right")
        for column in ("title", "artist", "date"):
            table.add_column(column)
        table.add_column("score", justify="right")
        table.add_column("relevance")
        for number, hit in enumerate(hits, start=1):
            style = RELEVANCE_STYLE[hit["relevance"]]
            words = (escape(hit[key] or "") for key in ("title", "artist", "date"))
            table.add_row(str(number), *words, f"{hit['score']:.2f}", f"[{style}]{hit['relevance']}[/]")
        self.console.print(table)


async def run_demo(folder: Path, suggestion: str | None = None) -> None:
    """Load the sample and search it; a second run finds it loaded.

    Args:
        folder: absolute path for the sample, the database and the contact sheets.
        suggestion: what else to tell at the end.

    Raises:
        ArtMcpError: a step failed.
    """
    started = time.perf_counter()
    console = Console(highlight=False)
    sheets = folder / "answers"
    try:
        sheets.mkdir(parents=True, exist_ok=True)
        table = copy_sample(folder / "sample")
    except OSError as error:
        raise DemoError(f"{folder} cannot be written ({error.strerror}).", "Choose another --folder.") from None
    detail = _detail(table.parent / "images", sheets)
    server = StdioServerParameters(
        command=sys.executable,
        args=["-m", "art_mcp"],
        env={"ART_MCP_DATA_DIR": str(folder / "data"), "ART_MCP_IMAGE_DIRS": str(folder)},
    )
    async with Client(stdio_client(server)) as client:
        demo = Demo(client, console, sheets)
        waited = time.perf_counter()
        loaded = await _load(demo, table)
        console.print(
            f"Loaded the sample: {loaded['stored']} stored, {loaded['unchanged']} unchanged, "
            f"{loaded['refused']} refused, in {time.perf_counter() - waited:.1f} s.\n"
        )
        heading = f"“{DESCRIPTION}”"
        hits = await demo.ask(heading, "1-description.jpg", "search_paintings_by_text", query=DESCRIPTION, limit=HITS)
        console.print(f"Query picture: a detail of a painting, {escape(str(detail))}", soft_wrap=True)
        await demo.ask(
            "paintings that look like this detail",
            "2-picture.jpg",
            "search_paintings_by_image",
            image=str(detail),
            limit=HITS,
        )
        await _show_painting(demo, hits[0])
    console.print(f"[bold]Done[/] in {time.perf_counter() - started:.1f} s.\n")
    _say_what_next(console, folder)
    if suggestion:
        console.print(f"\n{escape(suggestion)}", soft_wrap=True)


async def _load(demo: Demo, table: Path) -> dict[str, Any]:
    columns = TextColumn("Loading the sample"), BarColumn(), MofNCompleteColumn()
    with Progress(*columns, console=demo.console, transient=True) as bar:
        task = bar.add_task("load", total=None)

        async def show(progress: float, total: float | None, message: str | None) -> None:
            bar.update(task, completed=progress, total=total)

        arguments = {"source": str(table), "collection": "sample"}
        result = await demo.client.call_tool("ingest_collection", arguments, progress_callback=show)
        loaded: dict[str, Any] = demo.checked("ingest_collection", result).structured_content
        return loaded


def _detail(pictures: Path, sheets: Path) -> Path:
    """Crop a part of one painting, rotated by 3 degrees as in a casual photo."""
    path = sheets / "detail.jpg"
    with Image.open(pictures / DETAIL_OF) as painting:
        width, height = painting.size
        turned = painting.rotate(3, Image.Resampling.BICUBIC)
        turned.crop((width // 5, height // 5, width * 4 // 5, height * 4 // 5)).save(path, quality=80)
    return path


async def _show_painting(demo: Demo, hit: dict[str, Any]) -> None:
    started = time.perf_counter()
    shown = await demo.call("get_painting", id=hit["id"], size=1024)
    milliseconds = 1000 * (time.perf_counter() - started)
    facts = Table(title="one painting", title_justify="left", title_style="bold", show_header=False, box=None)
    facts.caption = f"get_painting, {milliseconds:.0f} ms"
    for name, value in shown.structured_content.items():
        if value not in (None, [], {}):
            facts.add_row(name, escape(str(value)))
    demo.console.print(facts)
    picture = demo.folder / "3-painting.jpg"
    picture.write_bytes(picture_of(shown))
    demo.console.print(f"  picture: {escape(str(picture))}\n", soft_wrap=True)
    await demo.ask(
        f"paintings that look like “{hit['title']}”",
        "4-similar.jpg",
        "search_paintings_by_image",
        painting_id=hit["id"],
        limit=HITS,
    )


def picture_of(result: CallToolResult) -> bytes:
    picture = next(block for block in result.content if isinstance(block, ImageContent))
    return base64.b64decode(picture.data)


def _say_what_next(console: Console, folder: Path) -> None:
    command = "uvx art-mcp" if run_by_uvx() else str(Path(sys.executable).with_name("art-mcp"))
    console.print(
        "[bold]Next steps[/]\n"
        f"  See the results:         {escape(str(folder / 'answers'))}\n"
        f"  Load your own pictures:  {escape(command)} ingest FOLDER\n"
        f"  Set up your client:      {escape(command)} setup",
        soft_wrap=True,
    )
