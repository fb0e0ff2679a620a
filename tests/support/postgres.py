"""Databases in the PostgreSQL of the tests, and what a test asks of them by itself."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import asyncpg

from art_mcp.store import platform
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer


def remove_server(server: EmbeddedServer) -> None:
    """End a server at once and leave nothing of it."""
    platform.kill_processes_in(server.cluster)
    for folder in (platform.home(server.data_dir), server.data_dir):
        shutil.rmtree(folder, ignore_errors=True)


def url_of(server: EmbeddedServer, database: str, user: str = "postgres") -> str:
    arguments = server.connect_args
    password = f":{quote(arguments['password'])}" if "password" in arguments else ""
    host = quote(str(arguments["host"]), safe="")
    return f"postgresql://{user}{password}@/{database}?host={host}&port={arguments.get('port', 5432)}"


@asynccontextmanager
async def new_database(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The URL of an empty database, which is removed afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(**postgres.connect_args)
    await admin.execute(f"CREATE DATABASE {name}")
    yield url_of(postgres, name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


async def count_paintings(database: Database) -> int:
    """How many paintings there are, which is what their collections say."""
    async with database.connection() as connection:
        counted, said = await connection.fetchrow(  # at one moment, since others may be writing
            "SELECT (SELECT count(*) FROM art_mcp.paintings), "
            "(SELECT coalesce(sum(paintings), 0)::int FROM art_mcp.collections)"
        )
    assert said == counted
    return counted
