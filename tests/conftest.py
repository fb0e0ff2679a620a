"""What tests share: a real PostgreSQL for the session, a fresh database for a test, small pictures."""

from __future__ import annotations

import shutil
import signal
import tempfile
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import asyncpg
import numpy as np
import pytest
from PIL import Image

from art_mcp.sample import write_sample
from art_mcp.settings import Settings, variable
from art_mcp.store import platform
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


def remove_server(server: EmbeddedServer) -> None:
    """End a server at once and leave nothing of it."""
    platform.kill_processes_in(server.cluster)
    for folder in (platform.home(server.data_dir), server.data_dir):
        shutil.rmtree(folder, ignore_errors=True)


def url_of(server: EmbeddedServer, database: str, user: str = "postgres") -> str:
    arguments = server.connect_args
    password = f":{quote(arguments['password'])}" if "password" in arguments else ""
    host = quote(str(arguments["host"]), safe="")
    return f"postgresql://{user}{password}@/{database}?host={host}&port={arguments.get('port', 5432)}"


@asynccontextmanager
async def new_database(postgres: EmbeddedServer) -> AsyncIterator[str]:
    """The URL of an empty database, which is removed afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    admin = await asyncpg.connect(**postgres.connect_args)
    await admin.execute(f"CREATE DATABASE {name}")
    yield url_of(postgres, name)
    await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    await admin.close()


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


async def count_paintings(database: Database) -> int:
    """How many paintings there are, which is what their collections say."""
    async with database.connection() as connection:
        counted, said = await connection.fetchrow(  # at one moment, since others may be writing
            "SELECT (SELECT count(*) FROM art_mcp.paintings), "
            "(SELECT coalesce(sum(paintings), 0)::int FROM art_mcp.collections)"
        )
    assert said == counted
    return counted


def draw(path: Path, seed: int, size: tuple[int, int] = (64, 48)) -> Path:
    """A small picture unlike that of any other seed."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (4, 4, 3), np.uint8))
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse.resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def endless() -> bytes:
    """A JPEG that is just within the caps and takes seconds to decode."""
    buffer = BytesIO()
    Image.new("L", (10_000, 9_900)).save(buffer, "JPEG", progressive=True)
    data = buffer.getvalue()
    scan = data.rindex(b"\xff\xda")
    return data[:-2] + data[scan:-2] * 40 + data[-2:]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[tuple[int, int]]]:
    """The table of the sample, drawn once, and what was said of its progress."""
    told: list[tuple[int, int]] = []
    table = write_sample(tmp_path_factory.mktemp("sample"), progress=lambda done, total: told.append((done, total)))
    return table, told
