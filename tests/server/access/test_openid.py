"""Which tokens of an OpenID Connect issuer are valid here, and whose they are."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from typing import Any

import anyio
import jwt
import pytest
from support.issuer import Issuer, issuing

from art_mcp.server.access import issuer_keys
from art_mcp.server.access.issuer_keys import IssuerError, IssuerKeys
from art_mcp.server.access.openid import OpenIdTokens

pytestmark = pytest.mark.anyio

AUDIENCE = "https://art.example.org/mcp"


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    with issuing() as issuer:
        yield issuer


def tokens_of(issuer: Issuer, audience: str = AUDIENCE, prefix: str = "") -> OpenIdTokens:
    return OpenIdTokens(issuer.name, audience, prefix)


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_an_ordinary_token_says_who_calls_and_what_they_may_do(issuer: Issuer, algorithm: str) -> None:
    issuer.rotate("another", algorithm)
    found = await tokens_of(issuer).find(issuer.token(aud=AUDIENCE, scope="openid art:read other"))
    assert found is not None
    assert (found.subject, found.client_id, found.scopes) == ("ada", "app", ["art:read"])
    assert found.claims == {"iss": issuer.name}
    assert found.token == ""


NOW = int(time.time())
LATER = NOW + 7 * 24 * 3600  # than any run of the tests ends
BAD_CLAIMS: list[dict[str, Any]] = [
    {"aud": "https://other.example.org/mcp"},
    {"aud": None},
    {"aud": []},
    {"aud": [["https://art.example.org/mcp"]]},
    {"aud": {"https://art.example.org/mcp": 1}},
    {"aud": AUDIENCE + "/"},
    {"aud": AUDIENCE.upper()},
    {"iss": "https://evil.example"},
    {"iss": None},
    {"iss": []},
    {"exp": NOW - 60},
    {"exp": None},
    {"exp": "never"},
    {"exp": [LATER]},
    {"nbf": LATER},
    {"nbf": "x"},
    {"iat": LATER},
    {"sub": None},
    {"sub": 7},
    {"sub": {"a": 1}},
    {"sub": "ada\0"},
    {"sub": "\ud800"},
]


@pytest.mark.parametrize("claims", BAD_CLAIMS, ids=lambda claims: next(iter(claims)))
async def test_wrong_claims_are_refused(issuer: Issuer, claims: dict[str, Any]) -> None:
    payload = {name: value for name, value in {**issuer.claims(aud=AUDIENCE), **claims}.items() if value is not None}
    algorithm, key = issuer.keys[issuer.kid]
    # PyJWT refuses to write some of them.
    signed = jwt.PyJWS().encode(json.dumps(payload).encode(), key, algorithm, {"kid": issuer.kid})
    assert await tokens_of(issuer).find(signed) is None


async def test_clocks_may_differ_by_half_a_minute(issuer: Issuer) -> None:
    now = int(time.time())
    tokens = tokens_of(issuer)
    assert await tokens.find(issuer.token(aud=AUDIENCE, exp=now - 10))
    assert await tokens.find(issuer.token(aud=AUDIENCE, nbf=now + 10, iat=now + 10))


def encoded(part: dict[str, Any] | bytes) -> str:
    data = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def by_hand(header: dict[str, Any], claims: dict[str, Any], key: bytes = b"") -> str:
    signed = f"{encoded(header)}.{encoded(claims)}"
    signature = hmac.digest(key, signed.encode(), hashlib.sha256) if key else b""
    return f"{signed}.{encoded(signature)}"


@pytest.mark.parametrize("algorithm", ["none", "None", "NONE", "nOnE", "", None, [], "RS256"])
async def test_unsigned_tokens_are_refused(issuer: Issuer, algorithm: object) -> None:
    claims = issuer.claims(aud=AUDIENCE)
    for header in ({"alg": algorithm, "kid": issuer.kid}, {"alg": algorithm}, {"kid": issuer.kid}):
        assert await tokens_of(issuer).find(by_hand(header, claims)) is None


@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256"])
async def test_the_public_key_signs_nothing(issuer: Issuer, algorithm: str) -> None:
    claims = issuer.claims(aud=AUDIENCE)
    secrets = (issuer.public_pem(), issuer.public_pem().strip(), json.dumps(issuer.jwk(issuer.kid)).encode())
    for secret in secrets:
        forged = by_hand({"alg": algorithm, "typ": "JWT", "kid": issuer.kid}, claims, secret)
        assert await tokens_of(issuer).find(forged) is None


async def test_a_shared_secret_among_the_keys_is_not_used(issuer: Issuer) -> None:
    secret = {"kty": "oct", "k": encoded(b"0" * 32), "kid": "shared", "alg": "HS256", "use": "sig"}
    jwk = issuer.jwk
    issuer.jwk = lambda kid: secret if kid == "shared" else jwk(kid)  # type: ignore[method-assign]
    issuer.keys["shared"] = issuer.keys["first"]
    forged = by_hand({"alg": "HS256", "kid": "shared"}, issuer.claims(aud=AUDIENCE), b"0" * 32)
    tokens = tokens_of(issuer)
    assert await tokens.find(forged) is None
    assert await tokens.find(issuer.token(aud=AUDIENCE))


KIDS: list[object] = [
    "/dev/null",
    "../../../../etc/passwd",
    "file:///etc/passwd",
    "http://127.0.0.1:9/keys",
    "' OR 1=1 --",
    "first' UNION SELECT 'x",
    "| id",
    "\x00",
    "first\x00",
    " first",
    "FIRST",
    "",
    "x" * 10_000,
    7,
    None,
    ["first"],
    {"first": 1},
]


@pytest.mark.parametrize("kid", KIDS, ids=lambda kid: repr(kid)[:30])
async def test_a_key_id_is_only_looked_up(issuer: Issuer, kid: object) -> None:
    with issuing("attacker") as attacker:
        key = attacker.keys["attacker"][1]
    header = {"alg": "RS256", "kid": kid}
    signed = f"{encoded(header)}.{encoded(issuer.claims(aud=AUDIENCE))}"
    signature = encoded(jwt.get_algorithm_by_name("RS256").sign(signed.encode(), key))
    assert await tokens_of(issuer).find(f"{signed}.{signature}") is None
    # Signed with what /dev/null would hold.
    assert await tokens_of(issuer).find(by_hand({"alg": "HS256", "kid": kid}, issuer.claims(aud=AUDIENCE))) is None


@pytest.mark.parametrize("where", ["jku", "x5u", "jwk", "x5c"])
async def test_keys_that_a_token_brings_or_names_are_ignored(issuer: Issuer, where: str) -> None:
    with issuing("attacker") as attacker:
        attacker.name = issuer.name
        brought: dict[str, Any] = {
            "jku": f"{attacker.url}/keys",
            "x5u": f"{attacker.url}/keys",
            "jwk": attacker.jwk(attacker.kid),
            "x5c": [base64.b64encode(attacker.public_pem()).decode()],
        }
        tokens = tokens_of(issuer)
        for kid in (issuer.kid, "other"):
            header = {where: brought[where], "kid": kid}
            assert await tokens.find(attacker.token(header=header, aud=AUDIENCE)) is None
        assert attacker.reads == 0
        assert await tokens.find(issuer.token(header={where: brought[where]}, aud=AUDIENCE))
        assert attacker.reads == 0


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é.é.é", "{}", "=" * 100, "a" * 100_000, "[" * 5000])
async def test_what_is_no_token_is_refused(issuer: Issuer, token: str) -> None:
    assert await tokens_of(issuer).find(token) is None
    assert issuer.reads == 0


async def test_deeply_nested_parts_are_refused(issuer: Issuer) -> None:
    deep = b"[" * 100_000
    assert await tokens_of(issuer).find(f"{encoded(deep)}.{encoded(deep)}.x") is None


async def test_a_critical_extension_that_is_unknown_is_refused(issuer: Issuer) -> None:
    token = issuer.token(header={"crit": ["exp2"], "exp2": 1}, aud=AUDIENCE)
    assert await tokens_of(issuer).find(token) is None


SCOPES = [
    ({"scope": "art:read"}, ["art:read"]),
    ({"scope": "art:read art:ingest"}, ["art:ingest", "art:read"]),
    ({"scope": "art:ingest"}, ["art:ingest", "art:read"]),
    ({"scope": None, "scp": "art:read"}, ["art:read"]),  # Entra ID
    ({"scope": None, "scp": ["art:read", 7]}, ["art:read"]),  # Okta
    ({"scope": "api://id/art:read"}, ["art:read"]),
    ({"scope": "api://other/art:ingest"}, []),
    ({"scope": "ART:READ art:readx art"}, []),
    ({"scope": {"art:read": 1}}, []),
    ({"scope": None}, []),
    ({"scope": None, "roles": ["art:ingest"]}, ["art:ingest", "art:read"]),  # a program without a user
    ({"scope": "openid", "roles": ["art:read"]}, ["art:read"]),
    ({"scope": "art:read", "roles": ["art:ingest"]}, ["art:read"]),  # the client was given less
    ({"scope": "art:ingest", "roles": ["art:read"]}, ["art:read"]),  # the user may do less
    ({"scope": "art:ingest", "roles": ["Curator"]}, ["art:ingest", "art:read"]),
    ({"scope": "art:admin"}, ["art:admin", "art:ingest", "art:read"]),
    ({"scope": None, "roles": ["art:admin"]}, ["art:admin", "art:ingest", "art:read"]),
    ({"scope": "art:ingest", "roles": ["art:admin"]}, ["art:admin", "art:ingest", "art:read"]),  # no client asks for it
    ({"scope": "art:read", "roles": ["art:admin"]}, ["art:read"]),
    ({"scope": "art:admin", "roles": ["art:ingest"]}, ["art:ingest", "art:read"]),
]


@pytest.mark.parametrize(("claims", "scopes"), SCOPES, ids=str)
async def test_scopes_and_roles(issuer: Issuer, claims: dict[str, Any], scopes: list[str]) -> None:
    found = await tokens_of(issuer, prefix="api://id/").find(issuer.token(aud=AUDIENCE, **claims))
    assert found is not None
    assert found.scopes == scopes


async def test_a_token_of_entra_id(issuer: Issuer) -> None:
    tenant, user, client = (f"{digit}" * 8 + "-0000-4000-8000-" + f"{digit}" * 12 for digit in (1, 2, 3))
    issuer.name = f"{issuer.url}/{tenant}/v2.0"
    answer = issuer._answer
    issuer._answer = lambda path: answer(path.replace(f"/{tenant}/v2.0", ""))  # type: ignore[method-assign]
    token = issuer.token(
        aud=client,
        azp="44444444-0000-4000-8000-444444444444",
        client_id=None,
        scope=None,
        scp="art:read",
        sub="pairwise",
        oid=user,
        tid=tenant,
        ver="2.0",
    )
    found = await tokens_of(issuer, audience=client, prefix=f"api://{client}/").find(token)
    assert found is not None
    assert (found.subject, found.client_id) == (f"{user}@{tenant}", "44444444-0000-4000-8000-444444444444")
    assert found.scopes == ["art:read"]
    assert await tokens_of(issuer, audience=client).find(issuer.token(aud=f"api://{client}", tid=tenant)) is None


async def test_claims_of_entra_id_do_not_name_the_user_of_another_issuer(issuer: Issuer) -> None:
    found = await tokens_of(issuer).find(issuer.token(aud=AUDIENCE, oid="victim", tid="tenant"))
    assert found is not None
    assert found.subject == "ada"


async def test_keys_are_read_once_and_again_for_a_new_one(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = tokens_of(issuer)
    for _ in range(3):
        assert await tokens.find(issuer.token(aud=AUDIENCE))
    assert issuer.reads == 1
    issuer.rotate("second")
    assert await tokens.find(issuer.token(aud=AUDIENCE)) is None  # read a moment ago
    monkeypatch.setattr(issuer_keys, "COOLDOWN_S", 0)
    assert await tokens.find(issuer.token(aud=AUDIENCE))
    assert issuer.reads == 2


async def test_invented_key_ids_do_not_flood_the_issuer(issuer: Issuer) -> None:
    tokens = tokens_of(issuer)

    async def ask(number: int) -> None:
        assert await tokens.find(issuer.token(header={"kid": f"k{number}"}, aud=AUDIENCE)) is None

    async with anyio.create_task_group() as group:
        for number in range(50):
            group.start_soon(ask, number)
    assert issuer.reads == 1


async def test_an_issuer_that_does_not_answer(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    issuer.broken = True
    tokens = tokens_of(issuer)
    with pytest.raises(IssuerError, match="cannot be read"):
        await tokens.find(issuer.token(aud=AUDIENCE))
    issuer.broken = False
    with pytest.raises(IssuerError):  # asked a moment ago
        await tokens.find(issuer.token(aud=AUDIENCE))
    monkeypatch.setattr(issuer_keys, "COOLDOWN_S", 0)
    assert await tokens.find(issuer.token(aud=AUDIENCE))
    issuer.broken = True
    monkeypatch.setattr(issuer_keys, "FRESH_S", 0)
    assert await tokens.find(issuer.token(aud=AUDIENCE))  # the keys that are there stay usable
    monkeypatch.setattr(issuer_keys, "USABLE_S", 0)
    with pytest.raises(IssuerError):
        await tokens.find(issuer.token(aud=AUDIENCE))


async def test_a_key_that_the_issuer_withdraws_ends(issuer: Issuer, monkeypatch: pytest.MonkeyPatch) -> None:
    tokens, token = tokens_of(issuer), issuer.token(aud=AUDIENCE)
    assert await tokens.find(token)
    issuer.rotate("second")
    del issuer.keys["first"]
    monkeypatch.setattr(issuer_keys, "COOLDOWN_S", 0)
    monkeypatch.setattr(issuer_keys, "FRESH_S", 0)
    assert await tokens.find(token) is None


@pytest.mark.parametrize("wrong", ["issuer", "file", "keys"])
async def test_a_document_that_cannot_be_trusted_gives_no_keys(issuer: Issuer, wrong: str) -> None:
    answer = issuer._answer

    def lie(path: str) -> dict[str, Any] | None:
        found = answer(path)
        if wrong == "issuer" and path.startswith("/.well-known"):
            return {**(found or {}), "issuer": "https://evil.example"}
        if wrong == "file" and path.startswith("/.well-known"):
            return {**(found or {}), "jwks_uri": "file:///etc/passwd"}
        return {"keys": "none"} if wrong == "keys" and path == "/keys" else found

    issuer._answer = lie  # type: ignore[method-assign]
    with pytest.raises(IssuerError):
        await IssuerKeys(issuer.name).find("first")
