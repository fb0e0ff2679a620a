from __future__ import annotations

import numpy as np
import pytest
from support.bundles import PIXELS, entry, put

from art_mcp.store import vector_index
from art_mcp.store.database import Database
from art_mcp.store.index_recall import index_recall
from art_mcp.store.ranking import NEAREST
from art_mcp.store.spaces import register, vector_table

pytestmark = pytest.mark.anyio


async def test_without_paintings_there_is_nothing_to_find(database: Database) -> None:
    await register(database, [PIXELS])
    assert await index_recall(database, PIXELS, np.eye(1, 16, dtype=np.float32)[0]) is None


async def test_an_index_that_misses_neighbours_has_a_low_recall(database: Database) -> None:
    await put(database, [entry(number) for number in range(1500)])
    table = vector_table(PIXELS)
    asked = np.random.default_rng(1).standard_normal(16).astype(np.float32)
    async with database.connection() as connection:
        await connection.execute(f"VACUUM ANALYZE {table}")
    assert await index_recall(database, PIXELS, asked) > 0.98
    async with database.connection() as connection:
        await connection.execute(f"DROP INDEX {table}_vector_idx")
        assert await vector_index.missing(database) == [PIXELS]
        # It looks into one list of fifty only.
        await connection.execute(f"CREATE INDEX ON {table} USING ivfflat (vector halfvec_cosine_ops) WITH (lists = 50)")
    missed = await index_recall(database, PIXELS, asked)
    assert 0 < missed < 0.5 and missed * NEAREST == pytest.approx(round(missed * NEAREST))
