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
    SET running = running[:array_position(running, $2) - 1] || running[array_position(running, $2) + 1:],
        next_at = CASE WHEN $3::float8 > 0 THEN greatest(next_at, now()) + make_interval(secs => $3) ELSE next_at END
    WHERE name = $1 AND $2 = ANY (running)
    RETURNING set_config('synchronous_commit', 'off', true)
"""
_NEW: Final = """
    WITH forgotten AS (DELETE FROM art_mcp.callers WHERE next_at < now() - interval '1 day' AND name <> $1)
    INSERT INTO art_mcp.callers (name) VALUES ($1) ON CONFLICT DO NOTHING
"""


async def begin(
    database: Database, caller: str, lease: uuid.UUID, *, a_minute: int, at_once: int, patience: float = 0
) -> tuple[bool, float]:
    """Count a call, until `end` or until the lease expires.

    Args:
        caller: only its digest is stored.
        lease: of this process.
        patience: seconds that the call may be made to wait.

    Returns:
        Whether it may be made, and the seconds to wait before that. If it is one too many, those after which to try
        again: 0 if that is once another one has ended.
    """
    arguments = (_digest(caller), lease, a_minute, at_once, patience)
    while (row := await database.fetchrow(_BEGIN, *arguments)) is None:
        await database.execute(_NEW, arguments[0])
    return row["granted"], row["wait"]


async def end(database: Database, caller: str, lease: uuid.UUID, *, cost: float = 0) -> None:
    """Count a call no longer as one in progress.

    Args:
        cost: seconds for which the caller's later calls have to wait because of it.
    """
    await database.execute(_END, _digest(caller), lease, cost)


def _digest(caller: str) -> str:
    return hashlib.sha256(caller.encode(errors="backslashreplace")).hexdigest()[:32]
