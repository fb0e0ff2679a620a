"""The embedded server's life, with real processes: starts, deaths, leftovers and full disks."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from art_mcp.store import embedded, embedded_watcher, host_os, run_as
from art_mcp.store.embedded import EmbeddedError, EmbeddedServer
from art_mcp.store.embedded_watcher import Lock

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(host_os.WINDOWS, reason="uses POSIX signals, users and mounts"),
]

pwd = pytest.importorskip("pwd")
SOURCE = Path(embedded.__file__).parents[2]
ROOT = host_os.is_root()
needs_root = pytest.mark.skipif(not ROOT, reason="only root can do this")

# Starts the server, says how to reach it, and obeys lines on its standard input until that ends.
CLIENT = """
import asyncio, json, os, sys
from pathlib import Path
import asyncpg
from art_mcp.store import host_os
from art_mcp.store.embedded import EmbeddedError, EmbeddedServer

async def insert(args, acknowledged):
    connection = await asyncpg.connect(**args)
    await connection.execute("create table if not exists kept (n bigserial primary key, by int)")
    while True:
        n = await connection.fetchval(f"insert into kept (by) values ({os.getpid()}) returning n")
        acknowledged.write(f"{n}\\n".encode())

def report(action):
    try:
        result = action()
        answer = {"args": server.connect_args, "cluster": str(server.cluster)} if result is None else result
    except EmbeddedError as error:
        answer = {"error": str(error)}
    print(json.dumps(answer), flush=True)

def start():
    global server
    server = EmbeddedServer.start(Path(sys.argv[1]))

if "loopback" in sys.argv:
    host_os.endpoint = host_os.LoopbackEndpoint
report(start)
for line in sys.stdin:
    command, _, argument = line.strip().partition(" ")
    if command == "again":
        report(server.ensure_running)
    elif command == "insert":
        with open(argument, "ab", buffering=0) as acknowledged:
            asyncio.run(insert(server.connect_args, acknowledged))
"""


def wait_until(true: Callable[[], Any], seconds: float = 60) -> Any:
    deadline = time.monotonic() + seconds
    while not (result := true()):
        if time.monotonic() > deadline:
            pytest.fail(f"still not so after {seconds} s")
        time.sleep(0.02)
    return result


def sql(args: dict[str, Any], *statements: str) -> Any:
    """Run the statements in one connection and return the last one's first value."""

    async def run() -> Any:
        connection = await asyncpg.connect(**args)
        try:
            return [await connection.fetchval(statement) for statement in statements][-1]
        finally:
            await connection.close()

    return asyncio.run(run())


@dataclass(frozen=True)
class Person:
    """A user, and a Python that this user can run."""

    account: host_os.Account = field(default_factory=dict)
    python: str = sys.executable
    variables: dict[str, str] = field(default_factory=dict)

    def popen(self, code: str, *arguments: str | Path, **options: Any) -> subprocess.Popen[str]:
        path = [str(SOURCE), *(folder for folder in sys.path if folder.endswith("site-packages"))]
        variables = {"PYTHONPATH": os.pathsep.join(path), "PYTHONDONTWRITEBYTECODE": "1"}
        return subprocess.Popen(
            [self.python, "-c", code, *arguments],
            env=os.environ | variables | self.variables,
            cwd="/",
            text=True,
            **self.account,
            **options,
        )

    def can_run(self) -> bool:
        code = "import asyncpg; from art_mcp.store.host_os import *; open(binaries() / 'postgres').close()"
        with contextlib.suppress(OSError), self.popen(code, stderr=subprocess.DEVNULL) as tried:
            return tried.wait() == 0
        return False


