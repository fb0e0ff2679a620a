"""Reads archives row by row: an archive may come from anybody, so nothing in it is believed before it is checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from PIL import Image
from pydantic import ValidationError

from art_mcp.images.files import open_file, read_file
from art_mcp.images.rendition import THUMBNAIL_SIDE
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
from art_mcp.ingest.dates import years
from art_mcp.ingest.load import Bundle
from art_mcp.ingest.names import display_name
from art_mcp.ingest.sources import Refusal
from art_mcp.ingest.sources.columns import painting
from art_mcp.ingest.sources.jsonl import objects
from art_mcp.painting import Painting, Rendition, painting_id, readable
from art_mcp.settings import MAX_DISPLAY_SIZE
from art_mcp.store.paintings import Entry

if TYPE_CHECKING:
    from art_mcp.space import Vector

MAX_YEAR = 100_000
LENGTH_TOLERANCE = 0.01
"""How far a vector's length may differ from 1: it is stored in half precision."""
_MAX_BYTES = {"thumbnail": 1 << 18, "display": 1 << 23}
"""Five times what an export writes. Fifty thumbnails are read for one answer."""
_MAX_SIDE = {"thumbnail": THUMBNAIL_SIDE, "display": MAX_DISPLAY_SIZE}
_display_name, _years = lru_cache(10_000)(display_name), lru_cache(10_000)(years)


class Archive(Bundle):
    """The paintings of an archive.

    Args:
        folder: absolute.
        collection: a new name for its only collection.

    Raises:
        ArchiveError: it is not an archive, its manifest cannot be true, or its vectors cannot be read. Blocks.
    """

    def __init__(self, folder: Path, *, collection: str | None = None) -> None:
        self._folder = folder
        manifest = read_manifest(folder)
        if collection is not None and len(manifest.collections) > 1:
            raise ArchiveError(
                f"{folder.name} holds {len(manifest.collections)} collections "
                f"({', '.join(list(manifest.collections)[:5])}), which cannot have one name.",
                "Leave --collection out.",
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
                f"{folder.name} is damaged: it has more vectors of {too_many[0].made_by} than paintings.", OTHER_COPY
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
        """The catalogue, and the vectors of each space by its name."""
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
                "Run the same import again: what is stored stays stored.",
            ) from None

    def _checked(self, line: Mapping[str, Any], readers: Mapping[str, VectorReader]) -> Entry:
        """The painting of a line. Raises `_Bad`."""
        try:
            record = Record.model_validate(line)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            column = readable(".".join(map(str, first["loc"])))
            raise _Bad(f"Its {column:.60} cannot be used: {first['msg']:.200}.") from None
        if record.collection not in self._names:
            raise _Bad("Its collection is not one of the manifest's.")
        id_ = painting_id(record.collection, record.id)
        if record.painting_id != str(id_):
            raise _Bad("Its painting_id is not that of its collection and its id.")
        data = {name: self._data(name, row, readers) for name, row in record.vectors.items()}
        if record.checksum != checksum(line, data):
            raise _Bad("It is not as it was exported: its checksum is wrong.")
        words = {name: text for name in WORDS if (text := getattr(record, name))}
        row = painting("", {"image": "-", **words})  # names are kept exactly as they are
        if isinstance(row, Refusal):
            raise _Bad(row.reason)
        facts = (record.image_sha256, record.image_width, record.image_height, record.image_format)
        files = {kind: name for kind, column in KEPT.items() if (name := getattr(record, column)) is not None}
        if None in facts and (files or facts != (None,) * 4):
            raise _Bad("What it says about its picture's file is not complete.")
        renditions = [self._rendition(kind, name) for kind, name in files.items()]
        vectors = {self._spaces[name]: self._vector(name, each) for name, each in data.items()}
        catalogue, collection = row.catalogue, self._names[record.collection]
        return Entry.read(
            Painting(
                id_ if collection == record.collection else painting_id(collection, record.id),
                collection,
                record.id,
                catalogue,
                _display_name(catalogue.artist),
                _given_years(record.years) or _years(catalogue.date) or _years(catalogue.timeframe),
                record.image_name,
                facts[0] and bytes.fromhex(facts[0]),
                *facts[1:],
                row.holding,
                record.source,
            ),
            renditions,
            vectors,
        )

    def _data(self, name: str, row: int, readers: Mapping[str, VectorReader]) -> bytes:
        """A vector's bytes. Args: name: of its space."""
        if name not in readers:
            raise _Bad(f"It has a vector of {readable(name)!r:.60}, which is not a space of the manifest.")
        if (data := readers[name].read(row)) is None:
            raise _Bad(f"Its vector of {self._spaces[name].made_by} is missing.")
        return data

    def _vector(self, name: str, data: bytes) -> Vector:
        import numpy as np

        vector = np.frombuffer(data, TYPE)
        length = float(np.linalg.norm(vector.astype(np.float32)))  # not finite if one of the numbers is not
        if not abs(length - 1) <= LENGTH_TOLERANCE:
            raise _Bad(f"Its vector of {self._spaces[name].made_by} is not a unit vector (length {length:.3g}).")
        return vector

    def _rendition(self, kind: str, name: str) -> Rendition:
        """A kept picture. Only its header is decoded: its pixels are when it is shown."""
        try:
            data = read_file(self._folder / IMAGES / name, [self._folder / IMAGES])
        except ImageError as error:
            raise _Bad(f"Its {kind} cannot be read: {error.problem}") from None
        if f"{hashlib.sha256(data).hexdigest()}.webp" != name:
            raise _Bad(f"Its {kind} is damaged: it has another SHA-256.")
        if len(data) > _MAX_BYTES[kind]:
            raise _Bad(f"Its {kind} has more than {_MAX_BYTES[kind] >> 10:,} KiB.")
        try:
            with quiet_pillow(), Image.open(BytesIO(data), formats=["WEBP"]) as opened:
                size, frames = opened.size, getattr(opened, "n_frames", 1)
        except Exception:  # decoders fail on hostile bytes in every way there is
            raise _Bad(f"Its {kind} is not a WebP picture, or is damaged.") from None
        if max(size) > _MAX_SIDE[kind]:
            raise _Bad(f"Its {kind} has {size[0]} x {size[1]} pixels; at most {_MAX_SIDE[kind]} per side are stored.")
        if frames > 1:
            raise _Bad(f"Its {kind} is animated ({frames} frames).")
        return Rendition(kind, *size, data)


class _Bad(Exception):
    """Why a row is refused, in a sentence for people."""


def _given_years(given: object) -> tuple[int, int] | None:
    """As they were stored, since a museum may have given them more exactly than its words do; None if impossible."""
    match given:
        case [int(first), int(last)] if -MAX_YEAR <= first <= last <= MAX_YEAR:
            return first, last
    return None
