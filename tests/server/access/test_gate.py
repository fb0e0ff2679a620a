"""Who is let in over HTTP, to which tools, and what the others are told: real HTTP, real clients, a real database."""

from __future__ import annotations

import base64
import itertools
import json
import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from mcp import MCPError
from mcp.server.auth.provider import AccessToken
from starlette.responses import PlainTextResponse
from support.access import connected_with, guarded_here
from support.issuer import Issuer, issuing
from support.pictures import draw
from support.uploading import ADDRESS, FOUND, HANDLE

from art_mcp.server import sessions
from art_mcp.server.access.gate import Gate
from art_mcp.server.access.limits import Limits
from art_mcp.server.access.policy import Policy
from art_mcp.server.access.refusals import Refusals
from art_mcp.server.access.scopes import INGEST, READ
from art_mcp.server.peeked import PEEKED
from art_mcp.settings import Settings
from art_mcp.store import tokens
from art_mcp.store.database import Database

pytestmark = pytest.mark.anyio

ERAS = ["legacy", "2026-07-28"]
JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
READERS = ["search_paintings_by_text", "search_paintings_by_image", "get_painting", "describe_collection"]
PUBLIC = "https://art.example.org"


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


class Tokens:
    """A token for each kind of caller."""

    def __init__(self, reader: str, curator: str, other: str) -> None:
        self.reader, self.curator, self.other = reader, curator, other


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = await Database.open(settings)
    yield database
    await database.aclose()


@pytest.fixture
async def given(database: Database) -> Tokens:
    made = []
    for name, scopes in (("reader", [READ]), ("curator", [READ, INGEST]), ("other", [READ])):
        made.append((await tokens.create(database, name, scopes, timedelta(days=1)))[0])
    return Tokens(*made)


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def called(era: str, tool: str, **arguments: Any) -> tuple[dict[str, Any], dict[str, str]]:
    """Body and headers of a call in either era; in the older one outside of a session."""
    params: dict[str, Any] = {"name": tool, "arguments": arguments}
    headers = dict(JSON)
    if era != "legacy":
        params["_meta"] = {
            "io.modelcontextprotocol/protocolVersion": era,
            "io.modelcontextprotocol/clientCapabilities": {},
        }
        headers |= {"MCP-Protocol-Version": era, "Mcp-Method": "tools/call", "Mcp-Name": tool}
    return {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}, headers


def challenge(answer: httpx2.Response) -> dict[str, str]:
    """The parameters of WWW-Authenticate."""
    kind, _, rest = answer.headers["www-authenticate"].partition(" ")
    assert kind == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


async def names(client: Any) -> tuple[list[str], list[str]]:
    offered = await client.list_tools()
    prompts = await client.list_prompts()
    return [tool.name for tool in offered.tools], [prompt.name for prompt in prompts.prompts]


@pytest.mark.parametrize("era", ERAS)
async def test_each_caller_sees_and_uses_what_their_scopes_allow(
    settings: Settings, given: Tokens, tmp_path: Any, era: str
) -> None:
    draw(tmp_path / "pictures" / "1.png", 1)
    source = str(tmp_path / "pictures")
    async with guarded_here(settings) as origin:
        async with connected_with(origin, given.curator, era) as curator:
            tools, prompts = await names(curator)
            assert "ingest_collection" in tools and "load_collection" in prompts
            done = await curator.call_tool("ingest_collection", {"source": source})
            assert not done.is_error, done.content[0].text
        async with connected_with(origin, given.reader, era) as reader:
            tools, prompts = await names(reader)
            assert set(READERS) <= set(tools) and "ingest_collection" not in tools
            assert "find_paintings" in prompts and "load_collection" not in prompts
            found = await reader.call_tool("search_paintings_by_text", {"query": "blue"})
            assert found.structured_content["total"] == 1
            with pytest.raises(MCPError, match="The token lacks the scope art:ingest"):
                await reader.call_tool("ingest_collection", {"source": source})


