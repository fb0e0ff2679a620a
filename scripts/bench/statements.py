"""The statements that the product sends for a question, and the same ones sent by bare asyncpg: the floor."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

import asyncpg
from pgvector.asyncpg import register_vector

from art_mcp.store.database import Database

if TYPE_CHECKING:
    from art_mcp.store.connection import Connection


class Statement(NamedTuple):
    sql: str
    arguments: Sequence[Any]
    repeated: bool = False
    """Whether it is sent for each of its arguments, which are tuples then (`fetchmany`)."""

    @property
    def is_query(self) -> bool:
        """Whether it has rows, and is no BEGIN, SET or COMMIT."""
        return self.sql.lstrip().startswith(("SELECT", "WITH"))


class OpenDatabase(Database):
    """The product's database, which can record what it sends."""

    _recorded: list[Statement] | None = None

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        async with super().connection() as connection:
            if (recorded := self._recorded) is None:
                yield connection
                return

            def record(query: asyncpg.connection.LoggedQuery) -> None:
                recorded.append(Statement(query.query, query.args, repeated=isinstance(query.args, list)))

            with connection.query_logger(record):
                yield connection

    async def statements(self, work: Awaitable[object]) -> list[Statement]:
        """The statements that this work sends."""
        recorded: list[Statement] = []
        self._recorded = recorded
        try:
            await work
        finally:
            self._recorded = None
        return recorded


class Replay:
    """Sends statements as fast as asyncpg can: on one connection, each prepared at its first use."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._prepared: dict[str, asyncpg.prepared_stmt.PreparedStatement[asyncpg.Record]] = {}

    async def __call__(self, statements: Sequence[Statement]) -> list[asyncpg.Record]:
        """The rows of the last statement that has any."""
        rows: list[asyncpg.Record] = []
        for statement in statements:
            sql, arguments, repeated = statement
            if not statement.is_query:
                await self._connection.execute(sql)
                continue
            if sql not in self._prepared:
                self._prepared[sql] = await self._connection.prepare(sql)
            prepared = self._prepared[sql]
            rows = await (prepared.fetchmany(arguments) if repeated else prepared.fetch(*arguments))
        return rows


@asynccontextmanager
async def bare_connection(arguments: dict[str, Any]) -> AsyncIterator[Connection]:
    connection = await asyncpg.connect(**arguments)
    try:
        await register_vector(connection)
        yield connection
    finally:
        await connection.close()
