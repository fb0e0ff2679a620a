"""How often a photo of a painting on a wall finds the painting, by the whole photo and by views of its parts.

    python scripts/eval_wall_photos.py FOLDER [--photographs FOLDER] [--each 2] [--seed 1] [--keep FOLDER]
                                       [--write docs/pictures.md]

FOLDER holds `paintings.tsv` and `images/`, as for `eval_retrieval.py`. Its paintings are photographed on synthetic
walls (`wall_photos.py`), and all questions go through the finder. A quarter of the paintings is loaded only after
the photos of them have been asked for: whatever is found before is wrong. Pictures in the folder of photographs,
if there is one, show no painting of the collection: for them parts should decide nothing. Needs what art-mcp
itself needs.
"""

from __future__ import annotations

import argparse
import csv
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import anyio
import numpy as np
from eval_retrieval import settings
from figures import Report, table
from PIL import Image
from wall_photos import photograph

from art_mcp.evaluation.loading import load
from art_mcp.images.undecoded import Source
from art_mcp.painting import Relevance
from art_mcp.runtime import Runtime
from art_mcp.search.finder import Finder
from art_mcp.store.scratch import scratch
from art_mcp.vision.local import LocalProvider

HELD_OUT = 4
"""One painting in this many is loaded late."""


class Query(NamedTuple):
    file: str
    """The painting's picture in the collection; empty where it has none."""
    jpeg: bytes


class Asked(NamedTuple):
    """The first page of an answer, summarised."""

    rank: float
    """Of the right painting, from 1, or infinity."""
    relevance: Relevance | None
    """Of the first hit."""
    part: bool
    """It was found by a part of the picture."""
    seconds: float


class WholeOnly(LocalProvider):
    """The built-in model, as if it were billed: nothing is made of parts."""

    limits = replace(LocalProvider.limits, billed=True)


def queries(images: Sequence[Path], each: int, seed: int) -> tuple[list[Query], list[Query]]:
    """Photos that have the whole painting in them, `each` of every one, and photos that cut it off, one of each."""
    taken = [(place, number) for place in range(len(images)) for number in range(each + 1)]
    with ProcessPoolExecutor() as workers:
        photos = list(workers.map(partial(_taken, images, seed), taken, chunksize=8))
    whole = [photo for photo, (_, number) in zip(photos, taken, strict=True) if number]
    return whole, [photo for photo, (_, number) in zip(photos, taken, strict=True) if not number]


def _taken(images: Sequence[Path], seed: int, photo: tuple[int, int]) -> Query:
    place, number = photo
    rng = np.random.default_rng([seed, place, number])
    other = images[(place + int(rng.integers(1, len(images)))) % len(images)]
    with Image.open(images[place]) as painting, Image.open(other) as neighbour:
        return Query(images[place].name, photograph(painting, neighbour, rng, cut_off=number == 0).jpeg)


async def ask(finder: Finder, wanted: Iterable[Query]) -> list[Asked]:
    asked = []
    for query in wanted:
        start = time.perf_counter()
        found = await finder.by_image(Source(query.jpeg, "photo.jpg"), limit=10)
        seconds = time.perf_counter() - start
        order = [hit.painting.image_name.rpartition("/")[2] for hit, _ in found.hits]
        rank = order.index(query.file) + 1 if query.file in order else np.inf
        asked.append(Asked(rank, found.hits[0][1], found.note is not None, seconds))
    return asked


def split(source: Path, folder: Path) -> list[Path]:
    """Two tables, of the paintings that are loaded first and of those that are held out."""
    with (source / "paintings.tsv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    tables = []
    for name, held_out in (("shown", False), ("late", True)):
        (folder / name).mkdir()
        (folder / name / "images").symlink_to(source / "images")
        tables.append(folder / name / "paintings.tsv")
        with tables[-1].open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), delimiter="\t")
            writer.writeheader()
            writer.writerows(row for place, row in enumerate(rows) if (place % HELD_OUT == 0) is held_out)
    return tables


async def measure(
    source: Path, folder: Path, whole: list[Query], cut_off: list[Query], foreign: list[Query]
) -> dict[str, list[list[Asked]]]:
    """For each kind of question what was answered by the whole picture, and with views."""
    shown, late = split(source, folder)
    with late.open(encoding="utf-8", newline="") as file:
        held_out = {row["IMAGE_FILE"] for row in csv.DictReader(file, delimiter="\t")}
    async with Runtime(settings(folder)) as runtime:

        async def finders_after(table: Path) -> list[Finder]:
            await load(runtime, table, table.parent.name)
            return [
                Finder(await runtime.database(), WholeOnly(), await runtime.spaces(), runtime.loader()),
                await runtime.finder(),
            ]

        async def answers(kind: str, wanted: list[Query]) -> None:
            measured[kind] = [await ask(finder, wanted) for finder in finders]

        measured: dict[str, list[list[Asked]]] = {}
        finders = await finders_after(shown)
        await answers("not in the collection", [query for query in whole if query.file in held_out])
        finders = await finders_after(late)
        await answers("wholly in the photo", whole)
        await answers("cut off by the photo", cut_off)
        if foreign:
            await answers("photographs of other things", foreign)
    return measured


def share(asked: Sequence[Asked], holds: Callable[[Asked], bool]) -> str:
    return f"{100 * sum(map(holds, asked)) / len(asked):.1f}"


def results(measured: dict[str, list[list[Asked]]]) -> str:
    header = ["the painting is", "asked by", "photos", "R@1, %", "R@10, %", "right and strong, %"]
    header += ["wrong and strong, %", "by a part, %", "median, s", "p95, s"]
    rows = []
    for kind, answers in measured.items():
        for way, asked in zip(("whole picture", "views"), answers, strict=True):
            median, late = np.percentile([each.seconds for each in asked], [50, 95])
            shares = [
                share(asked, lambda each: each.rank == 1),
                share(asked, lambda each: each.rank <= 10),
                share(asked, lambda each: each.rank == 1 and each.relevance is Relevance.STRONG),
                share(asked, lambda each: each.rank > 1 and each.relevance is Relevance.STRONG),
                share(asked, lambda each: each.part),
            ]
            rows.append([kind, way, str(len(asked)), *shares, f"{median:.2f}", f"{late:.2f}"])
    return table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with paintings.tsv and images/")
    parser.add_argument("--photographs", type=Path, help="a folder of pictures that show no painting")
    parser.add_argument("--each", type=int, default=2, help="photos of each painting")
    parser.add_argument("--seed", type=int, default=1, help="of the photos")
    parser.add_argument("--keep", type=Path, help="write the photos into this folder")
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("eval_wall_photos", ["results"], options)
    source = options.folder.resolve()
    whole, cut_off = queries(sorted((source / "images").glob("*.jpg")), options.each, options.seed)
    if options.keep:
        options.keep.mkdir(parents=True, exist_ok=True)
        for number, query in enumerate(whole + cut_off):
            (options.keep / f"{number:04}-{query.file}").write_bytes(query.jpeg)
    pictures = sorted(options.photographs.glob("*.jpg")) if options.photographs else []
    foreign = [Query("", path.read_bytes()) for path in pictures]
    with scratch() as folder:
        report.add("results", results(anyio.run(measure, source, folder, whole, cut_off, foreign)))


if __name__ == "__main__":
    main()