async def test_without_a_token_nothing_is_told_but_how_to_get_one(
    settings: Settings, given: Tokens, issuer: Issuer
) -> None:
    async with guarded_here(settings, oidc_issuer=issuer.name) as origin, httpx2.AsyncClient() as http:
        for method, path in (("POST", "/mcp"), ("GET", "/mcp"), ("DELETE", "/mcp"), ("POST", "/mcp/"), ("GET", "/")):
            answer = await http.request(method, origin + path, headers=JSON, content=b"{}")
            assert answer.status_code == 401
            assert challenge(answer) == {
                "scope": "art:read",
                "resource_metadata": f"{origin}/.well-known/oauth-protected-resource/mcp",
            }
            assert answer.headers["cache-control"] == "no-store"
        for path in ("/.well-known/oauth-protected-resource/mcp", "/.well-known/oauth-protected-resource"):
            assert (await http.get(origin + path)).json() == {
                "resource": f"{origin}/mcp",
                "authorization_servers": [issuer.name],
                "scopes_supported": ["art:read", "art:ingest"],
                "bearer_methods_supported": ["header"],
                "resource_name": "art-mcp",
            }
        assert (await http.get(f"{origin}/health")).status_code == 200
        for path in ("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/upload/none"):
            assert (await http.get(origin + path)).status_code == 404


async def test_without_an_issuer_there_is_nowhere_to_log_in(settings: Settings, given: Tokens) -> None:
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        answer = await http.post(f"{origin}/mcp", headers=JSON, content=b"{}")
        assert (answer.status_code, challenge(answer)) == (401, {"scope": "art:read"})
        assert (await http.get(f"{origin}/.well-known/oauth-protected-resource/mcp")).status_code == 404


async def test_what_no_caller_may_do_is_not_offered(settings: Settings, issuer: Issuer) -> None:
    changes = {"oidc_issuer": issuer.name, "oidc_scope_prefix": "api://id/", "read_only": True}
    async with guarded_here(settings, **changes) as origin, httpx2.AsyncClient() as http:
        metadata = (await http.get(f"{origin}/.well-known/oauth-protected-resource/mcp")).json()
        assert metadata["scopes_supported"] == ["api://id/art:read"]
        answer = await http.post(f"{origin}/mcp", headers=JSON, content=b"{}")
        assert challenge(answer)["scope"] == "api://id/art:read"


@pytest.mark.parametrize("era", ERAS)
async def test_a_call_beyond_the_scopes_is_told_all_scopes_that_it_needs(
    settings: Settings, given: Tokens, issuer: Issuer, era: str
) -> None:
    body, headers = called(era, "ingest_collection", source="/x")
    async with guarded_here(settings, oidc_issuer=issuer.name) as origin, httpx2.AsyncClient() as http:
        reader = issuer.token(aud=f"{origin}/mcp", scope="art:read")
        for token in (given.reader, reader):
            answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(token)})
            assert answer.status_code == 403
            assert challenge(answer) == {
                "error": "insufficient_scope",
                "error_description": "The token lacks the scope art:ingest.",
                "scope": "art:read art:ingest",
                "resource_metadata": f"{origin}/.well-known/oauth-protected-resource/mcp",
            }
        nothing = issuer.token(aud=f"{origin}/mcp", scope="openid")
        body, headers = called(era, "get_painting", id="1")
        answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(nothing)})
        assert (answer.status_code, challenge(answer)["scope"]) == (403, "art:read")


BAD = ["x", "artmcp_00000000_" + "A" * 43, "artmcp_0000000g_" + "A" * 43, "a.b.c", "' OR 1=1 --", "é"]


async def test_bad_tokens_are_refused_alike(settings: Settings, given: Tokens, issuer: Issuer) -> None:
    changed = given.reader[:-1] + ("A" if given.reader[-1] != "A" else "B")
    bad = [*BAD, changed, given.reader + "A", given.reader[:-1], given.reader.upper(), given.reader.removeprefix("a")]
    async with guarded_here(settings, oidc_issuer=issuer.name) as origin, httpx2.AsyncClient() as http:
        bad.append(issuer.token(aud="https://other.example.org/mcp"))
        bad.append(issuer.token(aud=f"{origin}/mcp", exp=1))
        answers = set()
        for token in bad:
            headers = {**JSON, "Authorization": f"Bearer {token}".encode()}
            answer = await http.post(f"{origin}/mcp", json={}, headers=headers)
            assert answer.status_code == 401, token
            answers.add((answer.text, answer.headers["www-authenticate"]))
        for scheme in ("Basic", "Token", "DPoP", "Bearerx"):
            headers = {**JSON, "Authorization": f"{scheme} {given.reader}"}
            answer = await http.post(f"{origin}/mcp", json={}, headers=headers)
            assert answer.status_code == 401
            answers.add((answer.text, answer.headers["www-authenticate"]))
        assert len(answers) == 1
        assert challenge(answer) == {
            "error": "invalid_token",
            "error_description": "The token is not valid here, or has expired.",
            "scope": "art:read",
            "resource_metadata": f"{origin}/.well-known/oauth-protected-resource/mcp",
        }
        for scheme in ("bearer", "BEARER"):
            body, headers = called(ERAS[1], "describe_collection")
            headers["Authorization"] = f"{scheme} {given.reader}"
            assert (await http.post(f"{origin}/mcp", json=body, headers=headers)).status_code == 200


