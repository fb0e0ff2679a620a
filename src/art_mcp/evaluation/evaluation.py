"""Asks questions one by one, and counts at which rank each line has the right painting."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from art_mcp.evaluation.asking import SEARCH, Asked, Asker
from art_mcp.evaluation.question import Question
from art_mcp.evaluation.statistics import NOT_FOUND, Result, summarize
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.source import Refusal
from art_mcp.painting import Hit, Painting
from art_mcp.search.finder import SearchError
from art_mcp.space import Space
from art_mcp.store.index_recall import index_recall
from art_mcp.vision.provider import Fault, VisionError

KEPT_FAILURES = 100
"""Questions that are kept for the report: those whose painting is ranked worst."""
SHOWN_HITS = 3
"""Hits that are kept of each."""
INDEX_QUESTIONS = 50
"""Questions per space by which the vector index is compared with an exact search, which reads every vector."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A question to which the search did not give the right painting first."""

    question: Question
    ranks: Mapping[str, int]
    """The rank of the right painting, by line."""
    instead: Sequence[Hit]
    """The first hits of the search."""


@dataclass(frozen=True, slots=True)
class IndexRecall:
    """How many of the nearest paintings the vector index finds."""

    space: Space
    questions: int
    mean: float
    """Share, 0 to 1."""
    lowest: float


class Evaluation:
    """Asks questions, and keeps counts; memory does not grow with the number of questions.

    Args:
        total: the number of questions that will come.
        compare_index: whether to compare the vector index with an exact search.
    """

    def __init__(self, asker: Asker, total: int, *, compare_index: bool = False) -> None:
        self._asker = asker
        self._compare_index = compare_index
        self._ranks: dict[tuple[str, str], Counter[int]] = defaultdict(Counter)
        self._index: dict[Space, list[float]] = defaultdict(list)
        self.total = total
        self.done = 0
        self.refusals: list[tuple[str, str]] = []
        """Label and reason of each question that could not be asked."""
        self.failures: list[Failure] = []
        """At most `KEPT_FAILURES`, the worst first."""

    async def run(self, questions: AsyncIterator[Question | Refusal]) -> None:
        """Ask all questions; after a cancellation or an error, what was measured until then is kept.

        Raises:
            ArtMcpError: the model or the database failed for a reason other than a single question.
        """
        async for question in questions:
            if isinstance(question, Refusal):
                self.refusals.append((question.label, question.reason))
            else:
                try:
                    asked = await self._asker.ask(question)
                except (VisionError, ImageError, SearchError) as error:
                    if isinstance(error, VisionError) and error.fault is not Fault.INPUT:
                        raise
                    self.refusals.append((f"{question.kind} of {_label(question.expected)}", str(error)))
                else:
                    self._count(question, asked)
                    if self._compare_index:
                        await self._compare(asked)
            self.done += 1

    @property
    def results(self) -> list[Result]:
        """One for each kind of question and line, in the order in which they were first asked."""
        return [summarize(kind, leg, ranks) for (kind, leg), ranks in self._ranks.items()]

    @property
    def index(self) -> list[IndexRecall]:
        return [
            IndexRecall(space, len(shares), sum(shares) / len(shares), min(shares))
            for space, shares in self._index.items()
        ]

    def _count(self, question: Question, asked: Asked) -> None:
        ranks = {
            line: next(
                (rank for rank, hit in enumerate(hits, start=1) if question.is_answered_by(hit.painting)), NOT_FOUND
            )
            for line, hits in asked.hits.items()
        }
        for line, rank in ranks.items():
            self._ranks[question.kind.value, line][rank] += 1
        if ranks[SEARCH] > 1:
            self.failures.append(Failure(question, ranks, asked.hits[SEARCH][:SHOWN_HITS]))
            self.failures.sort(key=lambda failure: -failure.ranks[SEARCH])
            del self.failures[KEPT_FAILURES:]

    async def _compare(self, asked: Asked) -> None:
        for space, vector in asked.vectors.items():
            if len(self._index[space]) < INDEX_QUESTIONS:
                share = await index_recall(self._asker.database, space, vector)
                if share is not None:
                    self._index[space].append(share)


def _label(painting: Painting) -> str:
    return painting.catalogue.title or painting.source_key
