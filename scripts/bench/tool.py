"""A text call through a real MCP client, against embedding the text and sending the same SQL, both bare."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from bench.collection import Collection, use
from bench.questions import sentences
from bench.vectors import SHIPPED, WIDE, WideProvider, widen
from figures import Against, Figure, in_turns, timed
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.types import CallToolResult, TextContent

from art_mcp.images.loader import PictureLoader
from art_mcp.search.finder import Finder
from art_mcp.space import Leg, Space
from art_mcp.store.spaces import activate
from art_mcp.vision.local import LocalProvider
from art_mcp.vision.provider import Vectors
from art_mcp.vision.sentence import SentenceNetwork

TOOL = "search_paintings_by_text"
WARM_UP = 10
SERVER = Path(__file__).with_name("server.py")


class Configuration(NamedTuple):
    name: str
    provider: type[LocalProvider]
    spaces: Mapping[Leg, Space]
    options: tuple[str, ...]
    """Of `server.py`."""
    finish: Callable[[Vectors], Vectors]
    """How the provider changes the built-in model's vectors."""


CONFIGURATIONS = (
    Configuration("1,024 dimensions", WideProvider, WIDE, ("wide",), widen),
    Configuration("as shipped", LocalProvider, SHIPPED, (), lambda vectors: vectors),
)


def server(data_dir: Path, *options: str) -> StdioServerParameters:
    """How a client starts the server."""
    return StdioServerParameters(command=sys.executable, args=[str(SERVER), str(data_dir), *options])


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> CallToolResult:
    answer = await client.call_tool(tool, arguments)
    if answer.is_error:
        raise RuntimeError(" ".join(block.text for block in answer.content if isinstance(block, TextContent)))
    return answer


async def ask(client: Client, text: str) -> CallToolResult:
    return await call(client, TOOL, {"query": text, "pictures": False})


async def tool_figures(collection: Collection, turns: int) -> list[Figure]:
    return [figure for each in CONFIGURATIONS for figure in await _text_call(collection, turns, each)]


async def _text_call(collection: Collection, turns: int, configuration: Configuration) -> list[Figure]:
    name, make_provider, spaces, options, finish = configuration
    await use(collection.bare, spaces)
    provider = make_provider()
    active = await activate(collection.database, provider.spaces.values())
    finder = Finder(collection.database, provider, active, PictureLoader(image_dirs=()))
    texts = sentences(collection.rows, turns, seed=5)
    sent = {text: await collection.database.statements(finder.by_text(text)) for text in texts}
    network = SentenceNetwork()

    async def floor(text: str) -> None:
        words = network.embed([text])
        finish(words), finish(network.bridge(words))
        await collection.replay(sent[text])

    async with Client(stdio_client(server(collection.data_dir, *options))) as client:
        for text in sentences(collection.rows, WARM_UP, seed=6):
            answer = await ask(client, text)
        await floor(texts[0])
        times, floors, checks = await in_turns(
            texts, lambda text: ask(client, text), floor, lambda _: client.session.validate_tool_result(TOOL, answer)
        )
    return [
        timed(f"text call over stdio, {name}", times, floors, most=3, against=Against.DIFFERENCE),
        timed("in it: the client checks the answer's schema", checks),
    ]
