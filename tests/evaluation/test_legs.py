"""Each line of an evaluation is measured by its own leg, and the search is that of the finder."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import anyio
import pytest

from art_mcp.evaluation.asking import Asker
from art_mcp.evaluation.evaluation import Evaluation
from art_mcp.evaluation.loading import load
from art_mcp.evaluation.question import Kind, Question
from art_mcp.images.undecoded import Source
from art_mcp.runtime import Runtime
from art_mcp.sample import CAPTIONS, SAMPLE
from art_mcp.settings import Settings
from art_mcp.store import known_items

pytestmark = pytest.mark.anyio

SHOWN = {
    "skaters-by-a-village.jpg": "a snowy scene with bare trees and people skating on a frozen pond",
    "poppies-near-the-village.jpg": "red flowers in a green meadow with trees and a small house with a red roof",
    "young-woman-in-blue.jpg": "a portrait of a lady with a blue headscarf and a pearl earring",
    "bay-horse-in-a-meadow.jpg": "a brown animal with a black mane and tail stands on green grass",
    "swans-on-a-dark-pond.jpg": "white birds on a dark green lake with a row of trees behind",
    "caravan-at-evening.jpg": "four riders on camels in the desert in front of an orange sky",
}
"""What some pictures of the sample show."""
TITLED = ("Algebra of Silence", "The Tax Collector", "Opus Eleven", "A Quarrel", "The Physician", "Minuet in Dolgorst")
"""Titles that say nothing about them, in the same order."""


async def asked(questions: Sequence[Question]) -> AsyncIterator[Question]:
    for question in questions:
        yield question


async def measured(runtime: Runtime, questions: Sequence[Question]) -> dict[str, float]:
    """R@1 of each line."""
    model = await runtime.model()
    evaluation = Evaluation(Asker(await runtime.database(), model.provider, model.spaces), len(questions))
    await evaluation.run(asked(questions))
    assert evaluation.done == len(questions) and not evaluation.refusals
    return {result.leg: result.recall[1].value for result in evaluation.results}


@pytest.fixture
async def mistitled(settings: Settings, sample: Path, tmp_path: Path) -> AsyncIterator[Runtime]:
    """Pictures whose titles say nothing about what they show."""
    (tmp_path / "images").symlink_to(sample.parent / "images")
    with (tmp_path / "art.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("IMAGE_FILE", "TITLE"), *zip(SHOWN, TITLED, strict=True)])
    async with Runtime(settings) as runtime:
        await load(runtime, tmp_path / "art.csv")
        yield runtime


async def test_pixels_and_words_each_find_what_the_other_cannot(mistitled: Runtime) -> None:
    """One number for all legs, as an evaluation once printed, fails this."""
    paintings = {p.image_name: p for p in await known_items.named(await mistitled.database(), list(SHOWN))}
    contents = [Question(Kind.CAPTION, paintings[file], text) for file, text in SHOWN.items()]
    titles = [Question(Kind.CAPTION, paintings[file], text) for file, text in zip(SHOWN, TITLED, strict=True)]
    by_contents, by_titles = await measured(mistitled, contents), await measured(mistitled, titles)
    assert list(by_contents) == list(by_titles) == ["search", "pixels", "words", "full text"]
    assert by_contents["pixels"] > 0.8 and by_contents["full text"] == 0 and by_contents["words"] < 0.5
    assert by_titles["words"] == by_titles["full text"] == by_titles["search"] == 1 and by_titles["pixels"] < 0.5
    assert by_contents["search"] > by_contents["words"]


async def test_the_search_is_that_of_the_finder(settings: Settings, sample: Path) -> None:
    with (SAMPLE / CAPTIONS).open(encoding="utf-8", newline="") as file:
        texts = [row["CAPTION"] for row in csv.DictReader(file)][::8]
    texts.append('the "water lilies" by Marchand')
    async with Runtime(settings) as runtime:
        await load(runtime, sample)
        model, finder, loader = await runtime.model(), await runtime.finder(), runtime.loader()
        asker = Asker(await runtime.database(), model.provider, model.spaces)
        (painting,) = await known_items.named(await runtime.database(), ["water-lilies.jpg"])
        source = Source(await anyio.Path(sample.parent / "images" / "water-lilies.jpg").read_bytes(), "lilies.jpg")
        for question, answer in [
            *[(text, await finder.by_text(text, limit=50)) for text in texts],
            (await loader.picture(source), await finder.by_image(source, limit=50)),
        ]:
            hits = (await asker.ask(Question(Kind.CAPTION, painting, question))).hits["search"]
            assert [(hit.painting.id, hit.score) for hit in hits] == [
                (hit.painting.id, hit.score) for hit, _ in answer.hits
            ]
