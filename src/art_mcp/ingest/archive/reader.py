"""Reads archives row by row. An archive is untrusted input, so everything in it is validated before use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image
from pydantic import ValidationError

from art_mcp.dates import years
from art_mcp.images.files import open_file, read_file
from art_mcp.images.rendition import STORED_FORMATS, THUMBNAIL_SIDE
from art_mcp.images.undecoded import ImageError, quiet_pillow
from art_mcp.ingest.archive.layout import (
    CATALOGUE,
    IMAGES,
    KEPT,
    OTHER_COPY,
    WORDS,
    ArchiveError,
    Record,
    checksum,
    read_manifest,
)
from art_mcp.ingest.archive.vectors import TYPE, VectorReader
from art_mcp.ingest.load import Bundle
from art_mcp.ingest.names import artists
from art_mcp.ingest.sources.source import Refusal
from art_mcp.ingest.sources.tables.columns import painting
from art_mcp.ingest.sources.tables.jsonl import objects
from art_mcp.painting import Painting, Rendition, kept_details, painting_id, readable
from art_mcp.settings import MAX_DISPLAY_SIZE
from art_mcp.store.paintings import Entry

if TYPE_CHECKING:
    from art_mcp.space import Vector

MAX_YEAR = 100_000
LENGTH_TOLERANCE = 0.01
"""How far a vector's length may differ from 1; half precision (float16) rounds."""
_MAX_BYTES = {"thumbnail": 1 << 18, "display": 1 << 23}
"""Maximum size of each rendition in bytes, five times what an export writes. One response can read 50 thumbnails."""
_MAX_SIDE = {"thumbnail": THUMBNAIL_SIDE, "display": MAX_DISPLAY_SIZE}
_artists, _years = lru_cache(10_000)(artists), lru_cache(10_000)(years)


