"""How many calls each caller of the server over HTTP makes a minute and at once, in all processes together."""

from __future__ import annotations

import hashlib
import uuid
from importlib import resources
from typing import Final

from art_mcp.store.database import Database

_BEGIN: Final = resources.files("art_mcp.store").joinpath("queries", "begin_call.sql").read_text("utf-8")
_END: Final = """
    UPDATE art_mcp.callers
    SET running = running[:array_position(running, $2) - 1] || running[array_position(running, $2) + 1:]
    WHERE name = $1 AND $2 = ANY (running)
"""
_NEW: Final = """
    WITH forgotten AS (DELETE FROM art_mcp.callers WHERE next_at < now() - interval '1 day' AND name <> $1)
    INSERT INTO art_mcp.callers (name) VALUES ($1) ON CONFLICT DO NOTHING
"""


async def begin(database: Database, caller: str, lease: uuid.UUID, *, a_minute: int, at_once: int) -> float | None:
    """Count a call, until `end` or until the lease expires.

    Args:
        caller: only its digest is stored.
        lease: of this process.

    Returns:
        None, or if the call is one too many, the seconds after which to try again: 0 if that is once another one has
        ended.
    """
    arguments = (_digest(caller), lease, a_minute, at_once)
    while (row := await database.fetchrow(_BEGIN, *arguments)) is None:
        await database.execute(_NEW, arguments[0])
    return None if row["granted"] else max(0.0, row["wait"])


async def end(database: Database, caller: str, lease: uuid.UUID) -> None:
    """Count a call no longer as one in progress."""
    await database.execute(_END, _digest(caller), lease)


def _digest(caller: str) -> str:
    return hashlib.sha256(caller.encode(errors="backslashreplace")).hexdigest()[:32]
