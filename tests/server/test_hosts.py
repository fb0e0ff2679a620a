"""Answers in the form in which they reach the models of clients that drop parts of them, or write pictures as text."""

from __future__ import annotations

from typing import Any

import pytest
from support.wire import INITIALIZED, Wire, initialize, modern_request, request, wire

from art_mcp.painting import painting_id
from art_mcp.server.hosts import HOSTS
from art_mcp.settings import Settings

pytestmark = pytest.mark.anyio

PAINTING = str(painting_id("pictures", "7.jpg"))
CALLS = {
    "search_paintings_by_text": {"query": "green", "limit": 3},
    "search_paintings_by_image": {"painting_id": PAINTING, "limit": 3},
    "get_painting": {"id": PAINTING},
    "describe_collection": {},
}
WITH_A_PICTURE = list(CALLS)[:3]


async def answers(settings: Settings, name: str, *, modern: bool = False) -> dict[str, dict[str, Any]]:
    """What a client of this name is answered by each tool."""
    async with wire(settings) as client:
        if not modern:
            await client.send(initialize(0, client=name), INITIALIZED)
        return {tool: await answer(client, id_, name, tool, modern) for id_, tool in enumerate(CALLS, start=1)}


async def answer(client: Wire, id_: int, name: str, tool: str, modern: bool) -> dict[str, Any]:
    params = {"name": tool, "arguments": CALLS[tool]}
    called = (
        modern_request(id_, "tools/call", client=name, **params) if modern else request(id_, "tools/call", **params)
    )
    await client.send(called)
    result = (await client.answer(id_))["result"]
    assert not result.get("isError"), result
    return result


def kinds(result: dict[str, Any]) -> list[str]:
    return [part["type"] for part in result["content"]]


@pytest.mark.parametrize("modern", [False, True])
async def test_an_unknown_client_gets_all_that_the_specification_has(read_only: Settings, modern: bool) -> None:
    for tool, result in (await answers(read_only, "unknown", modern=modern)).items():
        assert kinds(result) == (["text", "image"] if tool in WITH_A_PICTURE else ["text"])
        assert result["structuredContent"]


@pytest.mark.parametrize("modern", [False, True])
async def test_codex_gets_no_data_beside_a_picture(read_only: Settings, modern: bool) -> None:
    usual = await answers(read_only, "unknown")
    for tool, result in (await answers(read_only, "codex-mcp-client", modern=modern)).items():
        assert result["content"] == usual[tool]["content"]
        assert ("structuredContent" in result) == (tool not in WITH_A_PICTURE)


@pytest.mark.parametrize("name", [name for name, host in HOSTS.items() if not host.sees_pictures])
async def test_a_client_that_writes_pictures_as_text_gets_none(read_only: Settings, name: str) -> None:
    usual = await answers(read_only, "unknown")
    for tool, result in (await answers(read_only, name)).items():
        assert kinds(result) == ["text"]
        shown = {"shown": None} if tool == "get_painting" else {}
        assert result["structuredContent"] == usual[tool]["structuredContent"] | shown
        said = [line for line in usual[tool]["content"][0]["text"].splitlines() if not line.startswith("Shown: ")]
        assert result["content"][0]["text"].splitlines() == said


@pytest.mark.parametrize(("setting", "name", "pictures"), [("never", "unknown", 0), ("always", "google-adk", 1)])
async def test_the_setting_overrides(read_only: Settings, setting: Any, name: str, pictures: int) -> None:
    settings = read_only.model_copy(update={"pictures": setting})
    for tool, result in (await answers(settings, name)).items():
        assert kinds(result)[1:] == ["image"] * (pictures if tool in WITH_A_PICTURE else 0)
        assert result["structuredContent"]
