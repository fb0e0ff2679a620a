"""Reads sidecar files that describe a picture: NAME.json, NAME.jpg.json, NAME.xmp or NAME.jpg.xmp."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import PurePath

from art_mcp.ingest.sources.coerce import coerce
from art_mcp.ingest.sources.column_names import names_of, plain
from art_mcp.ingest.sources.columns import FIELDS
from art_mcp.ingest.sources.xmp import read_xmp

MAX_SIDECAR = 1 << 18
"""Maximum size of a sidecar in bytes; a larger one is ignored."""


def read_sidecars(picture: str, siblings: Mapping[str, str], read: Callable[[str], bytes | None]) -> dict[str, str]:
    """The metadata in a picture's sidecars, by field; JSON takes precedence over XMP, and damaged files are ignored.

    Args:
        picture: name of the picture's file.
        siblings: names of the files in its folder, by their case-folded form.
        read: returns the content of one of these files, or None if it cannot be read.
    """
    found: dict[str, str] = {}
    for suffix, parse in ((".xmp", read_xmp), (".json", _json)):
        for stem in (PurePath(picture).stem, picture):
            name = siblings.get(f"{stem}{suffix}".casefold())
            data = read(name) if name else None
            if data and len(data) <= MAX_SIDECAR:
                found |= parse(data)
    if found.get("title") == picture:  # photo services export the file name as the title
        del found["title"]
    return found


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
