"""What kind of server a database is on, as far as that decides what art-mcp can do with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from art_mcp.store import cluster

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection
    from art_mcp.store.database import Database


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server and the database on it."""

    version: str
    pgvector: str
    encoding: str
    """Encoding of the database; only UTF8 can store every text."""
    read_only: bool
    """Whether it is a replica, or this user may only read."""
    citus: str | None
    """Version of the extension Citus; None without it."""
    pooled: bool
    """Whether a pooler is in between."""
    distribution: cluster.Distribution | None
    """Of the paintings on a Citus cluster."""


async def look(database: Database) -> Server:
    """Describe the server."""
    async with database.connection() as connection:
        row = await connection.fetchrow(
            "SELECT current_setting('server_version') AS version, extversion AS pgvector, "
            "current_setting('server_encoding') AS encoding, "
            "current_setting('transaction_read_only') = 'on' AS read_only, "
            "(SELECT extversion FROM pg_extension WHERE extname = 'citus') AS citus "
            "FROM pg_extension WHERE extname = 'vector'"
        )
        assert row is not None
        distribution = await cluster.distribution(connection) if row["citus"] else None
        return Server(**row, pooled=await is_pooled(connection), distribution=distribution)


async def is_pooled(connection: Connection) -> bool:
    """Whether a pooler such as PgBouncer is in between, which may run each transaction on another server connection.

    A pooler makes up the process ids that it reports to its clients. Statements prepared on one server connection do
    not exist on the next, so the statement cache must be off.
    """
    seen: int = await connection.fetchval("SELECT pg_backend_pid()")
    return connection.get_server_pid() != seen