async def test_a_token_in_the_address_is_refused(settings: Settings, given: Tokens) -> None:
    body, headers = called(ERAS[1], "describe_collection")
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        for extra in ({}, bearer(given.reader)):
            answer = await http.post(
                f"{origin}/mcp", params={"access_token": given.reader}, json=body, headers={**headers, **extra}
            )
            assert (answer.status_code, challenge(answer)["error"]) == (400, "invalid_request")
        for name in ("token", "authorization", "Authorization", "bearer"):
            answer = await http.post(f"{origin}/mcp", params={name: given.reader}, json=body, headers=headers)
            assert answer.status_code == 401


async def test_two_authorization_headers_are_refused(settings: Settings, given: Tokens) -> None:
    body, headers = called(ERAS[1], "describe_collection")
    pairs = [
        (given.reader, given.reader),
        (given.reader, "x"),
        ("x", given.reader),
        (given.reader, given.curator),
    ]
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        for first, second in pairs:
            sent = [*headers.items(), *bearer(first).items(), ("authorization", f"Bearer {second}")]
            answer = await http.post(f"{origin}/mcp", json=body, headers=sent)
            assert answer.status_code == 400
        joined = {**headers, "Authorization": f"Bearer {given.reader}, Bearer {given.curator}"}
        assert (await http.post(f"{origin}/mcp", json=body, headers=joined)).status_code == 401


async def test_headers_that_differ_from_the_body_reach_no_tool(settings: Settings, given: Tokens) -> None:
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        body, headers = called(ERAS[1], "ingest_collection", source="/x")
        hidden = base64.b64encode(b"ingest_collection").decode()
        lies: list[dict[str, str]] = [
            {"Mcp-Name": "describe_collection"},
            {"Mcp-Method": "tools/list"},
            {"Mcp-Method": "TOOLS/CALL"},
            {"Mcp-Name": "Ingest_Collection"},
            {"Mcp-Name": f"=?base64?{hidden}?="},
            {"MCP-Protocol-Version": "2099-01-01", "Mcp-Name": "describe_collection"},
            {"MCP-Protocol-Version": "2025-11-25"},
            {"MCP-Protocol-Version": ""},
        ]
        for lie in lies:
            answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **lie, **bearer(given.reader)})
            assert answer.status_code in (400, 403), lie
        for left_out in ("Mcp-Name", "Mcp-Method"):
            fewer = {name: value for name, value in headers.items() if name != left_out}
            answer = await http.post(f"{origin}/mcp", json=body, headers={**fewer, **bearer(given.reader)})
            assert answer.status_code == 400
        doubled = [*headers.items(), ("mcp-name", "describe_collection"), *bearer(given.reader).items()]
        assert (await http.post(f"{origin}/mcp", json=body, headers=doubled)).status_code in (400, 403)
        # The other way round, a header does not make a harmless call forbidden work.
        body, headers = called(ERAS[1], "describe_collection")
        headers["Mcp-Name"] = "ingest_collection"
        answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(given.reader)})
        assert answer.status_code == 403


BEGIN = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
}


async def session(http: httpx2.AsyncClient, url: str, token: str) -> dict[str, str]:
    """The headers of a new session of the older era."""
    answer = await http.post(url, json=BEGIN, headers={**JSON, **bearer(token)})
    assert answer.status_code == 200
    headers = {**JSON, "MCP-Protocol-Version": "2025-11-25", "Mcp-Session-Id": answer.headers["mcp-session-id"]}
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert (await http.post(url, json=ready, headers={**headers, **bearer(token)})).status_code == 202
    return headers


