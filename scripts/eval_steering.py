"""How far words steer a search by a picture ("like this, but at night").

    python scripts/eval_steering.py FOLDER [--pairs scripts/steering.tsv]
                                    [--write src/art_mcp/vision/models/MODEL_CARD.md]

FOLDER holds `paintings.tsv` and `images/`, as for `eval_retrieval.py`, of at most 200 paintings. The pairs name a
painting by its title (the first one that has it), and wanted words (`text`) or unwanted ones (`negative`).

For each pair, paintings like this one are searched with and without the words. Of the first ten of either, those are
counted that are in the fifth of the collection that the pixel leg alone ranks highest for the words: as many as
possible for wanted words (the goal is 5), as few as possible for unwanted ones. This measures how far the words move
the ranking, not whether the pixel leg understands them. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import csv
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import anyio
import numpy as np
from eval_retrieval import TABLE, settings
from figures import Report, table

from art_mcp.evaluation.loading import load
from art_mcp.runtime import Runtime
from art_mcp.search import MAX_LIMIT
from art_mcp.search.text_query import words_leg
from art_mcp.space import Leg
from art_mcp.store.known_items import draw
from art_mcp.store.ranking import DEPTH, rank
from art_mcp.store.scratch import scratch

if TYPE_CHECKING:
    import uuid

    from art_mcp.search.finder import Finder

PAIRS = Path(__file__).parent / "steering.tsv"
TEN = 10
GOAL = 5
HEADER = [
    "steered by",
    "pairs",
    "in the fifth, unsteered",
    "in the fifth, steered",
    f"{GOAL} or more, unsteered, %",
    f"{GOAL} or more, steered, %",
    "rank correlation",
    "kept of ten",
]


class Pair(NamedTuple):
    """A painting, and what others like it should, or should not, show; one of the two is empty."""

    title: str
    text: str
    negative: str


@dataclass(frozen=True, slots=True)
class Steered:
    """What the words of a pair changed."""

    pair: Pair
    unsteered: int
    """Of the first ten, those in the fifth that the pixel leg ranks highest for the words."""
    steered: int
    correlation: float
    """Spearman's, of both rankings."""
    kept: int
    """Of the unsteered first ten, those that are still among the first ten."""


async def ranking(finder: Finder, painting: uuid.UUID, text: str = "", negative: str = "") -> list[uuid.UUID]:
    """The ids of all hits, best first."""
    found, cursor = [], None
    while True:
        page = await finder.like_painting(painting, text=text, negative=negative, limit=MAX_LIMIT, cursor=cursor)
        found += [hit.painting.id for hit, _ in page.hits]
        if (cursor := page.next_cursor) is None:
            return found


async def fifth(runtime: Runtime, words: str, painting: uuid.UUID) -> set[uuid.UUID]:
    """The fifth of the other paintings that the pixel leg ranks highest for words."""
    model = await runtime.model()
    space = model.provider.spaces[Leg.PIXELS]
    leg = words_leg(model.provider, space, (await model.provider.embed_queries([words]))[Leg.PIXELS][0])
    hits = (await rank(await runtime.database(), [leg], limit=DEPTH, exclude=[painting])).hits
    return {hit.painting.id for hit in hits[: len(hits) // 5]}


def correlation(one: Sequence[uuid.UUID], other: Sequence[uuid.UUID]) -> float:
    """Spearman's rank correlation of two rankings, over what is in both."""
    both = set(one) & set(other)
    places = {each: place for place, each in enumerate(each for each in other if each in both)}
    return float(np.corrcoef(range(len(both)), [places[each] for each in one if each in both])[0, 1])


async def steer(runtime: Runtime, pair: Pair, painting: uuid.UUID) -> Steered:
    finder = await runtime.finder()
    without = await ranking(finder, painting)
    steered = await ranking(finder, painting, pair.text, pair.negative)
    shown = await fifth(runtime, pair.text or pair.negative, painting)
    return Steered(
        pair,
        len(shown.intersection(without[:TEN])),
        len(shown.intersection(steered[:TEN])),
        correlation(without, steered),
        len(set(without[:TEN]).intersection(steered[:TEN])),
    )


async def measure(source: Path, pairs: Sequence[Pair], folder: Path) -> list[Steered]:
    async with Runtime(settings(folder)) as runtime:
        await load(runtime, source / TABLE)
        there = await draw(await runtime.database(), DEPTH + 1)
        if len(there) > DEPTH:
            sys.exit(f"{source} has more than {DEPTH} paintings, which is as far as a search ranks them.")
        ids = {each.catalogue.title: each.id for each in sorted(there, key=lambda each: each.image_name, reverse=True)}
        if missing := {pair.title for pair in pairs} - ids.keys():
            sys.exit(f"{source} has no painting with the title {min(missing)!r}.")
        return [await steer(runtime, pair, ids[pair.title]) for pair in pairs]


def read_pairs(path: Path) -> list[Pair]:
    with path.open(encoding="utf-8", newline="") as file:
        pairs = [Pair(**row) for row in csv.DictReader(file, dialect="excel-tab")]
    for pair in pairs:
        if bool(pair.text) == bool(pair.negative):
            sys.exit(f"{path.name}: {pair.title!r} needs either text or negative.")
    return pairs


def summary(by: str, results: Sequence[Steered]) -> list[str]:
    """The cells of `HEADER`."""
    counts = np.array([(each.unsteered, each.steered) for each in results])
    return [
        by,
        str(len(results)),
        *(f"{mean:.1f}" for mean in counts.mean(0)),
        *(f"{share:.0f}" for share in 100 * (counts >= GOAL).mean(0)),
        f"{np.mean([each.correlation for each in results]):.2f}",
        f"{np.mean([each.kept for each in results]):.1f}",
    ]


def pair_table(results: Sequence[Steered]) -> str:
    rows = [
        [
            each.pair.title,
            each.pair.text or f"not {each.pair.negative}",
            *map(str, (each.unsteered, each.steered)),
            f"{each.correlation:.2f}",
            str(each.kept),
        ]
        for each in results
    ]
    return table(["like", "but", *HEADER[2:4], *HEADER[6:]], rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with paintings.tsv and images/")
    parser.add_argument("--pairs", type=Path, default=PAIRS, help="a table with title, text and negative")
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("eval_steering", ["steering"], options)
    pairs = read_pairs(options.pairs)
    with scratch() as folder:
        results = anyio.run(measure, options.folder.resolve(), pairs, folder)
    print(f"\n{pair_table(results)}")
    kinds = {
        "wanted words": [each for each in results if each.pair.text],
        "unwanted words": [each for each in results if each.pair.negative],
    }
    rows = [summary(by, some) for by, some in kinds.items() if some]
    report.add("steering", table(HEADER, rows), "Means over the pairs; the fifth is the highest for the words")


if __name__ == "__main__":
    main()