class Archive(Bundle):
    """The paintings of an archive.

    Args:
        folder: absolute path of the unpacked archive. The constructor reads it and blocks.
        collection: a new name for the archive's only collection.

    Raises:
        ArchiveError: the folder is not an archive, its manifest is invalid, its vectors cannot be read, or it has
            several collections and `collection` is given.
    """

    def __init__(self, folder: Path, *, collection: str | None = None) -> None:
        self._folder = folder
        manifest = read_manifest(folder)
        if collection is not None and len(manifest.collections) > 1:
            raise ArchiveError(
                f"{folder.name} holds {len(manifest.collections)} collections "
                f"({', '.join(list(manifest.collections)[:5])}), which cannot share a name.",
                "Omit --collection.",
            )
        self._names = {name: collection or name for name in manifest.collections}
        self._spaces = {space.name: space for space in manifest.spaces}
        self.total = manifest.total
        self.collections = list(self._names.values())
        self.active = [self._spaces[name] for name in manifest.active]
        with self._opened() as (_, readers):
            self.vectors = {self._spaces[name]: reader.count for name, reader in readers.items()}
        if too_many := [space for space, count in self.vectors.items() if count > self.total]:
            raise ArchiveError(
                f"{folder.name} is damaged: more vectors of {too_many[0].made_by} than paintings.", OTHER_COPY
            )

    def entries(self) -> Iterator[tuple[str, Entry | str]]:
        seen = 0
        with self._opened() as (file, readers):
            for number, found in objects(file):
                seen += 1
                label = f"{CATALOGUE} line {number}"
                if isinstance(found, str):
                    yield label, found
                    continue
                key = found.get("id")
                label += f" ({readable(key):.100})" if isinstance(key, str) else ""
                try:
                    yield label, self._checked(found, readers)
                except _Bad as bad:
                    yield label, str(bad)
                except RecursionError:
                    yield label, "The line's JSON is nested too deep."
        if seen < self.total:
            yield CATALOGUE, f"{self.total - seen:,} of the {self.total:,} paintings in its manifest are missing."
        self.total = max(self.total, seen)

    @contextmanager
    def _opened(self) -> Iterator[tuple[BinaryIO, dict[str, VectorReader]]]:
        """Open the catalogue and the vector files; yields the readers by the name of their space."""
        try:
            with ExitStack() as stack:
                file = stack.enter_context(open_file(self._folder / CATALOGUE, [self._folder]))
                readers = {
                    name: stack.enter_context(closing(VectorReader(self._folder, space)))
                    for name, space in self._spaces.items()
                }
                yield file, readers
        except ImageError as error:
            raise ArchiveError(f"{self._folder.name} is damaged: {error.problem}", OTHER_COPY) from None
        except OSError as error:
            raise ArchiveError(
                f"{self._folder.name} can no longer be read ({error.strerror}).",
                "Run the same import again: it continues.",
            ) from None

    def _checked(self, line: Mapping[str, Any], readers: Mapping[str, VectorReader]) -> Entry:
        """Validate a line and return its painting, renditions and vectors. Raises `_Bad`."""
        try:
            record = Record.model_validate(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            column = readable(".".join(map(str, first["loc"])))
            raise _Bad(f"Its {column:.60} is invalid: {first['msg']:.200}.") from None
        if record.collection not in self._names:
            raise _Bad("Its collection is not in the manifest.")
        id_ = painting_id(record.collection, record.id)
        if record.painting_id != str(id_):
            raise _Bad("Its painting_id does not match its collection and id.")
        data = {name: self._data(name, row, readers) for name, row in record.vectors.items()}
        if record.checksum != checksum(line, data):
            raise _Bad("It differs from the export: its checksum is wrong.")
        words = {name: text for name in WORDS if (text := getattr(record, name))}
        row = painting(
            "", {"image": "-", **words}, cut=False
        )  # a placeholder; the record's own names are stored as they are
        if isinstance(row, Refusal):
            raise _Bad(row.reason)
        facts = (record.image_sha256, record.image_width, record.image_height, record.image_format)
        files = {kind: name for kind, column in KEPT.items() if (name := getattr(record, column)) is not None}
        if (None in facts or not record.image_name) and (files or facts != (None,) * 4):
            raise _Bad("The details of its picture file are incomplete.")
        renditions = [self._rendition(kind, name) for kind, name in files.items()]
        vectors = {self._spaces[name]: self._vector(name, each) for name, each in data.items()}
        catalogue, collection = row.catalogue, self._names[record.collection]
        return Entry.read(
            Painting(
                id_ if collection == record.collection else painting_id(collection, record.id),
                collection,
                record.id,
                catalogue,
                tuple(_artists(catalogue.artist)),
                _given_years(record.years) or _years(catalogue.date) or _years(catalogue.timeframe),
                record.image_name,
                bytes.fromhex(facts[0]) if facts[0] else None,
                *facts[1:],
                row.holding,
                record.source,
                kept_details(record.details),
            ),
            renditions,
            vectors,
        )

    def _data(self, name: str, row: int, readers: Mapping[str, VectorReader]) -> bytes:
        """The bytes of a vector in the space called `name`. Raises `_Bad`."""
        if name not in readers:
            raise _Bad(f"It has a vector of {readable(name)!r:.60}, a space that is not in the manifest.")
        if (data := readers[name].read(row)) is None:
            raise _Bad(f"Its vector of {self._spaces[name].made_by} is missing.")
        return data

    def _vector(self, name: str, data: bytes) -> Vector:
        vector = np.frombuffer(data, TYPE)
        length = float(np.linalg.norm(vector.astype(np.float32)))  # not finite if any component is not
        if not abs(length - 1) <= LENGTH_TOLERANCE:
            raise _Bad(f"Its vector of {self._spaces[name].made_by} is not a unit vector (length {length:.3g}).")
        return vector

    def _rendition(self, kind: str, name: str) -> Rendition:
        """Read and check a rendition. Only its header is decoded; the pixels are decoded when it is displayed."""
        try:
            data = read_file(self._folder / IMAGES / name, [self._folder / IMAGES])
        except ImageError as error:
            raise _Bad(f"Its {kind} cannot be read: {error.problem}") from None
        if hashlib.sha256(data).hexdigest() != name.partition(".")[0]:
            raise _Bad(f"Its {kind} is damaged: its SHA-256 is wrong.")
        if len(data) > _MAX_BYTES[kind]:
            raise _Bad(f"Its {kind} exceeds {_MAX_BYTES[kind] >> 10:,} KiB.")
        try:
            with quiet_pillow(), Image.open(BytesIO(data), formats=list(STORED_FORMATS)) as opened:
                size, frames = opened.size, getattr(opened, "n_frames", 1)
        except Exception:  # decoders can raise any exception on malicious input
            raise _Bad(f"Its {kind} is not a JPEG or WebP picture, or is damaged.") from None
        if max(size) > _MAX_SIDE[kind]:
            raise _Bad(f"Its {kind} has {size[0]} x {size[1]} pixels; the maximum per side is {_MAX_SIDE[kind]}.")
        if frames > 1:
            raise _Bad(f"Its {kind} is animated ({frames} frames).")
        return Rendition(kind, *size, data)


class _Bad(Exception):
    """A row is refused; the message is the reason that users see."""


def _given_years(given: object) -> tuple[int, int] | None:
    """The exported years, or None if they are invalid. A museum's years can be more exact than its date text."""
    match given:
        case [int(first), int(last)] if -MAX_YEAR <= first <= last <= MAX_YEAR:
            return first, last
    return None
