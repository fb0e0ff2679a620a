"""Other MCP servers over stdio, on the same vectors, with the product's text call as their floor.

Neither embeds here: mcp-server-pgvector is sent vectors, and mcp-server-qdrant, whose model would have to be
downloaded, gets precomputed ones.
"""

from __future__ import annotations

import json
import os
import subprocess
import venv
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import numpy as np
from bench.collection import Collection, console, use
from bench.questions import sentences
from bench.tool import ask, call, server
from bench.vectors import WIDE, WideProvider
from figures import Figure, in_turns, timed
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from art_mcp.space import Leg
from art_mcp.store.spaces import vector_table

if TYPE_CHECKING:
    from art_mcp.vision.provider import Vectors

PACKAGES = ("mcp-server-pgvector==0.1.0", "mcp-server-qdrant==0.8.1", "mcp<2")
LIMIT = 10
QDRANT_UNTIL = 20_000
"""Paintings; its local mode compares all of them, and loading more would take hours."""
LAUNCHER = Path(__file__).with_name("qdrant_peer.py")


async def peer_figures(collection: Collection, turns: int) -> list[Figure]:
    await use(collection.bare, WIDE)
    folder = collection.data_dir.parent / "peers"
    programs = await anyio.to_thread.run_sync(_install, folder)
    texts = sentences(collection.rows, turns, seed=5)
    vectors = dict(zip(texts, (await WideProvider().embed_queries(texts))[Leg.PIXELS], strict=True))
    figures = [await _pgvector(collection, programs, vectors)]
    if collection.rows <= QDRANT_UNTIL:
        figures.append(await _qdrant(collection, programs, vectors, folder / f"qdrant-{collection.rows}"))
    return figures


def _install(folder: Path) -> Path:
    """The folder of the peers' programs."""
    programs = folder / "venv" / "bin"
    if not (programs / "mcp-server-qdrant").exists():
        console.print("Installing the peers")
        venv.create(folder / "venv", with_pip=True, clear=True)
        subprocess.run([programs / "python", "-m", "pip", "install", "-qq", *PACKAGES], check=True)
    return programs


async def _pgvector(collection: Collection, programs: Path, vectors: dict[str, Vectors]) -> Figure:
    schema, _, table = vector_table(WIDE[Leg.PIXELS]).partition(".")
    host, port = (collection.server.connect_args[name] for name in ("host", "port"))
    url = f"postgresql://postgres@/postgres?host={host}&port={port}"
    peer = StdioServerParameters(command=str(programs / "mcp-server-pgvector"), env={"DATABASE_URL": url})
    where = {"schema": schema, "table": table, "embedding_column": "vector", "k": LIMIT}

    async def ask_theirs(client: Client, text: str) -> None:
        await call(client, "similarity_search", {**where, "query_embedding": vectors[text].tolist()})

    return await _against(collection, "mcp-server-pgvector, sent the vector", peer, ask_theirs, list(vectors))


async def _qdrant(collection: Collection, programs: Path, vectors: dict[str, Vectors], folder: Path) -> Figure:
    folder.mkdir(exist_ok=True)
    rows = await collection.bare.fetch(f"SELECT vector FROM {vector_table(WIDE[Leg.PIXELS])}")
    np.save(folder / "vectors.npy", np.stack([row["vector"].to_numpy() for row in rows]))
    (folder / "questions.json").write_text(json.dumps({text: vector.tolist() for text, vector in vectors.items()}))
    peer = StdioServerParameters(command=str(programs / "python"), args=[str(LAUNCHER), str(folder)])

    async def ask_theirs(client: Client, text: str) -> None:
        await call(client, "qdrant-find", {"query": text})

    return await _against(collection, "mcp-server-qdrant, local, given the vectors", peer, ask_theirs, list(vectors))


async def _against(
    collection: Collection,
    what: str,
    peer: StdioServerParameters,
    ask_theirs: Callable[[Client, str], Awaitable[Any]],
    texts: list[str],
) -> Figure:
    ours = stdio_client(server(collection.data_dir, "wide"))
    with open(os.devnull, "w") as unread:
        async with Client(stdio_client(peer, errlog=unread)) as theirs, Client(ours) as client:
            await ask_theirs(theirs, texts[0])
            await ask(client, "anything")
            times, floor = await in_turns(
                texts,
                lambda text: ask_theirs(theirs, text),
                lambda text: ask(client, text),
            )
    return timed(f"peer: {what}", times, floor)
