"""Tables in Parquet format, read in batches of rows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, Any, BinaryIO

from art_mcp.images.undecoded import ImageError, check_bytes
from art_mcp.ingest.sources.source import SourceError
from art_mcp.ingest.sources.tables.coerce import coerce
from art_mcp.ingest.sources.tables.records import Cells, NotInstalled, Records
from art_mcp.installation import how_to_add

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

ROWS = 64
"""Number of rows decoded at a time."""
AT_ONCE = 8
"""Number of pictures decoded at a time."""
KEPT = 8
"""Number of such batches that are kept, because several workers read at the same time."""
ROW = "row "
"""What precedes the number of the row that has a picture's bytes, in the name of that picture."""
_LFS = b"version https://git-lfs"
_BUFFER = 1 << 20
MAX_COLUMN_BYTES = 1 << 30
"""Maximum uncompressed size in bytes of one column in one row group, as declared by the file."""
_THRIFT = 1 << 24
"""Maximum size of strings and containers in the file's metadata."""


def parquet(file: BinaryIO, name: str, images: Collection[str]) -> Records:
    """Open a table with the columns of the file's schema; nested values are converted to text.

    Raises:
        SourceError: the file is damaged, or pyarrow is not installed.
    """
    table, damaged = _opened(file, name)
    schema = table.schema_arrow
    names = [str(each) for each in schema.names]
    pictures = {each.name: leaves for each in schema if (leaves := _picture_leaves(each.type)) is not None}

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        read = {field: names[index] for field, index in columns.items()}
        columns_read = dict.fromkeys(read.values())
        leaves = [column for column in columns_read if column not in pictures]
        leaves += [f"{column}.{part}" for column in columns_read for part in pictures.get(column, ())]
        try:
            _check_size(table, leaves, name)
            number = 0
            for batch in table.iter_batches(ROWS, columns=leaves, use_threads=False):
                for row in range(batch.num_rows):
                    number += 1
                    cells = _cells(batch, row, read, pictures, number)
                    if isinstance(cells, str) or any(cell.strip() for cell in cells.values()):
                        yield f"row {number}", cells
        except _damage():
            raise damaged from None

    return Records(names, records)


class Pictures:
    """The pictures in a column of a table, as Hugging Face's datasets have them. Fast if they are read mostly in order.

    Not thread-safe.

    Args:
        file: the open table, which `close` closes.
        column: name of a column of bytes, or of structs with a field `bytes`.
    """

    def __init__(self, file: BinaryIO, name: str, column: str) -> None:
        self._file, self._name = file, name
        self._table, self._damaged = _opened(file, name)
        self._leaf = f"{column}.bytes" if _is_struct(self._table.schema_arrow.field(column).type) else column
        groups = range(self._table.num_row_groups)
        self._starts = [0, *accumulate(self._table.metadata.row_group(group).num_rows for group in groups)]
        self._batches: Iterator[pyarrow.RecordBatch] = iter(())
        self._next = self._end = 0  # indices of the first row of the next batch, and of the end of its row group
        self._read: dict[int, Sequence[bytes | None]] = {}

    def read(self, image: str) -> bytes:
        """The bytes of a row's picture, which is named `ROW` and the number of the row, from 1. Blocks.

        Raises:
            ImageError: there is none, or it is too large.
            SourceError: the table is damaged, or its row groups are too large.
        """
        row = int(image.removeprefix(ROW).partition("/")[0])
        index = row - 1
        try:
            data = self._at(index)
        except _damage():
            raise self._damaged from None
        name = f"The picture in row {row}"
        if not data:
            raise ImageError(f"{name} is missing.", "Check the table.")
        check_bytes(len(data), name=name)
        return data

    def close(self) -> None:
        self._file.close()

    def _at(self, index: int) -> bytes | None:
        if not 0 <= index < self._starts[-1]:
            return None
        while True:
            for first, pictures in self._read.items():
                if first <= index < first + len(pictures):
                    return pictures[index - first]
            if not self._next <= index < self._end:
                group = bisect_right(self._starts, index) - 1
                _check_size(self._table, [self._leaf], self._name, [group])
                self._next, self._end = self._starts[group : group + 2]
                self._batches = self._table.iter_batches(AT_ONCE, row_groups=[group], columns=[self._leaf])
            batch = next(self._batches, None)
            if batch is None:  # the file declares more rows than it has
                raise self._damaged
            column = batch.column(0)
            values: Any = column.field("bytes") if _is_struct(column.type) else column  # type: ignore[attr-defined]
            self._read[self._next] = values.to_pylist()
            self._next += len(values)
            while len(self._read) > KEPT:
                del self._read[next(iter(self._read))]


