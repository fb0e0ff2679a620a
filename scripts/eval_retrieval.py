"""Recall@k of captions or of sentences, with bootstrap intervals: by the whole search, and by each leg alone.

    python scripts/eval_retrieval.py FOLDER [--write src/art_mcp/vision/models/MODEL_CARD.md]
    python scripts/eval_retrieval.py SOURCE --sentences [--write src/art_mcp/vision/models/MODEL_CARD.md]

FOLDER holds `paintings.tsv` (IMAGE_FILE, AUTHOR, TITLE, DATE and VISUAL_CAPTION, a description written from looking at
the picture) and `images/`. A caption should find its painting. With --sentences, SOURCE is anything with descriptions
that art-mcp loads, such as SemArt's tables. The first sentence of a description should find its painting by the rest of
the catalogue entry; TF-IDF, the baseline, searches the same entries.

What is asked is not loaded. The built-in model is used, whatever the user has set, and the questions are evaluated as
`art-mcp evaluate` does. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import numpy as np
from figures import Report

from art_mcp.evaluation.asking import Asker
from art_mcp.evaluation.captions import questions_of
from art_mcp.evaluation.evaluation import Evaluation
from art_mcp.evaluation.loading import load
from art_mcp.evaluation.question import Kind, Question
from art_mcp.evaluation.statistics import NOT_FOUND, Result, summarize
from art_mcp.evaluation.tables import RESULT_HEADER, result_row, table
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import Options, Row
from art_mcp.painting import Painting
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store.known_items import draw, named
from art_mcp.store.scratch import scratch

if TYPE_CHECKING:
    from numpy.typing import NDArray

TABLE = "paintings.tsv"
SENTENCE = re.compile(r".{40,}?[.!?](?=\s*[A-Z])", re.DOTALL)
"""The first sentence of several; a shorter one is likely to be an abbreviation."""


def settings(folder: Path) -> Settings:
    """The built-in model, and a database of its own, whatever the user has set."""
    return Settings(database_url=None, vision="local", data_dir=folder / "data", image_dirs=(folder,))


async def captioned(runtime: Runtime, source: Path, folder: Path) -> list[Question]:
    """Load the table of a folder without its captions, and return these; a row without one asks nothing."""
    options = Options(columns={"description": "VISUAL_CAPTION"}, images=str(source))
    return await _load_apart(runtime, source / TABLE, folder, options, lambda caption: (caption, ""))


async def first_sentences(runtime: Runtime, source: Path, folder: Path) -> list[Question]:
    """Load a source without pictures and the first sentence of each description, and return these sentences.

    A description of one sentence is loaded whole and asks nothing.
    """

    def split(description: str) -> tuple[str, str]:
        first = SENTENCE.match(description)
        return (first[0], description[first.end() :]) if first else ("", description)

    return await _load_apart(runtime, source, folder, Options(), split)


async def _load_apart(
    runtime: Runtime, source: Path, folder: Path, options: Options, split: Callable[[str], tuple[str, str]]
) -> list[Question]:
    """Load a source without what is asked, and return the questions.

    Args:
        folder: where to write the table that is loaded.
        options: how to read the source; without `images`, no pictures are loaded.
        split: parts a description into what is asked, empty for nothing, and what is loaded.
    """
    asked, unasked = {}, folder / "unasked.jsonl"
    opened = await anyio.to_thread.run_sync(open_source, str(source), options)
    with unasked.open("w", encoding="utf-8") as file:
        async with aclosing(opened.pages(None)) as pages:
            async for page in pages:
                for row in page.rows:
                    assert isinstance(row, Row), row
                    asked[row.key], rest = split(row.catalogue.description or "")
                    image = {"image": row.image} if options.images else {}
                    catalogue = replace(row.catalogue, description=rest)
                    file.write(json.dumps({"key": row.key, **image, **catalogue.as_dict()}) + "\n")
    await opened.aclose()
    await load(runtime, unasked, options=Options(columns={"key": "key"}, images=options.images))
    stored = await named(await runtime.database(), list(asked))
    return [Question(Kind.CAPTION, painting, text) for painting in stored if (text := asked[painting.source_key])]


def tf_idf(questions: Sequence[Question], entries: Sequence[Painting]) -> Result:
    """How well TF-IDF answers the same questions: the cosine of vectors as scikit-learn makes them by default."""

    def counted(text: str) -> Counter[str]:
        return Counter(re.findall(r"\w\w+", text.lower()))

    texts = [counted(" ".join(filter(None, entry.catalogue.as_dict().values()))) for entry in entries]
    having = Counter(word for text in texts for word in text)
    rarity = {word: 1 + np.log((1 + len(texts)) / (1 + count)) for word, count in having.items()}
    places = {word: place for place, word in enumerate(rarity)}

    def vector(text: Counter[str]) -> NDArray[np.float32]:
        made = np.zeros(len(places), np.float32)
        for word in text.keys() & places.keys():
            made[places[word]] = text[word] * rarity[word]
        return made / (float(np.linalg.norm(made)) or 1)

    vectors = np.stack([vector(text) for text in texts])
    numbers = {entry.id: number for number, entry in enumerate(entries)}
    ranks: Counter[int] = Counter()
    for question in questions:
        scores = vectors @ vector(counted(str(question.asked)))
        ranks[min(int((scores >= scores[numbers[question.expected.id]]).sum()), NOT_FOUND)] += 1
    return summarize(Kind.CAPTION, "TF-IDF", ranks)


async def measure(source: Path, folder: Path, sentences: bool) -> list[Result]:
    async with Runtime(settings(folder)) as runtime:
        questions = await (first_sentences if sentences else captioned)(runtime, source, folder)
        model, database = await runtime.model(), await runtime.database()
        evaluation = Evaluation(Asker(database, model.provider, model.spaces), len(questions))
        await evaluation.run(questions_of(questions))
        if not sentences:
            return evaluation.results
        results = [*evaluation.results, tf_idf(questions, await draw(database, sys.maxsize))]
        return [replace(result, kind="sentence") for result in results]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="a folder with paintings.tsv and images/; see above for --sentences")
    parser.add_argument("--sentences", action="store_true", help="ask the first sentence of each description")
    Report.add_option(parser)
    options = parser.parse_args()
    section = "sentences" if options.sentences else "recall"
    report = Report("eval_retrieval", [section], options)
    with scratch() as folder:
        results = anyio.run(measure, options.source.resolve(), folder, options.sentences)
    report.add(section, table(RESULT_HEADER, map(result_row, results)), "Recall, with 95 % bootstrap intervals")


if __name__ == "__main__":
    main()
