"""Evaluates a model on the sample collection, and compares it with the built-in one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from art_mcp.evaluation.captions import caption_columns, read_captions
from art_mcp.evaluation.own import pictures
from art_mcp.evaluation.question import PICTURES, Kind, Question
from art_mcp.evaluation.statistics import Interval, Result
from art_mcp.ingest.sources.source import Refusal
from art_mcp.sample import CAPTIONS, SAMPLE, SIZE
from art_mcp.store import known_items
from art_mcp.store.database import Database

K: Final = 5
TEXTS: Final = 2 * SIZE
PICTURE_QUESTIONS: Final = len(PICTURES) * SIZE
QUESTIONS: Final = TEXTS + PICTURE_QUESTIONS
EXPECTED: Final[Mapping[tuple[str, str], float]] = {
    (Kind.CAPTION, "search"): 0.98,
    (Kind.CAPTION, "pixels"): 0.76,
    (Kind.CAPTION, "words"): 0.98,
    (Kind.CAPTION, "full text"): 0.78,
    **{(kind, leg): 1.0 for kind in PICTURES for leg in ("search", "look", "pixels")},
}
"""R@5 of the built-in model, by kind of question and leg, rounded down. Chance finds 5 of 26, 0.19."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a line compares with the built-in model's."""

    kind: str
    leg: str
    expected: float
    recall: Interval
    """R@5."""

    @property
    def as_expected(self) -> bool:
        """Whether the built-in model's recall is within the interval or below it."""
        return self.recall.high >= self.expected


async def sample_questions(database: Database) -> AsyncIterator[Question | Refusal]:
    """Two captions and the distorted pictures of each painting; the sample is the only collection of the database."""
    captions = await read_captions(database, SAMPLE / CAPTIONS, caption_columns("CAPTION", None, None), TEXTS)
    for question in captions.questions:
        yield question
    for painting in await known_items.draw(database, SIZE):
        async for picture in pictures(database, painting):
            yield picture


def verdicts(results: Sequence[Result]) -> list[Verdict]:
    """A verdict on each line that the built-in model has too."""
    return [
        Verdict(each.kind, each.leg, EXPECTED[each.kind, each.leg], each.recall[K])
        for each in results
        if (each.kind, each.leg) in EXPECTED
    ]