async def test_in_the_older_era_the_body_decides_however_it_is_written(settings: Settings, given: Tokens) -> None:
    bodies = (
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"ingest_coll\\u0065ction","arguments":{}}}',
        '{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call",'
        '"params":{"name":"x"},"params":{"name":"ingest_collection"}}',
        '  {"params":{"arguments":{"source":"/x"},"name":"ingest_collection"},"method":"tools/call","id":1,'
        '"jsonrpc":"2.0"}  ',
        '{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"load_collection"}}',
    )
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        headers = await session(http, f"{origin}/mcp", given.reader)
        lies = {**headers, "Mcp-Method": "tools/list", "Mcp-Name": "describe_collection"}
        for body, sent in itertools.product(bodies, (headers, lies)):
            answer = await http.post(f"{origin}/mcp", content=body, headers={**sent, **bearer(given.reader)})
            assert answer.status_code == 403, (body, answer.text)
            assert challenge(answer)["scope"] == "art:read art:ingest"


async def test_a_call_that_the_gate_does_not_read_is_refused_by_the_server(settings: Settings, given: Tokens) -> None:
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        headers = await session(http, f"{origin}/mcp", given.reader)
        body, _ = called("legacy", "ingest_collection", source="x" * 8 * PEEKED)
        answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(given.reader)})
        (data,) = re.findall(r"^data: (\{.*\})", answer.text, re.MULTILINE)
        assert json.loads(data)["error"]["message"] == "This needs a token with the scope art:ingest."


async def test_bodies_of_any_form_get_an_answer(settings: Settings, given: Tokens) -> None:
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        for content in (b"", b"null", b"[]", b"[1]", b"{", b'{"method":1}', b'{"params":[]}', b"\xff\xfe"):
            answer = await http.post(f"{origin}/mcp", content=content, headers={**JSON, **bearer(given.reader)})
            assert answer.status_code == 400, content


async def test_a_session_is_of_who_began_it(settings: Settings, given: Tokens, issuer: Issuer) -> None:
    async with guarded_here(settings, oidc_issuer=issuer.name) as origin, httpx2.AsyncClient() as http:
        url = f"{origin}/mcp"
        ada, bob = (issuer.token(aud=url, sub=name) for name in ("ada", "bob"))
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        for owner, stranger in ((given.reader, given.other), (ada, bob), (ada, given.reader), (given.reader, ada)):
            headers = await session(http, url, owner)
            for method in ("POST", "GET", "DELETE"):
                answer = await http.request(method, url, json=listing, headers={**headers, **bearer(stranger)})
                assert answer.status_code == 404
            answer = await http.post(url, json=listing, headers={**headers, **bearer(owner)})
            assert answer.status_code == 200
            assert (await http.post(url, json=listing, headers=headers)).status_code == 401
        # A new token of the same user continues.
        renewed = issuer.token(aud=url, sub="ada", exp=issuer.claims()["exp"] + 60)
        headers = await session(http, url, ada)
        assert (await http.post(url, json=listing, headers={**headers, **bearer(renewed)})).status_code == 200


async def test_within_a_session_each_request_has_the_scopes_of_its_own_token(
    settings: Settings, issuer: Issuer, given: Tokens
) -> None:
    async with guarded_here(settings, oidc_issuer=issuer.name) as origin, httpx2.AsyncClient() as http:
        url = f"{origin}/mcp"
        less, more = (issuer.token(aud=url, scope=scope) for scope in ("art:read", "art:ingest"))
        headers = await session(http, url, less)
        for token, shown in ((less, False), (more, True), (less, False)):
            listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
            answer = await http.post(url, json=listing, headers={**headers, **bearer(token)})
            assert ("ingest_collection" in answer.text) is shown


async def test_a_token_that_is_revoked_or_expires_ends_at_once_and_a_new_one_works_at_once(
    settings: Settings, database: Database, given: Tokens
) -> None:
    body, headers = called(ERAS[1], "describe_collection")
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:

        async def status(token: str) -> int:
            return (await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(token)})).status_code

        assert await status(given.reader) == 200
        late, _ = await tokens.create(database, "late", [READ], timedelta(days=1))
        assert await status(late) == 200
        assert await tokens.revoke(database, "reader")
        assert await status(given.reader) == 401
        async with database.connection() as connection:
            await connection.execute("UPDATE art_mcp.tokens SET expires_at = now() WHERE name = 'late'")
        assert await status(late) == 401
        assert await status(given.other) == 200


