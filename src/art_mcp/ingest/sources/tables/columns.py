"""The fields of a painting that a table can have, and the painting that the values of a row make."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

from art_mcp.ingest.sources.source import Refusal, Row
from art_mcp.ingest.sources.tables.records import MEDIA
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, Catalogue, Holding, readable

FIELDS = (
    *("key", "number", "image", "title", "artist", "date", "school", "type", "technique", "timeframe", "description"),
    *(*HOLDING_FIELDS, "vector"),
)
"""What a column can be read as, in the order in which they are reported."""
MAX_CHARACTERS = {"description": 50_000, "vector": 128_000}
"""Maximum length of a field's text in characters; `MAX_CHARACTERS_ELSEWHERE` applies to all other fields."""
MAX_CHARACTERS_ELSEWHERE = 1_000
NEVER_CUT = frozenset(("key", "image", "vector", "page"))
"""Fields that say something else when they are cut."""
_SURROGATE = re.compile("[\ud800-\udfff]")


def most_characters(field: str) -> int:
    return MAX_CHARACTERS.get(field, MAX_CHARACTERS_ELSEWHERE)


def fault(field: str, value: str, cell: str) -> str | None:
    """The reason why a cell cannot be stored as it is, or None if it can.

    Args:
        value: the normalised text, as it would be stored.
        cell: the text as it was read.
    """
    if "\0" in cell:
        return f"Its {field} holds a NUL character."
    if _SURROGATE.search(cell):
        return f"Its {field} has bytes that are not text in the file's encoding."
    if len(value) > most_characters(field):
        return f"Its {field} has {len(value):,} characters; at most {most_characters(field):,} are stored."
    return None


def without_surrogates(text: str) -> str:
    """Replace what stands for bytes that are not text, which no database stores."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def painting(
    label: str, cells: Mapping[str, str], details: Mapping[str, str] | None = None, *, cut: bool = True
) -> Row | Refusal:
    """Build a row from its values, by field.

    A row without a picture is stored as well, if it has words to find it by. Its key is then its id or number, or else
    what it says, as for a row whose picture is in an Excel workbook.

    Args:
        cut: whether a text that is too long is cut; otherwise its row is refused.

    Returns:
        The row, or a refusal if a value is invalid or the row says nothing.
    """
    values: dict[str, str] = {}
    notes: list[str] = []
    reason = None
    for field, cell in cells.items():
        value = cell.strip()
        value = value if field in ("image", "vector") else readable(value)
        reason = fault(field, value, cell)
        if reason and cut and len(value) > (most := most_characters(field)) and field not in NEVER_CUT:
            reason = fault(field, "", cell)
            notes.append(f"Its {field} was cut after {most:,} characters.")
            value = f"{value[: most - 1].rstrip()}…"
        if reason and cut and field == "page":
            reason, value = None, ""
            notes.append("Its page was left out, because it is not a link.")
        if reason:
            break
        values[field] = value
    image = values.get("image", "")
    words = ""
    if any(values.get(field) for field in ("title", "artist", "description")):
        said = (values.get(field) for field in ("artist", "title", "date"))
        words = ", ".join(filter(None, said)) or values["description"][:200]
    named = "" if image.startswith(MEDIA) else unicodedata.normalize("NFC", image)
    key = values.get("key") or values.get("number") or named or words or image
    if reason or not (image or words):
        return Refusal(label, reason or "It names no picture, and has no title and no artist.", key or None)
    shown = readable(image) or values.get("title") or key
    return Row(
        label=label if "://" in image else f"{label} ({shown[:100]})",
        key=key,
        image=image,
        catalogue=Catalogue(**{field: values.get(field) or None for field in CATALOGUE_FIELDS}),
        vector=values.get("vector") or None,
        holding=Holding(**{field: values.get(field) or None for field in HOLDING_FIELDS}),
        details=details or {},
        notes=tuple(notes),
    )
