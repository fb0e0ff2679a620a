"""Tables in Parquet format, read in batches of rows."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, BinaryIO

from art_mcp.ingest.sources.coerce import coerce
from art_mcp.ingest.sources.records import Cells, Records
from art_mcp.ingest.sources.source import SourceError

if TYPE_CHECKING:
    import pyarrow
    from pyarrow.parquet import ParquetFile

ROWS = 64
"""Number of rows decoded at a time."""
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
    try:
        import pyarrow
        from pyarrow.parquet import ParquetFile
    except ImportError:
        raise SourceError(
            f"{name} is a Parquet table, which needs pyarrow.", "Run: pip install 'art-mcp[parquet]'"
        ) from None
    damaged = SourceError(f"{name} is damaged or not a Parquet table.", "Write the file again, or save it as CSV.")
    try:
        table = ParquetFile(
            file, buffer_size=_BUFFER, thrift_string_size_limit=_THRIFT, thrift_container_size_limit=_THRIFT
        )
        names = [str(each) for each in table.schema_arrow.names]
    except (pyarrow.ArrowException, OSError, ValueError, KeyError, MemoryError):
        raise damaged from None

    def records(columns: Mapping[str, int]) -> Iterator[tuple[str, Cells]]:
        read = {field: names[index] for field, index in columns.items()}
        try:
            _check_size(table, set(read.values()), name)
            number = 0
            for batch in table.iter_batches(ROWS, columns=list(dict.fromkeys(read.values())), use_threads=False):
                for row in range(batch.num_rows):
                    number += 1
                    cells = _cells(batch, row, read)
                    if isinstance(cells, str) or any(cell.strip() for cell in cells.values()):
                        yield f"row {number}", cells
        except (pyarrow.ArrowException, OSError, MemoryError):
            raise damaged from None

    return Records(names, records)


def _check_size(table: ParquetFile, names: Collection[str], name: str) -> None:
    metadata = table.metadata
    for group in range(metadata.num_row_groups):
        for index in range(metadata.num_columns):
            column = metadata.row_group(group).column(index)
            if column.path_in_schema.split(".")[0] in names and column.total_uncompressed_size > MAX_COLUMN_BYTES:
                raise SourceError(
                    f"{name} has more than {MAX_COLUMN_BYTES >> 20:,} MiB of a column in one row group.",
                    "Write it with smaller row groups.",
                )


def _cells(batch: pyarrow.RecordBatch, row: int, read: Mapping[str, str]) -> Cells:
    cells = {}
    for field, column in read.items():
        try:
            cells[field] = coerce(field, batch.column(column)[row].as_py())
        except (ValueError, OverflowError, KeyError, RecursionError):  # such as years after 9999
            return f"Its {field} cannot be read."
    return cells
