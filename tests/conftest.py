"""Fixtures that all tests share: a real PostgreSQL for the session, a fresh database for a test, the sample."""

from __future__ import annotations

import signal
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from support.postgres import new_database, remove_server

from art_mcp.sample import copy_sample
from art_mcp.settings import Settings, variable
from art_mcp.store.database import Database
from art_mcp.store.embedded import EmbeddedServer


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"  # asyncpg knows no other


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_what_tests_start() -> None:
    """A shell makes what it runs in the background, and all that this starts, deaf to SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither variables nor a .env of whoever runs the tests change what they do."""
    with pytest.MonkeyPatch.context() as patch:
        for name in Settings.model_fields:
            patch.delenv(variable(name), raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedServer]:
    folder = Path(tempfile.mkdtemp(prefix="art-mcp-"))  # short, so that the socket can be inside
    server = EmbeddedServer.start(folder)
    yield server
    server.close()
    remove_server(server)


@pytest.fixture
async def database_url(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """A database of the test's own, empty."""
    async with new_database(postgres) as url:
        yield url


@pytest.fixture
async def other_url(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """Another one."""
    async with new_database(postgres) as url:
        yield url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(database_url=database_url, image_dirs=(tmp_path,))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Connected, with its schema up to date."""
    database = await Database.open(settings)
    yield database
    await database.aclose()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the sample collection, in a folder of its own with the pictures."""
    return copy_sample(tmp_path_factory.mktemp("sample"))
