"""A connection's type and its transactions, below all modules that are given one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeAlias

import anyio

if TYPE_CHECKING:
    import asyncpg

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
NO_SETTINGS: Mapping[str, object] = {}


@asynccontextmanager
async def transaction(connection: Connection, settings: Mapping[str, object] = NO_SETTINGS) -> AsyncIterator[None]:
    """A transaction, which is rolled back by any exception, cancellation included.

    Args:
        settings: of PostgreSQL, for this transaction only: behind a pooler the next one on this connection is
            somebody else's. They are sent along with the BEGIN, since each message takes its time.
    """
    begin = ["BEGIN", *(f"SET LOCAL {name} = {value}" for name, value in settings.items())]
    await connection.execute("; ".join(begin))
    try:
        yield
    except BaseException:
        # Where this task is cancelled, every unshielded await ends at once, a rollback too.
        with anyio.CancelScope(shield=True):
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
        raise
    await connection.execute("COMMIT")
