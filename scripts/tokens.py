"""What the tools cost a chat's model, in tokens: a fourth of the bytes, and for a picture its pixels by 750.

    python scripts/tokens.py [SOURCE]

SOURCE is a folder or a table of paintings; without it, the sample of the demonstration is taken. Hosts give the
model either the text or the data of an answer, and its picture. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import base64
import io
import json
import sys
from pathlib import Path
from typing import Any

import anyio
from eval_retrieval import settings
from figures import table
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, ImageContent, TextContent
from PIL import Image

from art_mcp.evaluation.loading import load
from art_mcp.runtime import Runtime
from art_mcp.sample import copy_sample
from art_mcp.store.scratch import scratch

QUERY = "a village by the water"
SIZES = (1, 10, 50)


def tokens(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return f"{len(text.encode()) / 4:,.0f}"


def of_answer(answer: CallToolResult) -> list[str]:
    """Its text, its data, its picture, and how large that is."""
    text, *pictures = answer.content
    assert isinstance(text, TextContent)
    cells = [tokens(text.text), tokens(answer.structured_content)]
    for picture in pictures:
        assert isinstance(picture, ImageContent)
        data = base64.b64decode(picture.data)
        width, height = Image.open(io.BytesIO(data)).size
        cells += [f"{width * height / 750:,.0f}", f"{width} x {height}, {len(data) / 1000:.0f} KB"]
    return [*cells, *[""] * (4 - len(cells))]


async def measure(source: Path, folder: Path) -> None:
    environment = {"ART_MCP_DATA_DIR": str(folder / "data"), "ART_MCP_VISION": "local"}
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=environment)
    async with Runtime(settings(folder)) as runtime:
        await load(runtime, source)
    async with Client(stdio_client(server)) as client:
        listed = (await client.list_tools()).tools
        tools = [tool.model_dump(mode="json", by_alias=True, exclude_none=True) for tool in listed]
        rows = [[tool["name"], tokens(tool)] for tool in tools]
        print(table(["tool", "tokens of tools/list"], [*rows, ["all", tokens(tools)]]), end="\n\n")

        rows = []
        for limit in SIZES:
            answer = await client.call_tool("search_paintings_by_text", {"query": QUERY, "limit": limit})
            hits = answer.structured_content["results"]
            rows.append([f"a search, {len(hits)} hits", *of_answer(answer)])
        for size in (512, 1024):
            answer = await client.call_tool("get_painting", {"id": hits[0]["id"], "size": size})
            rows.append([f"get_painting, size {size}", *of_answer(answer)])
        rows.append(["describe_collection", *of_answer(await client.call_tool("describe_collection", {}))])
        print(table(["tokens of", "text", "data", "picture", "its size"], rows))


def main() -> None:
    with scratch() as folder:
        source = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else copy_sample(folder / "sample")
        anyio.run(measure, source, folder)


if __name__ == "__main__":
    main()
