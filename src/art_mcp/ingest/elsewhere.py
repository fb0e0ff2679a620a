"""Detects that a source's paintings are already stored, in another collection or from a folder that was renamed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

import anyio.to_thread

from art_mcp.images.local_file import sha256
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.source import Row
from art_mcp.ingest.sources.tables.records import is_link
from art_mcp.painting import painting_id
from art_mcp.store import collection_sizes, known_sources

if TYPE_CHECKING:
    from art_mcp.ingest.sources.source import Source
    from art_mcp.store.database import Database

ROWS = 10
"""Rows at the beginning of a source that are compared with what is stored."""
PICTURES_BYTES = 1 << 26
"""Bytes of their pictures after which no more are read."""


async def holder(database: Database, source: Source, locator: str, collection: str) -> str | None:
    """The other collection that has a source's paintings: it was loaded from there, or has most of its first rows.

    Args:
        locator: the source as a job records it.
        collection: the collection that is to be loaded.
    """
    others = await collection_sizes.sizes(database)
    others.pop(collection, None)
    loaded = await known_sources.collections_from(database, locator)
    if collection in loaded or not others:
        return None
    found = next((name for name in loaded if name in others), None)
    if found is None and isinstance(source, LocalSource):
        found = await _holder_of_first_rows(database, source, list(others))
    return found


async def is_moved(database: Database, source: Source, collection: str) -> bool:
    """Whether a collection has a source's paintings, which were loaded from another place."""
    return isinstance(source, LocalSource) and await _holder_of_first_rows(database, source, [collection]) is not None


async def _holder_of_first_rows(database: Database, source: LocalSource, collections: Sequence[str]) -> str | None:
    rows = await anyio.to_thread.run_sync(lambda: [row for row in islice(source.rows(), ROWS) if isinstance(row, Row)])
    shared = await _shared(database, source, rows, collections)
    name, most = max(shared.items(), key=lambda item: item[1], default=("", 0))
    return name if 2 * most > len(rows) else None


async def _shared(
    database: Database, source: LocalSource, rows: Sequence[Row], collections: Sequence[str]
) -> dict[str, int]:
    """How many of the rows each collection has: the same file, or the same key with the same link or the same words."""
    digests = await _digests(source, rows)
    by_id = {painting_id(name, row.key): place for name in collections for place, row in enumerate(rows)}
    by_digest = {digest: place for place, digest in digests.items()}
    places: dict[str, set[int]] = defaultdict(set)
    for each in await known_sources.alike(database, list(by_id), list(by_digest)):
        place = by_digest.get(each["image_sha256"])
        if place is None and (place := by_id.get(each["id"])) is not None:
            row = rows[place]
            same = is_link(row.image) and row.image == each["image_name"]
            worded = not row.image and (row.catalogue.title, row.catalogue.artist) == (each["title"], each["artist"])
            place = place if same or worded else None
        if place is not None and each["collection"] in collections:
            places[each["collection"]].add(place)
    return {name: len(found) for name, found in places.items()}


async def _digests(source: LocalSource, rows: Sequence[Row]) -> dict[int, bytes]:
    """The SHA-256 of the pictures' files, by row."""
    found, left = {}, PICTURES_BYTES
    for place, row in enumerate(rows):
        if row.image and not is_link(row.image) and left > 0:
            try:
                data = await source.picture(row.image)
            except ImageError:
                continue
            left -= len(data) if isinstance(data, bytes) else data.size
            found[place] = sha256(data)
    return found
