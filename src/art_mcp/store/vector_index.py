"""The HNSW index of a space: dropped during large loads, because building it afterwards is several times faster.

Without it, searches return the same paintings, but more slowly. The load keeps a lease on the space; if the load is
killed, the lease expires, and the next process that opens the database builds the index.
"""

from __future__ import annotations

import logging

import asyncpg

from art_mcp.space import Leg, Space
from art_mcp.store import host_os
from art_mcp.store.database import Database
from art_mcp.store.errors import StoreError
from art_mcp.store.leases import held
from art_mcp.store.spaces import DROP_WAITS_MS, index_statement, vector_table

log = logging.getLogger(__name__)

BUILD_TIMEOUT_S = 6 * 3600
_LOCK = 0x61727469
"""First key of the advisory lock of an index build; the second is a hash of the space's name."""
_GRAPH = 720
"""Memory per vector during an index build, in bytes, in addition to the vector itself: an element of pgvector's graph,
its 32 neighbours, and its share of the upper levels, 683 in all. With less, the last vectors take much longer."""

_TABLE_OF_ROW = "format('art_mcp.vectors_%s', name)"
# Indexes of the table {0}; an administrator may have created one of another kind.
_INDEXES = (
    "SELECT i.indexrelid::regclass::text AS name, a.amname AS kind FROM pg_index i "
    "JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_am a ON a.oid = c.relam "
    "WHERE i.indrelid = {0}::regclass AND NOT i.indisprimary"
)


async def leave_out(database: Database, space: Space, coming: int) -> bool:
    """Drop the index of a space, which the caller has leased, if more vectors are coming than are stored.

    Returns:
        Whether it was dropped; not if an index is of another kind or owner, or searches keep it locked.
    """
    try:
        async with database.transaction({"lock_timeout": DROP_WAITS_MS}) as connection:
            indexes = await connection.fetch(_INDEXES.format("$1"), vector_table(space))
            there = await connection.fetchval(f"SELECT count(*) FROM {vector_table(space)}")
            if coming <= there or any(index["kind"] != "hnsw" for index in indexes):
                return False
            for index in indexes:
                await connection.execute(f"DROP INDEX {index['name']}")
    except StoreError as error:
        if isinstance(error.__cause__, (asyncpg.LockNotAvailableError, asyncpg.InsufficientPrivilegeError)):
            return False
        raise
    return True


async def missing(database: Database) -> list[Space]:
    """Return the spaces without an index that no process has leased."""
    rows = await database.fetch(
        "SELECT leg, provider, model, version, dimensions FROM art_mcp.spaces "
        f"WHERE NOT {held('spaces')} "
        f"AND NOT EXISTS ({_INDEXES.format(_TABLE_OF_ROW)}) ORDER BY name"
    )
    return [Space(Leg(leg), *rest) for leg, *rest in rows]


async def build(database: Database, space: Space) -> None:
    """Build the index of a space, unless it exists or is being built; writers to the space wait for it.

    Raises:
        StoreError: the build failed, so the space has no index.
    """
    try:
        await _build(database, space, {})
    except StoreError as error:
        # In a container, shared memory may be too small for a parallel build.
        if not isinstance(error.__cause__, asyncpg.DiskFullError):
            raise
        await _build(database, space, {"max_parallel_maintenance_workers": 0})


async def repair(database: Database) -> None:
    """Build the indexes that killed loads have dropped; log a failure to do so."""
    for space in await missing(database):
        log.warning("The index of %s is missing after an interrupted load; building it.", space.made_by)
        try:
            await build(database, space)
        except StoreError as error:
            log.warning("The index of %s cannot be built, so searches stay slow: %s", space.made_by, error)


async def _build(database: Database, space: Space, settings: dict[str, object]) -> None:
    table = vector_table(space)
    async with database.transaction({"statement_timeout": 0, **settings}) as connection:
        if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1, hashtext($2))", _LOCK, space.name):
            return
        if await connection.fetch(_INDEXES.format("$1"), table):
            return
        if database.is_embedded:  # on other servers, the administrator sets the limit
            size = (2 * space.dimensions + _GRAPH) * await connection.fetchval(f"SELECT count(*) FROM {table}")
            await connection.execute(
                "SELECT set_config('maintenance_work_mem', $1 || 'kB', true) FROM pg_settings "
                "WHERE name = 'maintenance_work_mem' AND setting::bigint < $1::bigint",
                str(min(size, host_os.memory() // 4) >> 10),
            )
        await connection.execute(index_statement(space), timeout=BUILD_TIMEOUT_S)