async def test_if_tokens_cannot_be_checked_nobody_is_let_in_or_told_that_theirs_is_bad(
    settings: Settings, given: Tokens, issuer: Issuer
) -> None:
    changes = {"oidc_issuer": "http://127.0.0.1:1", "database_url": "postgresql://user@127.0.0.1:1/none"}
    body, headers = called(ERAS[1], "describe_collection")
    async with guarded_here(settings, **changes, anonymous_reading=True) as origin, httpx2.AsyncClient() as http:
        for token in (given.reader, issuer.token(aud=f"{origin}/mcp")):
            answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(token)})
            assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
            assert "www-authenticate" not in answer.headers
            assert "127.0.0.1" not in answer.text


@pytest.mark.parametrize("era", ERAS)
async def test_anonymous_reading(settings: Settings, given: Tokens, era: str) -> None:
    async with guarded_here(settings, anonymous_reading=True) as origin, httpx2.AsyncClient() as http:
        async with connected_with(origin, None, era) as anyone:
            tools, prompts = await names(anyone)
            assert set(READERS) <= set(tools) and "ingest_collection" not in tools
            assert "load_collection" not in prompts
            assert not (await anyone.call_tool("describe_collection", {})).is_error
        async with connected_with(origin, given.curator, era) as curator:
            assert "ingest_collection" in (await names(curator))[0]
        body, headers = called(era, "ingest_collection", source="/x")
        answer = await http.post(f"{origin}/mcp", json=body, headers=headers)
        assert (answer.status_code, challenge(answer)) == (401, {"scope": "art:read art:ingest"})
        # A bad token is not a way to be nobody: its owner would not learn that it has expired.
        answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer("x")})
        assert answer.status_code == 401
        owner = await session(http, f"{origin}/mcp", given.reader)
        listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
        assert (await http.post(f"{origin}/mcp", json=listing, headers=owner)).status_code == 404


async def test_callers_without_a_token_take_no_sessions_from_those_who_have_one(
    settings: Settings, given: Tokens
) -> None:
    async with guarded_here(settings, anonymous_reading=True) as origin, httpx2.AsyncClient() as http:
        for path in ("/mcp", "/mcp/", "/mcp%0a"):
            url = f"{origin}{path}"
            begun = await http.post(url, json=BEGIN, headers=JSON)
            assert begun.status_code == 200 and "protocolVersion" in begun.text
            assert "mcp-session-id" not in begun.headers
            for method in ("GET", "DELETE"):
                assert (await http.request(method, url, headers=JSON)).status_code == 405
        begun = await http.post(f"{origin}/mcp", json=BEGIN, headers={**JSON, **bearer(given.reader)})
        assert "mcp-session-id" in begun.headers


async def test_one_user_has_few_sessions_and_the_one_not_used_for_longest_ends(
    settings: Settings, given: Tokens, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_SESSIONS_OF_ONE", 3)
    listing = {"jsonrpc": "2.0", "id": 2, "method": "tools/list"}
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        url = f"{origin}/mcp"
        other = {**await session(http, url, given.other), **bearer(given.other)}
        mine = [{**await session(http, url, given.reader), **bearer(given.reader)} for _ in range(3)]
        assert (await http.post(url, json=listing, headers=mine[0])).status_code == 200
        assert (await http.delete(url, headers=mine[2])).status_code == 200
        mine += [{**await session(http, url, given.reader), **bearer(given.reader)} for _ in range(2)]
        statuses = [(await http.post(url, json=listing, headers=each)).status_code for each in (*mine, other)]
        assert statuses == [200, 404, 404, 200, 200, 200]


@pytest.mark.parametrize("stateless", [False, True])
async def test_callers_without_a_token_are_one_owner_of_pictures_whatever_they_send(
    settings: Settings, tmp_path: Path, stateless: bool
) -> None:
    """Otherwise each could be many, whose pictures would crowd out those of users with a token."""
    changes = {"anonymous_reading": True, "stateless": stateless}
    async with guarded_here(settings, **changes) as origin, httpx2.AsyncClient() as http:

        async def say(session: str, **arguments: str) -> str:
            body, headers = called(ERAS[1], "search_paintings_by_image", **arguments)
            answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, "Mcp-Session-Id": session})
            return answer.text

        said = await say("one")
        link, handle = re.search(ADDRESS, said), re.search(HANDLE, said)
        assert link and handle
        sent = await http.post(link[0], content=draw(tmp_path / "1.png", 1).read_bytes())
        assert sent.status_code == 200
        assert FOUND in await say("other", image=handle[0])


