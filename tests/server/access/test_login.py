"""A real client logs in at a real OpenID Connect issuer, and asks for more once it needs more."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import httpx2
import pytest
from mcp import Client
from mcp.client.auth import AuthorizationCodeResult, OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import OAuthClientInformationFull, OAuthClientMetadata, OAuthToken
from support.access import guarded_here
from support.node import issuing
from support.pictures import draw

from art_mcp.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

CALLBACK = "http://127.0.0.1:33418/callback"


class Person:
    """Who sits at the browser: they log in, consent, and are sent back to the client. Keeps what it was asked for."""

    def __init__(self, name: str, client: OAuthClientInformationFull | None = None) -> None:
        self.name = name
        self.client = client
        self.asked: list[dict[str, list[str]]] = []
        self.tokens: OAuthToken | None = None
        self._back = ""

    async def browse(self, url: str) -> None:
        self.asked.append(parse_qs(urlsplit(url).query))
        async with httpx2.AsyncClient() as browser:
            answer = await browser.get(url)
            for _ in range(20):
                if answer.is_redirect:
                    following = urljoin(str(answer.url), answer.headers["location"])
                    if following.startswith(CALLBACK):
                        self._back = following
                        return
                    answer = await browser.get(following)
                else:
                    page = re.search(r'action="([^"]+)"', answer.text)
                    prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
                    assert page and prompt, answer.text
                    form = {"prompt": prompt[1], "login": self.name, "password": "any"}
                    answer = await browser.post(urljoin(str(answer.url), page[1]), data=form)
        raise AssertionError("the issuer has sent nobody back")

    async def sent_back(self) -> AuthorizationCodeResult:
        given = {name: values[0] for name, values in parse_qs(urlsplit(self._back).query).items()}
        return AuthorizationCodeResult(code=given["code"], state=given["state"], iss=given.get("iss"))

    def logging_in(self, url: str) -> OAuthClientProvider:
        """The official client's login to a server."""
        metadata = OAuthClientMetadata(redirect_uris=[CALLBACK], client_name="A test")
        return OAuthClientProvider(url, metadata, self, self.browse, self.sent_back)

    # What the client stores for them.

    async def get_tokens(self) -> OAuthToken | None:
        return self.tokens

    async def set_tokens(self, tokens: OAuthToken) -> None:
        self.tokens = tokens

    async def get_client_info(self) -> OAuthClientInformationFull | None:
        return self.client

    async def set_client_info(self, client_info: OAuthClientInformationFull) -> None:
        self.client = client_info


@pytest.mark.parametrize("era", ["legacy", "2026-07-28"])
async def test_a_client_logs_in_and_steps_up(settings: Settings, tmp_path: Path, era: str) -> None:
    draw(tmp_path / "pictures" / "1.png", 1)
    with issuing(CALLBACK, tmp_path) as issuer:
        known = {"client_id": "known", "token_endpoint_auth_method": "none", "redirect_uris": [CALLBACK]}
        ada = Person("ada", OAuthClientInformationFull(**known, issuer=issuer))
        async with guarded_here(settings, oidc_issuer=issuer) as origin:
            login = ada.logging_in(f"{origin}/mcp")
            async with (
                httpx2.AsyncClient(auth=login, timeout=60) as http,
                Client(streamable_http_client(f"{origin}/mcp", http_client=http), mode=era) as client,
            ):
                names = [tool.name for tool in (await client.list_tools()).tools]
                assert "search_paintings_by_text" in names and "ingest_collection" not in names
                (asked,) = ada.asked
                assert asked["scope"] == ["art:read offline_access"]  # the latter since the issuer offers it
                assert asked["resource"] == [f"{origin}/mcp"]
                assert asked["code_challenge_method"] == ["S256"]
                done = await client.call_tool("ingest_collection", {"source": str(tmp_path / "pictures")})
                assert not done.is_error, done.content[0].text
                _, asked = ada.asked
                assert {"art:read", "art:ingest"} <= set(asked["scope"][0].split())
                found = await client.call_tool("describe_collection", {})
                assert not found.is_error
        assert len(ada.asked) == 2


async def test_a_token_for_another_server_is_refused(settings: Settings, tmp_path: Path) -> None:
    """A server that a user trusts less cannot use their token here."""
    ada = Person("ada")
    with issuing(CALLBACK, tmp_path) as issuer:
        async with guarded_here(settings, oidc_issuer=issuer, oidc_audience="https://other.example.org/mcp") as origin:
            login = ada.logging_in(f"{origin}/mcp")
            async with httpx2.AsyncClient(auth=login, timeout=60) as http:
                answer = await http.post(f"{origin}/mcp", json={})
            assert ada.tokens and ada.tokens.access_token.count(".") == 2
            assert answer.status_code == 401 and "invalid_token" in answer.headers["www-authenticate"]
