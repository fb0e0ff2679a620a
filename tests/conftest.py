"""Fixtures that all tests share: a real PostgreSQL for the session, a fresh database for a test, the sample."""

from __future__ import annotations

import asyncio
import functools
import gc
import os
import shutil
import signal
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpcore2
import pytest
from support.citus import add_stand_in, write_stand_in
from support.loading import load_into, write_twelve
from support.model import BuiltIn
from support.postgres import (
    GIVEN,
    GivenServer,
    Postgres,
    new_database,
    new_template,
    read_only_database,
    running_postgres,
)

from art_mcp.sample import copy_sample
from art_mcp.settings import Settings, variable
from art_mcp.store.database import Database


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bytes have no part in a test's name: some hold the time, and all workers must find the same tests."""
    return argname if isinstance(val, bytes) else None


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"  # asyncpg knows no other


@pytest.fixture(scope="session", autouse=True)
def ctrl_c_reaches_what_tests_start() -> None:
    """A shell makes what it runs in the background, and all that this starts, deaf to SIGINT."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session", autouse=True)
def nothing_is_frozen() -> Iterator[None]:
    """A command that runs in the tests' process leaves their objects to the garbage collector, which finds leaks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gc, "freeze", lambda: None)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_the_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Neither variables, a .env nor a pulled model of whoever runs the tests change what they do."""
    with pytest.MonkeyPatch.context() as patch:
        for name in (*map(variable, Settings.model_fields), GIVEN):
            patch.delenv(name, raising=False)
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        yield


@pytest.fixture(scope="session", autouse=True)
def one_built_in_model() -> Iterator[None]:
    """Its networks are loaded once a run instead of once a test, which takes half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("art_mcp.vision.local.LocalProvider", BuiltIn)
        yield


@pytest.fixture(scope="session", autouse=True)
def one_set_of_certificates() -> Iterator[None]:
    """The certificates that HTTP clients trust are read once a run instead of once a client, which takes 30 ms."""
    load = httpcore2.default_ssl_context
    read = functools.cache(lambda options, *environment: load(**dict(options)))

    def trusted(**options: bool) -> ssl.SSLContext:
        return read(tuple(options.items()), *(os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("httpcore2.default_ssl_context", trusted)
        yield


@pytest.fixture(scope="session")
def postgres(no_settings_of_the_user: None) -> Iterator[Postgres]:
    with running_postgres() as server, pytest.MonkeyPatch.context() as patch:
        if isinstance(server, GivenServer) and server.on_citus:
            patch.setenv(variable("citus_shards"), "4")
        yield server


@pytest.fixture(scope="session")
def stand_in(postgres: Postgres) -> Iterator[Path]:
    """The folder of the stand-in for the extension Citus, which PostgreSQL 18 reads from there."""
    if isinstance(postgres, GivenServer):
        pytest.skip("The stand-in for Citus is for the embedded server.")
    folder = Path(tempfile.mkdtemp(prefix="art-mcp-"))
    write_stand_in(folder)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def empty(postgres: Postgres, request: pytest.FixtureRequest) -> str:
    """The template of a database without paintings; on the stand-in for Citus if the parameter is "citus"."""
    if getattr(request, "param", None) != "citus":
        return new_template(postgres)
    folder = request.getfixturevalue("stand_in")
    return new_template(postgres, distribute, extend=lambda url: add_stand_in(url, folder))


async def distribute(settings: Settings) -> None:
    """Distribute the tables over a Citus cluster."""
    await (await Database.open(settings.model_copy(update={"citus_shards": 4}))).aclose()


@pytest.fixture(scope="session")
def twelve(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The template of a database with twelve paintings, and the folder that they were loaded from."""
    folder = write_twelve(tmp_path_factory.mktemp("twelve") / "pictures")
    return new_template(postgres, lambda settings: load_into(settings, folder)), folder


@pytest.fixture
def database_url(postgres: Postgres, empty: str) -> Iterator[str]:
    """A database of the test's own, without paintings."""
    with new_database(postgres, empty) as url:
        yield url


@pytest.fixture
def other_url(postgres: Postgres, empty: str) -> Iterator[str]:
    """Another one."""
    with new_database(postgres, empty) as url:
        yield url


@pytest.fixture
def bare_url(postgres: Postgres) -> Iterator[str]:
    """A database that art-mcp has never opened."""
    with new_database(postgres) as url:
        yield url


@pytest.fixture
def cluster_url(bare_url: str, stand_in: Path) -> str:
    """A database with the stand-in for Citus that art-mcp has never opened."""
    asyncio.run(add_stand_in(bare_url, stand_in))
    return bare_url


@pytest.fixture
def pictures(twelve: tuple[str, Path], tmp_path: Path) -> Path:
    """A folder with the files of twelve paintings and their table, for the test to change."""
    return Path(shutil.copytree(twelve[1], tmp_path / "pictures"))


@pytest.fixture
def loaded(postgres: Postgres, twelve: tuple[str, Path], tmp_path: Path) -> Iterator[Settings]:
    """Settings with a database of the test's own that has the paintings of `pictures`."""
    with new_database(postgres, twelve[0]) as url:
        yield Settings(database_url=url, image_dirs=(tmp_path, twelve[1]))


@pytest.fixture(scope="session")
def twelve_url(postgres: Postgres, twelve: tuple[str, Path]) -> Iterator[str]:
    """A database with the paintings of `pictures` that cannot be changed."""
    with read_only_database(postgres, twelve[0]) as url:
        yield url


@pytest.fixture
def read_only(twelve_url: str, twelve: tuple[str, Path], tmp_path: Path) -> Settings:
    """Settings with it: like `loaded`, for tests that only read."""
    return Settings(database_url=twelve_url, image_dirs=(tmp_path, twelve[1]))


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings with the database without paintings."""
    return Settings(database_url=database_url, image_dirs=(tmp_path,))


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    """Connected, with its schema up to date."""
    database = await Database.open(settings)
    yield database
    await database.aclose()


@pytest.fixture(scope="module")
def filled_url(postgres: Postgres, empty: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A database that the module's function `fill` has filled once, for all its tests that only read."""
    with read_only_database(postgres, empty, request.module.fill) as url:
        yield url


@pytest.fixture
async def filled(filled_url: str) -> AsyncIterator[Database]:
    """Connected to it."""
    database = await Database.open(Settings(database_url=filled_url))
    yield database
    await database.aclose()


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The table of the sample collection, in a folder of its own with the pictures."""
    return copy_sample(tmp_path_factory.mktemp("sample"))
