"""Vector files of an archive, one per embedding space, in NumPy's .npy format; written and read row by row."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from numpy.lib import format as npy

from art_mcp.images.files import open_file
from art_mcp.ingest.archive.layout import OTHER_COPY, VECTORS, ArchiveError
from art_mcp.space import Space

if TYPE_CHECKING:
    from art_mcp.space import Vector

TYPE = "<f2"
_BYTES = 2
"""Size of one component of `TYPE` in bytes."""


class VectorWriter:
    """Appends vectors to a new file; `close` writes their number into the header."""

    def __init__(self, folder: Path, space: Space) -> None:
        self._space = space
        self._file = (folder / VECTORS / f"{space.name}.npy").open("x+b")
        self.count = 0
        self._write_header()

    def add(self, vector: Vector) -> bytes:
        """Append a vector and return the bytes written."""
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
        # NumPy pads the header to the same length for any row count, so `close` can overwrite it.
        npy.write_array_header_1_0(
            self._file, {"descr": TYPE, "fortran_order": False, "shape": (self.count, self._space.dimensions)}
        )


class VectorReader:
    """Reads single vectors from an untrusted file; nothing is unpickled.

    Raises:
        ImageError: the file cannot be opened.
        ArchiveError: the file does not contain vectors of this space.
    """

    def __init__(self, folder: Path, space: Space) -> None:
        name = f"{space.name}.npy"
        self._file = open_file(folder / VECTORS / name, [folder / VECTORS])
        self._row_bytes = space.dimensions * _BYTES
        try:
            self._start = self._header(space)
        except Exception:  # the parser can raise any exception on malicious input
            self._file.close()
            raise ArchiveError(
                f"{folder.name} is damaged: {name} does not contain float16 vectors of {space.dimensions:,} numbers.",
                OTHER_COPY,
            ) from None
        self.count = (os.fstat(self._file.fileno()).st_size - self._start) // self._row_bytes
        """Number of complete vectors, computed from the file size rather than the untrusted header."""

    def read(self, row: int) -> bytes | None:
        """The bytes of the vector at `row`, counted from 0; None if the file has no such row."""
        if not 0 <= row < self.count:
            return None
        self._file.seek(self._start + row * self._row_bytes)
        data = self._file.read(self._row_bytes)
        return data if len(data) == self._row_bytes else None

    def close(self) -> None:
        self._file.close()

    def _header(self, space: Space) -> int:
        """Byte offset of the first vector. Raises any exception if `VectorWriter` cannot have written the header."""
        if npy.read_magic(self._file) != (1, 0):
            raise ValueError
        shape, is_fortran, dtype = npy.read_array_header_1_0(self._file)
        if is_fortran or dtype.str != TYPE or len(shape) != 2 or shape[1] != space.dimensions:
            raise ValueError
        return self._file.tell()
