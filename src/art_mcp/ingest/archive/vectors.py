"""The vectors of one embedding space in an archive: NumPy's .npy format, written and read row by row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from art_mcp.images.files import open_file
from art_mcp.ingest.archive.layout import OTHER_COPY, VECTORS, ArchiveError
from art_mcp.space import Space

if TYPE_CHECKING:
    from art_mcp.space import Vector

TYPE = "<f2"
_BYTES = 2
"""Of a number of that type."""


class VectorWriter:
    """Appends vectors to a new file; `close` writes how many there are into its header."""

    def __init__(self, folder: Path, space: Space) -> None:
        self._space = space
        self._file = (folder / VECTORS / f"{space.name}.npy").open("x+b")
        self.count = 0
        self._write_header()

    def add(self, vector: Vector) -> bytes:
        """The vector's bytes, as they were written."""
        data = vector.astype(TYPE).tobytes()
        self._file.write(data)
        self.count += 1
        return data

    def close(self) -> None:
        if not self._file.closed:
            with self._file:
                self._file.seek(0)
                self._write_header()

    def _write_header(self) -> None:
        from numpy.lib import format as npy

        # As long for any number of rows, so that it can be replaced in the end.
        npy.write_array_header_1_0(
            self._file, {"descr": TYPE, "fortran_order": False, "shape": (self.count, self._space.dimensions)}
        )


class VectorReader:
    """Reads single vectors of a file that may come from anybody; nothing in it is unpickled.

    Raises:
        ImageError: it cannot be opened.
        ArchiveError: it is not a file of vectors of this space.
    """

    def __init__(self, folder: Path, space: Space) -> None:
        name = f"{space.name}.npy"
        self._file = open_file(folder / VECTORS / name, [folder / VECTORS])
        self._row_bytes = space.dimensions * _BYTES
        try:
            self._start = self._header(space)
        except Exception:  # parsers fail on hostile bytes in every way there is
            self._file.close()
            raise ArchiveError(
                f"{folder.name} is damaged: {name} does not hold vectors of {space.dimensions:,} numbers in half "
                "precision.",
                OTHER_COPY,
            ) from None
        self.count = (os.fstat(self._file.fileno()).st_size - self._start) // self._row_bytes
        """Whole vectors in the file, whatever its header says."""

    def read(self, row: int) -> bytes | None:
        """The bytes of a vector, or None if the file has no such row."""
        if not 0 <= row < self.count:
            return None
        self._file.seek(self._start + row * self._row_bytes)
        data = self._file.read(self._row_bytes)
        return data if len(data) == self._row_bytes else None

    def close(self) -> None:
        self._file.close()

    def _header(self, space: Space) -> int:
        """Where the numbers begin, in bytes. Raises any exception where the header is not one of `VectorWriter`."""
        from numpy.lib import format as npy

        if npy.read_magic(self._file) != (1, 0):
            raise ValueError
        shape, is_fortran, dtype = npy.read_array_header_1_0(self._file)
        if is_fortran or dtype.str != TYPE or len(shape) != 2 or shape[1] != space.dimensions:
            raise ValueError
        return self._file.tell()
