"""The embedded PostgreSQL server: one per data folder, shared by all processes that use the folder.

Each process holds a shared lock on `users.lock` while it runs. A small watcher process (`embedded_watcher`) waits for
an exclusive lock on it, then stops the server. Processes change the state of the server only under `start.lock`. The
server and its backends inherit an exclusive lock on `server.lock`, which shows whether one of them is alive. A pid
would not: it may belong to another process by now, to a zombie, or to a process in another container.

    <data folder>/postgres-18/    one folder per major version
        data/                     the cluster
        socket/                   private; in /tmp if the path is too long
        *.lock, server.log
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from art_mcp.store import embedded_watcher, host_os
from art_mcp.store.embedded_watcher import Lock
from art_mcp.store.host_os import EmbeddedError

__all__ = ["EmbeddedError", "EmbeddedServer"]

_LOCK_TIMEOUT_S = 60.0
_START_TIMEOUT_S = 120.0
"""Timeout of a start, in seconds; generous, since a start includes recovery after a crash."""
_SILENCE_S = 20.0
"""A live server that does not respond for this long, in seconds, is broken (socket deleted, hung) and is killed."""
_INIT_TIMEOUT_S = 120.0
_LOG_LIMIT = 1 << 20
_POLL_S = 0.02

_READY, _REFUSING, _SILENT = 0, 1, 2
"""Exit statuses of `pg_isready`."""

_INITDB_OPTIONS = (
    *("-U", "postgres", "-E", "UTF8"),
    *("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"),
)

_SETTINGS = {
    "jit": "off",
    "max_connections": "64",
    "maintenance_work_mem": "256MB",
    "wal_level": "minimal",  # no replication; bulk loads are faster
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "io_workers": "1",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


_SMALLEST_CACHE = 128 << 20


def _cache_size(cluster: Path) -> int:
    """Return `shared_buffers` in bytes: the size of the data, from 128 MiB up to a quarter of the memory.

    Vector searches read random pages of the index, which takes three times as long from the system's cache. Reserved
    buffers cost memory even if unused, so a small collection gets few.
    """
    data = 0
    for folder in (cluster / "base").iterdir():
        data += sum(file.stat().st_size for file in os.scandir(folder) if file.is_file())
    return max(_SMALLEST_CACHE, min(data, host_os.memory() // 4))


class EmbeddedServer:
    """The embedded server as used by this process; safe to share between threads."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = Path(os.path.realpath(data_dir.expanduser()))
        self._users: Lock | None = None
        self._major = host_os.binaries_version().partition(".")[0]
        self._folder: Path
        self._endpoint: host_os.Endpoint

    @classmethod
    def start(cls, data_dir: Path) -> EmbeddedServer:
        """Register as a user of the server of this data folder, and start it unless it is running. Blocks.

        Raises:
            EmbeddedError: the server cannot be started; the message says why and what to do.
        """
        host_os.binaries()
        server = cls(data_dir)
        try:
            server.ensure_running()
        except BaseException:
            server.close()
            raise
        return server

    def ensure_running(self) -> None:
        """Restart the server if it has died; call this when a connection fails. Blocks."""
        try:
            self._folder = host_os.home(self.data_dir) / f"postgres-{self._major}"
            host_os.make_passable(self._folder)
            if host_os.is_of_another_user(self._folder):
                raise EmbeddedError(
                    f"The data folder {self._folder} belongs to another user.",
                    "Run art-mcp as that user, or set ART_MCP_DATA_DIR to your own folder.",
                )
            self._endpoint = host_os.endpoint(self._folder)
            with self._starting() as start:
                self._register()
                self._endpoint.prepare(host_os.account(self.cluster))
                self._ensure_watcher()
                self._ensure_server(start)
        except OSError as error:
            raise host_os.explain(error, self.data_dir) from error

    def close(self) -> None:
        """Deregister this process; the server stops soon after its last user."""
        if self._users:
            self._users.close()
            self._users = None

    @property
    def cluster(self) -> Path:
        """Folder of the database cluster."""
        return self._folder / "data"

    @property
    def log(self) -> Path:
        """Path of the server's log."""
        return self._folder / "server.log"

    @property
    def connect_args(self) -> dict[str, Any]:
        """Arguments for `asyncpg.connect` and `create_pool`. They may change with `ensure_running`."""
        return {"user": "postgres", "database": "postgres", "ssl": False, **self._endpoint.connect_args}

    def is_running(self) -> bool:
        """Whether the server accepts connections now."""
        return self._ask() == _READY

    # Users and watcher

    @contextmanager
    def _starting(self) -> Iterator[Lock]:
        """Hold the lock that allows this process to start or stop the server."""
        deadline = time.monotonic() + _LOCK_TIMEOUT_S
        while True:
            with Lock(self._folder / "start.lock") as lock:
                if lock.acquire() and lock.is_current():
                    yield lock
                    return
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"Another process has been starting or stopping the server in {self._folder} "
                    f"for {_LOCK_TIMEOUT_S:.0f} seconds.",
                    "Try again, or kill the hung process.",
                )
            time.sleep(_POLL_S)

    def _register(self) -> None:
        if self._users is None or not self._users.is_current():
            self.close()
            self._users = Lock(self._folder / "users.lock")
            self._users.acquire(shared=True, wait=True)

    def _ensure_watcher(self) -> None:
        with Lock(self._folder / "watcher.lock") as watcher:
            if not watcher.acquire():
                return
        account = host_os.account(self.cluster)
        stop = host_os.binaries_for(account) / "pg_ctl"
        python = [sys.executable, "-I", "-S", "-B", embedded_watcher.__file__]
        who = [str(account.get("user", "")), str(account.get("group", ""))]
        host_os.detach([*python, self._folder, self._endpoint.socket, *who, stop, "stop", "-w", "-D", self.cluster])

    # The server

    def _ensure_server(self, start: Lock) -> None:
        deadline = time.monotonic() + _START_TIMEOUT_S
        silent_since = time.monotonic()
        log_from = -1
        while (answer := self._ask()) != _READY:
            if answer == _REFUSING:
                silent_since = time.monotonic()
                if host_os.pid_file_line(self.cluster / "postmaster.pid", 8) == "stopping":
                    self._control("stop", "-w", "-m", "fast")  # SIGTERM alone waits for all clients to disconnect
            elif not self._is_alive():
                if log_from >= 0:
                    raise self._failure("PostgreSQL did not start", self._log_since(log_from))
                self._initialise(start)
                log_from = self._launch()
                silent_since = time.monotonic()
            elif time.monotonic() - silent_since > _SILENCE_S:
                host_os.kill_processes_in(self.cluster)
                silent_since = time.monotonic()
            if time.monotonic() > deadline:
                raise EmbeddedError(
                    f"The server in {self._folder} has not answered for {_START_TIMEOUT_S:.0f} seconds.",
                    f"It may still be recovering from a crash: try again in a minute, and see {self.log}.",
                )
            time.sleep(_POLL_S)

    def _ask(self) -> int:
        if not self._endpoint.address:
            return _SILENT
        host, port = self._endpoint.address
        binary = host_os.binaries() / "pg_isready"
        answer = host_os.run([binary, "-t", "3", "-h", host, "-p", str(port)], {})
        if answer.returncode not in (_READY, _REFUSING, _SILENT):
            raise host_os.cannot_run(binary, answer.stdout or f"exit status {answer.returncode}", {})
        return answer.returncode

    def _is_alive(self) -> bool:
        """Whether a process of this server is alive; on Windows, `pg_ctl` checks that itself."""
        if host_os.WINDOWS:
            return False
        with Lock(self._folder / "server.lock") as lock:
            return not lock.acquire()

    def _initialise(self, start: Lock) -> None:
        """Create the cluster unless it exists, under a temporary name, so that it is complete or absent."""
        for unfinished in self._folder.glob("unfinished-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        if self.cluster.exists():
            return
        host_os.kill_processes_in(self.cluster)  # of a cluster that was deleted while its server ran
        account = host_os.account(self.cluster)
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=self._folder))
        try:
            host_os.give(unfinished, account)
            command: list[str | Path] = [host_os.binaries_for(account) / "initdb", "-D", unfinished, *_INITDB_OPTIONS]
            command += self._endpoint.initdb_options
            if sys.platform == "linux":
                command += ["--sync-method=syncfs"]  # as durable as an fsync per file, and faster
            # initdb inherits the lock: if this process is killed, the next one waits until initdb ends.
            inherited = {} if host_os.WINDOWS else {"pass_fds": (start.fd,)}
            made = host_os.run(command, account, timeout=_INIT_TIMEOUT_S, **inherited)
            if made.returncode:
                raise self._failure("initdb could not create its data folder", made.stdout)
            host_os.rename(unfinished, self.cluster)
        except subprocess.TimeoutExpired:
            what = f"initdb could not create its data folder within {_INIT_TIMEOUT_S:.0f} s"
            raise self._failure(what, "") from None
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def _launch(self) -> int:
        """Start the server, and return the offset in the log where its output begins."""
        account = host_os.account(self.cluster)
        if not host_os.WINDOWS:
            # No process of the server is alive (`server.lock`), so this file is stale, whatever its pid.
            (self.cluster / "postmaster.pid").unlink(missing_ok=True)
            self._endpoint.clear()
        settings = _SETTINGS | self._endpoint.settings | host_os.dynamic_shared_memory()
        settings["shared_buffers"] = f"{_cache_size(self.cluster) >> 20}MB"
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        if self.log.exists() and self.log.stat().st_size > _LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".old.log"))
        with open(os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as log:
            begin = log.tell()
            if not host_os.WINDOWS:
                with Lock(self._folder / "server.lock") as lock:
                    lock.acquire()
                    command: list[str | Path] = [
                        host_os.binaries_for(account) / "postgres",
                        "-D",
                        self.cluster,
                        *options,
                    ]
                    host_os.detach(command, account, log=log.fileno(), pass_fds=(lock.fd,))
        if host_os.WINDOWS:  # with the log closed: its shell opens the log, and lets no other process write to it
            self._control("start", "-w", "-l", self.log, "-o", " ".join(options))
        return begin

    def _control(self, *action: str | Path) -> None:
        account = host_os.account(self.cluster)
        command = [host_os.binaries_for(account) / "pg_ctl", *action, "-D", self.cluster]
        # Not a pipe: the server would inherit it and keep it open.
        host_os.run(command, account, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    # Errors

    def _log_since(self, begin: int) -> str:
        with open(self.log, "rb") as log:
            log.seek(begin)
            return log.read(1 << 16).decode("utf-8", "replace")

    def _failure(self, what: str, output: str) -> EmbeddedError:
        if "No space left on device" in output:
            return host_os.explain(OSError(errno.ENOSPC, ""), self.data_dir)
        lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it gave no reason"]
        telling = [line for line in lines if re.search("FATAL|PANIC|error|could not", line)] or lines
        reason = re.sub(r"^.*?(FATAL|PANIC|error):\s*", "", telling[-1]).rstrip(".")
        return EmbeddedError(
            f"{what} in {self._folder}: {reason}.",
            "Set ART_MCP_DATA_DIR to another folder, or ART_MCP_DATABASE_URL to your own PostgreSQL.",
        )
