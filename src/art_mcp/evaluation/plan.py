"""Which questions an evaluation asks, and how many embeddings they need."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from art_mcp.errors import ArtMcpError
from art_mcp.evaluation.captions import questions_of, read_captions
from art_mcp.evaluation.own import own_questions, titles
from art_mcp.evaluation.question import PICTURES, Question
from art_mcp.evaluation.sample import PICTURE_QUESTIONS, TEXTS, sample_questions
from art_mcp.ingest.sources.source import Refusal
from art_mcp.painting import Filters
from art_mcp.runtime import Model
from art_mcp.sample import SIZE
from art_mcp.space import Leg
from art_mcp.store import known_items
from art_mcp.store.database import Database


@dataclass(slots=True)
class Plan:
    """The questions that will be asked."""

    questions: Callable[[], AsyncIterator[Question | Refusal]]
    texts: int
    pictures: int
    about: str
    """What is evaluated, as a heading."""
    notes: list[str] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    stored: int = 0
    """Number of pictures that are embedded to be searched."""
    compare_index: bool = False
    """Whether to compare the vector index with an exact search."""

    @property
    def total(self) -> int:
        return self.texts + self.pictures


def of_sample(database: Database, model: Model) -> Plan:
    """The sample, which is loaded when the questions are asked."""
    made_by = model.provider.spaces[Leg.PIXELS].made_by
    about = f"The sample with {made_by}"
    return Plan(lambda: sample_questions(database), TEXTS, PICTURE_QUESTIONS, about, stored=SIZE)


async def of_captions(
    database: Database, model: Model, path: Path, columns: Mapping[str, str], count: int, filters: Filters
) -> Plan:
    """Up to `count` captions of a table; see `read_captions`."""
    made_by, notes = _model(model)
    found = await read_captions(database, path, columns, count, filters)
    if found.usable > len(found.questions):
        notes.append(f"{len(found.questions):,} of {found.usable:,} captions were drawn; --questions N asks more.")
    if found.refused > len(found.refusals):
        notes.append(f"{found.refused:,} rows were refused.")
    if found.verbatim:
        notes.append(
            f"{found.verbatim} captions are stored with their painting, so words and full text match them literally."
        )
    about = f"The captions of {path.name} with {made_by}"
    return Plan(lambda: questions_of(found.questions), len(found.questions), 0, about, notes, found.refusals)


async def of_collection(database: Database, model: Model, count: int, filters: Filters) -> Plan:
    """Titles and distorted pictures of up to `count` stored paintings.

    Raises:
        ArtMcpError: there are none.
    """
    made_by, notes = _model(model)
    drawn = await known_items.draw(database, count, filters)
    if not drawn:
        raise ArtMcpError("There are no paintings yet.", "Load some with `art-mcp ingest FOLDER`, or pass --sample.")
    fills = not notes
    seen = sum(painting.image_sha256 is not None for painting in drawn) if fills else 0
    if fills and seen < len(drawn):
        notes.append(f"{len(drawn) - seen} of {len(drawn)} paintings have no stored picture; only titles are asked.")
    return Plan(
        lambda: own_questions(database, drawn, with_pictures=fills),
        sum(len(titles(painting)) for painting in drawn),
        len(PICTURES) * seen,
        f"{len(drawn)} paintings with {made_by}",
        notes,
        compare_index=True,
    )


def _model(model: Model) -> tuple[str, list[str]]:
    """The name of the model that embedded the pictures, and a note if it is not configured here."""
    own = model.provider.spaces[Leg.PIXELS]
    stored = next((space for space in model.spaces if space.leg is Leg.PIXELS), own)
    if stored == own:
        return own.made_by, []
    return stored.made_by, [
        f"The pictures were embedded by {stored.made_by}, which is not configured here: they are not measured."
    ]
