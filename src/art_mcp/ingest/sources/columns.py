"""Maps the columns of a table to fields, and the cells of a row to a painting."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

from art_mcp.ingest.sources.source import Refusal, Row, SourceError
from art_mcp.painting import CATALOGUE_FIELDS, HOLDING_FIELDS, MAX_KEY, Catalogue, Holding, readable

# Accepted column names of each field, in the form that `plain` returns; the first one present is used.
COLUMNS: dict[str, tuple[str, ...]] = {
    "key": ("id", "identifier", "objectid", "objectnumber", "inventorynumber", "accessionnumber", "acno"),
    "image": (
        "imagefile",
        "image",
        "imagepath",
        "filename",
        "file",
        "path",
        "picture",
        "picturefile",
        "imageurl",
        "imagelink",
        "imageuri",
        "imgurl",
        "pictureurl",
        "primaryimagesmall",
        "primaryimage",
        "imagethumbnail",
        "thumbnailurl",
        "thumbnail",
        "thumburl",
        "thumb",
    ),
    "title": ("title", "name", "objectname"),
    "artist": ("author", "artist", "creator", "painter", "artistname", "maker"),
    "date": ("date", "dated", "year", "objectdate", "creationdate", "datetext"),
    "school": ("school", "nationality", "culture"),
    "type": ("type", "genre", "classification"),
    "technique": ("technique", "medium", "material", "materials"),
    "timeframe": ("timeframe", "period"),
    "description": ("description", "text", "comment", "notes", "caption", "subjects", "keywords", "tags"),
    "page": ("page", "url", "objecturl", "link", "homepage"),
    "rights": ("rights", "license", "licence", "copyright"),
    "credit": ("credit", "creditline"),
    "vector": ("vector", "embedding", "imageembedding", "imagevector"),
}
MAX_CHARACTERS = {"description": 50_000, "vector": 128_000}
"""Maximum length of a field's text in characters; `MAX_CHARACTERS_ELSEWHERE` applies to all other fields."""
MAX_CHARACTERS_ELSEWHERE = 1_000
SHOWN = 12
"""Maximum number of column names in a message."""
_SURROGATE = re.compile("[\ud800-\udfff]")


class NoPictureColumn(SourceError):
    """A table has no column that names the picture."""


def plain(name: str) -> str:
    """Normalise a column's name for comparison: lower case, ASCII letters and digits only."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def choose(table: str, names: Sequence[str], given: Mapping[str, str]) -> dict[str, int]:
    """The index of the column for each field that the table has.

    Args:
        table: name of the table for error messages.
        names: names of its columns.
        given: column names chosen by the user, by field; they take precedence over `COLUMNS`.

    Raises:
        SourceError: a column is missing or ambiguous; `NoPictureColumn` if it is that of the picture.
    """
    shown = ", ".join(name.strip()[:40] for name in names[:SHOWN])
    compared = [plain(name) for name in names]
    doubled = {name for name in compared if name and compared.count(name) > 1}
    columns = {}
    for field, spellings in COLUMNS.items():
        wanted = given.get(field)
        for spelling in spellings if wanted is None else (plain(wanted),):
            if spelling in doubled:
                raise SourceError(f"{table} has the column {spelling!r} twice.", "Rename or remove one of them.")
            if spelling in compared:
                columns[field] = compared.index(spelling)
                break
        else:
            if wanted is not None:
                raise SourceError(f"{table} has no column {wanted!r:.60}.", f"Its columns are: {shown}.")
    if not columns.keys() & {"image", "title", "artist"}:
        raise NoPictureColumn(
            f"{table} has no column that names the picture's file; its columns are: {shown}.",
            "Name one of them IMAGE_FILE, or choose it with --column image=NAME.",
        )
    return columns


def reading(names: Sequence[str], columns: Mapping[str, int]) -> str:
    """Sentences for the user on which column each field is read from, and which columns are not used."""
    used = ", ".join(f"{field} from {readable(names[index])}" for field, index in columns.items())
    unused = [readable(name)[:40] for index, name in enumerate(names) if index not in columns.values()]
    more = f" and {len(unused) - SHOWN} more" if len(unused) > SHOWN else ""
    return f"Read: {used}." + (f" Not used: {', '.join(unused[:SHOWN])}{more}." if unused else "")


def fault(field: str, value: str, cell: str) -> str | None:
    """The reason why a cell cannot be stored, or None if it can.

    Args:
        value: the normalised text, as it would be stored.
        cell: the text as it was read.
    """
    most = MAX_CHARACTERS.get(field, MAX_CHARACTERS_ELSEWHERE)
    if "\0" in cell:
        return f"Its {field} holds a NUL character."
    if _SURROGATE.search(cell):
        return f"Its {field} has bytes that are not text in the file's encoding."
    if len(value) > most:
        return f"Its {field} has {len(value):,} characters; at most {most:,} are stored."
    return None


def painting(label: str, cells: Mapping[str, str]) -> Row | Refusal:
    """Build a row from its cells, by field, or refuse it if a cell is invalid or no picture is named."""
    values: dict[str, str] = {}
    reason = None
    for field, cell in cells.items():
        value = cell.strip()
        value = value if field in ("image", "vector") else readable(value)
        if reason := fault(field, value, cell):
            break
        values[field] = value
    image = values.get("image", "")
    said = [values[field] for field in ("artist", "title", "date", "description") if values.get(field)]
    key = values.get("key") or unicodedata.normalize("NFC", image) or ", ".join(said)[:MAX_KEY]
    if reason or not (image or said):
        return Refusal(label, reason or "It names no picture, and has no title and no artist.", key or None)
    return Row(
        label=label if not image or "://" in image else f"{label} ({readable(image)})",
        key=key,
        image=image,
        catalogue=Catalogue(**{field: values.get(field) or None for field in CATALOGUE_FIELDS}),
        vector=values.get("vector") or None,
        holding=Holding(**{field: values.get(field) or None for field in HOLDING_FIELDS}),
    )
