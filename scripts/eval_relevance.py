"""Where the bounds of strong, fair and weak should lie, from questions with a known answer and with none.

    python scripts/eval_relevance.py FOLDER [--unanswerable FILE]

FOLDER is as for `eval_retrieval.py`: captions whose painting is known. FILE has descriptions of what no painting there
shows, one a line. Because scores do not depend on the collection, smaller ones are simulated by leaving hits out; each
is drawn 20 times. Each caption is also asked of the same collection without its painting, because captions and the
descriptions in FILE differ in more than having an answer: in their length, for example. For pictures, every painting is
asked for by a distorted copy of itself.

Prints, for collections of several sizes, how often nothing fits and how many of the strong hits are right, the curve of
false alarms for each signal, and percentiles of the scores of pictures. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import anyio
import numpy as np
from eval_retrieval import captioned, settings
from figures import table
from PIL import Image

from art_mcp.evaluation.asking import SEARCH, Asker
from art_mcp.evaluation.question import Kind, Question
from art_mcp.painting import Hit, Relevance
from art_mcp.runtime import Runtime
from art_mcp.search import relevance
from art_mcp.store.scratch import scratch

UNANSWERABLE = Path(__file__).parent / "unanswerable.txt"
SIZES = (10, 50, 200)
DRAWS = 20
NOTHING_FITS = ("answerable", "its painting left out", "unanswerable")
FALSE_ALARMS = (5, 10, 20, 40)
PERCENTILES = (5, 25, 50, 75, 95)

Scores = dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Ranked:
    """What a search found for a question, and the picture file of its answer; None if nothing answers it."""

    hits: Sequence[Hit]
    answer: str | None

    def best(self, among: set[str]) -> float:
        """The score of the best hit if these were all paintings; nothing of them is found: minus infinity."""
        return max((hit.score for hit in self.hits if hit.painting.image_name in among), default=-np.inf)


async def by_text(runtime: Runtime, known: Sequence[Question], unanswerable: Sequence[str]) -> list[Ranked]:
    model = await runtime.model()
    asker = Asker(await runtime.database(), model.provider, model.spaces)
    asked = [*known, *(Question(Kind.CAPTION, known[0].expected, text) for text in unanswerable)]
    answers = [*(question.expected.image_name for question in known), *[None] * len(unanswerable)]
    return [
        Ranked((await asker.ask(question)).hits[SEARCH], answer)
        for question, answer in zip(asked, answers, strict=True)
    ]


def words_by_size(ranked: Sequence[Ranked], files: Sequence[str]) -> str:
    """How often nothing fits, and how many strong hits are right, in drawn collections of each size and in all."""
    rng = random.Random(0)
    rows = []
    for size in [size for size in SIZES if size < len(files)] + [len(files)]:
        nothing: dict[str, list[bool]] = {name: [] for name in NOTHING_FITS}
        strong = right = 0
        for each in ranked:
            for _ in range(DRAWS if size < len(files) else 1):
                among = set(rng.sample(files, size))
                if each.answer is None:
                    nothing["unanswerable"].append(each.best(among) < relevance.TEXT.fair)
                else:
                    among = among if each.answer in among else among - {min(among)} | {each.answer}
                    nothing["answerable"].append(each.best(among) < relevance.TEXT.fair)
                    nothing["its painting left out"].append(each.best(among - {each.answer}) < relevance.TEXT.fair)
                hits = [hit.painting.image_name for hit in each.hits if hit.score >= relevance.TEXT.strong]
                strong += len(among.intersection(hits))
                right += each.answer in among.intersection(hits)
        cells = [f"{100 * np.mean(nothing[name]):.0f}" for name in NOTHING_FITS]
        rows.append([str(size), *cells, str(strong), f"{100 * right / strong:.0f}" if strong else ""])
    header = ["paintings", *(f"{name}: nothing fits, %" for name in NOTHING_FITS), "strong hits", "right, %"]
    return table(header, rows)


def curve(ranked: Sequence[Ranked]) -> str:
    """The share of answers that get more than the best hits of the unanswerable, for each signal of a hit."""
    rows = []
    for name in ("score", *ranked[0].hits[0].legs):

        def signal(hit: Hit, name: str = name) -> float:
            return hit.score if name == "score" else hit.legs.get(name, -1.0)

        false = [max(map(signal, each.hits)) for each in ranked if each.answer is None]
        right = [
            max((signal(hit) for hit in each.hits if hit.painting.image_name == each.answer), default=-np.inf)
            for each in ranked
            if each.answer is not None
        ]
        bounds = [float(np.percentile(false, 100 - share)) for share in FALSE_ALARMS]
        rows.append([name, *(f"{100 * np.mean(np.array(right) > bound):.0f} ({bound:.2f})" for bound in bounds)])
    return table(["signal", *(f"{share} % false alarms" for share in FALSE_ALARMS)], rows)


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
        strong, fair = (100 * np.mean(np.array(values) >= bound) for bound in (bounds.strong, bounds.fair))
        shares = [f"{share:.1f}" for share in (strong, fair - strong, 100 - fair)]
        rows.append([name, str(len(values)), *points, *shares])
    print(f"\n## {title}: strong from {bounds.strong}, fair from {bounds.fair}\n\n{table(header, rows)}", flush=True)


async def measure(source: Path, unanswerable: Path, folder: Path) -> None:
    texts = unanswerable.read_text("utf-8").splitlines()
    async with Runtime(settings(folder)) as runtime:
        known = await captioned(runtime, source, folder)
        files = sorted(path.name for path in (source / "images").iterdir())
        ranked = await by_text(runtime, known, texts)
        bounds = relevance.TEXT
        print(f"\n## Text: strong from {bounds.strong}, fair from {bounds.fair}\n\n{words_by_size(ranked, files)}")
        print(f"\n## Answers that are found, %, and the bound\n\n{curve(ranked)}", flush=True)
        show("Picture", await by_picture(runtime, source / "images", folder), relevance.PICTURE)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with paintings.tsv and images/")
    parser.add_argument("--unanswerable", type=Path, default=UNANSWERABLE)
    options = parser.parse_args()
    with scratch() as folder:
        anyio.run(measure, options.folder.resolve(), options.unanswerable, folder)


if __name__ == "__main__":
    main()
