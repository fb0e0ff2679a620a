"""Where the bounds of strong, fair and weak lie, from questions with a known answer and without any.

    python scripts/eval_relevance.py FOLDER CAPTIONS

FOLDER is that of `eval_retrieval.py`: captions whose painting is known. CAPTIONS is a CSV with a column
`caption` of photographs that have nothing to do with the collection; their best hits are wrong by
construction. For pictures, every painting is asked for by distorted copies of itself, and by others.
Prints the distributions of the raw scores that `search/relevance.py` judges, and how its bounds divide them.
"""

from __future__ import annotations

import csv
import io
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import anyio
import numpy as np
from eval_retrieval import prepare
from PIL import Image
from rich.console import Console
from rich.table import Table

from art_mcp.painting import Relevance
from art_mcp.runtime import Runtime
from art_mcp.search import relevance
from art_mcp.settings import Settings
from art_mcp.store import paintings

FOREIGN = 500
PERCENTILES = (5, 25, 50, 75, 95)

Scores = dict[str, list[float]]


async def by_text(runtime: Runtime, known: dict[str, str], foreign: Sequence[str]) -> Scores:
    """Raw scores of the right painting, and of the best hit where nothing is right."""
    finder, database = await runtime.finder(), await runtime.database()
    scores: Scores = {"right painting": [], "best hit, nothing right": [], "10th hit, nothing right": []}
    for caption, file in known.items():
        for hit, _ in (await finder.by_text(caption, limit=50)).hits:
            found = await paintings.get(database, hit.painting.id)
            if found is not None and found.image_name == file:
                scores["right painting"].append(relevance.raw_score(hit))
    for caption in foreign:
        hits = (await finder.by_text(caption, limit=10)).hits
        scores["best hit, nothing right"].append(relevance.raw_score(hits[0][0]))
        scores["10th hit, nothing right"].append(relevance.raw_score(hits[-1][0]))
    return scores


async def by_picture(runtime: Runtime, images: Path, folder: Path) -> Scores:
    """Raw scores of a painting for a distorted copy of itself, and of the best other painting."""
    finder = await runtime.finder()
    rng = random.Random(0)
    scores: Scores = {"itself, distorted": [], "best other painting": []}
    for path in sorted(images.glob("*.jpg")):
        with Image.open(path) as whole:
            width, height = whole.size
            left, top = rng.uniform(0, 0.2) * width, rng.uniform(0, 0.2) * height
            part = whole.crop((int(left), int(top), int(left + 0.8 * width), int(top + 0.8 * height)))
            buffer = io.BytesIO()
            part.rotate(rng.uniform(-4, 4), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=50)
        (folder / "query.jpg").write_bytes(buffer.getvalue())
        hits = (await finder.by_image(str(folder / "query.jpg"), limit=50)).hits
        for hit, _ in hits:
            if hit.painting.image_name == path.name:
                scores["itself, distorted"].append(relevance.raw_score(hit))
        others = [hit for hit, _ in hits if hit.painting.image_name != path.name]
        scores["best other painting"].append(relevance.raw_score(others[0]))
    return scores


def show(title: str, scores: Scores, bounds: relevance.Bounds) -> None:
    table = Table(title=f"{title}: strong from {bounds.strong}, fair from {bounds.fair}")
    table.add_column("scores of")
    for percentile in PERCENTILES:
        table.add_column(f"p{percentile}", justify="right")
    for word in Relevance:
        table.add_column(f"{word.value} %", justify="right")
    for name, values in scores.items():
        points = [f"{value:.2f}" for value in np.percentile(values, PERCENTILES)]
        words = [relevance.word(value, bounds) for value in values]
        shares = [f"{100 * words.count(word) / len(words):.0f}" for word in Relevance]
        table.add_row(name, *points, *shares)
    Console(width=110).print(table)


async def main(source: Path, captions: Path) -> None:
    with captions.open(encoding="utf-8", newline="") as file:
        foreign = [row["caption"] for row in csv.DictReader(file)]
    foreign = random.Random(0).sample(foreign, FOREIGN)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        known = prepare(source, folder)
        async with Runtime(Settings(data_dir=folder / "data", image_dirs=(folder,))) as runtime:
            ingest = await runtime.ingest()
            await ingest.run(await ingest.create(folder / "paintings.tsv"))
            show("Text", await by_text(runtime, known, foreign), relevance.TEXT)
            show("Picture", await by_picture(runtime, source / "images", folder), relevance.PICTURE)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    anyio.run(main, Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve())
