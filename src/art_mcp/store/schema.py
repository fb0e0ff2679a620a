"""The schema and its migrations: numbered SQL files, forward only, applied under one lock."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from importlib import resources
from typing import NamedTuple

import asyncpg

from art_mcp.store import cluster
from art_mcp.store.connection import Connection, transaction
from art_mcp.store.errors import StoreError

log = logging.getLogger(__name__)

# Key of the advisory lock, which other programs in the database are unlikely to use: "artmcp" in ASCII.
LOCK_KEY = 0x6172746D6370
MIN_POSTGRES = 15
ENCODING = "UTF8"  # the only one that can store every text
MIN_PGVECTOR = (0, 7)
SAFE_PGVECTOR = (0, 8, 3)  # 0.8.2 fixes an overflow in parallel builds, 0.8.3 a corruption on vacuum
# A semicolon ends a statement unless it is in a comment, a function's body or a literal.
_STATEMENT = re.compile(r"(?:--[^\n]*|\$\$.*?\$\$|'[^']*'|[^;])+", re.DOTALL)


class Pgvector(NamedTuple):
    """The installed extension."""

    schema: str
    version: tuple[int, ...]


class Migration(NamedTuple):
    version: int
    name: str
    sql: str

    @property
    def statements(self) -> list[str]:
        """Its statements, each by itself, since Citus sends the whole text of a command on to its workers."""
        return [each for each in _STATEMENT.findall(self.sql) if each.strip()]


def migrations() -> list[Migration]:
    """Return all migrations of this version of art-mcp, oldest first."""
    found = []
    for file in resources.files("art_mcp.store").joinpath("migrations").iterdir():
        if match := re.fullmatch(r"(\d{4})_(\w+)\.sql", file.name):
            found.append(Migration(int(match[1]), match[2], file.read_text(encoding="utf-8")))
    return sorted(found)


async def migrate(
    connection: Connection, known: Iterable[Migration] | None = None, *, citus_shards: int | None = None
) -> Pgvector:
    """Apply the migrations that the database lacks, if any, and return its pgvector.

    On a Citus cluster, tables are distributed as well.

    Several processes may call it at once: one applies them while the others wait. They run in one transaction, so a
    failure leaves the database unchanged.

    Args:
        citus_shards: number of shards to distribute paintings over; None to leave them as they are.

    Raises:
        StoreError: PostgreSQL or pgvector is missing or too old, the user lacks a privilege, the database was written
            by a newer version of art-mcp or by one from before the first release, or it is not on a Citus
            coordinator although it should be.
    """
    known = migrations() if known is None else sorted(known)
    on_citus = await _check_citus(connection, citus_shards)
    if await _version(connection, known) == known[-1].version and not (
        on_citus and await cluster.undistributed(connection, citus_shards)
    ):
        return await _require_pgvector(connection)
    _check_postgres(connection)
    await _check_encoding(connection)
    async with transaction(connection):
        await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_KEY)
        pgvector = await _require_pgvector(connection)
        try:
            # IF NOT EXISTS requires the privilege to create it even if it exists.
            if await connection.fetchval("SELECT to_regnamespace('art_mcp')") is None:
                await connection.execute("CREATE SCHEMA art_mcp")
        except asyncpg.InsufficientPrivilegeError:
            raise StoreError(
                "The database user may not create the schema art_mcp.",
                "Let its owner run: GRANT CREATE ON DATABASE ... TO ..., or CREATE SCHEMA art_mcp "
                "AUTHORIZATION ... with this user's name.",
            ) from None
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS art_mcp.migrations ("
            "version integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        current = await _version(connection, known)
        if current > known[-1].version:
            raise StoreError(
                f"The database was written by a newer art-mcp (schema {current}; "
                f"this version supports {known[-1].version}).",
                "Upgrade art-mcp on this machine.",
            )
        for migration in known:
            if migration.version > current:
                for statement in migration.statements:
                    await connection.execute(statement)
                await connection.execute(
                    "INSERT INTO art_mcp.migrations (version, name) VALUES ($1, $2)",
                    migration.version,
                    migration.name,
                )
        if on_citus:
            await cluster.distribute(connection, citus_shards)
    return pgvector


async def _check_citus(connection: Connection, shards: int | None) -> bool:
    """Whether the database has Citus; refuse a worker, and a database without Citus if shards are configured."""
    on_citus = await cluster.is_citus(connection)
    if on_citus:
        await cluster.require_coordinator(connection)
    elif shards is not None:
        raise StoreError(
            "ART_MCP_CITUS_SHARDS is set, but the database has no Citus.",
            "Unset it, or let an administrator run CREATE EXTENSION citus; in this database and on its workers.",
        )
    return on_citus


async def _version(connection: Connection, known: Sequence[Migration]) -> int:
    """Return the number of the last applied migration, or 0.

    Raises:
        StoreError: the database was created before the first release, whose migrations were squashed into one.
    """
    if await connection.fetchval("SELECT to_regclass('art_mcp.migrations')") is None:
        return 0
    applied = await connection.fetch("SELECT version, name FROM art_mcp.migrations ORDER BY version")
    if applied and tuple(applied[0]) != known[0][:2]:
        raise StoreError(
            "The database is from a development version of art-mcp and can be neither upgraded nor exported.",
            "Load the collections again into a new database: set ART_MCP_DATA_DIR to an empty folder, or, if "
            "ART_MCP_DATABASE_URL is set, name another database there.",
        )
    return applied[-1]["version"] if applied else 0


def _check_postgres(connection: Connection) -> None:
    major = connection.get_server_version().major
    if major < MIN_POSTGRES:
        raise StoreError(
            f"The database is PostgreSQL {major}; art-mcp needs {MIN_POSTGRES} or newer.",
            "Upgrade it, or unset ART_MCP_DATABASE_URL to use the embedded database.",
        )


async def _check_encoding(connection: Connection) -> None:
    """Refuse to begin in a database that cannot store every text; what is in use already stays in use."""
    encoding = await connection.fetchval("SHOW server_encoding")
    if encoding != ENCODING and await connection.fetchval("SELECT to_regclass('art_mcp.migrations')") is None:
        raise StoreError(
            f"The database has the encoding {encoding}, which cannot store the names of all artists; "
            f"art-mcp needs {ENCODING}.",
            "Create another one (CREATE DATABASE ... ENCODING 'UTF8' TEMPLATE template0), and name it in "
            "ART_MCP_DATABASE_URL.",
        )


async def _require_pgvector(connection: Connection) -> Pgvector:
    """Create the extension pgvector unless it exists, check that it is usable, and return it."""
    installed = (
        "SELECT extversion, nspname FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace "
        "WHERE extname = 'vector'"
    )
    found = await connection.fetchrow(installed)
    if found is None:
        try:
            await connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        except asyncpg.InsufficientPrivilegeError:
            raise StoreError(
                "The database has no pgvector, and its user may not create it.",
                "Ask an administrator to run CREATE EXTENSION vector; in this database.",
            ) from None
        except (asyncpg.FeatureNotSupportedError, asyncpg.UndefinedFileError):
            raise StoreError(
                "The database server has no pgvector.",
                "Install it there (https://github.com/pgvector/pgvector; on Azure allow VECTOR in "
                "azure.extensions), or unset ART_MCP_DATABASE_URL to use the embedded database.",
            ) from None
        found = await connection.fetchrow(installed)
    assert found is not None
    version, schema = found
    numbers = tuple(int(part) for part in re.findall(r"\d+", version))
    if numbers < MIN_PGVECTOR:
        raise StoreError(
            f"The database has pgvector {version}; art-mcp needs 0.7 or newer.",
            "Install a newer one there and run ALTER EXTENSION vector UPDATE;.",
        )
    if await connection.fetchval("SELECT to_regtype('halfvec')") is None:
        raise StoreError(
            f"The schema of pgvector, {schema}, is not in this user's search_path.",
            f"Run ALTER ROLE ... SET search_path = public, {schema}; for this user.",
        )
    if numbers < SAFE_PGVECTOR:
        log.warning("The database has pgvector %s, which has known bugs; 0.8.3 fixes them.", version)
    return Pgvector(schema, numbers)