def _opened(file: BinaryIO, name: str) -> tuple[ParquetFile, SourceError]:
    """The open table, and the error for one that turns out to be damaged."""
    try:
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise NotInstalled(
            f"{name} is a Parquet table, which needs pyarrow.", f"Run: {how_to_add('parquet')}"
        ) from None
    damaged = SourceError(f"{name} is damaged or not a Parquet table.", "Write the file again, or save it as CSV.")
    if file.read(len(_LFS)) == _LFS:
        raise SourceError(
            f"{name} is only Git's pointer to a large file.", "Run `git lfs pull` in its folder, or download the file."
        )
    try:
        table = ParquetFile(
            file, buffer_size=_BUFFER, thrift_string_size_limit=_THRIFT, thrift_container_size_limit=_THRIFT
        )
        table.schema_arrow  # noqa: B018 - decodes the schema
        return table, damaged
    except _damage():
        raise damaged from None


def _damage() -> tuple[type[BaseException], ...]:
    """What reading a damaged table raises."""
    import pyarrow

    return pyarrow.ArrowException, OSError, MemoryError, ValueError, KeyError


def _is_struct(kind: pyarrow.DataType) -> bool:
    import pyarrow

    return pyarrow.types.is_struct(kind)


def _picture_leaves(kind: pyarrow.DataType) -> list[str] | None:
    """The parts of a column of pictures that name them, if it is one: of bytes, or of structs with bytes."""
    import pyarrow

    if _is_struct(kind):
        parts = {kind.field(at).name: kind.field(at).type for at in range(kind.num_fields)}
        if "bytes" in parts and _is_bytes(parts["bytes"]):
            return ["path"] if "path" in parts and pyarrow.types.is_string(parts["path"]) else []
    return [] if _is_bytes(kind) else None


def _is_bytes(kind: pyarrow.DataType) -> bool:
    import pyarrow

    return pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)


def _check_size(table: ParquetFile, leaves: Collection[str], name: str, groups: Collection[int] | None = None) -> None:
    metadata = table.metadata
    for group in range(metadata.num_row_groups) if groups is None else groups:
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            is_read = any(f"{column.path_in_schema}.".startswith(f"{leaf}.") for leaf in leaves)
            if is_read and column.total_uncompressed_size > MAX_COLUMN_BYTES:
                raise SourceError(
                    f"{name} has more than {MAX_COLUMN_BYTES >> 20:,} MiB of a column in one row group.",
                    "Write it with smaller row groups.",
                )


def _cells(
    batch: pyarrow.RecordBatch, row: int, read: Mapping[str, str], pictures: Mapping[str, Sequence[str]], number: int
) -> Cells:
    cells = {}
    for field, column in read.items():
        try:
            if column not in pictures:
                cells[field] = coerce(field, batch.column(column)[row].as_py())
            else:
                named = batch.column(column)[row].as_py() if pictures[column] else None
                path = coerce("image", (named or {}).get("path"))
                if field == "image":
                    path = f"{ROW}{number}/{path}" if path else f"{ROW}{number}"
                elif not path and field.startswith("sample "):
                    path = "picture.jpg"  # columns are chosen by what their cells look like
                cells[field] = path
        except (ValueError, OverflowError, KeyError, RecursionError):  # such as years after 9999
            return f"Its {field} cannot be read."
    return cells
