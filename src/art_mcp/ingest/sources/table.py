"""Tables of paintings in any supported format, with local pictures or links to pictures."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import anyio.to_thread

from art_mcp.errors import lines_of
from art_mcp.images.files import open_file
from art_mcp.images.local_file import LocalFile
from art_mcp.images.undecoded import ImageError
from art_mcp.ingest.sources.choosing import MAX_COLUMNS, Columns, choose
from art_mcp.ingest.sources.column_names import names_of, plain
from art_mcp.ingest.sources.delimited import delimited
from art_mcp.ingest.sources.jsonl import jsonl
from art_mcp.ingest.sources.links import Links
from art_mcp.ingest.sources.local import LocalSource
from art_mcp.ingest.sources.parquet import parquet
from art_mcp.ingest.sources.records import Records, is_link
from art_mcp.ingest.sources.semart import CLEANED, NEEDED, clean, misfit
from art_mcp.ingest.sources.source import Options, Refusal, Row, SourceError

FORMATS: dict[str, Callable[[BinaryIO, str, Collection[str]], Records]] = {
    ".csv": delimited,
    ".tsv": delimited,
    ".jsonl": jsonl,
    ".ndjson": jsonl,
    ".parquet": parquet,
}
"""Readers by file suffix; each takes the open file, its name, and the possible names of the picture column."""
TABLE_SUFFIXES = tuple(FORMATS)
SAMPLE_ROWS = 50
"""Number of rows whose cells are looked at to choose the columns."""
SAMPLE_CHARACTERS = 200
"""Number of characters of each cell that are looked at."""


class Table(LocalSource):
    """One or more tables with the same columns, read as one collection."""

    def __init__(
        self, name: str, paths: tuple[Path, ...], options: Options, within: Sequence[Path] | None = None
    ) -> None:
        folders = dict.fromkeys(path.parent for path in paths)
        super().__init__(name, [folder / name for folder in folders for name in ("images", "Images", "")], within)
        self._paths = paths
        self._given = options.columns
        self._encoding = options.encoding
        self._clean = options.clean_semart
        self._links = Links()

    def rows(self) -> Iterator[Row | Refusal]:
        return clean(self._rows) if self._clean else self._rows()

    async def picture(self, image: str) -> LocalFile | bytes:
        return await (self._links.picture(image) if is_link(image) else super().picture(image))

    async def reading(self) -> str:
        return await anyio.to_thread.run_sync(self._reading)

    async def aclose(self) -> None:
        await self._links.aclose()

    def columns(self) -> Columns:
        """What the columns of the first table are used for. Blocks."""
        return self._columns(self._paths[0])

    def _rows(self) -> Iterator[Row | Refusal]:
        for path in self._paths:
            columns = self._columns(path)
            with self._opened(path) as records:
                for where, cells in records.read(columns.slots):
                    label = f"{path.name} {where}"
                    yield Refusal(label, cells) if isinstance(cells, str) else columns.row(label, cells)

    def _columns(self, path: Path) -> Columns:
        with self._opened(path) as records:
            names, sample = records.names, self._sample(records)
        columns = choose(path.name, names, self._given, sample)
        if self._clean and not columns.fields.keys() >= NEEDED:
            raise misfit(path.name)
        return columns

    def _sample(self, records: Records) -> list[Mapping[int, str]]:
        """The beginnings of the cells of the first rows, by the index of their column."""
        slots = {f"sample {index}": index for index in range(min(len(records.names), MAX_COLUMNS))}
        rows = (cells for _, cells in islice(records.read(slots), SAMPLE_ROWS) if not isinstance(cells, str))
        return [{slots[slot]: cell[:SAMPLE_CHARACTERS] for slot, cell in cells.items()} for cells in rows]

    def _reading(self) -> str:
        path = self._paths[0]
        with self._opened(path) as records:
            notes = list(records.notes)
        columns = self._columns(path)
        return lines_of([*notes, *columns.reading(), *([CLEANED] if self._clean else [])])

    @contextmanager
    def _opened(self, path: Path) -> Iterator[Records]:
        """Open a table and read its column names.

        Raises:
            SourceError: the table cannot be read.
        """
        images = {*names_of("image"), plain(self._given.get("image", "image"))}
        try:
            with open_file(path, *([self._within] if self._within is not None else [])) as file:
                reader = FORMATS[path.suffix.lower()]
                if reader is delimited:
                    yield delimited(file, path.name, images, self._encoding)
                else:
                    yield reader(file, path.name, images)
        except ImageError as error:
            raise SourceError(error.problem, error.next_step) from None
        except UnicodeError as error:
            encoding = getattr(error, "encoding", "UTF-8")
            raise SourceError(f"{path.name} is cut off or is not {encoding} text.", "Save it as UTF-8.") from None
        except OSError as error:
            raise SourceError(
                f"{path.name} cannot be read ({error.strerror}).", "Check the file and its permissions."
            ) from None


def semart_tables(folder: Path) -> tuple[Path, ...]:
    """Paths of those of SemArt's three tables that the folder contains."""
    return tuple(path for part in ("train", "val", "test") if (path := folder / f"semart_{part}.csv").is_file())
