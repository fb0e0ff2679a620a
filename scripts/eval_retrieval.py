"""Recall@k of text queries, with bootstrap intervals: through the tool, and by each leg of the ranking alone.

    python scripts/eval_retrieval.py FOLDER [--write src/art_mcp/vision/models/MODEL_CARD.md]

FOLDER holds `paintings.tsv` (IMAGE_FILE, AUTHOR, TITLE, DATE and VISUAL_CAPTION, a description written
from looking at the picture) and `images/`. The captions are the queries; they are taken out before the table is
loaded. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
import numpy as np
from figures import Report, table
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from numpy.typing import NDArray
from scratch import scratch

from art_mcp.normalization import fold
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.space import Leg
from art_mcp.store import jobs
from art_mcp.store.full_text import Words
from art_mcp.store.ranking import LegQuery, rank

AT = (1, 5, 10)
DEPTH = 50
"""How many paintings are looked at for the right one."""
RESAMPLES = 10_000
LEGS: dict[str, tuple[Leg, ...]] = {
    "pixels and words": (Leg.PIXELS, Leg.WORDS),
    "pixels": (Leg.PIXELS,),
    "words": (Leg.WORDS,),
    "full text": (),
}
"""The spaces of each line; a line without any has the full text alone."""

Ask = Callable[[str], Awaitable[list[str]]]
"""From a caption to the picture files of the paintings that are found, best first."""


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


def settings(folder: Path) -> Settings:
    """The built-in model, and a database of its own, whatever the user has set."""
    return Settings(_env_file=None, database_url=None, vision="local", data_dir=folder / "data", image_dirs=(folder,))


async def load(runtime: Runtime, path: Path, collection: str = "art") -> None:
    """Load a source to its end. The script ends if not all of it can be loaded.

    Args:
        collection: part of the paintings' ids, which decide between equal scores: each run has the same.
    """
    ingest, database = await runtime.ingest(), await runtime.database()
    job_id = await ingest.create(path, collection=collection)
    await ingest.run(job_id)
    job = await jobs.get(database, job_id)
    assert job is not None
    for row, reason in await jobs.refusals(database, job_id, 1):
        sys.exit(f"{path.name}: {job.refused} of {job.total} rows were refused; {row}: {reason}")


async def ranks(captions: dict[str, str], ask: Ask) -> NDArray[np.float64]:
    """The rank of the right painting for each caption, from 1, or infinity beyond `DEPTH`."""
    found = []
    for caption, file in captions.items():
        order = await ask(caption)
        found.append(order.index(file) + 1 if file in order else np.inf)
    return np.array(found)


async def measure(source: Path, folder: Path) -> dict[str, NDArray[np.float64]]:
    captions = prepare(source, folder)
    environment = {"ART_MCP_DATA_DIR": str(folder / "data"), "ART_MCP_VISION": "local"}
    server = StdioServerParameters(command=sys.executable, args=["-m", "art_mcp"], env=environment)
    measured = {}
    async with Runtime(settings(folder)) as runtime:
        await load(runtime, folder / "paintings.tsv")
        database, provider = await runtime.database(), await runtime.provider()
        async with database.connection() as connection:
            rows = await connection.fetch("SELECT id::text, image_name FROM art_mcp.paintings")
        file_of = {row["id"]: row["image_name"] for row in rows}
        async with Client(stdio_client(server)) as client:

            async def by_tool(caption: str) -> list[str]:
                asked = {"query": caption, "limit": DEPTH, "pictures": False}
                answer = await client.call_tool("search_paintings_by_text", asked)
                return [file_of[hit["id"]] for hit in answer.structured_content["results"]]

            measured["all, through the tool"] = await ranks(captions, by_tool)
        for name, legs in LEGS.items():

            async def by_legs(caption: str, legs: tuple[Leg, ...] = legs) -> list[str]:
                vectors = await provider.embed_queries([caption])
                queries = [LegQuery(provider.spaces[leg], vectors[leg][0]) for leg in legs]
                words = None if legs else Words(fold(caption))
                ranking = await rank(database, queries, words=words, limit=DEPTH)
                return [hit.painting.image_name for hit in ranking.hits]

            measured[name] = await ranks(captions, by_legs)
    return measured


def recall_table(measured: dict[str, NDArray[np.float64]]) -> str:
    rng = np.random.default_rng(0)
    count = len(next(iter(measured.values())))
    draws = rng.integers(0, count, (RESAMPLES, count))
    rows = []
    for name, places in measured.items():
        cells = []
        for k in AT:
            hits = 100.0 * (places <= k)
            low, high = np.percentile(hits[draws].mean(axis=1), [2.5, 97.5])
            cells.append(f"{hits.mean():.1f} ({low:.0f} to {high:.0f})")
        rows.append([name, *cells])
    return table([f"{count} captions", *(f"R@{k}, %" for k in AT)], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with paintings.tsv and images/")
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("eval_retrieval", ["recall"], options)
    with scratch() as folder:
        measured = anyio.run(measure, options.folder.resolve(), folder)
    report.add("recall", recall_table(measured), "Recall, with 95 % bootstrap intervals")


if __name__ == "__main__":
    main()
