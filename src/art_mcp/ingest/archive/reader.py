"""Reads an archive, of which nothing is believed before it is looked at."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio.to_thread

from art_mcp.ingest.archive import columns
from art_mcp.ingest.archive.checks import Checker
from art_mcp.ingest.archive.manifest import OTHER_COPY, ArchiveError, FileRecord, damage, read_manifest
from art_mcp.ingest.sources import Refusal
from art_mcp.space import Space

if TYPE_CHECKING:
    import pyarrow.parquet as pq

    from art_mcp.ingest.load import Batch

ENCODINGS = frozenset({"PLAIN", "RLE", "BIT_PACKED"})
"""In the others a few bytes can stand for as many values as one likes."""
MAX_GROUP_BYTES = 1 << 27
"""What a row group has, and a painting with large pictures in it."""


class Archive:
    """A `Bundle` from an archive.

    Args:
        folder: absolute.
        collection: the name that its only collection gets here, if another one.
        skip_damaged: leave out files that are not as they were written, instead of refusing the archive.

    Raises:
        ArchiveError: the archive is none, lies, or is damaged. Reads all of it: call it in a thread.
    """

    assumed = None

    def __init__(self, folder: Path, *, collection: str | None = None, skip_damaged: bool = False) -> None:
        columns.require_pyarrow()
        self._folder = folder
        self.manifest = read_manifest(folder)
        if collection is not None and len(self.manifest.collections) > 1:
            raise ArchiveError(
                f"{folder.name} holds {len(self.manifest.collections)} collections "
                f"({', '.join(list(self.manifest.collections)[:5])}), which cannot get one name.",
                "Leave --collection out.",
            )
        self._names = {name: collection or name for name in self.manifest.collections}
        damaged = {record.name: why for record in self.manifest.files if (why := self._damage(record))}
        if damaged and not skip_damaged:
            first = ", ".join(f"{name} {why}" for name, why in list(damaged.items())[:5])
            raise ArchiveError(
                f"{folder.name} is damaged, so nothing was imported: {first}.",
                f"{OTHER_COPY} Or import what is whole of it with --skip-damaged.",
            )
        self._damaged = damaged

    @property
    def total(self) -> int:
        return self.manifest.total

    @property
    def collections(self) -> Sequence[str]:
        return list(self._names.values())

    @property
    def active(self) -> Sequence[Space]:
        return [record.space for record in self.manifest.spaces if record.active]

    @property
    def vectors(self) -> Mapping[Space, int]:
        return {record.space: record.vectors for record in self.manifest.spaces}

    async def batches(self) -> AsyncIterator[Batch]:
        batches = self._batches()
        while (batch := await anyio.to_thread.run_sync(next, batches, None)) is not None:
            yield batch

    def _batches(self) -> Iterator[Batch]:
        checker = Checker(self._names, self.manifest.columns)
        for record in self.manifest.files:
            if record.name in self._damaged:
                yield [Refusal(record.name, f"It {self._damaged[record.name]}; it has {record.rows:,} paintings.")]
                continue
            try:
                with _open(self._folder / record.name) as file:
                    yield from _checked(file, record.name, checker)
            except OSError as error:
                raise ArchiveError(
                    f"{record.name} cannot be read any more ({error.strerror or type(error).__name__}).",
                    "Put it back and run the same again: what is stored stays so.",
                ) from None

    def _damage(self, record: FileRecord) -> str | None:
        """What is wrong with a file, if it is not what the manifest says."""
        import pyarrow as pa

        if why := damage(self._folder, record):
            return why
        try:
            with _open(self._folder / record.name) as file:
                if not file.schema_arrow.equals(columns.schema(self.manifest.columns.values())):
                    return "has other columns than the manifest says"
                if file.metadata.num_rows != record.rows:
                    return f"has {file.metadata.num_rows:,} rows instead of {record.rows:,}"
                groups = [file.metadata.row_group(place) for place in range(file.num_row_groups)]
        except (pa.ArrowException, OSError):
            return "is no Parquet file"
        if sum(group.num_rows for group in groups) != record.rows:
            return "contradicts itself"
        return "has larger parts than an export writes" if any(map(_is_too_large, groups)) else None


def _checked(file: pq.ParquetFile, name: str, checker: Checker) -> Iterator[Batch]:
    import pyarrow as pa

    first = 1
    for group in range(file.num_row_groups):
        last = first + file.metadata.row_group(group).num_rows - 1
        try:
            table = file.read_row_group(group, use_threads=False).combine_chunks()
        except (pa.ArrowException, OSError):
            yield [Refusal(f"{name} rows {first} to {last}", "They cannot be read.")]
        else:
            yield checker.check(table, f"{name} row", first)
        first = last + 1


def _open(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return pq.ParquetFile(path, page_checksum_verification=True)


def _is_too_large(group: pq.RowGroupMetaData) -> bool:
    """Whether a part of a file, which is read at once, may take much more memory than it has bytes."""
    parts = [group.column(place) for place in range(group.num_columns)]
    return (
        group.num_rows > columns.ROWS
        or group.total_byte_size > MAX_GROUP_BYTES
        or any(
            part.has_dictionary_page
            or part.compression not in ("UNCOMPRESSED", "ZSTD")
            or not ENCODINGS.issuperset(part.encodings)
            for part in parts
        )
    )
