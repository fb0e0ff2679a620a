"""Vectors into their table by COPY, in PostgreSQL's binary format: as fast as it takes them."""

from __future__ import annotations

import io
import uuid
from collections.abc import Sequence
from typing import TYPE_CHECKING

from art_mcp.store.spaces import vector_table

if TYPE_CHECKING:
    from art_mcp.space import Space, Vector
    from art_mcp.store.connection import Connection

_SIGNATURE = b"PGCOPY\n\xff\r\n\0" + bytes(8)  # and no flags, and no extension of the header
_END = b"\xff\xff"


async def copy_vectors(
    connection: Connection, space: Space, vectors: Sequence[tuple[uuid.UUID, Vector | None]]
) -> None:
    """Insert vectors of paintings that have none in this space yet.

    Args:
        vectors: id of the painting, and its vector of shape (dimensions,) if it is to have one.
    """
    made = [(id_, vector) for id_, vector in vectors if vector is not None]
    if not made:
        return
    schema, _, table = vector_table(space).partition(".")
    await connection.copy_to_table(
        table,
        schema_name=schema,
        columns=("painting_id", "vector"),
        source=io.BytesIO(_rows(space, made)),
        format="binary",
    )


def _rows(space: Space, made: Sequence[tuple[uuid.UUID, Vector]]) -> bytes:
    import numpy as np

    # Each field goes after the number of its bytes; a halfvec is its dimensions, a zero, and the numbers.
    row = np.dtype(
        [
            ("fields", ">i2"),
            ("id_bytes", ">i4"),
            ("id", "V16"),
            ("vector_bytes", ">i4"),
            ("dimensions", ">i2"),
            ("zero", ">i2"),
            ("numbers", ">f2", (space.dimensions,)),
        ]
    )
    rows = np.zeros(len(made), row)
    rows["fields"] = 2
    rows["id_bytes"] = 16
    rows["id"] = np.frombuffer(b"".join(id_.bytes for id_, _ in made), "V16")
    rows["vector_bytes"] = 4 + 2 * space.dimensions
    rows["dimensions"] = space.dimensions
    rows["numbers"] = np.stack([vector for _, vector in made])
    return _SIGNATURE + rows.tobytes() + _END
