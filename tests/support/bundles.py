"""Paintings with all that is kept of them, made up, and what a database has of them."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from art_mcp.dates import years
from art_mcp.ingest.archive import Archive, Export
from art_mcp.ingest.load import Load
from art_mcp.ingest.names import artists
from art_mcp.painting import Catalogue, Painting, Rendition, painting_id
from art_mcp.space import Leg, Space
from art_mcp.store import archive, spaces
from art_mcp.store.database import Database
from art_mcp.store.paintings import Entry

PIXELS = Space(Leg.PIXELS, "maker", "see", "1", 16)
WORDS = Space(Leg.WORDS, "maker", "read", "1", 8)
OTHER_PIXELS = Space(Leg.PIXELS, "rival", "see", "2", 24)


def unit(space: Space, seed: int) -> np.ndarray:
    vector = np.random.default_rng(seed).standard_normal(space.dimensions)
    return (vector / np.linalg.norm(vector)).astype(np.float16)


def webp(width: int, height: int, seed: int = 0) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (width, height), (seed % 256, 80, 40)).save(buffer, "WEBP")
    return buffer.getvalue()


def entry(
    number: int, collection: str = "prints", made_of: Sequence[Space] = (PIXELS, WORDS), **words: str | None
) -> Entry:
    key = f"{number:04}.jpg"
    catalogue = Catalogue(
        **{"title": f"Print {number}", "artist": "GOGH, Vincent van", "date": "c. 1885", "type": "étude"} | words
    )
    painting = Painting(
        painting_id(collection, key),
        collection,
        key,
        catalogue,
        tuple(artists(catalogue.artist)),
        years(catalogue.date),
        image_name=key,
        image_sha256=hashlib.sha256(key.encode()).digest(),
        image_width=900 + number,
        image_height=600,
        image_format="JPEG",
    )
    kept = [
        Rendition("thumbnail", 32, 20, webp(32, 20, number)),
        Rendition("display", 96, 60, webp(96, 60, number)),
    ]
    return Entry.read(painting, kept, {space: unit(space, number) for space in made_of})


async def put(database: Database, entries: Sequence[Entry], active: Sequence[Space] = (PIXELS, WORDS)) -> None:
    await spaces.activate(database, active)
    await spaces.register(database, {space for each in entries for space in each.vectors})
    async with database.transaction() as connection:
        await archive.store(connection, entries)


async def content(database: Database) -> dict[str, Any]:
    """All that is stored, but for when it was."""
    async with database.connection() as connection:
        tables = {
            "paintings": "SELECT to_jsonb(t) - 'created_at' - 'updated_at' AS row FROM art_mcp.paintings t",
            "renditions": "SELECT to_jsonb(t) AS row FROM art_mcp.renditions t",
            "collections": "SELECT to_jsonb(t) AS row FROM art_mcp.collections t",
            "spaces": "SELECT to_jsonb(t) - 'created_at' - 'lease' AS row FROM art_mcp.spaces t",
        }
        for (name,) in await connection.fetch("SELECT name FROM art_mcp.spaces"):
            tables[name] = f"SELECT jsonb_build_array(painting_id, vector::text) AS row FROM art_mcp.vectors_{name}"
        return {
            name: [row["row"] for row in await connection.fetch(f"{query} ORDER BY 1")]
            for name, query in tables.items()
        }


async def exported(database: Database, folder: Path, *collections: str) -> Path:
    await Export(database, folder, collections).run()
    return folder


async def imported(database: Database, folder: Path, **options: Any) -> Load:
    load = Load(database, Archive(folder, **options))
    await load.run()
    return load


def reasons(load: Load) -> Mapping[str, str]:
    return {refusal.label: refusal.reason for refusal in load.refusals}
