"""A stand-in for the extension Citus, which no package index has: it records what is distributed, and moves nothing.

Statements run as on one node. What a cluster would refuse of them is found by `support.citus_rules`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import asyncpg

_CONTROL = """
comment = 'a stand-in for Citus'
default_version = '13.2-1'
relocatable = false
"""
# The parts of Citus that art-mcp uses. `distributed` has the calls, with the transaction of each.
_SCRIPT = """
CREATE TABLE pg_dist_partition (logicalrelid regclass PRIMARY KEY, partmethod "char", partkey text, colocationid int);
CREATE TABLE pg_dist_shard (logicalrelid regclass, shardid bigint);
CREATE TABLE pg_dist_placement (shardid bigint, groupid int);
CREATE TABLE pg_dist_local_group (groupid int);
INSERT INTO pg_dist_local_group VALUES (0);
CREATE TABLE distributed (n serial, name text, key text, colocate_with text, shard_count int, transaction xid8);

CREATE FUNCTION create_distributed_table(
    table_name regclass, distribution_column text, distribution_type text DEFAULT 'hash',
    colocate_with text DEFAULT 'default', shard_count int DEFAULT NULL
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    beside int = (SELECT colocationid FROM pg_dist_partition WHERE logicalrelid = to_regclass(colocate_with));
    key smallint = (SELECT attnum FROM pg_attribute WHERE attrelid = table_name AND attname = distribution_column);
BEGIN
    IF EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = table_name) THEN
        RAISE 'table "%" is already distributed', table_name;
    END IF;
    IF colocate_with <> 'none' AND (beside IS NULL OR shard_count IS NOT NULL) THEN
        RAISE 'cannot colocate % with %', table_name, colocate_with;
    END IF;
    IF EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = table_name AND contype IN ('p', 'u') AND key <> ALL(conkey)
    ) THEN
        RAISE 'cannot create constraint on "%" without the distribution column', table_name;
    END IF;
    IF EXISTS (
        SELECT FROM pg_constraint WHERE conrelid = table_name AND contype = 'f' AND (conkey[1] <> key OR NOT EXISTS (
            SELECT FROM pg_dist_partition WHERE logicalrelid = confrelid AND colocationid = beside
        ))
    ) THEN
        RAISE 'cannot create foreign key constraint of "%"', table_name;
    END IF;
    INSERT INTO pg_dist_partition VALUES (table_name, 'h', distribution_column, coalesce(beside, table_name::oid::int));
    INSERT INTO pg_dist_shard SELECT table_name, table_name::oid::bigint * 1000 + n
        FROM generate_series(1, coalesce(shard_count, 4)) AS n;
    INSERT INTO pg_dist_placement SELECT shardid, 1 + shardid % 2 FROM pg_dist_shard WHERE logicalrelid = table_name;
    INSERT INTO distributed (name, key, colocate_with, shard_count, transaction)
        VALUES (table_name::text, distribution_column, colocate_with, shard_count, pg_current_xact_id());
END
$$;

CREATE FUNCTION citus_total_relation_size(relation regclass, fail_on_error boolean DEFAULT true)
RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_dist_partition WHERE logicalrelid = relation) THEN
        RAISE 'cannot calculate the size because relation % is not distributed', relation;
    END IF;
    RETURN 2 * pg_total_relation_size(relation);
END
$$;
"""


def write_stand_in(folder: Path) -> None:
    """Write the extension's files, for `extension_control_path`; PostgreSQL must be able to read the folder."""
    files = folder / "extension"
    files.mkdir(parents=True)
    (files / "citus.control").write_text(_CONTROL)
    (files / "citus--13.2-1.sql").write_text(_SCRIPT)
    for each in (folder, files, *files.iterdir()):
        each.chmod(0o755)


async def add_stand_in(url: str, folder: Path) -> None:
    """Create the extension in a database of PostgreSQL 18 or newer."""
    connection = await asyncpg.connect(url)
    await connection.execute(f"SET extension_control_path = '{folder}:$system'")
    await connection.execute("CREATE EXTENSION citus")
    await connection.close()


class Recorder:
    """The statements that the store sent, and the functions that sent them, as (module, name)."""

    def __init__(self) -> None:
        self.statements: dict[str, None] = {}
        self.functions: set[tuple[str, str]] = set()

    def note(self, statement: str | None) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame and "/art_mcp/store/" not in frame.f_code.co_filename.replace("\\", "/"):
            frame = frame.f_back
        while frame and "/art_mcp/store/" in frame.f_code.co_filename.replace("\\", "/"):
            self.functions.add((Path(frame.f_code.co_filename).stem, frame.f_code.co_name))
            frame = frame.f_back
        if statement and self.functions:
            self.statements[statement] = None


METHODS = ("execute", "fetch", "fetchrow", "fetchval", "fetchmany", "executemany")
"""Methods of a connection that take a statement."""


@contextmanager
def recording() -> Iterator[Recorder]:
    """Record what is sent over all pools that are opened in the block."""
    recorder = Recorder()

    def noted(name: str) -> Any:
        original = getattr(asyncpg.Connection, name)

        def send(self: asyncpg.Connection, statement: str, *args: object, **kwargs: object) -> Any:
            recorder.note(None if name == "copy_records_to_table" else statement)
            return original(self, statement, *args, **kwargs)

        return send

    watched = type("Watched", (asyncpg.Connection,), {n: noted(n) for n in (*METHODS, "copy_records_to_table")})
    create_pool = asyncpg.create_pool
    with patch.object(asyncpg, "create_pool", lambda **options: create_pool(**options, connection_class=watched)):
        yield recorder
