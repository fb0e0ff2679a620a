"""SemArt as the tutorial of this search cleans it: well-known painters only, each with some works."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from art_mcp.ingest.sources.source import Refusal, Row, SourceError
from art_mcp.normalization import fold

_WORDS = ("title", "artist", "date", "school", "type", "technique", "timeframe", "description")
NEEDED = frozenset(("image", *_WORDS))
"""SemArt's nine columns, by name: what a catalogue can say besides is none of its."""
MORE_THAN = 15
"""Works that a painter has to have."""
MENDED = {"TURA, Cosm?": "TURA, Cosmè", "DELACROIX, Eug?ne": "DELACROIX, Eugène"}
CLEANED = (
    f"Cleaned: whole rows only, each picture once, painters known by name with more than {MORE_THAN} works; dates and "
    "schools left out; of the technique, what stands before the first comma. Accents stay."
)

Rows = Callable[[], Iterator[Row | Refusal]]


def misfit(name: str) -> SourceError:
    """The error for a source that is not SemArt."""
    return SourceError(
        f"{name} has not SemArt's nine columns, which its cleaning needs.",
        "Give the folder of semart_train.csv, semart_val.csv and semart_test.csv, or leave the cleaning out.",
    )


def clean(rows: Rows) -> Iterator[Row | Refusal]:
    """The rows, in their order, those that are left out refused with the reason.

    The tutorial also writes names without accents. They stay here, since the search compares words without them
    anyway, and what is shown is spelled right. A row that is left out names no painting: one that was loaded from it
    before counts as missing.

    Args:
        rows: reads the source from its beginning; done twice, first to count each painter's works.
    """
    works = Counter(_painter(row) for row in _whole(rows()) if isinstance(row, Row))
    for row in _whole(rows()):
        if isinstance(row, Refusal):
            yield row
        elif works[_painter(row)] <= MORE_THAN:
            yield Refusal(row.label, f"Cleaned out: its painter has {works[_painter(row)]} works of {MORE_THAN + 1}.")
        elif "UNKNOWN" in (row.catalogue.artist or ""):
            yield Refusal(row.label, "Cleaned out: its painter is unknown.")
        else:
            words = row.catalogue
            yield replace(
                row,
                catalogue=replace(
                    words,
                    artist=MENDED.get(words.artist or "", words.artist),
                    technique=(words.technique or "").split(", ")[0],
                    date=None,
                    school=None,
                ),
            )


def _painter(row: Row) -> str:
    return fold(row.catalogue.artist or "")


def _whole(rows: Iterator[Row | Refusal]) -> Iterator[Row | Refusal]:
    """With the rows that lack something, or whose picture was there before, refused."""
    seen: dict[str, str] = {}
    for row in rows:
        if isinstance(row, Refusal):
            yield row
        elif lacking := [field for field in _WORDS if getattr(row.catalogue, field) is None]:
            yield Refusal(row.label, f"Cleaned out: it has no {lacking[0]}.")
        elif (first := seen.setdefault(row.image, row.label)) != row.label:
            yield Refusal(row.label, f"Cleaned out: its picture is that of {first}.")
        else:
            yield row
