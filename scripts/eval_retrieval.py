"""Recall@k of text queries through the tool, with bootstrap intervals, for all legs together and by parts.

    python scripts/eval_retrieval.py FOLDER

FOLDER holds `paintings.tsv` (IMAGE_FILE, AUTHOR, TITLE, DATE and VISUAL_CAPTION, what somebody wrote who
looked at the picture) and `images/`. The captions are the queries; they are taken out before the table is
loaded. The legs alone are measured in the same database: a database in which one leg alone has vectors.
"""

from __future__ import annotations

import csv
import sys
import tempfile
from pathlib import Path

import anyio
import asyncpg
import numpy as np
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from rich.console import Console
from rich.table import Table

from art_mcp.store.embedded import EmbeddedServer

AT = (1, 5, 10)
RESAMPLES = 10_000
LEGS = {"all": ("pixels", "words"), "pixels, words": ("pixels", "words"), "pixels": ("pixels",), "words": ("words",)}
"""The active spaces of each line; only the first has full text too, which is taken out after it."""


def prepare(source: Path, folder: Path) -> dict[str, str]:
    """Copy the table without its captions, link the pictures, and return each caption's picture."""
    (folder / "images").symlink_to(source / "images")
    captions = {}
    with (
        (source / "paintings.tsv").open(encoding="utf-8", newline="") as read,
        (folder / "paintings.tsv").open("w", encoding="utf-8", newline="") as write,
    ):
        rows = csv.DictReader(read, delimiter="\t")
        kept = [name for name in rows.fieldnames or [] if name != "VISUAL_CAPTION"]
        table = csv.DictWriter(write, kept, delimiter="\t", extrasaction="ignore")
        table.writeheader()
        for row in rows:
            table.writerow(row)
            if row["VISUAL_CAPTION"]:
                captions[row["VISUAL_CAPTION"]] = row["IMAGE_FILE"]
    return captions


async def ranks(client: Client, captions: dict[str, str], files: dict[str, str]) -> np.ndarray:
    """The rank of the right painting for each caption, 1 to 50, or infinity beyond."""
    found = []
    for caption, file in captions.items():
        result = await client.call_tool("search_paintings_by_text", {"query": caption, "limit": 50, "pictures": False})
        order = [files[hit["id"]] for hit in result.structured_content["results"]]
        found.append(order.index(file) + 1 if file in order else np.inf)
    return np.array(found)


async def files_by_id(client: Client) -> dict[str, str]:
    """Every painting's picture file, by its id."""
    files, cursor = {}, None
    while True:
        asked = {"query": "x", "limit": 50, "cursor": cursor, "pictures": False}
        page = await client.call_tool("search_paintings_by_text", asked)
        for hit in page.structured_content["results"]:
            shown = await client.call_tool("get_painting", {"id": hit["id"], "size": 0})
            files[hit["id"]] = shown.structured_content["image_file"]
        if not (cursor := page.structured_content["next_cursor"]):
            return files


async def measure(source: Path, folder: Path) -> dict[str, np.ndarray]:
    captions = prepare(source, folder)
    environment = {"ART_MCP_DATA_DIR": str(folder / "data"), "ART_MCP_IMAGE_DIRS": f"{folder}:{source}"}
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=environment)
    postgres = EmbeddedServer.start(folder / "data")  # the same server as the tool's
    result = {}
    for name, legs in LEGS.items():
        async with Client(stdio_client(server)) as client:
            if not result:
                loaded = await client.call_tool("ingest_collection", {"source": str(folder / "paintings.tsv")})
                print(loaded.content[0].text, file=sys.stderr)
                files = await files_by_id(client)
        connection = await asyncpg.connect(**postgres.connect_args)
        await connection.execute("UPDATE art_mcp.spaces SET active = leg = ANY($1::text[])", list(legs))
        if name != "all":
            await connection.execute("UPDATE art_mcp.paintings SET search = ''")
        await connection.close()
        async with Client(stdio_client(server)) as client:
            result[name] = await ranks(client, captions, files)
    postgres.close()
    return result


def show(measured: dict[str, np.ndarray]) -> None:
    rng = np.random.default_rng(0)
    count = len(next(iter(measured.values())))
    table = Table(title=f"Recall, {count} captions (95 % bootstrap interval)")
    table.add_column("leg")
    for k in AT:
        table.add_column(f"R@{k}", justify="right")
    draws = rng.integers(0, count, (RESAMPLES, count))
    for name, places in measured.items():
        cells = []
        for k in AT:
            hits = 100.0 * (places <= k)
            low, high = np.percentile(hits[draws].mean(axis=1), [2.5, 97.5])
            cells.append(f"{hits.mean():.1f} ({low:.0f}-{high:.0f})")
        table.add_row(name, *cells)
    Console(width=90).print(table)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as temporary:
        show(anyio.run(measure, Path(sys.argv[1]).resolve(), Path(temporary)))
