"""A client that opens the upload page for its user, and how the search goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import httpx2
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import ElicitCompleteNotification, ElicitRequestParams, ElicitRequestURLParams, ElicitResult
from support.servers import connected_over_stdio
from support.uploading import ADDRESS, FOUND, HANDLE, NOWHERE, eventually, link_in, png, refused, running

from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

ERAS = ["legacy", "2026-07-28"]


@pytest.fixture
async def http() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60) as http:
        yield http


def opens(action: str, address: list[str], then: Callable[[str], Awaitable[None]] | None = None) -> dict[str, Any]:
    """The options of a client whose user answers like this, after they have used the page."""

    async def answered(_: object, asked: ElicitRequestParams) -> ElicitResult:
        assert isinstance(asked, ElicitRequestURLParams) and asked.message == "Upload the picture to search with."
        address.append(asked.url)
        if then:
            await then(asked.url)
        return ElicitResult(action=action)

    return {"elicitation_callback": answered}


@pytest.mark.slow
@pytest.mark.parametrize("era", ERAS)
async def test_a_client_opens_the_page_and_the_search_goes_on(
    loaded: Settings, pictures: Path, http: httpx2.AsyncClient, era: str
) -> None:
    async def upload(address: str) -> None:
        sent = await http.post(address, content=(pictures / "images" / "7.jpg").read_bytes())
        assert sent.status_code == 200

    options = {"mode": era, **opens("accept", [], upload)}
    url = loaded.database_url.get_secret_value()
    async with connected_over_stdio(options=options, ART_MCP_DATABASE_URL=url) as client:
        found = (await client.call_tool("search_paintings_by_image", {})).structured_content
        assert found["results"][0]["title"] == "Composition in noise 3"
        (handle,) = HANDLE.findall(found["note"])
        again = await client.call_tool("search_paintings_by_image", {"image": handle})
        assert again.structured_content == {**found, "note": None}


@pytest.mark.parametrize("era", ERAS)
async def test_the_search_waits_for_the_picture(settings: Settings, http: httpx2.AsyncClient, era: str) -> None:
    addresses: list[str] = []

    async def upload_later() -> None:
        await eventually(lambda: bool(server.services.uploads._awaited) and bool(addresses))
        await anyio.sleep(0.3)
        assert (await http.post(addresses[0], content=png())).status_code == 200

    async def hear(message: object) -> None:
        heard.append(message)

    heard: list[object] = []
    options = {"mode": era, "message_handler": hear, **opens("accept", addresses)}
    async with running(settings, **options) as (server, client), anyio.create_task_group() as tasks:
        tasks.start_soon(upload_later)
        assert (await refused(client)).startswith(FOUND)
    # A client of the older protocol shows that it waits, until this comes.
    assert [type(each) for each in heard] == [ElicitCompleteNotification] * (era == "legacy")


@pytest.mark.parametrize("era", ERAS)
@pytest.mark.parametrize(
    ("action", "said", "leads"),
    [
        ("accept", "The user has not uploaded the picture yet.", True),
        ("cancel", "Neither image nor painting_id was given.", True),
        ("decline", "The user does not want to upload a picture.", False),
    ],
)
async def test_what_the_user_answers_is_said(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, era: str, action: str, said: str, leads: bool
) -> None:
    monkeypatch.setattr("art_mcp.server.handover.WAIT_S", 0.1)
    addresses: list[str] = []
    async with running(settings, mode=era, **opens(action, addresses)) as (_, client):
        answer = await refused(client)
        assert answer.startswith(said) and bool(ADDRESS.search(answer)) is leads
        if action == "accept":
            assert addresses[0] in answer  # the same page again
        # A call that has gone wrong asks nobody.
        assert ADDRESS.search(await refused(client, image="a.jpg"))
        assert len(addresses) == 1


async def test_a_forged_answer_is_refused(settings: Settings) -> None:
    async with running(settings, mode="2026-07-28", **opens("accept", [])) as (_, client):
        _, handle = await link_in(client, image="a.jpg")
        with pytest.raises(MCPError, match="requestState"):
            await client.call_tool("search_paintings_by_image", {}, request_state=handle)


async def test_without_a_page_nobody_is_asked() -> None:
    async def never(*_: object) -> ElicitResult:
        raise AssertionError

    async with running(Settings(database_url=NOWHERE, uploads=False), elicitation_callback=never) as (_, client):
        assert "/upload/" not in await refused(client)