async def test_what_is_listed_for_one_caller_is_not_cached_for_another(settings: Settings, given: Tokens) -> None:
    body, headers = called(ERAS[1], "")
    body["method"] = headers["Mcp-Method"] = "tools/list"
    del body["params"]["name"], body["params"]["arguments"], headers["Mcp-Name"]
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(given.reader)})
    assert answer.json()["result"]["cacheScope"] == "private"


async def test_a_question_to_one_user_is_not_answered_by_another(settings: Settings, given: Tokens) -> None:
    body, headers = called(ERAS[1], "search_paintings_by_image")
    body["params"]["_meta"]["io.modelcontextprotocol/clientCapabilities"] = {"elicitation": {"url": {}}}
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:

        async def send(token: str) -> dict[str, Any]:
            answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(token)})
            found: dict[str, Any] = answer.json()
            return found

        asked = (await send(given.reader))["result"]
        (question,) = asked["inputRequests"]
        body["params"] |= {"inputResponses": {question: {"action": "cancel"}}, "requestState": asked["requestState"]}
        assert "requestState" in (await send(given.other))["error"]["message"]
        assert (await send(given.reader))["result"]["isError"]  # no picture came, but the question is theirs


FORWARDED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-For": "127.0.0.1",
    "X-Forwarded-Prefix": "/evil",
    "X-Real-IP": "127.0.0.1",
    "X-Original-URL": "/health",
    "X-Rewrite-URL": "/health",
    "X-Original-Method": "GET",
    "X-HTTP-Method-Override": "GET",
    "Forwarded": "for=127.0.0.1;host=evil.example;proto=http",
}


async def test_addresses_that_are_given_out_begin_with_the_public_url(
    settings: Settings, given: Tokens, issuer: Issuer
) -> None:
    changes = {"public_url": PUBLIC, "oidc_issuer": issuer.name}
    async with guarded_here(settings, **changes) as origin, httpx2.AsyncClient() as http:
        for host in ("art.example.org", "art.example.org:443", origin.partition("://")[2], "localhost"):
            sent = {**FORWARDED, "Host": host}
            answer = await http.post(f"{origin}/mcp", json={}, headers={**JSON, **sent})
            assert answer.status_code == 401
            assert challenge(answer)["resource_metadata"] == f"{PUBLIC}/.well-known/oauth-protected-resource/mcp"
            metadata = await http.get(f"{origin}/.well-known/oauth-protected-resource/mcp", headers=sent)
            assert metadata.json()["resource"] == f"{PUBLIC}/mcp"
            body, headers = called(ERAS[1], "search_paintings_by_image", image="/none.jpg")
            answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **sent, **bearer(given.reader)})
            said = answer.json()["result"]["content"][0]["text"]
            (link,) = re.findall(r"https?://[^/ ]+/upload/", said)
            assert link == f"{PUBLIC}/upload/" and "this computer" not in said
            # The same with a slash: a redirect would be to what uvicorn sees, http.
            slash = await http.post(f"{origin}/mcp/", json=body, headers={**headers, **sent, **bearer(given.reader)})
            assert slash.status_code == 200
            assert (await http.post(f"{origin}/mcp/", json={}, headers={**JSON, **sent})).status_code == 401


HOSTS = {
    "art.example.org": 401,
    "ART.example.org": 421,
    "art.example.org:443": 401,
    "art.example.org:80": 421,
    "art.example.org:8443": 421,
    "art.example.org.evil.example": 421,
    "evil.art.example.org": 421,
    "art.example.org.": 421,
    "evil.example": 421,
    "art.example.org@evil.example": 421,
    "": 421,
}
ORIGINS = {
    PUBLIC: 401,
    "http://art.example.org": 403,
    "https://art.example.org:8443": 403,
    "https://evil.example": 403,
    "https://art.example.org.evil.example": 403,
    "null": 403,
}