class Client:
    """A process that uses the server."""

    def __init__(self, data_dir: Path, person: Person, *options: str) -> None:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        self.process = person.popen(CLIENT, data_dir, *options, **pipes)
        self.args: dict[str, Any] = {}

    def answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else pytest.fail("the client died")
        self.args = answer.get("args", self.args)
        return answer

    def started(self) -> Client:
        answer = self.answer()
        assert "error" not in answer, answer["error"]
        return self

    def tell(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def leave(self, how: int | None = None) -> None:
        """By a signal, or in peace."""
        if how is not None and self.process.poll() is None:
            self.process.send_signal(how)
        with contextlib.suppress(BrokenPipeError):
            self.process.communicate(timeout=60)


class Site:
    """A data folder and the user who works with it."""

    def __init__(self, base: Path, person: Person) -> None:
        self.base, self.person = base, person
        self.data_dir = base / "data"
        self.clients: list[Client] = []

    @property
    def folder(self) -> Path:
        real = self.data_dir.resolve()
        return (real if self.person.account or not ROOT else host_os.home(real)) / "postgres-18"

    def client(self, *options: str, data_dir: Path | None = None) -> Client:
        self.clients.append(Client(data_dir or self.data_dir, self.person, *options))
        return self.clients[-1]

    def watchers(self) -> list[psutil.Process]:
        def watches(process: psutil.Process) -> bool:
            words = process.cmdline()
            return str(self.folder) in words and any(word.endswith("embedded_watcher.py") for word in words)

        return self.matching(watches)

    def postmasters(self) -> list[psutil.Process]:
        return self.matching(lambda p: p.cmdline()[1:3] == ["-D", str(self.folder / "data")])

    def processes(self) -> list[psutil.Process]:
        """Postmaster, its backends, and the watcher."""
        backends = self.matching(lambda p: p.cwd() == str(self.folder / "data"))
        return [*self.watchers(), *{*self.postmasters(), *backends}]

    @staticmethod
    def matching(fits: Callable[[psutil.Process], bool]) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if process.status() != psutil.STATUS_ZOMBIE and fits(process):
                    found.append(process)
        return found

    def kill_everything(self) -> None:
        for client in self.clients:
            client.process.kill()
        for process in self.processes():
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        for client in self.clients:
            client.leave()
        wait_until(lambda: not self.processes())

    def is_stopped(self) -> bool:
        return not self.processes()


@contextlib.contextmanager
def mounted(*what: str) -> Iterator[Path]:
    place = Path(tempfile.mkdtemp(prefix="art-mount-"))
    place.chmod(0o755)
    done = subprocess.run(["mount", *what, place], capture_output=True, check=False).returncode == 0
    try:
        if not done:
            pytest.skip("a file system cannot be mounted here")
        yield place
    finally:
        if done:
            umount = ["umount", place]
            wait_until(lambda: subprocess.run(umount, capture_output=True, check=False).returncode == 0)
        place.rmdir()


@contextlib.contextmanager
def a_site(person: Person, parent: Path | None = None) -> Iterator[Site]:
    base = Path(tempfile.mkdtemp(prefix="art ü ", dir=parent))
    if person.account:
        os.chown(base, person.account["user"], person.account["group"])
    site = Site(base, person)
    mine = site.folder.parent
    try:
        yield site
    finally:
        site.kill_everything()
        sockets = {Path(client.args["host"]) for client in site.clients if "host" in client.args}
        for folder in {mine, site.folder.parent, base, *sockets}:
            shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module", autouse=True)
def _system_folder() -> Iterator[None]:
    """Leave root's folder of the system as it was."""
    was_there = {path.name for path in host_os.SYSTEM_DIR.glob("*")}
    existed = host_os.SYSTEM_DIR.exists()
    yield
    now = list(host_os.SYSTEM_DIR.glob("*"))
    if ROOT and all(path.name.startswith("binaries-") for path in now):  # or somebody else has begun to use it
        for path in now:
            if path.name not in was_there:
                shutil.rmtree(path)
        if not existed:
            with contextlib.suppress(OSError):
                host_os.SYSTEM_DIR.rmdir()


@pytest.fixture(scope="module")
def ordinary() -> Iterator[Person]:
    """Somebody without privileges: whoever runs the tests, or nobody if that is root."""
    if not ROOT:
        yield Person()
        return
    nobody = pwd.getpwnam("nobody")
    person = Person({"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []})
    if person.can_run():
        yield person
        return
    with mounted("--bind", sys.base_prefix) as prefix:  # root's Python is below a private folder
        python = prefix / "bin" / f"python{sys.version_info.major}.{sys.version_info.minor}"
        libraries = {"LD_LIBRARY_PATH": str(prefix / "lib")}
        person = replace(person, python=str(python), variables=libraries)
        if not person.can_run():
            pytest.skip("an unprivileged user cannot run this Python")
        yield person


@pytest.fixture
def site(ordinary: Person) -> Iterator[Site]:
    """An ordinary user's."""
    with a_site(ordinary) as site:
        yield site


@pytest.fixture
def own() -> Iterator[Site]:
    """That of the user who runs the tests."""
    with a_site(Person()) as site:
        yield site


@pytest.fixture(params=["ordinary", pytest.param("root", marks=needs_root)])
def any_site(request: pytest.FixtureRequest) -> Iterator[Site]:
    person = request.getfixturevalue("ordinary") if request.param == "ordinary" else Person()
    with a_site(person) as site:
        yield site


# Starting


def test_four_processes_at_once_get_one_server(any_site: Site) -> None:
    clients = [any_site.client() for _ in range(4)]
    answers = [client.started() for client in clients]
    assert len({sql(client.args, "select pg_postmaster_start_time()") for client in answers}) == 1
    assert len(any_site.postmasters()) == 1
    wait_until(lambda: len(any_site.watchers()) == 1)
    assert sql(answers[0].args, "create extension vector", "select '[1,2]'::halfvec(2)::text") == "[1,2]"
    assert sql(answers[0].args, "show fsync") == "on"
    assert sql(answers[0].args, "show listen_addresses") == ""


def test_idle_memory(own: Site) -> None:
    client = own.client().started()
    sql(client.args, "create extension vector")
    wait_until(own.watchers)

    def pss(process: psutil.Process) -> int:
        rollup = Path(f"/proc/{process.pid}/smaps_rollup").read_text()
        return next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))

    assert sum(map(pss, own.processes())) < 40_000


def test_the_cache_grows_with_the_data_up_to_a_share_of_the_memory(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def cache() -> int:
        """In MB."""
        with contextlib.closing(EmbeddedServer.start(own.data_dir)) as server:
            size = sql(server.connect_args, "SELECT pg_size_bytes(current_setting('shared_buffers'))")
            own.kill_everything()
            return size >> 20

    assert cache() == 128
    monkeypatch.setattr(host_os, "memory", lambda: 8 << 30)
    big = next((own.folder / "data" / "base").iterdir()) / "99999999"
    for size, expected in ((300 << 20, range(300, 400)), (5 << 30, [2048])):
        with big.open("wb") as file:
            file.truncate(size)  # takes no room on the disk
        assert cache() in expected
    monkeypatch.setattr(host_os, "memory", lambda: 1 << 30)
    assert cache() == 256


@pytest.mark.parametrize("name", ["x" * 120, "a, b", 'quote" and $(touch pwned) `x`', "space  ü 画"])
def test_unusual_paths(site: Site, name: str) -> None:
    site.data_dir = site.base / name
    client = site.client().started()
    assert len(client.args["host"]) < 90
    assert stat.S_IMODE(os.stat(client.args["host"]).st_mode) == 0o700
    assert sql(client.args, "select 1") == 1
    if len(name) > 100:
        client.leave()
        wait_until(site.is_stopped)
        assert not os.path.exists(client.args["host"])


def test_somebody_elses_folder_for_the_socket_is_refused(site: Site) -> None:
    site.data_dir = site.base / ("x" * 120)
    client = site.client().started()
    place = Path(client.args["host"])
    site.kill_everything()
    place.chmod(0o777)
    try:
        assert "is not a private folder" in site.client().answer()["error"]
    finally:
        shutil.rmtree(place)


def test_a_link_and_its_target_are_one_folder_and_another_is_another(site: Site) -> None:
    link = site.base / "link"
    link.symlink_to(site.data_dir)
    pair = site.client().started(), site.client(data_dir=link).started()
    assert pair[0].args == pair[1].args
    with a_site(site.person) as other:
        assert other.client().started().args != pair[0].args
        assert len(other.postmasters()) == len(site.postmasters()) == 1


def test_loopback_with_password(site: Site) -> None:
    client = site.client("loopback").started()
    assert client.args["host"] == "127.0.0.1"
    assert sql(client.args, "select 1") == 1
    with pytest.raises(asyncpg.InvalidPasswordError):
        sql(client.args | {"password": "wrong"}, "select 1")
    client.leave()
    wait_until(site.is_stopped)
    assert sql(site.client("loopback").started().args, "select 1") == 1


# Stopping


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_the_server_stops_after_its_last_user(site: Site, how: int) -> None:
    first, second, last = clients = [site.client() for _ in range(3)]
    for client in clients:
        client.started()
    host = Path(last.args["host"])
    first.leave(how)
    second.leave()
    assert sql(last.args, "select 1") == 1
    last.leave(how)
    wait_until(site.is_stopped)
    assert not host.exists()
    assert not (site.folder / "data" / "postmaster.pid").exists()


def test_close_is_enough_and_others_in_the_process_go_on(own: Site) -> None:
    one, two = EmbeddedServer.start(own.data_dir), EmbeddedServer.start(own.data_dir)
    one.close()
    one.close()
    assert two.is_running()
    assert sql(two.connect_args, "select 1") == 1
    two.close()
    wait_until(own.is_stopped)
    assert not two.is_running()


def test_a_user_who_comes_in_the_grace_period_keeps_the_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    newcomer = Lock(tmp_path / "users.lock")

    class WatchedLock(Lock):
        def acquire(self, *, shared: bool = False, wait: bool = False) -> bool:
            taken = super().acquire(shared=shared, wait=wait)
            if not taken:
                events.append("in use")
            return taken

    def sleep(_: float) -> None:
        events.append("grace")
        if len(events) == 1:
            newcomer.acquire(shared=True)

    monkeypatch.setattr(embedded_watcher, "Lock", WatchedLock)
    monkeypatch.setattr(embedded_watcher.time, "sleep", sleep)
    monkeypatch.setattr(embedded_watcher, "_stop", lambda *_: events.append("stop"))
    with ThreadPoolExecutor() as pool:
        watching = pool.submit(embedded_watcher.watch, str(tmp_path), "", {}, [])
        while "in use" not in events:
            assert not watching.done()
        newcomer.close()
        watching.result(timeout=60)
    assert events == ["grace", "in use", "grace", "stop"]


def test_a_killed_watcher_is_replaced_at_the_next_start(site: Site) -> None:
    first = site.client().started()
    wait_until(site.watchers)[0].kill()
    wait_until(lambda: not site.watchers())
    second = site.client().started()
    assert wait_until(site.watchers)
    first.leave()
    second.leave()
    wait_until(site.is_stopped)


# Dying


def test_no_acknowledged_row_is_lost_when_everything_is_killed(any_site: Site) -> None:
    clients = [any_site.client().started() for _ in range(3)]
    logs = [any_site.base / f"acknowledged-{n}" for n in range(3)]
    sql(clients[0].args, "create table kept (n bigserial primary key, by int)")
    for client, log in zip(clients, logs, strict=True):
        client.tell(f"insert {log}")
    wait_until(lambda: all(log.exists() and log.stat().st_size > 200 for log in logs))
    any_site.kill_everything()
    acknowledged = {int(n) for log in logs for n in log.read_text().split("\n")[:-1]}
    args = any_site.client().started().args
    stored = set(sql(args, "select array_agg(n) from kept"))
    assert len(acknowledged) > 100
    assert acknowledged <= stored


@pytest.mark.parametrize("kind", ["alive", "zombie"])
def test_leftovers_whose_pid_is_another_process(any_site: Site, kind: str) -> None:
    host = Path(any_site.client().started().args["host"])
    any_site.kill_everything()
    pid_file, lock_file = any_site.folder / "data" / "postmaster.pid", host / ".s.PGSQL.5432.lock"
    command = ["sleep", "60"] if kind == "alive" else ["true"]
    other = subprocess.Popen(command, **host_os.account(any_site.folder / "data"))
    try:
        wait_until(lambda: kind == "alive" or psutil.Process(other.pid).status() == psutil.STATUS_ZOMBIE)
        for path in (pid_file, lock_file):
            path.write_text("\n".join([str(other.pid), *path.read_text().split("\n")[1:]]))
        assert sql(any_site.client().started().args, "select 1") == 1
        assert kind == "zombie" or other.poll() is None
    finally:
        other.kill()
        other.wait()


FORKS = """
import ctypes, json, os, subprocess, sys
from pathlib import Path
from art_mcp.store import host_os
from art_mcp.store.embedded import EmbeddedServer

forks = []
handler = ctypes.CFUNCTYPE(None)(lambda: forks.append(1))
ctypes.CDLL(None).__register_atfork(handler, None, None, None)
subprocess.run(["true"], user=os.getuid(), check=True)
seen = len(forks)
server = EmbeddedServer.start(Path(sys.argv[1]))
host_os.kill_processes_in(server.cluster)
server.ensure_running()
server._control("stop", "-w", "-m", "fast")
server.close()
print(json.dumps([seen, len(forks) - seen]))
"""


@pytest.mark.skipif(not hasattr(ctypes.CDLL(None), "__register_atfork"), reason="needs glibc, to hear of forks")
def test_the_process_that_starts_the_server_is_never_forked(any_site: Site) -> None:
    """OpenBLAS stops its threads before a fork, which breaks what another thread computes: see `run_as`."""
    with any_site.person.popen(FORKS, any_site.data_dir, stdout=subprocess.PIPE) as process:
        assert process.stdout
        # The first number shows that a fork would be heard.
        assert json.loads(process.stdout.read()) == [1, 0]


@needs_root
@pytest.mark.parametrize(
    ("arguments", "reason"),
    [(("-1", "-1", "/bin/true"), "Invalid argument"), (("65534", "65534", "/no/program"), "No such file or directory")],
)
def test_what_cannot_be_run_as_another_user_is_said(arguments: Sequence[str], reason: str) -> None:
    done = subprocess.run([sys.executable, "-I", "-S", run_as.__file__, *arguments], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (run_as.FAILED, f"{reason}\n")


def test_ensure_running_after_the_postmaster_was_killed(site: Site) -> None:
    client = site.client().started()
    sql(client.args, "create table kept as select 42 as n")
    for process in site.postmasters():
        process.kill()
    client.tell("again")
    client.started()
    assert sql(client.args, "select n from kept") == 42


def test_ensure_running_when_the_server_waits_for_its_clients_to_leave(site: Site) -> None:
    client = site.client().started()

    async def run() -> None:
        connection = await asyncpg.connect(**client.args)
        site.postmasters()[0].terminate()
        await asyncio.to_thread(wait_until, lambda: "shut down" in (site.folder / "server.log").read_text())
        client.tell("again")
        await asyncio.to_thread(client.started)
        with contextlib.suppress(asyncpg.PostgresError, OSError):
            await connection.close(timeout=1)

    asyncio.run(run())
    assert sql(client.args, "select 1") == 1


def test_a_server_whose_socket_was_deleted_is_replaced(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_SILENCE_S", 0.5)
    with contextlib.closing(EmbeddedServer.start(own.data_dir)) as server:
        before = own.postmasters()
        (Path(server.connect_args["host"]) / ".s.PGSQL.5432").unlink()
        server.ensure_running()
        assert sql(server.connect_args, "select 1") == 1
        assert own.postmasters() != before


def test_the_folder_is_deleted_under_a_running_server(own: Site) -> None:
    with contextlib.closing(EmbeddedServer.start(own.data_dir)) as server:
        shutil.rmtree(own.folder)
        server.ensure_running()
        assert sql(server.connect_args, "select 1") == 1
        assert len(own.postmasters()) == 1


# Root


@needs_root
def test_as_root_below_a_private_folder(own: Site) -> None:
    def modes() -> dict[Path, int]:
        package = host_os.binaries().parents[1]
        paths = [own.base, *own.base.parents, package, *package.parents, package / "pginstall/bin/postgres"]
        return {path: path.stat().st_mode for path in paths}

    before = modes()
    assert before[own.base] & 0o777 == 0o700
    client = own.client().started()
    assert sql(client.args, "select 1") == 1
    assert modes() == before
    assert 0 not in {process.uids().real for process in own.matching(lambda p: p.cwd() == str(own.folder / "data"))}
    for path in (own.folder / "data", Path(client.args["host"])):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
        assert path.stat().st_uid != 0
    assert host_os.SYSTEM_DIR.stat().st_mode & 0o066 == 0


@needs_root
def test_as_root_with_a_folder_of_the_system_that_cannot_be_written(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    with mounted("-t", "tmpfs", "-o", "ro", "tmpfs") as place:
        monkeypatch.setattr(host_os, "SYSTEM_DIR", place / "art-mcp")
        with pytest.raises(EmbeddedError, match=r"cannot be written .*Read-only file system"):
            EmbeddedServer.start(own.data_dir)
    monkeypatch.setattr(host_os, "SYSTEM_DIR", own.base)
    own.base.chmod(0o777)
    with pytest.raises(EmbeddedError, match="a user other than root"):
        EmbeddedServer.start(own.data_dir)


# What people are told


def test_a_folder_that_cannot_be_written(site: Site) -> None:
    site.base.chmod(0o500)
    error = site.client().answer()["error"]
    site.base.chmod(0o700)
    assert "cannot be written" in error
    assert "ART_MCP_DATA_DIR" in error


@needs_root
def test_a_folder_of_another_user(site: Site) -> None:
    (site.data_dir / "postgres-18").mkdir(parents=True)
    assert "belongs to another user" in site.client().answer()["error"]


def test_a_file_is_not_a_folder(own: Site) -> None:
    file = own.base / "file"
    file.touch()
    with pytest.raises(EmbeddedError, match=r"is not a folder.*ART_MCP_DATA_DIR"):
        EmbeddedServer.start(file)


@needs_root
def test_a_full_disk_leaves_nothing_half_made(ordinary: Person) -> None:
    account = ordinary.account
    owner = f"uid={account['user']},gid={account['group']},mode=700"
    with mounted("-t", "tmpfs", "-o", f"size=24m,{owner}", "tmpfs") as place, a_site(ordinary, place) as site:
        error = site.client().answer()["error"]
        assert "full" in error
        assert "ART_MCP_DATA_DIR" in error
        assert not list(site.folder.glob("unfinished-*"))
        assert not (site.folder / "data").exists()
        subprocess.run(["mount", "-o", f"remount,size=300m,{owner}", place], check=True)
        assert sql(site.client().started().args, "select 1") == 1


def test_no_binaries(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_os, "PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedError, match=r"not installed.*ART_MCP_DATABASE_URL"):
        EmbeddedServer.start(own.data_dir)


@pytest.mark.parametrize("program", ["not a program", "#!/bin/sh\necho no libpq.so.5 here >&2\nexit 127\n"])
def test_binaries_that_cannot_run(own: Site, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    fake = own.base / "pg_isready"
    fake.write_text(program)
    fake.chmod(0o755)
    monkeypatch.setattr(host_os, "binaries", lambda: own.base)
    monkeypatch.setattr(host_os, "binaries_for", lambda account: own.base)
    reason = "libpq.so.5" if program.startswith("#!") else "Exec format error"
    with pytest.raises(EmbeddedError, match=rf"cannot run.*{reason}.*ART_MCP_DATABASE_URL"):
        EmbeddedServer.start(own.data_dir)


def test_a_broken_cluster_is_explained_in_a_sentence(own: Site) -> None:
    with contextlib.closing(EmbeddedServer.start(own.data_dir)) as server:
        own.kill_everything()
        (server.cluster / "global" / "pg_control").unlink()
        with pytest.raises(EmbeddedError, match=r"did not start in .*pg_control") as raised:
            server.ensure_running()
        assert "\n" not in str(raised.value)


def test_a_lock_that_cannot_be_had(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "_LOCK_TIMEOUT_S", 0.1)
    with contextlib.closing(EmbeddedServer.start(own.data_dir)) as server:
        with Lock(own.folder / "start.lock") as lock:
            assert lock.acquire()
            with pytest.raises(EmbeddedError, match="Another process"):
                server.ensure_running()
        server.ensure_running()


def test_a_file_system_without_locks(own: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def flock(fd: int, operation: int) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(EmbeddedError, match=r"without locks.*ART_MCP_DATA_DIR"):
        EmbeddedServer.start(own.data_dir)
