"""The sample collection, art-mcp over HTTP and Chromium, each once for a module."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import Browser
from support.browser import browsing
from support.chat import Chat, chatting
from support.loading import load_into
from support.postgres import new_database, new_template
from support.servers import served_here

from art_mcp.settings import Settings
from art_mcp.store.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def sampled(postgres: EmbeddedServer, sample: Path) -> str:
    """The template of a database with the sample collection."""
    return new_template(postgres, lambda settings: load_into(settings, sample.parent))


@pytest.fixture(scope="module")
def paintings(postgres: EmbeddedServer, sampled: str) -> Iterator[Settings]:
    """A module's settings, with the sample collection."""
    with new_database(postgres, sampled) as url:
        yield Settings(database_url=url)


@pytest.fixture(scope="module")
async def server(paintings: Settings) -> AsyncIterator[str]:
    """The origin of art-mcp over HTTP."""
    async with served_here(paintings) as origin:
        yield origin


@pytest.fixture(scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with browsing() as browser:
        yield browser


@pytest.fixture
async def chat(browser: Browser, server: str) -> AsyncIterator[Chat]:
    """A chat whose page logs no error."""
    async with chatting(browser, server) as chat:
        yield chat
        assert chat.errors == []
