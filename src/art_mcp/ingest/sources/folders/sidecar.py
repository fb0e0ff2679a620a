"""Reads sidecars, files that describe a picture: NAME.json, NAME.jpg.json, NAME.xmp, NAME.jpg.xmp, Google Takeout's."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath

from art_mcp.images.undecoded import PICTURE_SUFFIXES
from art_mcp.ingest.sources.folders.noise import is_numbered
from art_mcp.ingest.sources.folders.xmp import read_xmp
from art_mcp.ingest.sources.tables.coerce import coerce
from art_mcp.ingest.sources.tables.column_names import names_of, plain
from art_mcp.ingest.sources.tables.columns import FIELDS

MAX_SIDECAR = 1 << 18
"""Maximum size of a sidecar in bytes; a larger one is ignored."""
_TAKEOUT = ".supplemental-metadata"
_TAKEOUT_NAME = 46
"""Characters to which Google Takeout cuts a sidecar's name before its ending."""
_ALBUMS = frozenset(
    ("metadata", "metadaten", "métadonnées", "metadatos", "metadati", "metagegevens", "shared_album_comments")
)
_EDITED = re.compile(r"-(edited|bearbeitet|modifié|editado|modificato|bewerkt)(?=\.\w+$|\(\d+\)\.)", re.IGNORECASE)


def read_sidecars(picture: str, siblings: Mapping[str, str], read: Callable[[str], bytes | None]) -> dict[str, str]:
    """The metadata in a picture's sidecars, by field; JSON takes precedence over XMP, and damaged files are ignored.

    Args:
        picture: name of the picture's file.
        siblings: names of the files in its folder, by their case-folded form.
        read: returns the content of one of these files, or None if it cannot be read.
    """
    found: dict[str, str] = {}
    for name, parse in _names(picture):
        file = siblings.get(name.casefold())
        data = read(file) if file else None
        if data and len(data) <= MAX_SIDECAR:
            found |= parse(data)
    title = PurePath(found.get("title", ""))
    if title.suffix.lower() in PICTURE_SUFFIXES:  # photo services export the file name as the title
        found.pop("title")
        if title.name != picture and not is_numbered(title.stem):
            found["title"] = title.stem.replace("_", " ")
    return found


def sidecars(files: Collection[str]) -> set[str]:
    """Those of a folder's files that may describe one of its pictures, or an album of Google Takeout."""
    pictures = [PurePath(file) for file in files if PurePath(file).suffix.lower() in PICTURE_SUFFIXES]
    stems = {
        each.stem.casefold() for picture in pictures for each in (picture, PurePath(_EDITED.sub("", picture.name)))
    }
    stems |= {re.sub(r"\(\d+\)$", "", stem) for stem in stems}
    found = set()
    for file in files:
        if file.lower().endswith((".json", ".txt")):
            stem = PurePath(file).stem.casefold()
            starts = {stem[:at] for at, character in enumerate(stem) if character == "."}
            if (
                stem in _ALBUMS
                or _TAKEOUT[:4] in stem
                or len(stem) >= _TAKEOUT_NAME
                or not stems.isdisjoint({stem, *starts})
            ):
                found.add(file)
    return found


def _names(picture: str) -> Iterator[tuple[str, Callable[[bytes], dict[str, str]]]]:
    """Possible names of a picture's sidecars, the least important first, and what reads them."""
    yield f"{PurePath(picture).stem}.xmp", read_xmp
    yield f"{picture}.xmp", read_xmp
    original = _EDITED.sub("", picture)
    forms = [(original, "")]
    if copy := re.fullmatch(r"(.*)(\(\d+\))(\.\w+)", original):
        forms.append((copy[1] + copy[3], copy[2]))
    for base, number in forms:
        yield f"{base[:_TAKEOUT_NAME]}{number}.json", _json
        for end in range(1, len(_TAKEOUT) + 1):
            yield f"{base}{_TAKEOUT[:end]}{number}.json", _json
    yield f"{PurePath(picture).stem}.json", _json
    yield f"{picture}.json", _json


def _json(data: bytes) -> dict[str, str]:
    """Read a JSON object whose keys are named like the columns of a table."""
    try:
        known = json.loads(data.decode("utf-8-sig"), parse_constant=lambda _: None)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(known, dict):
        return {}
    values = {plain(name): value for name, value in known.items()}
    cells = {
        field: next((text for name in names_of(field) if (text := coerce(field, values.get(name)).strip())), "")
        for field in FIELDS
        if field not in ("image", "vector")
    }
    return {field: text for field, text in cells.items() if text}