async def test_only_requests_to_the_public_url_or_this_machine_are_let_in(settings: Settings, given: Tokens) -> None:
    async with guarded_here(settings, public_url=PUBLIC) as origin, httpx2.AsyncClient() as http:
        for name, values in (("Host", HOSTS), ("Origin", ORIGINS)):
            for value, status in values.items():
                for token, allowed in ((None, 401), (given.reader, 400)):
                    headers = {**JSON, name: value, **(bearer(token) if token else {})}
                    answer = await http.post(f"{origin}/mcp", content=b"[]", headers=headers)
                    assert answer.status_code == (allowed if status == 401 else status), (name, value)


@pytest.mark.parametrize("anonymous", [False, True])
async def test_the_gallery_in_a_browser_is_for_everyone_or_nobody(
    settings: Settings, given: Tokens, tmp_path: Any, anonymous: bool
) -> None:
    """A browser sends no token; the page of an upload link takes the picture, and searches only if everyone may."""
    body, headers = called(ERAS[1], "search_paintings_by_image", image="/none.jpg")
    async with guarded_here(settings, anonymous_reading=anonymous) as origin, httpx2.AsyncClient() as http:
        assert (await http.get(origin)).status_code == (200 if anonymous else 401)
        answer = await http.post(f"{origin}/mcp", json=body, headers={**headers, **bearer(given.reader)})
        (link,) = re.findall(r"https?://[^ ]+/upload/[^ ]+", answer.json()["result"]["content"][0]["text"])
        page = await http.get(link)
        assert page.status_code == 200
        assert f'"endpoint": {json.dumps("/mcp" if anonymous else None)}' in page.text
        sent = await http.post(link, content=draw(tmp_path / "1.png", 1).read_bytes())
        assert sent.json()["handle"].startswith("upload:")


async def test_paths_that_look_open_lead_nowhere(settings: Settings) -> None:
    async with guarded_here(settings) as origin, httpx2.AsyncClient() as http:
        for path in ("/health/../mcp", "/upload/%2e%2e/mcp", "/upload/..%2fmcp", "/.well-known/%2e%2e/mcp", "//mcp"):
            request = http.build_request("POST", origin, headers=JSON, content=b"{}")
            request.url = request.url.copy_with(raw_path=path.encode())
            assert (await http.send(request)).status_code in (401, 404, 405), path


async def test_what_is_behind_the_gate_sees_no_token(settings: Settings) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope)
        await PlainTextResponse("")(scope, receive, send)

    policy = Policy.of(settings.model_copy(update={"public_url": PUBLIC}))
    assert policy

    async def verify(token: str) -> AccessToken:
        return AccessToken(token="", client_id="c", scopes=[token])

    async def database() -> Database:
        raise AssertionError("a request that reads a page is not counted")

    transport = httpx2.ASGITransport(Gate(app, policy, verify, Limits(Settings(), database), Refusals(Settings())))
    async with httpx2.AsyncClient(transport=transport, base_url=PUBLIC) as http:
        assert (await http.get("/any", headers={**bearer("art:read"), "X-Kept": "1"})).status_code == 200
    names = [name for name, _ in seen[0]["headers"]]
    assert b"x-kept" in names and b"authorization" not in names
    assert seen[0]["auth"].scopes == ["art:read"]


async def test_neither_tokens_nor_their_hashes_are_logged(
    settings: Settings, given: Tokens, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    async with guarded_here(settings, oidc_issuer=issuer.name) as origin, httpx2.AsyncClient() as http:
        signed = issuer.token(aud=f"{origin}/mcp")
        secrets = [given.reader, signed]
        for token in secrets:
            async with connected_with(origin, token, ERAS[0]) as client:
                await client.call_tool("describe_collection", {})
        for token in (signed + "x", given.reader + "x"):
            await http.post(f"{origin}/mcp", headers={**JSON, **bearer(token)}, content=b"{}")
    server = [r.getMessage() for r in caplog.records if not r.name.startswith(("httpx", "httpcore", "mcp.client"))]
    assert server
    for secret in (given.reader[-43:], signed.rpartition(".")[2]):
        assert not any(secret in said for said in server)
