"""The connection type and its transactions, for all modules that take a connection."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import anyio

if TYPE_CHECKING:
    import asyncpg

PooledConnection: TypeAlias = "asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"
Record: TypeAlias = "asyncpg.Record"
NO_SETTINGS: Mapping[str, object] = {}


@asynccontextmanager
async def transaction(connection: Connection, settings: Mapping[str, object] = NO_SETTINGS) -> AsyncIterator[None]:
    """Run the block in a transaction; any exception, cancellation included, rolls it back.

    Args:
        settings: PostgreSQL settings for this transaction only, since behind a pooler the next transaction on this
            connection may belong to another client. They are sent with BEGIN, which saves round trips.
    """
    begin = ["BEGIN", *(f"SET LOCAL {name} = {value}" for name, value in settings.items())]
    try:
        await connection.execute("; ".join(begin))
        yield
        await connection.execute("COMMIT")
    except BaseException:
        # In a cancelled task, an unshielded ROLLBACK would be cancelled as well.
        with anyio.CancelScope(shield=True):
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
        raise
