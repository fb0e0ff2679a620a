"""Pictures that users upload to search with, for all processes of a server. They are deleted once they expire."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from art_mcp.store.connection import Connection
from art_mcp.store.database import Database

_INSERT = """
    INSERT INTO art_mcp.uploads (handle, owner, picture, expires_at) VALUES ($1, $2, $3, clock_timestamp() + $4)
    ON CONFLICT DO NOTHING RETURNING true
"""
_DELETE = "DELETE FROM art_mcp.uploads WHERE expires_at <= clock_timestamp()"
_NEXT = "SELECT extract(epoch FROM min(expires_at) - clock_timestamp())::float8 FROM art_mcp.uploads"


class FullError(Exception):
    """No further upload can be remembered now."""


class UsedError(Exception):
    """A picture was uploaded under this handle before."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much is stored at most."""

    bytes: int
    """Bytes of pictures."""
    uploads: int
    uploads_of_one: int
    """Maximum uploads of one owner."""


async def keep(
    database: Database, handle: bytes, owner: bytes, picture: bytes, lifetime: timedelta, room: Room
) -> None:
    """Store a picture of at most `room.bytes`.

    If there is no room for it, the oldest picture of the owner whose pictures take the most is evicted, so that no
    owner can crowd out the others.

    Raises:
        UsedError: also if that picture was evicted.
        FullError: there are too many uploads.
    """
    async with database.transaction() as connection:
        await connection.execute("LOCK TABLE art_mcp.uploads IN SHARE ROW EXCLUSIVE MODE")  # readers do not wait
        await connection.execute(_DELETE)
        held = await connection.fetchrow(
            "SELECT count(*) AS uploads, count(*) FILTER (WHERE owner = $1) AS own, "
            "coalesce(sum(octet_length(picture)), 0) AS bytes FROM art_mcp.uploads",
            owner,
        )
        assert held is not None
        if held["uploads"] >= room.uploads or held["own"] >= room.uploads_of_one:
            raise FullError
        if held["bytes"] + len(picture) > room.bytes:
            await _evict(connection, room.bytes - len(picture))
        if not await connection.fetchval(_INSERT, handle, owner, picture, lifetime):
            raise UsedError


async def _evict(connection: Connection, until: int) -> None:
    """Evict pictures until the others take at most this many bytes."""
    rows = await connection.fetch(
        "SELECT handle, owner, octet_length(picture) AS bytes FROM art_mcp.uploads WHERE picture IS NOT NULL "
        "ORDER BY expires_at"
    )
    held: Counter[bytes] = Counter()
    for row in rows:
        held[row["owner"]] += row["bytes"]
    evicted = []
    while held.total() > until:
        ((most, _),) = held.most_common(1)
        oldest = next(row for row in rows if row["owner"] == most)
        rows.remove(oldest)
        held[most] -= oldest["bytes"]
        evicted.append(oldest["handle"])
    await connection.execute("UPDATE art_mcp.uploads SET picture = NULL WHERE handle = ANY ($1)", evicted)


async def is_used(database: Database, handle: bytes) -> bool:
    """Whether a picture was uploaded under this handle; nothing is known of it once it has expired."""
    found: bool = await database.fetchval("SELECT EXISTS (SELECT 1 FROM art_mcp.uploads WHERE handle = $1)", handle)
    return found


async def picture(database: Database, handle: bytes, owner: bytes) -> bytes | None:
    """Return a picture of this owner that has not expired; None if there is none."""
    found: bytes | None = await database.fetchval(
        "SELECT picture FROM art_mcp.uploads WHERE handle = $1 AND owner = $2 AND expires_at > clock_timestamp()",
        handle,
        owner,
    )
    return found


async def forget_expired(database: Database) -> float | None:
    """Delete what has expired, and return the seconds after which the next one does; None if nothing is stored."""
    await database.execute(_DELETE)
    seconds: float | None = await database.fetchval(_NEXT)
    return seconds
