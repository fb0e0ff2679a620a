"""The files of an archive as they are written."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from art_mcp.ingest.archive import columns
from art_mcp.ingest.archive.manifest import FORMAT, FileRecord, Manifest, SpaceRecord
from art_mcp.space import Space

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from art_mcp.store.paintings import Entry

FILE_ROWS = 20_000
"""Most rows of a file: of a damaged archive, no more than these are lost."""


class Files:
    """Writes the Parquet files of an archive, one after the other. Blocks.

    Args:
        folder: of the archive.
        spaces: those of which paintings may have vectors, and whether they are active.
    """

    def __init__(self, folder: Path, spaces: Mapping[Space, bool]) -> None:
        self._folder = folder
        self._spaces = {space: SpaceRecord.of(space, active=active) for space, active in spaces.items()}
        self._columns = {space: record.column for space, record in self._spaces.items()}
        self._waiting: list[Entry] = []
        self._bytes = 0
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0
        self._written: list[FileRecord] = []

    def add(self, entries: Sequence[Entry]) -> None:
        """Args: entries: in the order of their ids, over all calls."""
        for entry in entries:
            self._waiting.append(entry)
            self._bytes += columns.size(entry)
            if len(self._waiting) >= columns.ROWS or self._bytes >= columns.BYTES:
                self._write()

    def end(self) -> None:
        """Write what is waiting, and end the last file."""
        if self._waiting:
            self._write()
        self._end_file()

    def close(self) -> None:
        """Let go of the file; more than once does no harm."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None

    def manifest(self, collections: Mapping[str, int]) -> Manifest:
        """What the archive says of itself, once it has ended. Args: collections: paintings of each."""
        return Manifest(
            format=FORMAT,
            program=f"art-mcp {version('art-mcp')}",
            created=datetime.datetime.now(datetime.UTC).replace(microsecond=0),
            collections=dict(collections),
            spaces=list(self._spaces.values()),
            files=self._written,
        )

    def _write(self) -> None:
        import pyarrow.parquet as pq

        if self._rows and self._rows + len(self._waiting) > FILE_ROWS:
            self._end_file()
        if self._writer is None:
            self._writer = pq.ParquetWriter(
                self._path,
                columns.schema(self._columns.values()),
                compression=columns.compression(self._columns.values()),
                use_dictionary=False,
                write_statistics=False,
                write_page_checksum=True,
            )
        self._writer.write_table(columns.table(self._waiting, self._columns))
        self._rows += len(self._waiting)
        for space, record in self._spaces.items():
            record.vectors += sum(entry.vectors.get(space) is not None for entry in self._waiting)
        self._waiting, self._bytes = [], 0

    def _end_file(self) -> None:
        path = self._path
        self.close()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        self._written.append(FileRecord(name=path.name, rows=self._rows, bytes=path.stat().st_size, sha256=digest))
        self._rows = 0

    @property
    def _path(self) -> Path:
        return self._folder / f"paintings-{len(self._written):05}.parquet"
