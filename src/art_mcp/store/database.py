"""The connection pool for PostgreSQL, either the embedded server or that of ART_MCP_DATABASE_URL."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Self

import anyio
import anyio.to_thread
import asyncpg
from pgvector.asyncpg import register_vector

from art_mcp.settings import Settings
from art_mcp.store import cluster
from art_mcp.store.connect_arguments import url_arguments
from art_mcp.store.connection import NO_SETTINGS, Connection, PooledConnection, Record, transaction
from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.errors import explain, explain_connect
from art_mcp.store.schema import Pgvector, migrate
from art_mcp.store.server import is_pooled

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 15
COMMAND_TIMEOUT_S = 120
CLOSE_TIMEOUT_S = 5
POOL_SIZE = 8

# asyncpg raises InternalClientError on a connection after the server has announced that it closes it.
_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)
_DRIVER = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)


class Database:
    """A pool of connections to a database whose schema is up to date."""

    def __init__(
        self, pool: asyncpg.Pool[asyncpg.Record], embedded: EmbeddedServer | None, pgvector: Pgvector, on_citus: bool
    ) -> None:
        self._pool = pool
        self._embedded = embedded
        self._pgvector = pgvector
        self.on_citus = on_citus
        """Whether its tables may be distributed over a Citus cluster, which cannot run some statements."""
        self._reviving = anyio.Lock()

    @property
    def is_embedded(self) -> bool:
        """Whether the server is the embedded one, which art-mcp configures."""
        return self._embedded is not None

    @property
    def iterative_scan(self) -> bool:
        """Whether pgvector can continue an index scan until enough rows pass a filter (version 0.8 or newer)."""
        return self._pgvector.version >= (0, 8)

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        """Start the embedded server unless a URL is given, connect, and bring the schema up to date.

        Raises:
            ArtMcpError: the server, the connection or a privilege failed; the message names the next step.
        """
        if settings.database_url is None:
            embedded = await anyio.to_thread.run_sync(EmbeddedServer.start, settings.data_dir)
            arguments = embedded.connect_args
        else:
            embedded = None
            arguments = url_arguments(settings.database_url.get_secret_value())
        try:
            pool, pgvector, on_citus = await _open_pool(arguments, settings.citus_shards)
            return cls(pool, embedded, pgvector, on_citus)
        except BaseException:
            if embedded is not None:
                embedded.close()
            raise

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A pooled connection outside a transaction; errors of the driver are raised as `StoreError`."""
        try:
            connection = await self._acquire()
        except _DRIVER as error:
            raise explain_connect(error) from error
        try:
            yield connection
        except _DRIVER as error:
            raise explain(error) from error
        finally:
            with anyio.CancelScope(shield=True):
                await self._pool.release(connection)

    async def execute(self, statement: str, *arguments: Any) -> str:
        """Run a single statement, and return its status, e.g. "UPDATE 1". Raises `StoreError`, as do the next three."""
        async with self.connection() as connection:
            return await connection.execute(statement, *arguments)

    async def fetch(self, statement: str, *arguments: Any) -> list[Record]:
        """The rows of a statement."""
        async with self.connection() as connection:
            return await connection.fetch(statement, *arguments)

    async def fetchrow(self, statement: str, *arguments: Any) -> Record | None:
        """The first row of a statement; None without rows."""
        async with self.connection() as connection:
            return await connection.fetchrow(statement, *arguments)

    async def fetchval(self, statement: str, *arguments: Any) -> Any:
        """The first value of a statement's first row; None without rows."""
        async with self.connection() as connection:
            return await connection.fetchval(statement, *arguments)

    async def ping(self) -> None:
        """Ask the server the shortest question. Raises `StoreError` if it does not answer."""
        await self.fetchval("SELECT 1")

    @asynccontextmanager
    async def transaction(self, settings: Mapping[str, object] = NO_SETTINGS) -> AsyncIterator[Connection]:
        """A pooled connection inside a transaction with these PostgreSQL settings; see `connection.transaction`."""
        async with self.connection() as connection, transaction(connection, settings):
            yield connection

    def planned_by(self, settings: Mapping[str, object]) -> Mapping[str, object]:
        """These settings of the planner or an index, for `transaction`; on a Citus cluster, its shards get them too."""
        return {"citus.propagate_set_commands": "'local'", **settings} if self.on_citus else settings

    async def aclose(self) -> None:
        """Close the pool; the embedded server stops after its last user."""
        with anyio.move_on_after(CLOSE_TIMEOUT_S, shield=True) as scope:
            await self._pool.close()
        if scope.cancelled_caught:
            self._pool.terminate()
        if self._embedded is not None:
            self._embedded.close()

    async def _acquire(self) -> PooledConnection:
        try:
            return await self._pool.acquire()
        except _LOST:
            if self._embedded is None:
                raise
            # The server died (killed, out of memory); one of the waiting tasks restarts it.
            async with self._reviving:
                try:
                    return await self._pool.acquire()
                except _LOST:
                    log.warning("The embedded PostgreSQL has stopped; restarting it.")
                    await anyio.to_thread.run_sync(self._embedded.ensure_running)
                    self._pool.set_connect_args(**_connect_options(self._embedded.connect_args))
                    return await self._pool.acquire()


async def _open_pool(
    arguments: dict[str, Any], citus_shards: int | None
) -> tuple[asyncpg.Pool[asyncpg.Record], Pgvector, bool]:
    options = _connect_options(arguments)
    try:
        # The codecs of pgvector can only be registered once its extension exists.
        try:
            connection = await asyncpg.connect(**options | {"statement_cache_size": 0})
        except (ValueError, IndexError) as error:  # raised by asyncpg for some malformed URLs
            known = isinstance(error, _DRIVER)  # SSLCertVerificationError is a ValueError too
            raise explain_connect(error if known else ValueError()) from error
        try:
            if await is_pooled(connection):
                options["statement_cache_size"] = 0
            pgvector = await migrate(connection, citus_shards=citus_shards)
            on_citus = await cluster.is_citus(connection)
        finally:
            await connection.close()
        register = partial(register_vector, schema=pgvector.schema)
        pool = await asyncpg.create_pool(
            **options, min_size=1, max_size=POOL_SIZE, init=register, reset=_nothing_to_reset
        )
        return pool, pgvector, on_citus
    except _DRIVER as error:
        raise explain_connect(error) from error


async def _nothing_to_reset(connection: Connection) -> None:
    """Skip the extra round trip in which asyncpg resets the session state; our sessions have none."""


def _connect_options(arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "timeout": CONNECT_TIMEOUT_S,
        "command_timeout": COMMAND_TIMEOUT_S,
        **arguments,
        "server_settings": {"application_name": "art-mcp", **arguments.get("server_settings", {})},
    }
