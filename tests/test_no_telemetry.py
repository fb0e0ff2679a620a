"""art-mcp leaves nothing in a user's home and connects to nothing but its database.

Each entry point is a process of its own with an empty home, since what a library does when it loads can depend on
which call came first. An audit hook sees the connections of Python; only strace sees those of native code.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio
import pyarrow
import pyarrow.parquet
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from PIL import Image

from art_mcp.store.embedded import EmbeddedServer
from art_mcp.store.scratch import scratch

pytestmark = pytest.mark.slow

COMMANDS = ("ingest", "search by text", "search by picture", "doctor")
TOOLS = (
    "search_paintings_by_image",
    "search_paintings_by_text",
    "get_painting",
    "describe_collection",
    "gallery_pictures",
    "ingest_collection",
)
"""Each is the first call to a server of its own."""

STAY_S = 12
"""How long a server is kept after its call: ONNX Runtime looks up its maker's host 10 s after it is loaded."""

AUDIT = """
import sys

def audit(event, arguments):
    if event in {"socket.connect", "socket.sendto", "socket.sendmsg"}:
        said = arguments[1]
    elif event in {"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"}:
        said = event, *arguments
    else:
        return
    if said is not None:
        with open(LOG, "a", encoding="utf-8") as log:
            print(said, file=log)

sys.addaudithook(audit)
"""
STRACE = ("strace", "-f", "-qq", "--seccomp-bpf", "-s", "0", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o")
NAME_CACHE = '{sa_family=AF_UNIX, sun_path="/var/run/nscd/socket"}'
"""A daemon of the same machine, which the C library asks for the user's name."""


def strace_works() -> bool:
    """Whether strace is installed and allowed to trace."""
    if shutil.which("strace") is None:
        return False
    return subprocess.run([*STRACE, "/dev/null", "true"], capture_output=True).returncode == 0


@dataclass(frozen=True, slots=True)
class Watched:
    """A process of art-mcp with a home of its own, and what was seen of it."""

    folder: Path
    traced: bool

    @classmethod
    def prepare(cls, folder: Path, *, traced: bool) -> Watched:
        watched = cls(folder, traced)
        watched.home.mkdir(parents=True)
        (folder / "sitecustomize.py").write_text(f"LOG = {str(watched._python_log)!r}\n{AUDIT}")
        return watched

    @property
    def home(self) -> Path:
        return self.folder / "home"

    @property
    def _python_log(self) -> Path:
        return self.folder / "python.log"

    @property
    def _native_log(self) -> Path:
        return self.folder / "native.log"

    @property
    def command(self) -> list[str]:
        strace = [*STRACE, str(self._native_log)] if self.traced else []
        return [*strace, sys.executable, "-m", "art_mcp"]

    @property
    def variables(self) -> dict[str, str]:
        return {"HOME": str(self.home), "PYTHONPATH": str(self.folder)}

    def python_connections(self) -> set[str]:
        """Addresses that Python connected to, and names that it looked up."""
        return set(self._python_log.read_text("utf-8").splitlines()) if self._python_log.exists() else set()

    def native_connections(self) -> set[str]:
        """Addresses that any code connected or sent to, as strace writes them."""
        return set(re.findall(r"\{sa_family=[^}]*\}", self._native_log.read_text("utf-8", "replace")))


@pytest.fixture(scope="session")
def server() -> Iterator[EmbeddedServer]:
    """One that the processes find, which root's do in a folder of the system."""
    with scratch() as folder:
        server = EmbeddedServer.start(folder / "data")
        yield server
        server.close()


@pytest.fixture(scope="session")
def runs(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Watched]:
    """Every entry point once, by name."""
    folder = tmp_path_factory.mktemp("watched")
    traced = strace_works()
    runs = {name: Watched.prepare(folder / name, traced=traced) for name in (*COMMANDS, *TOOLS)}
    anyio.run(_run_all, runs, _pictures(folder / "pictures"), server.data_dir)
    return runs


def _pictures(folder: Path) -> Path:
    """A table of two paintings, and a folder with a third."""
    for path, colour in (("images/red.png", "red"), ("images/blue.png", "blue"), ("more/green.png", "green")):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 48), colour).save(folder / path)
    table = pyarrow.table({"image": ["red.png", "blue.png"], "title": ["Red", "Blue"]})
    pyarrow.parquet.write_table(table, folder / "paintings.parquet")
    return folder


async def _run_all(runs: Mapping[str, Watched], pictures: Path, data: Path) -> None:
    variables = {"ART_MCP_DATA_DIR": str(data), "ART_MCP_IMAGE_DIRS": str(pictures)}

    async def command(name: str, *arguments: str) -> str:
        watched = runs[name]
        with anyio.fail_after(120):
            done = await anyio.run_process(
                [*watched.command, *arguments], env={**variables, **watched.variables}, check=False
            )
        assert not done.returncode, done.stderr.decode()
        return done.stdout.decode()

    async def tool(name: str, arguments: dict[str, Any]) -> None:
        program, *rest = runs[name].command
        server = StdioServerParameters(command=program, args=rest, env={**variables, **runs[name].variables})
        async with Client(stdio_client(server)) as client:
            if name == "describe_collection":
                assert {each.name for each in (await client.list_tools()).tools} == set(TOOLS)
            result = await client.call_tool(name, arguments)
            assert not result.is_error, result.content
            await anyio.sleep(STAY_S)

    red = str(pictures / "images" / "red.png")
    await command("ingest", "ingest", str(pictures / "paintings.parquet"))
    found = json.loads(await command("search by text", "search", "something red", "--json"))
    async with anyio.create_task_group() as together:
        together.start_soon(command, "search by picture", "search", "--image", red)
        together.start_soon(command, "doctor", "doctor")
        together.start_soon(tool, "search_paintings_by_image", {"image": red})
        together.start_soon(tool, "search_paintings_by_text", {"query": "something red"})
        together.start_soon(tool, "get_painting", {"id": found["results"][0]["id"], "similar": 1})
        together.start_soon(tool, "describe_collection", {})
        together.start_soon(tool, "gallery_pictures", {"ids": [found["results"][0]["id"]]})
        together.start_soon(tool, "ingest_collection", {"source": str(pictures / "more")})


@pytest.fixture
def socket(server: EmbeddedServer) -> str:
    """The database's address."""
    return f"{server.connect_args['host']}/.s.PGSQL.{server.connect_args['port']}"


@pytest.mark.parametrize("name", [*COMMANDS, *TOOLS])
def test_the_home_stays_empty(name: str, runs: Mapping[str, Watched]) -> None:
    home = runs[name].home
    assert [str(path.relative_to(home)) for path in home.rglob("*")] == []


@pytest.mark.parametrize("name", [*COMMANDS, *TOOLS])
def test_python_connects_to_the_database_only(name: str, runs: Mapping[str, Watched], socket: str) -> None:
    assert runs[name].python_connections() == {socket}


@pytest.mark.parametrize("name", [*COMMANDS, *TOOLS])
def test_native_code_connects_to_the_database_only(name: str, runs: Mapping[str, Watched], socket: str) -> None:
    if not runs[name].traced:
        pytest.skip("strace is not installed or may not trace: connections of native code were not seen")
    database = f'{{sa_family=AF_UNIX, sun_path="{socket}"}}'
    assert runs[name].native_connections() - {NAME_CACHE} == {database}
