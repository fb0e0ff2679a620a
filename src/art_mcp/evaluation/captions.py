"""Questions from a table with a column of captions, each of which should find its own painting."""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path, PurePath

import anyio.to_thread

from art_mcp.errors import ArtMcpError
from art_mcp.evaluation.question import Kind, Question
from art_mcp.ingest.sources.opening import open_source
from art_mcp.ingest.sources.source import NotATable, Options, Refusal, Row, SourceError
from art_mcp.ingest.sources.tables.choosing import NoPictureColumn
from art_mcp.ingest.sources.tables.table import Table
from art_mcp.painting import EVERYTHING, MAX_DETAIL, Filters, Painting
from art_mcp.search import MAX_QUERY
from art_mcp.store import known_items
from art_mcp.store.database import Database

KEPT_REFUSALS = 1_000


@dataclass(slots=True)
class Captions:
    """The questions of a table."""

    questions: list[Question] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    """Label and reason of the rows that ask nothing; at most `KEPT_REFUSALS`."""
    refused: int = 0
    """Number of all rows that ask nothing."""
    usable: int = 0
    """Number of rows that could be asked, of which `questions` are drawn at random."""
    verbatim: int = 0
    """Number of questions whose text is stored with the painting."""


def caption_columns(caption: str, image: str | None, key: str | None) -> Mapping[str, str]:
    """The columns of a table as a load would name them: the caption is read as the description.

    Args:
        image: name of the column with the picture's file; None for one whose name is recognised.
        key: name of the column with the painting's id; the picture's column is not needed then.
    """
    given = {"description": caption, "image": image or key, "key": key}
    return {name: column for name, column in given.items() if column}


async def read_captions(
    database: Database, path: Path, columns: Mapping[str, str], count: int, filters: Filters = EVERYTHING
) -> Captions:
    """Read a table, find the painting of each row, and draw up to `count` questions, the same ones each time.

    Args:
        path: absolute path of a table, or of a folder with one.
        columns: from `caption_columns`.

    Raises:
        SourceError: it is not a table, or lacks a column.
        ArtMcpError: no row has a caption of a stored painting, or the database failed.
    """
    try:
        source = await anyio.to_thread.run_sync(open_source, str(path), Options(columns=columns))
    except NotATable:
        raise SourceError(f"{path.name} is not a table.", "Give a table with a column of captions.") from None
    assert isinstance(source, Table)  # since columns are given
    captions = Captions()
    drawn: list[tuple[bytes, Question]] = []
    try:
        chosen = await anyio.to_thread.run_sync(source.columns)
        if not chosen.has_picture and chosen.fields.keys().isdisjoint(("key", "number")):
            raise NoPictureColumn(f"{path.name} has no column that names the picture's file or the painting's id.", "")
        async with aclosing(source.pages(None)) as pages:
            async for page in pages:
                for label, question in await _questions(database, page.rows, filters):
                    if isinstance(question, str):
                        captions.refused += 1
                        captions.refusals.append((label, question))
                    else:
                        captions.usable += 1
                        drawn.append((hashlib.sha256(f"{label} {question.asked}".encode()).digest(), question))
                drawn.sort(key=lambda each: each[0])
                del drawn[count:], captions.refusals[KEPT_REFUSALS:]
    except NoPictureColumn as error:
        raise SourceError(error.problem, "Name one with --image-column or --id-column.") from None
    finally:
        await source.aclose()
    if not drawn:
        reason = f" {captions.refusals[0][0]}: {captions.refusals[0][1]}" if captions.refusals else ""
        raise ArtMcpError(
            f"{path.name} has no caption of a painting that is stored.{reason}",
            "Load its pictures with `art-mcp ingest` first, and check --id-column and --image-column.",
        )
    captions.questions = [question for _, question in drawn]
    captions.verbatim = sum(map(_is_verbatim, captions.questions))
    return captions


async def questions_of(questions: Sequence[Question]) -> AsyncIterator[Question]:
    """The questions one by one, as an evaluation takes them."""
    for question in questions:
        yield question


async def _questions(
    database: Database, rows: Sequence[Row | Refusal], filters: Filters
) -> list[tuple[str, Question | str]]:
    """The label of each row, and its question or the reason why it has none."""
    names = {name for row in rows if isinstance(row, Row) for name in _names(row)}
    there: dict[str, list[Painting]] = {}
    for painting in await known_items.named(database, sorted(names), filters):
        own = (str(painting.id), painting.source_key, painting.image_name, PurePath(painting.image_name).name)
        for name in dict.fromkeys(own):
            there.setdefault(name, []).append(painting)
    return [(row.label, row.reason if isinstance(row, Refusal) else _question(row, there)) for row in rows]


def _question(row: Row, there: Mapping[str, Sequence[Painting]]) -> Question | str:
    caption = row.catalogue.description
    if not caption:
        return "It has no caption."
    if len(caption) > MAX_QUERY:
        return f"Its caption has {len(caption):,} characters; at most {MAX_QUERY:,} can be searched."
    found = next((there[name] for name in _names(row) if name in there), None)
    if found is None:
        return f"No stored painting has the id or the picture {row.key!r:.80}."
    if len({painting.image_sha256 or painting.id for painting in found}) > 1:
        return f"{len(found)} different paintings have the id or the picture {row.key!r:.80}; pass --collection."
    return Question(Kind.CAPTION, found[0], caption)


def _is_verbatim(question: Question) -> bool:
    """Whether the catalogue entry has the question's text: as the description, or in a column of its own."""
    painting = question.expected
    texts = [painting.catalogue.description or "", *painting.details.values()]
    return any(text.startswith(str(question.asked)[:MAX_DETAIL]) for text in texts)


def _names(row: Row) -> list[str]:
    """What a painting may be stored under, the most specific first."""
    image = unicodedata.normalize("NFC", row.image)
    try:
        key = str(uuid.UUID(row.key))
    except ValueError:
        key = row.key
    return list(dict.fromkeys(filter(None, [key, image, PurePath(image).name])))
