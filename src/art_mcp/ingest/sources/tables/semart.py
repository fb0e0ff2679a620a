"""Cleans SemArt as the tutorial on painting search does: named painters with many works only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from art_mcp.ingest.sources.source import Refusal, Row, SourceError
from art_mcp.normalization import fold

_WORDS = ("title", "artist", "date", "school", "type", "technique", "timeframe", "description")
NEEDED = frozenset(("image", *_WORDS))
"""The fields of SemArt's nine columns, listed explicitly because catalogues have more fields."""
MORE_THAN = 15
"""Number of works that a painter must exceed, as in the tutorial."""
CORRECTED = {"TURA, Cosm?": "TURA, Cosmè", "DELACROIX, Eug?ne": "DELACROIX, Eugène"}
CLEANED = (
    f"Cleaned: complete rows only, each picture once, named painters with more than {MORE_THAN} works; dates and "
    "schools omitted; techniques cut at the first comma; accents kept."
)

Rows = Callable[[], Iterator[Row | Refusal]]


def misfit(name: str) -> SourceError:
    """The error for a source that is not SemArt."""
    return SourceError(
        f"{name} lacks SemArt's nine columns, which cleaning needs.",
        "Pass the folder with semart_train.csv, semart_val.csv and semart_test.csv, or omit the cleaning.",
    )


def clean(rows: Rows) -> Iterator[Row | Refusal]:
    """Yield the rows in order; a row that is cleaned out becomes a refusal with the reason.

    The tutorial also strips accents from names. They are kept here, since the search ignores accents anyway and names
    are then displayed correctly. A refusal has no key, so a painting loaded from that row before counts as missing.

    Args:
        rows: reads the source from its beginning; called twice, first to count each painter's works.
    """
    works = Counter(_painter(row) for row in _whole(rows()) if isinstance(row, Row))
    for row in _whole(rows()):
        if isinstance(row, Refusal):
            yield row
        elif works[_painter(row)] <= MORE_THAN:
            yield Refusal(row.label, f"Cleaned out: painter has {works[_painter(row)]} works, needs {MORE_THAN + 1}.")
        elif "UNKNOWN" in (row.catalogue.artist or ""):
            yield Refusal(row.label, "Cleaned out: its painter is unknown.")
        else:
            words = row.catalogue
            yield replace(
                row,
                catalogue=replace(
                    words,
                    artist=CORRECTED.get(words.artist or "", words.artist),
                    technique=(words.technique or "").split(", ")[0],
                    date=None,
                    school=None,
                ),
            )


def _painter(row: Row) -> str:
    return fold(row.catalogue.artist or "")


def _whole(rows: Iterator[Row | Refusal]) -> Iterator[Row | Refusal]:
    """Refuse rows with a missing field or with the picture of an earlier row; yield the others unchanged."""
    seen: dict[str, str] = {}
    for row in rows:
        if isinstance(row, Refusal):
            yield row
        elif missing := [field for field in _WORDS if getattr(row.catalogue, field) is None]:
            yield Refusal(row.label, f"Cleaned out: it has no {missing[0]}.")
        elif (first := seen.setdefault(row.image, row.label)) != row.label:
            yield Refusal(row.label, f"Cleaned out: same picture as {first}.")
        else:
            yield row
