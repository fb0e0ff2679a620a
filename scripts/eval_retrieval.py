"""Recall@k of captions, with bootstrap intervals: by the whole search, and by each leg of the ranking alone.

    python scripts/eval_retrieval.py FOLDER [--write src/art_mcp/vision/models/MODEL_CARD.md]

FOLDER holds `paintings.tsv` (IMAGE_FILE, AUTHOR, TITLE, DATE and VISUAL_CAPTION, a description written
from looking at the picture) and `images/`. It is loaded with the built-in model, and evaluated as `art-mcp evaluate`
does, whatever the user has set. Needs what art-mcp itself needs.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import anyio
from figures import Report

from art_mcp.evaluation.asking import Asker
from art_mcp.evaluation.captions import caption_columns, questions_of, read_captions
from art_mcp.evaluation.evaluation import Evaluation
from art_mcp.evaluation.loading import load
from art_mcp.evaluation.question import Question
from art_mcp.evaluation.statistics import Result
from art_mcp.evaluation.tables import RESULT_HEADER, result_row, table
from art_mcp.runtime import Runtime
from art_mcp.settings import Settings
from art_mcp.store.scratch import scratch

TABLE = "paintings.tsv"


def settings(folder: Path) -> Settings:
    """The built-in model, and a database of its own, whatever the user has set."""
    return Settings(database_url=None, vision="local", data_dir=folder / "data", image_dirs=(folder,))


async def captioned(runtime: Runtime, source: Path) -> list[Question]:
    """Load the table of a folder, and return its captions; a row without one asks nothing."""
    await load(runtime, source / TABLE)
    columns = caption_columns("VISUAL_CAPTION", None, None)
    return (await read_captions(await runtime.database(), source / TABLE, columns, sys.maxsize)).questions


async def measure(source: Path, folder: Path) -> list[Result]:
    async with Runtime(settings(folder)) as runtime:
        questions = await captioned(runtime, source)
        model = await runtime.model()
        evaluation = Evaluation(Asker(await runtime.database(), model.provider, model.spaces), len(questions))
        await evaluation.run(questions_of(questions))
        return evaluation.results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="with paintings.tsv and images/")
    Report.add_option(parser)
    options = parser.parse_args()
    report = Report("eval_retrieval", ["recall"], options)
    with scratch() as folder:
        results = anyio.run(measure, options.folder.resolve(), folder)
    report.add("recall", table(RESULT_HEADER, map(result_row, results)), "Recall, with 95 % bootstrap intervals")


if __name__ == "__main__":
    main()
