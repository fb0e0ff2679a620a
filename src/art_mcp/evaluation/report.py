"""A report as one HTML file: the results, and the failures as pictures."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from html import escape
from typing import TYPE_CHECKING, Final

import anyio.to_thread

from art_mcp import images
from art_mcp.evaluation.asking import SEARCH
from art_mcp.evaluation.tables import EXPLAINED, RESULT_HEADER, rank_of, result_row
from art_mcp.images.undecoded import ImageError
from art_mcp.store import paintings

if TYPE_CHECKING:
    import uuid

    from PIL.Image import Image

    from art_mcp.evaluation.evaluation import Evaluation, Failure
    from art_mcp.painting import Painting, Rendition
    from art_mcp.store.database import Database

SIDE: Final = 200
"""Longer side of the pictures in pixels."""
MAX_PICTURE_BYTES: Final = 30_000
# Text of the collection is escaped, and the policy forbids everything that a mistake in that could load or run.
_POLICY: Final = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
_STYLE: Final = """
body { font: 15px/1.4 sans-serif; margin: 2em auto; max-width: 70em; padding: 0 1em; color: #222; background: #fff }
table { border-collapse: collapse } th, td { padding: .2em .7em; border-bottom: 1px solid #ddd; text-align: left }
section { display: flex; gap: 1em; padding: 1em 0; border-top: 1px solid #ccc }
figure { margin: 0; width: 200px } figcaption { font-size: 13px; overflow-wrap: anywhere }
.question { width: 260px; overflow-wrap: anywhere } .expected { outline: 3px solid #2a7; outline-offset: 6px }
h3 { font-size: 13px; margin: 0 0 .4em; color: #666; font-weight: normal }
"""


async def html_report(database: Database, evaluation: Evaluation, heading: str, notes: Sequence[str]) -> str:
    """The report, with all pictures inside it.

    Args:
        notes: sentences above the results.
    """
    shown: set[uuid.UUID] = set()
    for failure in evaluation.failures:
        shown |= {failure.question.expected.id, *(hit.painting.id for hit in failure.instead)}
    stored = await paintings.thumbnails(database, shown)
    return await anyio.to_thread.run_sync(partial(_html, evaluation, heading, notes, stored))


def _html(evaluation: Evaluation, heading: str, notes: Sequence[str], stored: Mapping[uuid.UUID, Rendition]) -> str:
    pictures = {painting_id: _of_thumbnail(kept.data) for painting_id, kept in stored.items()}
    failures = [_failure(failure, pictures) for failure in evaluation.failures]
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{escape(heading)}</title><style>{_STYLE}</style></head><body>",
        f"<h1>{escape(heading)}</h1>",
        *(f"<p>{escape(note)}</p>" for note in (*notes, EXPLAINED)),
        _table(RESULT_HEADER, map(result_row, evaluation.results)),
        f"<h2>The {len(failures)} worst answers of the search</h2>" if failures else "<h2>No wrong answers</h2>",
        "<p>The question, the painting that it should find, and what came first instead.</p>" if failures else "",
        *failures,
        "</body></html>",
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _failure(failure: Failure, pictures: Mapping[uuid.UUID, str]) -> str:
    question, ranks = failure.question, dict(failure.ranks)
    rank = ranks.pop(SEARCH)
    legs = ", ".join(f"{leg} {rank_of(each)}" for leg, each in ranks.items())
    asked = (
        escape(f"“{question.asked}”")
        if isinstance(question.asked, str)
        else f'<img src="{_uri(question.asked.image)}" alt="">'
    )
    figures = [_figure(question.expected, pictures, f"Expected: rank {rank_of(rank)} ({legs})", "expected")]
    for place, hit in enumerate(failure.instead, start=1):
        right = question.is_answered_by(hit.painting)
        heading = f"Hit {place}{', the right one' if right else ''}"
        figures.append(_figure(hit.painting, pictures, heading))
    return f'<section><div class="question"><h3>{escape(question.kind)}</h3>{asked}</div>{"".join(figures)}</section>'


def _figure(painting: Painting, pictures: Mapping[uuid.UUID, str], heading: str, kind: str = "") -> str:
    words = painting.catalogue
    lines = (
        words.title or painting.source_key,
        "; ".join(painting.artists) or words.artist,
        words.date,
        painting.collection,
    )
    said = "<br>".join(escape(line) for line in lines if line)
    uri = pictures.get(painting.id)
    picture = f'<img src="{uri}" alt="">' if uri else "<p>No picture is stored.</p>"
    return f'<figure class="{kind}"><h3>{escape(heading)}</h3>{picture}<figcaption>{said}</figcaption></figure>'


def _of_thumbnail(data: bytes) -> str:
    """The `data:` URI of a stored thumbnail; empty if it is damaged."""
    try:
        return _uri(images.rendition.opened(data))
    except ImageError:
        return ""


def _uri(image: Image) -> str:
    small = images.rendition.bounded(image, SIDE)
    data = images.encoding.encode(small, "JPEG", (75, 60, 40), MAX_PICTURE_BYTES).data
    return f"data:image/jpeg;base64,{base64.b64encode(data).decode()}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    def line(tag: str, cells: Sequence[str]) -> str:
        return f"<tr>{''.join(f'<{tag}>{escape(cell)}</{tag}>' for cell in cells)}</tr>"

    return f"<table>{line('th', header)}{''.join(line('td', row) for row in rows)}</table>"
