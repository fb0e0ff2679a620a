"""What the tools cost a chat's model, in tokens: a fourth of the bytes, and for a picture its pixels by 750.

    python scripts/tokens.py [SOURCE]

SOURCE is a folder or a table of paintings; without it, the sample of the demonstration is taken. Hosts
give the model either the text or the data of an answer, and the picture beside it.
"""

from __future__ import annotations

import base64
import io
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ImageContent
from PIL import Image
from rich.console import Console
from rich.table import Table

from art_mcp.sample import copy_sample
from art_mcp.store.embedded import EmbeddedServer

QUERY = "a village by the water"
SIZES = (1, 10, 50)


def tokens(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"{len(text.encode()) / 4:,.0f}"


def of_answer(answer: CallToolResult) -> tuple[str, ...]:
    """Its text, its data, its picture, and how large that is."""
    text, *pictures = answer.content
    cells = [tokens(text.text), tokens(answer.structured_content)]
    for picture in pictures:
        assert isinstance(picture, ImageContent)
        data = base64.b64decode(picture.data)
        width, height = Image.open(io.BytesIO(data)).size
        cells += [f"{width * height / 750:,.0f}", f"{width} x {height}, {len(data) / 1000:.0f} KB"]
    return tuple(cells)


async def measure(source: Path, folder: Path) -> None:
    environment = {"ART_MCP_DATA_DIR": str(folder / "data"), "ART_MCP_IMAGE_DIRS": str(source.parent)}
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=environment)
    listed = Table("tool", "tokens of tools/list")
    answers = Table("answer", "text", "data", "picture", "")
    async with Client(stdio_client(server)) as client:
        tools = [
            tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in (await client.list_tools()).tools
        ]
        for tool in tools:
            listed.add_row(tool["name"], tokens(tool))
        listed.add_row("all", tokens(tools))
        await client.call_tool("ingest_collection", {"source": str(source)})
        for limit in SIZES:
            answer = await client.call_tool("search_paintings_by_text", {"query": QUERY, "limit": limit})
            hits = answer.structured_content["results"]
            answers.add_row(f"a search, {len(hits)} hits", *of_answer(answer))
        for size in (512, 1024):
            answer = await client.call_tool("get_painting", {"id": hits[0]["id"], "size": size})
            answers.add_row(f"get_painting, size {size}", *of_answer(answer))
        answers.add_row("describe_collection", *of_answer(await client.call_tool("describe_collection", {})))
    Console(width=100).print(listed, answers)


def main() -> None:
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else copy_sample(folder / "sample")
        postgres = EmbeddedServer.start(folder / "data")  # the same server as the tool's
        anyio.run(measure, source, folder)
        postgres.close()


if __name__ == "__main__":
    main()
