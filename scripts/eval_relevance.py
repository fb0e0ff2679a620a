"""Where the bounds of strong, fair and weak should lie, from questions with a known answer and with none.

    python scripts/eval_relevance.py FOLDER CAPTIONS

FOLDER is as for `eval_retrieval.py`: captions whose painting is known. CAPTIONS is a CSV with a column
`caption` of photographs that have nothing to do with the collection, of which at most 500 are asked; their best
hits are wrong by construction. For pictures, every painting is asked for by a distorted copy of itself.
Prints percentiles of the scores that `search/relevance.py` judges, and the percentage of them that its bounds call
strong, fair and weak. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
from collections.abc import Sequence
from pathlib import Path

import anyio
import numpy as np
from eval_retrieval import captioned, settings
from figures import table
from PIL import Image

from art_mcp.painting import Relevance
from art_mcp.runtime import Runtime
from art_mcp.search import relevance
from art_mcp.store import paintings
from art_mcp.store.scratch import scratch

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
                scores["right painting"].append(hit.score)
    for caption in foreign:
        hits = (await finder.by_text(caption, limit=10)).hits
        scores["best hit, nothing right"].append(hits[0][0].score)
        scores["10th hit, nothing right"].append(hits[-1][0].score)
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
                scores["itself, distorted"].append(hit.score)
        others = [hit for hit, _ in hits if hit.painting.image_name != path.name]
        scores["best other painting"].append(others[0].score)
    return scores


def show(title: str, scores: Scores, bounds: relevance.Bounds) -> None:
    header = ["scores of", "count", *(f"p{each}" for each in PERCENTILES), *(f"{word.value}, %" for word in Relevance)]
    rows = []
    for name, values in scores.items():
        points = [f"{value:.2f}" for value in np.percentile(values, PERCENTILES)] if values else [""] * len(PERCENTILES)
        words = [relevance.judge(value, bounds) for value in values]
        shares = [f"{100 * words.count(word) / len(words):.1f}" if words else "" for word in Relevance]
        rows.append([name, str(len(values)), *points, *shares])
    print(f"\n## {title}: strong from {bounds.strong}, fair from {bounds.fair}\n\n{table(header, rows)}", flush=True)


async def measure(source: Path, captions: Path, folder: Path) -> None:
    with captions.open(encoding="utf-8", newline="") as file:
        foreign = [row["caption"] for row in csv.DictReader(file)]
    foreign = random.Random(0).sample(foreign, min(FOREIGN, len(foreign)))
    async with Runtime(settings(folder)) as runtime:
        known = {str(question.asked): question.expected.image_name for question in await captioned(runtime, source)}
        show("Text", await by_text(runtime, known, foreign), relevance.TEXT)
        show("Picture", await by_picture(runtime, source / "images", folder), relevance.PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with paintings.tsv and images/")
    parser.add_argument("captions", type=Path, help="a CSV with a column `caption`")
    options = parser.parse_args()
    with scratch() as folder:
        anyio.run(measure, options.folder.resolve(), options.captions, folder)


if __name__ == "__main__":
    main()
