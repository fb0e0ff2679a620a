"""Static tokens: who may call the server over HTTP, with what scopes and until when. Only hashes are stored."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg

from art_mcp.errors import ArtMcpError
from art_mcp.store.database import Database

TOKEN = re.compile("artmcp_([0-9a-f]{8})_[A-Za-z0-9_-]{43}")
"""A fixed beginning by which scanners recognise leaked tokens, the id, and 32 random bytes."""
_COLUMNS = "name, id, scopes, created_at, expires_at, expires_at <= now() AS expired"


@dataclass(frozen=True, slots=True)
class Token:
    """A token without its secret part."""

    name: str
    id: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    expired: bool


async def create(database: Database, name: str, scopes: Sequence[str], lifetime: timedelta) -> tuple[str, Token]:
    """Create a token, and return it with its description. It cannot be shown again.

    Raises:
        ArtMcpError: there is a token of this name.
    """
    id_ = secrets.token_hex(4)
    token = f"artmcp_{id_}_{secrets.token_urlsafe(32)}"
    async with database.connection() as connection:
        try:
            row = await connection.fetchrow(
                "INSERT INTO art_mcp.tokens (id, name, sha256, scopes, expires_at) "
                f"VALUES ($1, $2, $3, $4, now() + $5) RETURNING {_COLUMNS}",
                *(id_, name, _sha256(token), scopes, lifetime),
            )
        except asyncpg.UniqueViolationError:
            raise ArtMcpError(
                f"There is a token named {name} already.",
                f"Choose another name, or revoke it first (`art-mcp token revoke {name}`).",
            ) from None
    assert row is not None
    return token, Token(**row)


async def tokens(database: Database) -> list[Token]:
    """Return all tokens by name, also those that have expired."""
    rows = await database.fetch(f"SELECT {_COLUMNS} FROM art_mcp.tokens ORDER BY name")
    return [Token(**row) for row in rows]


async def revoke(database: Database, name: str) -> bool:
    """Delete a token, which every server refuses from now on. Returns whether there was one of this name."""
    return await database.fetchval("DELETE FROM art_mcp.tokens WHERE name = $1 RETURNING true", name) or False


async def find(database: Database, token: str) -> Token | None:
    """Return the description of a token that is valid now, else None. Text of another form is not looked up."""
    if not (form := TOKEN.fullmatch(token)):
        return None
    row = await database.fetchrow(f"SELECT {_COLUMNS}, sha256 FROM art_mcp.tokens WHERE id = $1", form[1])
    if row is None or not hmac.compare_digest(row["sha256"], _sha256(token)) or row["expired"]:
        return None
    return Token(**{name: row[name] for name in Token.__slots__})


def _sha256(token: str) -> bytes:
    return hashlib.sha256(token.encode("ascii")).digest()
