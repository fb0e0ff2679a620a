"""Tokens in the database: what is stored of them, and which are found."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from art_mcp.errors import ArtMcpError
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

DAY = timedelta(days=1)


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.open(settings)
    yield database
    await database.aclose()


async def test_only_hashes_are_in_the_database(database: Database) -> None:
    secret, made = await tokens.create(database, "ada", ["art:read"], DAY)
    assert secret.startswith(f"artmcp_{made.id}_")
    async with database.connection() as connection:
        (row,) = await connection.fetch("SELECT t::text AS text FROM art_mcp.tokens t")
    for part in (secret[-43:], secret[-43:].encode().hex()):
        assert part not in row["text"]


async def test_a_token_is_found_by_all_of_it_and_until_it_expires(database: Database) -> None:
    secret, made = await tokens.create(database, "ada", ["art:read", "art:ingest"], DAY)
    other, _ = await tokens.create(database, "bob", ["art:read"], DAY)
    assert await tokens.find(database, secret) == made
    assert (made.name, made.scopes, made.expired) == ("ada", ["art:read", "art:ingest"], False)
    assert made.expires_at - made.created_at == DAY
    for wrong in (
        secret[:16] + other[16:],
        secret[:-1],
        secret + "A",
        secret.upper(),
        "",
        "x",
        secret.replace("_", "-"),
    ):
        assert await tokens.find(database, wrong) is None
    assert [each.name for each in await tokens.tokens(database)] == ["ada", "bob"]
    async with database.connection() as connection:
        await connection.execute("UPDATE art_mcp.tokens SET expires_at = now() WHERE name = 'ada'")
    assert await tokens.find(database, secret) is None
    assert [each.expired for each in await tokens.tokens(database)] == [True, False]


async def test_names_are_of_one_token(database: Database) -> None:
    secret, _ = await tokens.create(database, "ada", ["art:read"], DAY)
    with pytest.raises(ArtMcpError, match="There is a token named ada already"):
        await tokens.create(database, "ada", ["art:read"], DAY)
    assert await tokens.revoke(database, "ada")
    assert not await tokens.revoke(database, "ada")
    assert await tokens.find(database, secret) is None
    assert await tokens.create(database, "ada", ["art:read"], DAY)
