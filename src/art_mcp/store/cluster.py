"""A Citus cluster: paintings and all that belongs to them are distributed over its shards by the painting's id.

The other tables are small, and stay on the coordinator, which is the node that art-mcp connects to.
"""

from __future__ import annotations

from dataclasses import dataclass

from art_mcp.store.connection import Connection, Record
from art_mcp.store.errors import StoreError

DISTRIBUTE_TIMEOUT_S = 6 * 3600
_PAINTINGS = "art_mcp.paintings"
# Every table that refers to paintings, which therefore holds rows of one painting each.
_UNDISTRIBUTED = f"""
    SELECT name, key FROM (
        SELECT '{_PAINTINGS}' AS name, 'id' AS key
        UNION
        SELECT conrelid::regclass::text, attname FROM pg_constraint
        JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
        WHERE contype = 'f' AND confrelid = '{_PAINTINGS}'::regclass AND connamespace = 'art_mcp'::regnamespace
    ) AS tables
    WHERE NOT EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = name::regclass AND partmethod = 'h')
    ORDER BY name <> '{_PAINTINGS}', name
"""


@dataclass(frozen=True, slots=True)
class Distribution:
    """Where the paintings of a cluster are."""

    shards: int
    """0 if the tables are not distributed."""
    nodes: int
    """Number of nodes that the shards are on."""


async def is_citus(connection: Connection) -> bool:
    """Whether the database has the extension citus, so that its tables may be distributed."""
    found: bool = await connection.fetchval("SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')")
    return found


async def require_coordinator(connection: Connection) -> None:
    """Check that this node of the cluster is the coordinator.

    Raises:
        StoreError: it is a worker, on which the tables that are not distributed do not exist.
    """
    if await connection.fetchval("SELECT groupid FROM pg_dist_local_group"):
        raise StoreError(
            "The database is a worker of a Citus cluster.", "Name the cluster's coordinator in ART_MCP_DATABASE_URL."
        )


async def undistributed(connection: Connection, shards: int | None) -> list[Record]:
    """Return the name and the distribution column of each table to distribute, paintings first.

    Args:
        shards: as configured; if None, the tables are distributed only if paintings are distributed already.
    """
    tables = await connection.fetch(_UNDISTRIBUTED)
    return [] if shards is None and tables and tables[0]["name"] == _PAINTINGS else tables


async def distribute(connection: Connection, shards: int | None) -> None:
    """Distribute the `undistributed` tables with their rows, in the transaction that created them."""
    for name, key in await undistributed(connection, shards):
        first = name == _PAINTINGS
        await connection.execute(
            "SELECT create_distributed_table($1::text::regclass, $2, colocate_with => $3, shard_count => $4::int)",
            name,
            key,
            "none" if first else _PAINTINGS,
            shards if first else None,
            timeout=DISTRIBUTE_TIMEOUT_S,
        )


async def distribution(connection: Connection) -> Distribution:
    """Return how the paintings of a cluster are distributed."""
    row = await connection.fetchrow(
        "SELECT count(DISTINCT shardid) AS shards, count(DISTINCT groupid) AS nodes "
        f"FROM pg_dist_shard JOIN pg_dist_placement USING (shardid) WHERE logicalrelid = '{_PAINTINGS}'::regclass"
    )
    assert row is not None
    return Distribution(**row)


def size_of(table: str, on_citus: bool) -> str:
    """Return SQL for the disk usage of a table and its indexes on all nodes, in bytes.

    Args:
        table: SQL expression of type regclass.
    """
    here = f"pg_total_relation_size({table})"
    if not on_citus:
        return here
    return (
        f"CASE WHEN EXISTS (SELECT 1 FROM pg_dist_partition WHERE logicalrelid = {table}) "
        f"THEN citus_total_relation_size({table}) ELSE {here} END"
    )
