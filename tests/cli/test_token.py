"""`art-mcp token` as a user runs it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import anyio
import httpx2
import pytest
from support.command import art_mcp, art_mcp_here, failed
from support.postgres import value
from support.servers import SERVE, serving

JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}


def test_a_token_is_made_listed_and_revoked(database_url: str) -> None:
    def run(*arguments: str) -> str:
        done = art_mcp_here("token", *arguments, ART_MCP_DATABASE_URL=database_url)
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("list") == "There are no tokens. `art-mcp token new NAME` makes one.\n"
    made = art_mcp_here("token", "new", "ada@example.org", ART_MCP_DATABASE_URL=database_url)
    secret = made.stdout.strip()
    assert re.fullmatch(r"artmcp_[0-9a-f]{8}_[A-Za-z0-9_-]{43}", secret)
    year = datetime.now(UTC) + timedelta(days=365)
    said = f"ada@example.org ({secret[:15]}..., art:read, valid until {year:%Y-%m-%d})"
    assert f"This token for {said} is shown only once." in made.stderr
    assert "Authorization: Bearer TOKEN" in made.stderr and secret not in made.stderr
    assert "It is valid for servers of the database of ART_MCP_DATABASE_URL." in made.stderr
    run("new", "batch", "--scope", "art:ingest", "--expires", "30")
    month = datetime.now(UTC) + timedelta(days=30)
    listed = run("list").splitlines()
    assert listed[0] == said
    assert re.fullmatch(rf"batch \(artmcp_.{{8}}\.\.\., art:ingest art:read, valid until {month:%Y-%m-%d}\)", listed[1])
    assert "named batch already" in failed(art_mcp_here("token", "new", "batch", ART_MCP_DATABASE_URL=database_url))
    said = failed(art_mcp_here("token", "revoke", "bach", ART_MCP_DATABASE_URL=database_url))
    assert said == "art-mcp: 'bach' has no token. Names with tokens: batch.\n"
    run("new", "chief", "--scope", "art:admin")
    assert "art:admin art:ingest art:read" in run("list") and run("revoke", "chief")
    assert run("revoke", "batch") == "The token of batch has been revoked.\n"
    anyio.run(value, database_url, "UPDATE art_mcp.tokens SET expires_at = '2026-01-02 12:00Z'")
    assert run("list") == f"ada@example.org ({secret[:15]}..., art:read, expired on 2026-01-02)\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("new", "a b"), "1 to 64 letters"),
        (("new", "-x"), "No such option"),
        (("new", ""), "1 to 64 letters"),
        (("new", "ada\n"), "1 to 64 letters"),
        (("new", "x" * 65), "1 to 64 letters"),
        (("new", "ada", "--scope", "art:all"), "is not one of"),
        (("new", "ada", "--expires", "0"), "is not in the range"),
        (("new", "ada", "--expires", "never"), "is not a valid"),
    ],
)
def test_what_is_no_token_is_not_made(arguments: tuple[str, ...], said: str) -> None:
    assert said in failed(art_mcp_here("token", *arguments))


@pytest.mark.slow
def test_a_running_server_accepts_a_new_token_and_refuses_it_once_revoked(database_url: str) -> None:
    """Beyond loopback, with the command that a user types."""
    meta = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    headers = {**JSON, "MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/list", "Host": "art.example.org"}
    environment = {
        "ART_MCP_DATABASE_URL": database_url,
        "ART_MCP_PUBLIC_URL": "https://art.example.org",
        "ART_MCP_ANONYMOUS_READING": "true",
        "ART_MCP_LOG_LEVEL": "DEBUG",
    }
    with serving(*SERVE, "--host", "0.0.0.0", **environment) as served:
        assert served.url.startswith("http://0.0.0.0:")
        url = served.url.replace("0.0.0.0", "127.0.0.1")

        def listed(token: str) -> tuple[int, bool]:
            answer = httpx2.post(url, json=body, headers={**headers, "Authorization": f"Bearer {token}"}, timeout=60)
            return answer.status_code, "ingest_collection" in answer.text

        secret = art_mcp("token", "new", "ada", "--scope", "art:ingest", **environment).stdout.strip()
        assert listed(secret) == (200, True)
        assert art_mcp("token", "revoke", "ada", **environment).returncode == 0
        assert listed(secret) == (401, False)
        httpx2.post(f"{url}?access_token={secret}", json=body, headers=headers)
        said = served.stderr()
        assert served.stdout() == ""
    assert "Its address for clients: https://art.example.org/mcp\n" in said
    assert "Access: with a token of `art-mcp token new`.\n" in said
    assert "WARNING: without a token, anyone who can reach this server can search" in said
    assert secret not in said
    assert "access_token=..." in said
